//! Posts one body to the webhook's address, over a connection that is kept as long as it works.
//!
//! Knows nothing of events. Invariants: a delivery takes at most its timeout; no redirect is
//! followed; of an answer only the status counts, and little of its body is read.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hmac::{Hmac, Mac};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use hyper::http::uri::{Authority, PathAndQuery};
use hyper::{Method, Request, Response, Uri};
use hyper_util::rt::TokioIo;
use mooring_identity::Secret;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use sha2::Sha256;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use super::{WebhookError, WebhookOptions};

/// Most of an answer that is read so that the connection can be used again, in bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// The signature's header, by the name that NanoMDM gave it.
const SIGNATURE: &str = "x-hmac-signature";
const JSON: &str = "application/json; charset=utf-8";

/// Why a delivery failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum DeliveryError {
    #[error("no connection to the webhook")]
    Connect(#[source] io::Error),
    #[error("the connection to the webhook broke")]
    Broken(#[source] hyper::Error),
    #[error("the webhook did not answer within {} ms", .0.as_millis())]
    Timeout(Duration),
    #[error("the event cannot be read")]
    Unreadable,
    #[error("the webhook answered {0}")]
    Status(u16),
    #[error("the request to the webhook cannot be written")]
    Request(#[source] hyper::http::Error),
}

/// Posts to one address.
pub(super) struct Client {
    authority: Authority,
    path: PathAndQuery,
    /// Absent for plain HTTP.
    tls: Option<(TlsConnector, ServerName<'static>)>,
    hmac_key: Option<Secret>,
    timeout: Duration,
    link: Option<SendRequest<Full<Bytes>>>,
    /// Drives the connection; it ends with the client.
    driver: JoinSet<()>,
}

impl Client {
    /// Checks the options; connects at the first delivery.
    pub(super) fn new(options: WebhookOptions) -> Result<Self, WebhookError> {
        let url = || WebhookError::Url {
            url: options.url.clone(),
        };
        let uri: Uri = options.url.parse().map_err(|_| url())?;
        let authority = uri.authority().ok_or_else(url)?.clone();
        if authority.as_str().contains('@') {
            return Err(url());
        }
        let tls = match uri.scheme_str() {
            Some("http") => None,
            Some("https") => {
                let host = authority.host().trim_matches(['[', ']']).to_owned();
                let name = ServerName::try_from(host).map_err(|_| url())?;
                let config = client_config(options.ca_pem.as_deref())?;
                Some((TlsConnector::from(Arc::new(config)), name))
            }
            Some(_) | None => return Err(url()),
        };
        let path = uri.path_and_query().cloned();
        Ok(Self {
            authority,
            path: path.unwrap_or_else(|| PathAndQuery::from_static("/")),
            tls,
            hmac_key: options.hmac_key,
            timeout: options.limits.timeout,
            link: None,
            driver: JoinSet::new(),
        })
    }

    /// Posts a body; anything but a 2xx is an error.
    pub(super) async fn deliver(&mut self, body: Vec<u8>) -> Result<(), DeliveryError> {
        let limit = self.timeout;
        let done = tokio::time::timeout(limit, self.exchange(Bytes::from(body))).await;
        let result = done.unwrap_or(Err(DeliveryError::Timeout(limit)));
        if result.is_err() {
            self.link = None;
        }
        result
    }

    async fn exchange(&mut self, body: Bytes) -> Result<(), DeliveryError> {
        if let Some(mut link) = self.link.take() {
            // A kept connection may have been closed since; then the same goes over a new one.
            if link.ready().await.is_ok() {
                let request = self.request(body.clone())?;
                if let Ok(response) = link.send_request(request).await {
                    return self.read(link, response).await;
                }
            }
        }
        let mut link = self.connect().await?;
        let request = self.request(body)?;
        let response = link.send_request(request).await;
        self.read(link, response.map_err(DeliveryError::Broken)?)
            .await
    }

    fn request(&self, body: Bytes) -> Result<Request<Full<Bytes>>, DeliveryError> {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(Uri::from(self.path.clone()))
            .header(HOST, self.authority.as_str())
            .header(USER_AGENT, concat!("mooring/", env!("CARGO_PKG_VERSION")))
            .header(CONTENT_TYPE, HeaderValue::from_static(JSON));
        if let Some(key) = &self.hmac_key {
            request = request.header(SIGNATURE, signature(key, &body));
        }
        let request = request.body(Full::new(body));
        request.map_err(DeliveryError::Request)
    }

    /// Judges the status, and keeps the connection if the answer ends soon.
    async fn read(
        &mut self,
        link: SendRequest<Full<Bytes>>,
        response: Response<hyper::body::Incoming>,
    ) -> Result<(), DeliveryError> {
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX);
        if body.collect().await.is_ok() {
            self.link = Some(link);
        }
        if status.is_success() {
            Ok(())
        } else {
            Err(DeliveryError::Status(status.as_u16()))
        }
    }

    async fn connect(&mut self) -> Result<SendRequest<Full<Bytes>>, DeliveryError> {
        let port = self.authority.port_u16();
        let port = port.unwrap_or(if self.tls.is_some() { 443 } else { 80 });
        let host = self.authority.host().trim_matches(['[', ']']);
        let connected = TcpStream::connect((host, port)).await;
        let tcp = connected.map_err(DeliveryError::Connect)?;
        tcp.set_nodelay(true).map_err(DeliveryError::Connect)?;
        match self.tls.clone() {
            None => self.speak(tcp).await,
            Some((connector, name)) => {
                let secured = connector.connect(name, tcp).await;
                let stream = secured.map_err(DeliveryError::Connect)?;
                self.speak(stream).await
            }
        }
    }

    async fn speak(
        &mut self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ) -> Result<SendRequest<Full<Bytes>>, DeliveryError> {
        let speaking = http1::handshake(TokioIo::new(stream)).await;
        let (link, connection) = speaking.map_err(DeliveryError::Broken)?;
        // The one before is of no use any more.
        self.driver.abort_all();
        while self.driver.try_join_next().is_some() {}
        self.driver.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "the connection to the webhook failed");
            }
        });
        Ok(link)
    }
}

