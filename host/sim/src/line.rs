//! The connection of simulated devices to a server: HTTP/1.1, kept alive and shared.
//!
//! Knows nothing of messages' meaning. Invariant: no exchange takes longer than
//! [`EXCHANGE_TIME_MAX`] or holds more than [`BODY_BYTES_MAX`].

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{CONTENT_TYPE, USER_AGENT};
use hyper::{Method, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::message::{Reply, Request};

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
    /// It is no `http` URL with a host.
    #[error("{url:?} is no http://HOST:PORT address; simulated devices speak plain HTTP")]
    NotHttp {
        /// As given.
        url: String,
    },
}

/// Connections to one server.
pub(crate) struct Line {
    client: Client<HttpConnector, Full<Bytes>>,
    uri: Uri,
}

impl Line {
    /// Keeps at most `connections` open while they are not used. Connects at the first exchange.
    pub(crate) fn new(url: &str, connections: usize) -> Result<Self, UrlError> {
        let uri = device_uri(url)?;
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(EXCHANGE_TIME_MAX));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(connections)
            .build(connector);
        Ok(Self { client, uri })
    }

    /// Sends one request; the text of an error is for people.
    pub(crate) async fn exchange(&self, request: Request) -> Result<Reply, String> {
        match tokio::time::timeout(EXCHANGE_TIME_MAX, self.send(request)).await {
            Ok(reply) => reply.map_err(|error| chain_text(error.as_ref())),
            Err(_) => Err(format!("no reply within {} s", EXCHANGE_TIME_MAX.as_secs())),
        }
    }

    async fn send(&self, request: Request) -> Result<Reply, Box<dyn Error + Send + Sync>> {
        let request = hyper::Request::builder()
            .method(Method::PUT)
            .uri(self.uri.clone())
            .header(CONTENT_TYPE, request.content_type)
            .header(USER_AGENT, AGENT)
            .body(Full::new(Bytes::from(request.body)))?;
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

fn device_uri(url: &str) -> Result<Uri, UrlError> {
    let malformed = |source| UrlError::Malformed {
        url: url.to_owned(),
        source,
    };
    let uri: Uri = url
        .parse::<Uri>()
        .map_err(|error| malformed(error.into()))?;
    if uri.scheme_str() != Some("http") || uri.authority().is_none() {
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
        parts.path_and_query = Some(hyper::http::uri::PathAndQuery::from_static(DEFAULT_PATH));
    }
    Uri::from_parts(parts).map_err(|error| malformed(error.into()))
}

fn chain_text(error: &(dyn Error + 'static)) -> String {
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
        for bad in [
            "",
            "127.0.0.1:9000",
            "https://localhost",
            "/mdm",
            "http://a b",
        ] {
            assert!(device_uri(bad).is_err(), "{bad}");
        }
    }
}
