//! Requests to the admin API and what their answers mean.
//!
//! Knows nothing of what is asked. Invariants: no request takes longer than [`REQUEST_TIME_MAX`] or
//! holds more than [`BODY_BYTES_MAX`] of an answer; anything but success is a [`ClientError`].

mod connector;
mod problem;

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Uri};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::rt::TokioExecutor;
use mooring_server::api::ProblemDocument;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::connection::Token;
use crate::text::clean;
pub(crate) use connector::CaError;
use connector::{Connector, certificate_hint};
pub(crate) use problem::{into_problem, problem, segment};

/// Longest time for one request and its answer.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(30);
/// Longest time for a request on which the server compiles something.
const PATIENT_TIME_MAX: Duration = Duration::from_mins(4);
/// Most of an answer that is read, in bytes: a page of a thousand hosts has about one.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// The type of documents.
const JSON: &str = "application/json";

/// Why a request came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// The server's address is none.
    #[error("{url:?} is no address of a server")]
    Address {
        /// As given.
        url: String,
    },
    /// The authorities to trust are of no use.
    #[error("the CA of the server cannot be used")]
    Ca(#[from] CaError),
    /// The token cannot be sent.
    #[error("the token holds characters that no token has")]
    Token,
    /// No connection, or it broke before the answer.
    #[error("cannot reach the server at {url}")]
    Unreachable {
        /// The server's address.
        url: String,
        /// Why.
        source: hyper_util::client::legacy::Error,
    },
    /// No answer in time.
    #[error("the server at {url} did not answer within {} s", limit.as_secs())]
    TimedOut {
        /// The server's address.
        url: String,
        /// How long it had.
        limit: Duration,
    },
    /// The answer broke off.
    #[error("the server's answer broke off")]
    Broken {
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The answer is larger than any should be.
    #[error("the server's answer to {path} has more than {BODY_BYTES_MAX} bytes")]
    TooLarge {
        /// What was asked for.
        path: String,
    },
    /// The server did not do it.
    #[error("{}", .0.title)]
    Problem(Box<ProblemDocument>),
    /// The answer is not the document that this version knows.
    #[error("the server's answer to {path} is not understood")]
    Unreadable {
        /// What was asked for.
        path: String,
        /// Why.
        source: serde_json::Error,
    },
    /// The request cannot be written.
    #[error("the request cannot be written")]
    Unwritable(#[source] Box<dyn Error + Send + Sync>),
}

impl ClientError {
    /// What to do about it.
    pub(crate) fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Address { .. } => "write it as http://HOST:PORT or https://HOST:PORT",
            Self::Ca(_) => "--ca names a PEM file of certificates, such as the server's own",
            Self::Token | Self::Unwritable(_) | Self::TooLarge { .. } => return None,
            Self::Unreachable { source, url } => match certificate_hint(source) {
                Some(hint) => hint,
                None if !source.is_connect() && url.starts_with("http:") => {
                    "somebody listens there; if that is a server with TLS, write https://"
                }
                None => "is it running? start it with: mooring serve --data DIR",
            },
            Self::TimedOut { .. } | Self::Broken { .. } => {
                "see the server's log, then try again; nothing needs to be undone first"
            }
            Self::Unreadable { .. } => "use the same version of mooring here and on the server",
            Self::Problem(problem) => match problem.status {
                401 | 403 => "use the token in admin-token in the server's folder",
                429 | 503 => "wait a little and try again",
                _ => return None,
            },
        };
        Some(hint.to_owned())
    }

    /// Whether the next request would end the same way, whatever it asks.
    pub(crate) fn is_about_server(&self) -> bool {
        match self {
            Self::Problem(problem) => matches!(problem.status, 401 | 403 | 503),
            Self::Address { .. }
            | Self::Ca(_)
            | Self::Token
            | Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::Broken { .. } => true,
            Self::TooLarge { .. } | Self::Unreadable { .. } | Self::Unwritable(_) => false,
        }
    }
}

/// A line to one server.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: HyperClient<Connector, Full<Bytes>>,
    url: String,
    authorization: HeaderValue,
}

impl Client {
    /// Takes `http://HOST:PORT` or `https://HOST:PORT`, and the authorities (PEM) that a server's
    /// certificate may come from; without them the public ones. Connects at the first request.
    pub(crate) fn new(
        url: &str,
        Token(token): &Token,
        ca_pem: Option<&[u8]>,
    ) -> Result<Self, ClientError> {
        let bad = || ClientError::Address { url: clean(url) };
        let uri: Uri = url.parse().map_err(|_| bad())?;
        let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
        let is_bare = is_http && matches!(uri.path(), "" | "/");
        if !is_bare || uri.authority().is_none() || uri.query().is_some() {
            return Err(bad());
        }
        let header = HeaderValue::from_str(&format!("Bearer {token}"));
        let mut authorization = header.map_err(|_| ClientError::Token)?;
        authorization.set_sensitive(true);
        let connector = Connector::new(ca_pem)?;
        Ok(Self {
            http: HyperClient::builder(TokioExecutor::new()).build(connector),
            url: url.trim_end_matches('/').to_owned(),
            authorization,
        })
    }

    /// The server's address.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Asks for a document or for bytes.
    pub(crate) async fn get(&self, path: &str) -> Result<Bytes, ClientError> {
        self.request(Method::GET, path, Bytes::new()).await
    }

    /// Asks for a document and reads it.
    pub(crate) async fn get_document<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<T, ClientError> {
        read(path, &self.get(path).await?)
    }

