//! Fleets with identities over TLS, against a stub server that hands out profiles and certificates.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(
    clippy::disallowed_methods,
    reason = "the tasks end with the test's runtime"
)]

mod kit;

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use der::{Decode, Encode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use kit::authority::{Authority, key, public_key};
use kit::cms::detached_signer;
use kit::text;
use mooring_sim::{
    DeviceAuth, Ended, EnrollmentSource, Fleet, FleetError, FleetOptions, SCEP_MESSAGE_TYPE,
    Summary,
};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use x509_cert::Certificate;

/// What the server saw.
#[derive(Default)]
struct Seen {
    /// Who a certificate was issued to: its DER, and the challenge.
    issued: Vec<(Vec<u8>, String)>,
    /// By UDID, the certificates that its messages came with, in the order they first came.
    shown: BTreeMap<String, Vec<Vec<u8>>>,
    authenticated: BTreeMap<String, u32>,
    /// Renewals still to hand out, by UDID.
    renewed: BTreeSet<String>,
    /// Enrollment profiles downloaded.
    downloads: u32,
    check_outs: u32,
    unsigned: u32,
    sends_renewals: bool,
}

struct Server {
    url: String,
    seen: Arc<Mutex<Seen>>,
}

impl Server {
    async fn start(sends_renewals: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Seen {
            sends_renewals,
            ..Seen::default()
        }));
        let acceptor = TlsAcceptor::from(Arc::new(tls_config()));
        let (shared, base) = (Arc::clone(&seen), url.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, base, acceptor) = (Arc::clone(&shared), base.clone(), acceptor.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let peer = stream.get_ref().1.peer_certificates();
                    let peer = peer.map(|list| list[0].to_vec());
                    let service = hyper::service::service_fn(move |request| {
                        serve(request, Arc::clone(&seen), base.clone(), peer.clone())
                    });
                    let connection = hyper::server::conn::http1::Builder::new();
                    drop(
                        connection
                            .serve_connection(TokioIo::new(stream), service)
                            .await,
                    );
                });
            }
        });
        Self { url, seen }
    }

    fn options(&self, hosts: u32, auth: DeviceAuth) -> FleetOptions {
        let certificate = Certificate::from_der(&Authority::shared().certificate()).unwrap();
        FleetOptions {
            poll_ms: 1,
            exit_when_idle: true,
            auth,
            ca_pem: Some(pem(&certificate.to_der().unwrap()).into_bytes()),
            enrollment: Some(EnrollmentSource::Url(format!("{}/enroll", self.url))),
            ..FleetOptions::new(&self.url, hosts)
        }
    }
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = (0..text.len())
        .step_by(64)
        .map(|at| &text[at..text.len().min(at + 64)])
        .collect();
    let label = "CERTIFICATE";
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

fn tls_config() -> ServerConfig {
    let authority = Authority::shared();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from(authority.certificate()))
        .unwrap();
    let roots = Arc::new(roots);
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&provider))
        .allow_unauthenticated()
        .build()
        .unwrap();
    let own = key(3);
    let certificate = authority.issue(&public_key(&own), "localhost", true);
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            vec![CertificateDer::from(certificate)],
            PrivatePkcs8KeyDer::from(own.pkcs8().to_vec()).into(),
        )
        .unwrap()
}

async fn serve(
    request: Request<Incoming>,
    seen: Arc<Mutex<Seen>>,
    base: String,
    peer: Option<Vec<u8>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path().to_owned();
    let query = request.uri().query().unwrap_or_default().to_owned();
    let header = |name: &str| {
        let value = request.headers().get(name)?;
        Some(value.to_str().unwrap().to_owned())
    };
    let (signature, content_type) = (header("mdm-signature"), header(CONTENT_TYPE.as_str()));
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let mut seen = seen.lock().unwrap();
    let reply = match (path.as_str(), query.as_str()) {
        ("/enroll", _) => {
            seen.downloads += 1;
            kit::enrollment_profile(&base, "first")
        }
        ("/scep", "operation=GetCACaps") => b"POSTPKIOperation\nSHA-256\nAES\n".to_vec(),
        ("/scep", "operation=GetCACert") => Authority::shared().certificate(),
        ("/scep", "operation=PKIOperation") => {
            assert_eq!(content_type.as_deref(), Some(SCEP_MESSAGE_TYPE));
            let authority = Authority::shared();
            let asked = authority.read(&body);
            let issued = authority.issue(&asked.public_key, "device", false);
            let reply = authority.grant(&asked, &issued);
            seen.issued.push((issued, asked.challenge.unwrap()));
            reply
        }
        ("/mdm" | "/checkin", "") => {
            let signer = signature.map(|text| {
                let message = STANDARD.decode(text).unwrap();
                detached_signer(&message, &body).0.to_der().unwrap()
            });
            answer(&mut seen, &base, &path, &body, (peer, signer))
        }
        other => panic!("{other:?}"),
    };
    Ok(Response::new(Full::new(Bytes::from(reply))))
}

