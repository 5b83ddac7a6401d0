//! TLS and nothing else: a full handshake with a client certificate, one request, one answer.
//!
//! Knows nothing of HTTP but where a request ends. Invariant: the chain of the client is verified,
//! as rustls does by itself.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::{Ticketer, default_provider};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::{read_request, until_left_alone};
use crate::BenchError;
use crate::seed::files;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// Serves until it is left alone.
pub(super) async fn run(folder: &Path, announce: &mut dyn FnMut(&str)) -> Result<(), BenchError> {
    let acceptor = TlsAcceptor::from(Arc::new(config(folder)?));
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let listen = |source| BenchError::Exchange {
        address: any,
        source,
    };
    let listener = TcpListener::bind(any).await.map_err(listen)?;
    announce(&listener.local_addr().map_err(listen)?.to_string());
    until_left_alone(async {
        let mut connections = JoinSet::new();
        while let Ok((socket, _)) = listener.accept().await {
            while connections.try_join_next().is_some() {}
            connections.spawn(serve(acceptor.clone(), socket));
        }
    })
    .await;
    Ok(())
}

/// As the server's, but that rustls verifies the client.
fn config(folder: &Path) -> Result<ServerConfig, BenchError> {
    let provider = Arc::new(default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(certificate(folder, files::CA)?)?;
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let verifier = verifier
        .build()
        .map_err(|error| rustls::Error::General(error.to_string()))?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate(folder, files::SERVER)?], key(folder)?)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.ticketer = Ticketer::new()?;
    Ok(config)
}

/// The certificate in a file of a fleet.
pub(crate) fn certificate(
    folder: &Path,
    name: &str,
) -> Result<CertificateDer<'static>, BenchError> {
    let pem = files::read(folder, name)?;
    let read = CertificateDer::from_pem_slice(&pem);
    read.map_err(|error| rustls::Error::General(error.to_string()).into())
}

fn key(folder: &Path) -> Result<PrivateKeyDer<'static>, BenchError> {
    let pem = files::read(folder, files::SERVER_KEY)?;
    let read = PrivateKeyDer::from_pem_slice(&pem);
    read.map_err(|error| rustls::Error::General(error.to_string()).into())
}

async fn serve(acceptor: TlsAcceptor, socket: TcpStream) {
    let _ = socket.set_nodelay(true);
    let Ok(mut stream) = acceptor.accept(socket).await else {
        return;
    };
    let mut request = Vec::with_capacity(4096);
    if read_request(&mut stream, &mut request).await.is_err() {
        return;
    }
    // Whoever is gone needs no answer.
    let _ = stream.write_all(ANSWER).await;
    let _ = stream.flush().await;
    // Waits for the client to hang up, as a server that keeps connections does.
    let _ = read_request(&mut stream, &mut request).await;
}
