//! The listeners over real sockets of loopback, with bounds made short.

mod client;
mod commits;
mod crowd;
mod files;
mod identity;
mod slow;
mod stopping;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::CertificateDer;
use tempfile::TempDir;
use tokio::sync::{Notify, watch};

use super::body::{Answer, BodyError, answer, read_within};
use super::bounds::Bounds;
use super::listener::{Listener, ListenerOptions, Service};
use super::peer::Peer;
use super::tls::{ClientCertificates, Tls, TlsFiles};

/// Long enough for anything that should end, on a busy computer too.
const PATIENCE: Duration = Duration::from_secs(20);
/// A bound that a test waits for.
const SHORT: Duration = Duration::from_millis(100);
const LARGE_BYTES: usize = 16 * 1024 * 1024;

/// Answers by path.
#[derive(Debug, Default)]
struct Tester {
    begun: Notify,
    finish: Notify,
}

impl Service for Tester {
    async fn answer(&self, request: Request<Incoming>, peer: &Peer) -> Answer {
        match request.uri().path() {
            "/large" => answer(200, "text/plain", vec![b'x'; LARGE_BYTES]),
            "/leaf" => {
                assert!(peer.address.ip().is_loopback());
                let leaf = peer.certificates.first();
                answer(200, "text/plain", leaf.map_or(vec![], |leaf| leaf.to_vec()))
            }
            "/body" => match read_within(request.into_body(), 1024, SHORT).await {
                Ok(body) => answer(200, "text/plain", body),
                Err(BodyError::Slow) => answer(408, "text/plain", "slow"),
                Err(error) => answer(400, "text/plain", error.to_string()),
            },
            "/wait" => {
                self.begun.notify_one();
                self.finish.notified().await;
                answer(200, "text/plain", "done")
            }
            "/nothing" => answer(200, "", ""),
            _ => answer(200, "text/plain", "ok"),
        }
    }
}

/// A listener with its service, and the way to stop it.
struct Running {
    address: SocketAddr,
    tester: Arc<Tester>,
    listener: Listener,
    stop: watch::Sender<bool>,
}

/// Bounds that no test reaches by chance.
fn patient() -> Bounds {
    Bounds {
        handshake: PATIENCE * 2,
        head: PATIENCE * 2,
        idle: PATIENCE * 2,
        write: PATIENCE * 2,
        drain: PATIENCE * 2,
        ..Bounds::default()
    }
}

fn options(bounds: Bounds) -> ListenerOptions {
    ListenerOptions {
        bounds,
        ..SocketAddr::from(([127, 0, 0, 1], 0)).into()
    }
}

async fn start(options: ListenerOptions) -> Running {
    let (stop, stopped) = watch::channel(false);
    let tester = Arc::new(Tester::default());
    let listener = Listener::start(options, Arc::clone(&tester), stopped);
    let listener = listener.await.unwrap();
    Running {
        address: listener.address,
        tester,
        listener,
        stop,
    }
}

/// A key and a certificate of it that it signed itself.
struct Pair {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Pair {
    fn new(name: &str) -> Self {
        Self::of(name, KeyPair::generate().unwrap())
    }

    fn of(name: &str, key: KeyPair) -> Self {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate, key }
    }

    fn der(&self) -> CertificateDer<'static> {
        self.certificate.der().clone()
    }
}

/// A folder with a listener's certificate and key.
struct Folder(TempDir);

impl Folder {
    fn new(pair: &Pair) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write(&pair.certificate.pem(), &pair.key.serialize_pem());
        folder
    }

    fn files(&self) -> TlsFiles {
        let path = |name| Path::new(self.0.path()).join(name);
        TlsFiles {
            certificate: path("certificate.pem"),
            key: path("key.pem"),
        }
    }

    fn write(&self, certificate: &str, key: &str) {
        let files = self.files();
        std::fs::write(files.certificate, certificate).unwrap();
        std::fs::write(files.key, key).unwrap();
    }

    /// TLS with these files, looked at before each handshake.
    fn tls(&self) -> Tls {
        let clients = ClientCertificates::Requested {
            authorities: vec![],
        };
        Tls::load(self.files(), &clients, Duration::ZERO).unwrap()
    }
}
