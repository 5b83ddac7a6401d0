//! A whole server that asks who is speaking, over real connections.
//!
//! Invariant: it is stopped and its folder removed when it is dropped; a client here shows
//! whatever certificate it is told to, and trusts every server.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mooring_server::http::TlsFiles;
use mooring_server::{ServeOptions, Server};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::{Card, Shape, Usage, outside};
use crate::http::{Answer, parse};
use crate::running;

const WAIT_MAX: Duration = Duration::from_secs(20);

/// A server at work.
#[derive(Debug)]
pub struct Wire {
    server: Option<Server>,
    /// Where devices reach it.
    pub device: SocketAddr,
    has_tls: bool,
    folder: TempDir,
    runtime: Runtime,
}

impl Wire {
    /// Starts a server that trusts [`outside`], after `change` of its options.
    pub fn start(change: impl FnOnce(&mut ServeOptions, &Path)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut options = running::options(&folder.path().join("data"));
        let ca = folder.path().join("devices.pem");
        std::fs::write(&ca, outside().pem()).expect("a file");
        options.device_ca = Some(ca);
        change(&mut options, folder.path());
        let runtime = Runtime::new().expect("a runtime");
        let server = runtime.block_on(Server::start(options)).expect("a start");
        let url = server.device_url();
        let (scheme, rest) = url.split_once("://").expect("a URL");
        let authority = rest.split('/').next().expect("an authority");
        Self {
            device: authority.parse().expect("an address"),
            has_tls: scheme == "https",
            server: Some(server),
            folder,
            runtime,
        }
    }

    /// The server without its sockets.
    pub fn core(&self) -> &mooring_server::core::Core {
        self.server.as_ref().expect("a server").core()
    }

    /// Its data folder.
    pub fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    /// A request over a connection on which this card is shown.
    #[track_caller]
    pub fn request(
        &self,
        card: Option<&Card>,
        method: &str,
        path: &str,
        headers: &[&str],
        body: &[u8],
    ) -> Answer {
        let raw = crate::http::request(method, path, headers, body);
        if !self.has_tls {
            return crate::http::exchange(self.device, &raw);
        }
        let socket = TcpStream::connect(self.device).expect("a server that listens");
        socket.set_read_timeout(Some(WAIT_MAX)).expect("a timeout");
        socket.set_write_timeout(Some(WAIT_MAX)).expect("a timeout");
        let name = ServerName::try_from("localhost").expect("a name");
        let session = ClientConnection::new(Arc::new(client(card)), name).expect("a session");
        let mut stream = StreamOwned::new(session, socket);
        let written = stream.write_all(&raw);
        let mut bytes = Vec::new();
        let read = stream.read_to_end(&mut bytes);
        parse(&bytes).unwrap_or_else(|| panic!("no answer: {written:?}, {read:?}"))
    }

    /// A message of a device.
    #[track_caller]
    pub fn message(&self, card: Option<&Card>, headers: &[&str], body: &[u8]) -> Answer {
        self.request(card, "PUT", "/mdm", headers, body)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            self.runtime.block_on(server.stop());
        }
    }
}

/// A certificate and key for a server on loopback, in files in `folder`.
pub fn server_files(folder: &Path) -> TlsFiles {
    let shape = Shape {
        usage: Usage::Server,
        names: vec!["localhost".to_owned(), "127.0.0.1".to_owned()],
        ..Shape::new("localhost")
    };
    let key = rcgen::KeyPair::generate().expect("a key");
    let card = outside().issue(&shape, key.serialized_der());
    let files = TlsFiles {
        certificate: folder.join("server.pem"),
        key: folder.join("server-key.pem"),
    };
    std::fs::write(&files.certificate, card.pem()).expect("a file");
    std::fs::write(&files.key, key.serialize_pem()).expect("a file");
    files
}

fn client(card: Option<&Card>) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyServer));
    match card {
        None => config.with_no_client_auth(),
        Some(card) => {
            let chain = vec![CertificateDer::from(card.der().to_vec())];
            let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(card.pkcs8().to_vec()));
            let config = config.with_client_auth_cert(chain, key);
            config.expect("a certificate with its key")
        }
    }
}

/// The client is not what is tested here.
#[derive(Debug)]
struct AnyServer;

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}
