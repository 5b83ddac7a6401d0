//! Opens connections, plain or over TLS, with the client's certificate where there is one.
//!
//! Knows nothing of requests. Invariant: over TLS only a server whose certificate one of the given
//! authorities issued is spoken to.

use std::error::Error;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower_service::Service;

use crate::credential::Credential;

/// Why there can be no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The authorities' file is no PEM.
    #[error("the authorities' certificates are no PEM")]
    Pem(#[source] rustls::pki_types::pem::Error),
    /// It holds none.
    #[error("the file has no certificate in it")]
    Empty,
    /// The TLS library refuses a certificate or key.
    #[error("the certificates are of no use")]
    Refused(#[from] rustls::Error),
}

/// The authorities that a server's certificate may come from.
#[derive(Debug, Clone)]
pub(crate) struct Trust(Arc<RootCertStore>);

impl Trust {
    /// Reads the certificates of a PEM file.
    pub(crate) fn from_pem(pem: &[u8]) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            roots.add(certificate.map_err(TlsError::Pem)?)?;
        }
        if roots.is_empty() {
            return Err(TlsError::Empty);
        }
        Ok(Self(Arc::new(roots)))
    }

    fn config(&self, credential: Option<&Credential>) -> Result<ClientConfig, TlsError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(Arc::clone(&self.0));
        Ok(match credential {
            None => builder.with_no_client_auth(),
            Some(credential) => {
                let certificate = CertificateDer::from(credential.certificate().to_vec());
                let key = PrivatePkcs8KeyDer::from(credential.pkcs8().to_vec());
                builder.with_client_auth_cert(vec![certificate], key.into())?
            }
        })
    }
}

/// Dials a server.
#[derive(Clone)]
pub(super) struct Dialer {
    tcp: HttpConnector,
    tls: Option<TlsConnector>,
}

impl Dialer {
    pub(super) fn new(
        mut tcp: HttpConnector,
        trust: Option<&Trust>,
        credential: Option<&Credential>,
    ) -> Result<Self, TlsError> {
        tcp.enforce_http(false);
        let config = trust.map(|trust| trust.config(credential)).transpose()?;
        let tls = config.map(|config| TlsConnector::from(Arc::new(config)));
        Ok(Self { tcp, tls })
    }
}

type Failure = Box<dyn Error + Send + Sync>;

impl Service<Uri> for Dialer {
    type Response = TokioIo<Stream>;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Failure>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let is_secure = uri.scheme_str() == Some("https");
        let host = uri.host().unwrap_or_default();
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let (dialing, tls) = (self.tcp.call(uri), self.tls.clone());
        Box::pin(async move {
            let stream = dialing.await?.into_inner();
            if !is_secure {
                return Ok(TokioIo::new(Stream::Plain(stream)));
            }
            let tls = tls.ok_or("no authority is known to check the server by")?;
            let stream = tls.connect(ServerName::try_from(host)?, stream).await?;
            Ok(TokioIo::new(Stream::Secure(Box::new(stream))))
        })
    }
}

/// A connection.
pub(super) enum Stream {
    Plain(TcpStream),
    Secure(Box<TlsStream<TcpStream>>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Secure(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
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
