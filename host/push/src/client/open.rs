//! Opens one connection: TCP, TLS with the push certificate, HTTP/2.
//!
//! Keeps nothing of a connection. Invariant: a failure is told as the [`Cause`] a person can act
//! on, above all whether Apple refuses our certificate.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http2;
use hyper::http::uri::Authority;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::sign::SingleCertAndKey;
use rustls::{AlertDescription, ClientConfig, RootCertStore};
use tokio::io::AsyncBufReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::link::{Link, Tasks};
use super::{ApnsError, ApnsLimits, ApnsOptions};
use crate::certificate::PushCertificate;
use crate::outcome::Cause;

/// The protocol's name in the TLS handshake (RFC 9113, section 3.2).
const ALPN: &[u8] = b"h2";
/// Streams before the server has said how many it allows; it does so at once.
const STREAMS_FIRST: usize = 1;
const DEFAULT_PORT: u16 = 443;

/// How connections to one push service are opened.
pub(super) struct Opener {
    tls: TlsConnector,
    host: String,
    port: u16,
    name: ServerName<'static>,
}

impl Opener {
    pub(super) fn new(
        certificate: &PushCertificate,
        authority: &Authority,
        options: &ApnsOptions,
    ) -> Result<Self, ApnsError> {
        let host = authority.host().trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(host.clone()).map_err(|_| ApnsError::Url {
            url: options.url.clone(),
        })?;
        let config = client_config(certificate, options.ca_pem.as_deref())?;
        Ok(Self {
            tls: TlsConnector::from(Arc::new(config)),
            host,
            port: authority.port_u16().unwrap_or(DEFAULT_PORT),
            name,
        })
    }

    /// Opens a connection whose tasks run in `tasks`.
    pub(super) async fn open(&self, tasks: &Tasks, limits: &ApnsLimits) -> Result<Link, Cause> {
        let tcp = within(limits.connect_timeout, self.connect()).await?;
        let mut tls = within(limits.connect_timeout, self.secure(tcp)).await?;
        greeting(&mut tls, limits.greeting_wait).await?;
        let mut builder = http2::Builder::new(tasks.clone());
        builder
            .timer(TokioTimer::new())
            .initial_max_send_streams(STREAMS_FIRST)
            .keep_alive_interval(limits.ping_interval)
            .keep_alive_timeout(limits.ping_timeout)
            .keep_alive_while_idle(true);
        let (link, connection) = builder
            .handshake::<_, Full<Bytes>>(TokioIo::new(tls))
            .await
            .map_err(|_| Cause::Handshake)?;
        tasks.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "the connection to the push service failed");
            }
        });
        Ok(link)
    }

    async fn connect(&self) -> Result<TcpStream, Cause> {
        let connected = TcpStream::connect((self.host.as_str(), self.port)).await;
        let tcp = connected.map_err(|_| Cause::Connect)?;
        // A push is smaller than a packet and must not wait for the next.
        tcp.set_nodelay(true).map_err(|_| Cause::Connect)?;
        Ok(tcp)
    }

    async fn secure(&self, tcp: TcpStream) -> Result<TlsStream<TcpStream>, Cause> {
        let connected = self.tls.connect(self.name.clone(), tcp).await;
        let tls = connected.map_err(|error| tls_cause(&error))?;
        if tls.get_ref().1.alpn_protocol() == Some(ALPN) {
            Ok(tls)
        } else {
            Err(Cause::Handshake)
        }
    }
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, Cause>>,
) -> Result<T, Cause> {
    timeout(limit, work).await.unwrap_or(Err(Cause::Timeout))
}

/// Waits for the server's first bytes, which stay to be read. A server that speaks second costs
/// the wait once.
async fn greeting(tls: &mut TlsStream<TcpStream>, wait: Duration) -> Result<(), Cause> {
    match timeout(wait, tls.fill_buf()).await {
        Err(_elapsed) => Ok(()),
        Ok(Ok([])) => Err(Cause::Closed),
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(tls_cause(&error)),
    }
}

fn client_config(
    certificate: &PushCertificate,
    ca_pem: Option<&[u8]>,
) -> Result<ClientConfig, ApnsError> {
    let roots = match ca_pem {
        None => RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        },
        Some(pem) => given_roots(pem)?,
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|source| ApnsError::Tls { source })?
        .with_root_certificates(roots)
        .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certificate.certified())));
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(config)
}

fn given_roots(pem: &[u8]) -> Result<RootCertStore, ApnsError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| ApnsError::Authorities)?;
        roots.add(certificate).map_err(|_| ApnsError::Authorities)?;
    }
    if roots.is_empty() {
        return Err(ApnsError::Authorities);
    }
    Ok(roots)
}

/// The alert or the refusal inside of what tokio-rustls reports as I/O.
fn tls_cause(error: &io::Error) -> Cause {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    match inner {
        Some(rustls::Error::AlertReceived(
            AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied
            | AlertDescription::DecryptError
            | AlertDescription::CertificateRequired,
        )) => Cause::CertificateRefused,
        Some(rustls::Error::InvalidCertificate(_)) => Cause::Untrusted,
        Some(_) => Cause::Handshake,
        None => Cause::Closed,
    }
}
