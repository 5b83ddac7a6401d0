//! What a client shows of itself, and what it must prove.

use std::sync::Mutex;

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::CertifiedKey;
use rustls::{HandshakeKind, ProtocolVersion};
use tokio::io::AsyncWriteExt;

use super::client::{VERSIONS, ask, config, ended, plain, secure};
use super::*;

/// Shows `shown`, signs with its key, and remembers the names that it was told.
#[derive(Debug)]
struct Identity {
    shown: Arc<CertifiedKey>,
    names: Mutex<Vec<Vec<u8>>>,
}

impl Identity {
    fn new(certificate: &Pair, key: &KeyPair) -> Arc<Self> {
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let key = any_supported_type(&key).unwrap();
        Arc::new(Self {
            shown: Arc::new(CertifiedKey::new(vec![certificate.der()], key)),
            names: Mutex::default(),
        })
    }
}

impl ResolvesClientCert for Identity {
    fn resolve(&self, names: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        *self.names.lock().unwrap() = names.iter().map(|name| name.to_vec()).collect();
        Some(Arc::clone(&self.shown))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

async fn start_with(tls: Tls) -> Running {
    start(ListenerOptions {
        tls: Some(tls),
        ..options(patient())
    })
    .await
}

/// A client's certificate reaches the service, whoever issued it, and does so again when the
/// session is resumed, in TLS 1.2 and 1.3.
#[tokio::test]
async fn certificate_reaches_the_peer() {
    let (server, device) = (Pair::new("server"), Pair::new("device"));
    let folder = Folder::new(&server);
    let running = start_with(folder.tls()).await;
    for version in VERSIONS {
        let own = Identity::new(&device, &device.key);
        let config = config(server.der(), version, Some(own));
        for kind in [HandshakeKind::Full, HandshakeKind::Resumed] {
            let mut client = secure(running.address, &config).await.unwrap();
            for _ in 0..2 {
                let leaf = ask(&mut client, "/leaf").await.unwrap();
                assert_eq!(leaf, (200, device.der().to_vec()));
            }
            assert_eq!(client.get_ref().1.handshake_kind(), Some(kind));
        }
    }
}

/// A client without a certificate is served, and its list is empty; so is one that is not asked.
#[tokio::test]
async fn no_certificate() {
    let (server, device) = (Pair::new("server"), Pair::new("device"));
    let folder = Folder::new(&server);
    let not_asking = Tls::load(folder.files(), &ClientCertificates::Ignored, Duration::ZERO);
    let own = Identity::new(&device, &device.key);
    for version in VERSIONS {
        for (tls, own) in [
            (folder.tls(), None),
            (not_asking.as_ref().unwrap().clone(), Some(Arc::clone(&own))),
        ] {
            let running = start_with(tls).await;
            let own = own.map(|own| own as Arc<dyn ResolvesClientCert>);
            let config = config(server.der(), version, own);
            let mut client = secure(running.address, &config).await.unwrap();
            assert_eq!(ask(&mut client, "/leaf").await.unwrap(), (200, vec![]));
        }
    }
    assert!(own.names.lock().unwrap().is_empty());
}

/// A client that shows a certificate without holding its key does not get past the handshake.
#[tokio::test]
async fn certificate_without_its_key() {
    let (server, device) = (Pair::new("server"), Pair::new("device"));
    let folder = Folder::new(&server);
    let running = start_with(folder.tls()).await;
    for version in VERSIONS {
        let stranger = Identity::new(&device, &KeyPair::generate().unwrap());
        let config = config(server.der(), version, Some(stranger));
        let answered = match secure(running.address, &config).await {
            Ok(mut client) => ask(&mut client, "/leaf").await,
            Err(error) => Err(error),
        };
        assert!(answered.is_err());
    }
}

/// Clients are told the names of the authorities, and nothing if there are none.
#[tokio::test]
async fn names_of_authorities() {
    let (server, device, authority) = (Pair::new("server"), Pair::new("device"), Pair::new("us"));
    let folder = Folder::new(&server);
    for authorities in [vec![], vec![authority.der()]] {
        let expected = authorities.len();
        let clients = ClientCertificates::Requested { authorities };
        let running =
            start_with(Tls::load(folder.files(), &clients, Duration::ZERO).unwrap()).await;
        let own = Identity::new(&device, &device.key);
        let config = config(server.der(), VERSIONS[1], Some(Arc::clone(&own) as _));
        let mut client = secure(running.address, &config).await.unwrap();
        ask(&mut client, "/leaf").await.unwrap();
        let names = own.names.lock().unwrap().clone();
        assert_eq!(names.len(), expected);
        assert!(names.iter().all(|name| name.ends_with(b"us")));
    }
}

/// Both versions of TLS are spoken, HTTP/1.1 is agreed on, and HTTP/2 alone is refused.
#[tokio::test]
async fn versions_and_protocol() {
    let server = Pair::new("server");
    let folder = Folder::new(&server);
    let running = start_with(folder.tls()).await;
    for (version, expected) in VERSIONS
        .into_iter()
        .zip([ProtocolVersion::TLSv1_2, ProtocolVersion::TLSv1_3])
    {
        let mut config = Arc::unwrap_or_clone(config(server.der(), version, None));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let mut client = secure(running.address, &Arc::new(config.clone()))
            .await
            .unwrap();
        assert_eq!(ask(&mut client, "/").await.unwrap().0, 200);
        let (_, session) = client.get_ref();
        assert_eq!(session.protocol_version(), Some(expected));
        assert_eq!(session.alpn_protocol(), Some(&b"http/1.1"[..]));
        config.alpn_protocols = vec![b"h2".to_vec()];
        assert!(secure(running.address, &Arc::new(config)).await.is_err());
    }
}

/// A session of one listener is no session of another: its certificate was not proved there.
#[tokio::test]
async fn sessions_stay_with_their_listener() {
    let server = Pair::new("server");
    let folder = Folder::new(&server);
    let config = config(server.der(), VERSIONS[1], None);
    for _ in 0..2 {
        let running = start_with(folder.tls()).await;
        let mut client = secure(running.address, &config).await.unwrap();
        ask(&mut client, "/").await.unwrap();
        let kind = client.get_ref().1.handshake_kind();
        assert_ne!(kind, Some(HandshakeKind::Resumed));
    }
}

/// Plain HTTP at a port of TLS ends that connection and nothing else.
#[tokio::test]
async fn plain_http_to_tls() {
    let server = Pair::new("server");
    let folder = Folder::new(&server);
    let running = start_with(folder.tls()).await;
    let mut lost = plain(running.address).await;
    lost.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    let rest = ended(&mut lost).await;
    assert!(!rest.starts_with(b"HTTP"));
    let config = config(server.der(), VERSIONS[1], None);
    let mut client = secure(running.address, &config).await.unwrap();
    assert_eq!(ask(&mut client, "/").await.unwrap().0, 200);
}