    /// Sends a document with `method`.
    pub(crate) async fn send<T: Serialize>(
        &self,
        method: Method,
        path: &str,
        document: &T,
    ) -> Result<Bytes, ClientError> {
        let body = serde_json::to_vec(document).map_err(|e| ClientError::Unwritable(e.into()))?;
        self.request(method, path, Bytes::from(body)).await
    }

    /// Sends a request; a body is a document, and an empty one is none.
    pub(crate) async fn request(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Bytes, ClientError> {
        self.request_of(method, path, JSON, body).await
    }

    /// Sends a request with a body of that type.
    pub(crate) async fn request_of(
        &self,
        method: Method,
        path: &str,
        content_type: &'static str,
        body: Bytes,
    ) -> Result<Bytes, ClientError> {
        let exchange = self.exchange(method, path, content_type, body);
        self.within(REQUEST_TIME_MAX, exchange).await
    }

    /// Sends a document on which the server may have to work for minutes.
    pub(crate) async fn send_patiently<T: Serialize>(
        &self,
        method: Method,
        path: &str,
        document: &T,
    ) -> Result<Bytes, ClientError> {
        let body = serde_json::to_vec(document).map_err(|e| ClientError::Unwritable(e.into()))?;
        self.request_patiently(method, path, Bytes::from(body))
            .await
    }

    /// Sends a request on which the server may have to work for minutes.
    pub(crate) async fn request_patiently(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Bytes, ClientError> {
        let exchange = self.exchange(method, path, JSON, body);
        self.within(PATIENT_TIME_MAX, exchange).await
    }

    async fn within(
        &self,
        limit: Duration,
        exchange: impl Future<Output = Result<Bytes, ClientError>>,
    ) -> Result<Bytes, ClientError> {
        match tokio::time::timeout(limit, exchange).await {
            Ok(answer) => answer,
            Err(_) => Err(ClientError::TimedOut {
                url: self.url.clone(),
                limit,
            }),
        }
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        content_type: &'static str,
        body: Bytes,
    ) -> Result<Bytes, ClientError> {
        let mut request = hyper::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header(AUTHORIZATION, self.authorization.clone())
            .header(ACCEPT, "*/*");
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, content_type);
        }
        let request = request
            .body(Full::new(body))
            .map_err(|error| ClientError::Unwritable(error.into()))?;
        let answer = self.http.request(request).await;
        let answer = answer.map_err(|source| ClientError::Unreachable {
            url: self.url.clone(),
            source,
        })?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), BODY_BYTES_MAX)
            .collect()
            .await;
        let body = body.map_err(|source| {
            if source.is::<LengthLimitError>() {
                let path = path.to_owned();
                return ClientError::TooLarge { path };
            }
            ClientError::Broken { source }
        })?;
        let body = body.to_bytes();
        if status.is_success() {
            return Ok(body);
        }
        Err(ClientError::Problem(Box::new(problem(
            status.as_u16(),
            &body,
        ))))
    }
}

/// Reads the document that `path` gave.
pub(crate) fn read<T: DeserializeOwned>(path: &str, body: &[u8]) -> Result<T, ClientError> {
    serde_json::from_slice(body).map_err(|source| ClientError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// Proves which addresses and tokens are taken, and that a token is not shown.
    #[test]
    fn addresses() {
        let token = Token("sesame".to_owned());
        for url in [
            "http://127.0.0.1:9000",
            "http://[::1]:9000/",
            "https://mdm.example.com",
        ] {
            let client = Client::new(url, &token, None).unwrap();
            assert!(!format!("{client:?}").contains("sesame"));
        }
        for url in ["", "localhost:1", "ftp://a", "http://a/api", "https://a?b"] {
            assert!(
                matches!(
                    Client::new(url, &token, None),
                    Err(ClientError::Address { .. })
                ),
                "{url}"
            );
        }
        let broken = Token("a\nb".to_owned());
        assert!(matches!(
            Client::new("http://a", &broken, None),
            Err(ClientError::Token)
        ));
        for pem in ["", "-----BEGIN CERTIFICATE-----\n"] {
            let made = Client::new("https://a", &token, Some(pem.as_bytes()));
            assert!(matches!(made, Err(ClientError::Ca(_))), "{pem}");
        }
    }

    /// Answers one request with `reply` and gives the request's head.
    async fn exchange(reply: &'static str) -> (Result<Bytes, ClientError>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let client = Client::new(&url, &Token("sesame".to_owned()), None).unwrap();
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            stream.write_all(reply.as_bytes()).await.unwrap();
            String::from_utf8(head).unwrap()
        };
        tokio::join!(client.get("/a"), serve)
    }

    /// Proves that the token is sent and what success, a problem, a broken answer and no server
    /// become.
    #[tokio::test]
    async fn answers() {
        let (answer, head) = exchange("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
        assert_eq!(answer.unwrap(), "ok");
        assert!(head.starts_with("GET /a HTTP/1.1\r\n"), "{head}");
        assert!(head.contains("authorization: Bearer sesame\r\n"), "{head}");
        let (answer, _) = exchange("HTTP/1.1 409 X\r\ncontent-length: 0\r\n\r\n").await;
        assert!(matches!(answer, Err(ClientError::Problem(p)) if p.status == 409));
        let (answer, _) = exchange("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok").await;
        assert!(matches!(answer, Err(ClientError::Broken { .. })));
        let (answer, _) = exchange("").await;
        assert!(matches!(answer, Err(ClientError::Unreachable { .. })));
    }
}
