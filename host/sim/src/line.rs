//! The connection of simulated devices to a server: HTTP/1.1, kept alive and shared.
//!
//! Knows nothing of messages' meaning. Invariant: no exchange takes longer than
//! [`EXCHANGE_TIME_MAX`] or holds more than [`BODY_BYTES_MAX`].

mod tls;

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{CONTENT_TYPE, USER_AGENT};
use hyper::http::uri::PathAndQuery;
use hyper::{Method, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::credential::Credential;
use crate::message::{Reply, Request, SIGNATURE_HEADER};
use tls::Dialer;
pub use tls::TlsError;
pub(crate) use tls::Trust;

/// Largest reply body read, in bytes: a profile of the largest size, in base64, twice over.
pub const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Longest time for one request and its reply; a server under full load needs a fraction of it.
pub const EXCHANGE_TIME_MAX: Duration = Duration::from_secs(30);
/// Where a device reaches the server if its URL has no path.
const DEFAULT_PATH: &str = "/mdm";
/// As macOS names its MDM client.
const AGENT: &str = "MDM-macOS/1.0 mdmclient (simulated)";

/// Why a text is no address of a server.
#[derive(Debug, thiserror::Error)]
pub enum UrlError {
    /// It is no URL.
    #[error("{url:?} is no URL")]
    Malformed {
        /// As given.
        url: String,
        /// Why.
        source: hyper::http::Error,
    },
    /// It is no `http` or `https` URL with a host.
    #[error("{url:?} is no http://HOST:PORT or https://HOST:PORT address")]
    NotHttp {
        /// As given.
        url: String,
    },
}

/// Connections to servers.
pub(crate) struct Line {
    client: Client<Dialer, Full<Bytes>>,
}

impl Line {
    /// Keeps at most `connections` a server open while they are not used, and connects at the first
    /// exchange. Speaks TLS to servers of trusted authorities, as the owner of the credential.
    pub(crate) fn new(
        connections: usize,
        trust: Option<&Trust>,
        credential: Option<&Credential>,
    ) -> Result<Self, TlsError> {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(EXCHANGE_TIME_MAX));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(connections)
            .build(Dialer::new(connector, trust, credential)?);
        Ok(Self { client })
    }

    /// Sends one message; the text of an error is for people.
    pub(crate) async fn exchange(&self, to: Uri, request: Request) -> Result<Reply, String> {
        let Request {
            content_type,
            body,
            signature,
        } = request;
        let mut head = hyper::Request::builder()
            .method(Method::PUT)
            .uri(to)
            .header(CONTENT_TYPE, content_type);
        if let Some(signature) = signature {
            head = head.header(SIGNATURE_HEADER, signature);
        }
        self.send(head, body).await
    }

    /// Downloads; anything but a 200 is an error. The text of an error is for people.
    pub(crate) async fn fetch(&self, url: &str) -> Result<Vec<u8>, String> {
        let head = hyper::Request::builder().method(Method::GET).uri(url);
        only_200(self.send(head, Vec::new()).await?)
    }

    /// Uploads; anything but a 200 is an error. The text of an error is for people.
    pub(crate) async fn post(
        &self,
        url: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<Vec<u8>, String> {
        let head = hyper::Request::builder()
            .method(Method::POST)
            .uri(url)
            .header(CONTENT_TYPE, content_type);
        only_200(self.send(head, body).await?)
    }

    async fn send(
        &self,
        head: hyper::http::request::Builder,
        body: Vec<u8>,
    ) -> Result<Reply, String> {
        match tokio::time::timeout(EXCHANGE_TIME_MAX, self.send_at_leisure(head, body)).await {
            Ok(reply) => reply.map_err(|error| chain_text(error.as_ref())),
            Err(_) => Err(format!("no reply within {} s", EXCHANGE_TIME_MAX.as_secs())),
        }
    }

    async fn send_at_leisure(
        &self,
        head: hyper::http::request::Builder,
        body: Vec<u8>,
    ) -> Result<Reply, Box<dyn Error + Send + Sync>> {
        let request = head
            .header(USER_AGENT, AGENT)
            .body(Full::new(Bytes::from(body)))?;
        let response = self.client.request(request).await?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), BODY_BYTES_MAX)
            .collect()
            .await?
            .to_bytes();
        Ok(Reply {
            status,
            body: body.to_vec(),
        })
    }
}

fn only_200(reply: Reply) -> Result<Vec<u8>, String> {
    match reply.status {
        200 => Ok(reply.body),
        status => Err(refusal_text(status, &reply.body)),
    }
}

/// What a server's refusal says, for people.
pub(crate) fn refusal_text(status: u16, body: &[u8]) -> String {
    let shown: String = String::from_utf8_lossy(body).chars().take(200).collect();
    format!("the server answered {status}: {shown}")
}

/// The address that a URL means to a device.
pub(crate) fn device_uri(url: &str) -> Result<Uri, UrlError> {
    let malformed = |source| UrlError::Malformed {
        url: url.to_owned(),
        source,
    };
    let uri: Uri = url
        .parse::<Uri>()
        .map_err(|error| malformed(error.into()))?;
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    if !is_http || uri.authority().is_none() {
        return Err(UrlError::NotHttp {
            url: url.to_owned(),
        });
    }
    let mut parts = uri.into_parts();
    let is_bare = parts
        .path_and_query
        .as_ref()
        .is_none_or(|path| path.as_str() == "/");
    if is_bare {
        parts.path_and_query = Some(PathAndQuery::from_static(DEFAULT_PATH));
    }
    Uri::from_parts(parts).map_err(|error| malformed(error.into()))
}

/// An error and its causes in one line, for people.
pub(crate) fn chain_text(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that a bare address gets the usual path and that others are kept or refused.
    #[test]
    fn addresses() {
        let uri = |url| device_uri(url).map(|uri| uri.to_string()).ok();
        assert_eq!(
            uri("http://127.0.0.1:9000").unwrap(),
            "http://127.0.0.1:9000/mdm"
        );
        assert_eq!(uri("http://[::1]:9000/").unwrap(), "http://[::1]:9000/mdm");
        assert_eq!(
            uri("http://localhost:1/checkin?a=b").unwrap(),
            "http://localhost:1/checkin?a=b"
        );
        assert_eq!(uri("https://localhost").unwrap(), "https://localhost/mdm");
        for bad in [
            "",
            "127.0.0.1:9000",
            "ftp://localhost",
            "/mdm",
            "http://a b",
        ] {
            assert!(device_uri(bad).is_err(), "{bad}");
        }
    }
}