fn answer(
    seen: &mut Seen,
    base: &str,
    path: &str,
    body: &[u8],
    (peer, signer): (Option<Vec<u8>>, Option<Vec<u8>>),
) -> Vec<u8> {
    let message = kit::read(body);
    let udid = text(&message, "UDID").to_owned();
    seen.unsigned += u32::from(signer.is_none());
    if let (Some(peer), Some(signer)) = (&peer, &signer) {
        assert_eq!(peer, signer, "one identity for both");
    }
    let shown = seen.shown.entry(udid.clone()).or_default();
    if let Some(certificate) = peer.or(signer).filter(|one| !shown.contains(one)) {
        shown.push(certificate);
    }
    let message_type = text(&message, "MessageType");
    assert_eq!(path == "/checkin", !message_type.is_empty());
    if message_type == "Authenticate" {
        *seen.authenticated.entry(udid.clone()).or_default() += 1;
    }
    seen.check_outs += u32::from(message_type == "CheckOut");
    if message_type == "GetBootstrapToken" {
        return Vec::new();
    }
    let is_idle = text(&message, "Status") == "Idle" && !message.contains_key("UserID");
    if is_idle && seen.sends_renewals && seen.renewed.insert(udid) {
        let profile = kit::enrollment_profile(base, "second");
        return kit::install("renew", &profile).body;
    }
    Vec::new()
}

async fn run(options: FleetOptions) -> Summary {
    let mut fleet = Fleet::new(options).unwrap();
    fleet.run(std::future::pending(), |_| {}).await.unwrap()
}

/// Proves that devices enroll over TLS by SCEP and show their own certificate in every handshake.
#[tokio::test]
async fn devices_show_their_certificates() {
    let server = Server::start(false).await;
    let summary = run(server.options(3, DeviceAuth::Mtls)).await;
    assert_eq!((summary.errors, summary.first_error), (0, None));
    assert_eq!((summary.ended, summary.enrolled), (Ended::Idle, 3));
    let seen = server.seen.lock().unwrap();
    assert_eq!((seen.downloads, seen.issued.len()), (3, 3));
    assert!(
        seen.issued
            .iter()
            .all(|(_, challenge)| challenge == "first")
    );
    let shown: BTreeSet<&Vec<u8>> = seen.shown.values().flatten().collect();
    assert_eq!(shown.len(), 3, "one each, none shared");
    assert_eq!(seen.unsigned, 0, "that profile asks for signatures too");
    assert_eq!(summary.bootstrap_mismatches, 3, "that server forgets");
}

/// Proves that renewed devices go on under the new certificate, over new connections.
#[tokio::test]
async fn devices_renew_their_certificates() {
    for auth in [DeviceAuth::Mtls, DeviceAuth::Signature] {
        let server = Server::start(true).await;
        let summary = run(server.options(2, auth)).await;
        assert_eq!((summary.errors, summary.first_error), (0, None));
        assert_eq!(summary.renewals, 2);
        let seen = server.seen.lock().unwrap();
        assert!(seen.authenticated.values().all(|count| *count == 2));
        let challenges: Vec<&str> = seen.issued.iter().map(|one| one.1.as_str()).collect();
        assert_eq!(challenges.iter().filter(|one| **one == "second").count(), 2);
        for shown in seen.shown.values() {
            assert_eq!(shown.len(), 2, "the first, then the second");
        }
        assert_eq!(seen.unsigned, 0);
    }
}

