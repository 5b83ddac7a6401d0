//! Opens connections to the admin API, plain or over TLS.
//!
//! Knows nothing of requests. Invariant: over TLS only a server is spoken to whose certificate a
//! given authority issued, or a public one if none was given, for the name in the address.

use std::error::Error;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower_service::Service;

use super::REQUEST_TIME_MAX;

/// Why authorities cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CaError {
    /// The file is no PEM.
    #[error("it is no PEM file")]
    Pem(#[source] rustls::pki_types::pem::Error),
    /// It holds none.
    #[error("there is no certificate in it")]
    Empty,
    /// The TLS library refuses one.
    #[error("a certificate in it is of no use")]
    Refused(#[from] rustls::Error),
}

/// Dials a server.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    tcp: HttpConnector,
    tls: Arc<ClientConfig>,
}

impl Connector {
    /// Trusts the authorities of a PEM text, or else the public ones.
    pub(super) fn new(ca_pem: Option<&[u8]>) -> Result<Self, CaError> {
        let mut roots = RootCertStore::empty();
        match ca_pem {
            None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
            Some(pem) => {
                for certificate in CertificateDer::pem_slice_iter(pem) {
                    roots.add(certificate.map_err(CaError::Pem)?)?;
                }
            }
        }
        if roots.is_empty() {
            return Err(CaError::Empty);
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(REQUEST_TIME_MAX));
        Ok(Self {
            tcp,
            tls: Arc::new(config),
        })
    }
}

type Failure = Box<dyn Error + Send + Sync>;

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, Failure>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let is_secure = uri.scheme_str() == Some("https");
        let host = uri.host().unwrap_or_default();
        let host = host.trim_matches(['[', ']']).to_owned();
        let (dialing, tls) = (self.tcp.call(uri), TlsConnector::from(self.tls.clone()));
        Box::pin(async move {
            let tcp = dialing.await?;
            if !is_secure {
                return Ok(Stream::Plain(tcp));
            }
            let tls = tls.connect(ServerName::try_from(host)?, tcp.into_inner());
            // The handshake is part of a request, and that has a bound.
            Ok(Stream::Secure(TokioIo::new(Box::new(tls.await?))))
        })
    }
}

/// A connection.
pub(super) enum Stream {
    Plain(TokioIo<TcpStream>),
    Secure(TokioIo<Box<TlsStream<TcpStream>>>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Secure(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl Write for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Secure(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(context, parts),
            Self::Secure(stream) => Pin::new(stream).poll_write_vectored(context, parts),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Secure(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Secure(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Secure(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

/// What to do about a server whose certificate was refused, if that is why `error` happened.
pub(super) fn certificate_hint(error: &(dyn Error + 'static)) -> Option<&'static str> {
    let refusal = refusal(error)?;
    if matches!(refusal, rustls::Error::InvalidMessage(_)) {
        return Some("it does not speak TLS there; write the address with http://");
    }
    let rustls::Error::InvalidCertificate(reason) = refusal else {
        return None;
    };
    let is_of_another = matches!(
        reason,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
    );
    let is_expired = matches!(
        reason,
        CertificateError::Expired | CertificateError::ExpiredContext { .. }
    );
    Some(if is_of_another {
        "its certificate is for another name; give that with --url https://NAME:PORT"
    } else if is_expired {
        "its certificate has expired; put a new one in the place of the file, which is read again"
    } else if matches!(reason, CertificateError::Other(_)) {
        "if its certificate is self-signed, make it as one for a server and not for a CA (openssl \
         req -x509 -addext basicConstraints=critical,CA:FALSE), and give it with --ca FILE"
    } else {
        "its certificate is from no authority known here; give the authority's, or its own if it \
         is self-signed, with --ca FILE or MOORING_CA"
    })
}

/// The reason of the TLS library; it stands behind an error of I/O, which does not name it as
/// its source.
fn refusal<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        let inner = error.downcast_ref::<io::Error>();
        let inner = inner.and_then(io::Error::get_ref);
        next = match inner {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, CertifiedKey, KeyPair};
    use rustls::ServerConfig;
    use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;

    use super::*;
    use crate::client::{Client, ClientError};
    use crate::connection::Token;

    fn self_signed(name: &str) -> CertifiedKey<KeyPair> {
        let signing_key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let cert = params.self_signed(&signing_key).unwrap();
        CertifiedKey { cert, signing_key }
    }

    /// Asks a server that has this certificate for something.
    async fn ask(own: &CertifiedKey<KeyPair>, ca_pem: Option<&str>) -> Result<(), ClientError> {
        let key = PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![own.cert.der().clone()], PrivateKeyDer::Pkcs8(key))
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let token = Token("sesame".to_owned());
        let client = Client::new(&url, &token, ca_pem.map(str::as_bytes)).unwrap();
        let serve = async {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = TlsAcceptor::from(Arc::new(config));
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer).await.unwrap();
        };
        let (answer, ()) = tokio::join!(client.get("/"), serve);
        answer.map(drop)
    }

    /// Proves that a server is spoken to whose certificate was given, and no other; and that each
    /// refusal says what to do.
    #[tokio::test]
    async fn certificates() {
        let own = self_signed("127.0.0.1");
        ask(&own, Some(&own.cert.pem())).await.unwrap();
        let stranger = self_signed("127.0.0.1");
        let elsewhere = self_signed("mdm.example.com");
        for (server, ca, hint) in [
            (&own, None, "--ca FILE"),
            (&own, Some(stranger.cert.pem()), "--ca FILE"),
            (&elsewhere, Some(elsewhere.cert.pem()), "--url https://"),
        ] {
            let error = ask(server, ca.as_deref()).await.unwrap_err();
            assert!(matches!(error, ClientError::Unreachable { .. }));
            let given = error.hint().unwrap_or_default();
            assert!(given.contains(hint), "{given}");
        }
    }
}