/// HMAC-SHA256 (RFC 2104) of the body, in base64.
fn signature(key: &Secret, body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes());
    // A key of any length will do.
    let signed = mac.map(|mac| mac.chain_update(body).finalize().into_bytes());
    signed
        .map(|bytes| STANDARD.encode(bytes))
        .unwrap_or_default()
}

fn client_config(ca_pem: Option<&[u8]>) -> Result<ClientConfig, WebhookError> {
    let roots = match ca_pem {
        None => RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        },
        Some(pem) => {
            let mut roots = RootCertStore::empty();
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate.map_err(|_| WebhookError::Authorities)?;
                let added = roots.add(certificate);
                added.map_err(|_| WebhookError::Authorities)?;
            }
            if roots.is_empty() {
                return Err(WebhookError::Authorities);
            }
            roots
        }
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|source| WebhookError::Tls { source })?;
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves the signature by the second test case of RFC 4231.
    #[test]
    fn signatures() {
        let signed = signature(&Secret::new("Jefe"), b"what do ya want for nothing?");
        let wanted: [u8; 32] = [
            0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95,
            0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27, 0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9,
            0x64, 0xec, 0x38, 0x43,
        ];
        assert_eq!(signed, STANDARD.encode(wanted));
    }

    /// Proves which addresses are taken, and that a password in one is not.
    #[test]
    fn addresses() {
        for url in [
            "http://127.0.0.1:9000",
            "https://hooks.example.com/mdm?x=1",
            "https://[::1]/",
        ] {
            assert!(Client::new(WebhookOptions::new(url)).is_ok(), "{url}");
        }
        for url in [
            "",
            "/mdm",
            "hooks.example.com",
            "ftp://a/",
            "http://u:p@a/",
            "https://",
        ] {
            assert!(Client::new(WebhookOptions::new(url)).is_err(), "{url}");
        }
        let mut options = WebhookOptions::new("https://a/");
        options.ca_pem = Some(b"nothing".to_vec());
        assert!(matches!(
            Client::new(options),
            Err(WebhookError::Authorities)
        ));
    }
}