/// Proves that a device that leaves says so under its identity, and that one that was wiped or left
/// enrolls with a new profile and a new key.
#[tokio::test]
async fn devices_leave_and_come_back() {
    let server = Server::start(false).await;
    let mut fleet = Fleet::new(server.options(2, DeviceAuth::Mtls)).unwrap();
    let run = async |fleet: &mut Fleet| {
        let summary = fleet.run(std::future::pending(), |_| {}).await.unwrap();
        assert_eq!((summary.errors, summary.enrolled), (0, 2));
    };
    run(&mut fleet).await;
    fleet.device_mut(0).unwrap().erase();
    assert_eq!(fleet.check_out(1).await.unwrap().status, 200);
    assert!(fleet.check_out(2).await.is_err());
    run(&mut fleet).await;
    let seen = server.seen.lock().unwrap();
    assert_eq!((seen.downloads, seen.check_outs, seen.unsigned), (4, 1, 0));
    assert!(seen.shown.values().all(|shown| shown.len() == 2));
}

/// Proves that a fleet keeps its identities from run to run, in a file for its owner alone.
#[tokio::test]
async fn the_state_file_keeps_identities() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fleet.json");
    let server = Server::start(false).await;
    let options = |file: &Path| FleetOptions {
        state: Some(file.to_owned()),
        ..server.options(2, DeviceAuth::Signature)
    };
    let first = run(options(&file)).await;
    let bytes = std::fs::read(&file).unwrap();
    let again = run(options(&file)).await;
    assert_eq!((first.errors, again.errors), (0, 0));
    assert_eq!(again.enrolled, 2);
    let seen = server.seen.lock().unwrap();
    assert_eq!((seen.downloads, seen.issued.len()), (2, 2));
    assert!(seen.shown.values().all(|shown| shown.len() == 1));
    assert_eq!(std::fs::read(&file).unwrap(), bytes, "nothing happened");
    assert!(
        !String::from_utf8(bytes).unwrap().contains("first"),
        "the challenge"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

/// Proves that each device can be asked for on its own, and that what goes wrong is told.
#[tokio::test]
async fn profiles_come_from_a_source() {
    let server = Server::start(false).await;
    let base = server.url.clone();
    let source = EnrollmentSource::Each(Arc::new(move |serial, udid| {
        let profile = kit::enrollment_profile(&base, &format!("for {serial} {udid}"));
        Box::pin(async move { Ok(profile) })
    }));
    let summary = run(FleetOptions {
        enrollment: Some(source),
        ..server.options(2, DeviceAuth::Signature)
    })
    .await;
    assert_eq!((summary.errors, summary.enrolled), (0, 2));
    let challenges = server.seen.lock().unwrap().issued.clone();
    assert!(challenges[0].1.starts_with("for ") && challenges[0].1 != challenges[1].1);
    let none = EnrollmentSource::Each(Arc::new(|_, _| {
        Box::pin(async { Err("no link for you".to_owned()) })
    }));
    let summary = run(FleetOptions {
        enrollment: Some(none),
        polls_max: Some(1),
        ..server.options(1, DeviceAuth::Signature)
    })
    .await;
    assert_eq!((summary.errors, summary.enrolled), (1, 0));
    assert_eq!(summary.first_error.as_deref(), Some("no link for you"));
}

/// Proves that a server of an unknown authority is not spoken to, and that nothing is promised that
/// cannot be kept.
#[tokio::test]
async fn strangers_are_not_trusted() {
    let server = Server::start(false).await;
    for ca_pem in [None, Some(pem(&stranger()).into_bytes())] {
        let summary = run(FleetOptions {
            ca_pem,
            polls_max: Some(1),
            ..server.options(1, DeviceAuth::Signature)
        })
        .await;
        assert_eq!((summary.errors, summary.enrolled), (1, 0));
    }
    assert_eq!(server.seen.lock().unwrap().downloads, 0);
    let without = FleetOptions {
        enrollment: None,
        ..server.options(1, DeviceAuth::Mtls)
    };
    assert!(matches!(Fleet::new(without), Err(FleetError::NoEnrollment)));
    let no_pem = FleetOptions {
        ca_pem: Some(b"nonsense".to_vec()),
        ..server.options(1, DeviceAuth::Mtls)
    };
    assert!(matches!(Fleet::new(no_pem), Err(FleetError::Tls(_))));
}

fn stranger() -> Vec<u8> {
    Authority::new(&key(2)).certificate()
}
