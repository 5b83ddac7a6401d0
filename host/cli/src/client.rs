//! Requests to the admin API and what their answers mean.
//!
//! Knows nothing of what is asked. Invariants: no request takes longer than [`REQUEST_TIME_MAX`] or
//! holds more than [`BODY_BYTES_MAX`] of an answer; anything but success is a [`ClientError`].

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Uri};
use hyper_util::client::legacy::Client as HyperClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use mooring_server::api::ProblemDocument;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::connection::Token;
use crate::text::clean;

/// Longest time for one request and its answer.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(30);
/// Most of an answer that is read, in bytes: a page of a thousand hosts has about one.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most of an answer that is no problem document which is shown, in characters.
const EXCERPT_CHARACTERS_MAX: usize = 200;

/// Why a request came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// The server's address is none.
    #[error("{url:?} is no address of a server")]
    Address {
        /// As given.
        url: String,
    },
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
    #[error("the server at {url} did not answer within {} s", REQUEST_TIME_MAX.as_secs())]
    TimedOut {
        /// The server's address.
        url: String,
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
            Self::Address { .. } => "write it as http://HOST:PORT; TLS is not there yet",
            Self::Token | Self::Unwritable(_) | Self::TooLarge { .. } => return None,
            Self::Unreachable { .. } => "is it running? start it with: mooring serve --data DIR",
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
    http: HyperClient<HttpConnector, Full<Bytes>>,
    url: String,
    authorization: HeaderValue,
}

impl Client {
    /// Takes `http://HOST:PORT`. Connects at the first request.
    pub(crate) fn new(url: &str, Token(token): &Token) -> Result<Self, ClientError> {
        let bad = || ClientError::Address { url: clean(url) };
        let uri: Uri = url.parse().map_err(|_| bad())?;
        let is_plain = uri.scheme_str() == Some("http") && matches!(uri.path(), "" | "/");
        if !is_plain || uri.authority().is_none() || uri.query().is_some() {
            return Err(bad());
        }
        let header = HeaderValue::from_str(&format!("Bearer {token}"));
        let mut authorization = header.map_err(|_| ClientError::Token)?;
        authorization.set_sensitive(true);
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(REQUEST_TIME_MAX));
        Ok(Self {
            http: HyperClient::builder(TokioExecutor::new()).build(connector),
            url: url.trim_end_matches('/').to_owned(),
            authorization,
        })
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

    /// Sends a request; an empty body is sent without a type.
    pub(crate) async fn request(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Bytes, ClientError> {
        match tokio::time::timeout(REQUEST_TIME_MAX, self.exchange(method, path, body)).await {
            Ok(answer) => answer,
            Err(_) => Err(ClientError::TimedOut {
                url: self.url.clone(),
            }),
        }
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Bytes, ClientError> {
        let mut request = hyper::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header(AUTHORIZATION, self.authorization.clone())
            .header(ACCEPT, "*/*");
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
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

/// The problem that an answer is; what is no problem document becomes one with an excerpt of it.
pub(crate) fn problem(status: u16, body: &[u8]) -> ProblemDocument {
    if let Ok(mut document) = serde_json::from_slice::<ProblemDocument>(body) {
        document.title = clean(&document.title);
        document.status = status;
        return document;
    }
    let reason = hyper::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("no success");
    let excerpt = String::from_utf8_lossy(body);
    let excerpt = excerpt.chars().take(EXCERPT_CHARACTERS_MAX);
    ProblemDocument {
        kind: "about:blank".to_owned(),
        title: format!("the server answered {status} {reason}"),
        status,
        detail: clean(excerpt.collect::<String>().trim()),
        instance: String::new(),
        errors: Vec::new(),
        findings: Vec::new(),
        other: std::collections::BTreeMap::new(),
    }
}

/// The problem document of an error, made up where the server sent none.
pub(crate) fn into_problem(error: ClientError) -> ProblemDocument {
    let title = error.to_string();
    if let ClientError::Problem(document) = error {
        return *document;
    }
    ProblemDocument {
        title,
        ..problem(0, b"")
    }
}

/// A text as one part of a path, percent-encoded but for letters, digits and `-._~`.
pub(crate) fn segment(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(HEX[usize::from(byte >> 4)]));
            encoded.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// Proves that every byte that could end or change a path is encoded.
    #[test]
    fn segments() {
        assert_eq!(segment("com.example.a-b_c~1"), "com.example.a-b_c~1");
        assert_eq!(segment("a/b?c#d %é"), "a%2Fb%3Fc%23d%20%25%C3%A9");
    }

    /// Proves which addresses and tokens are taken, and that a token is not shown.
    #[test]
    fn addresses() {
        let token = Token("sesame".to_owned());
        for url in ["http://127.0.0.1:9000", "http://[::1]:9000/"] {
            let client = Client::new(url, &token).unwrap();
            assert!(!format!("{client:?}").contains("sesame"));
        }
        for url in ["", "localhost:1", "https://a", "http://a/api", "http://a?b"] {
            assert!(
                matches!(Client::new(url, &token), Err(ClientError::Address { .. })),
                "{url}"
            );
        }
        let broken = Token("a\nb".to_owned());
        assert!(matches!(
            Client::new("http://a", &broken),
            Err(ClientError::Token)
        ));
    }

    /// Proves that an answer that is no problem document is still shown, cut and cleaned.
    #[test]
    fn answers_of_others() {
        let long = "<h1>\u{1b}bad gateway</h1>".to_owned() + &"x".repeat(1000);
        let document = problem(502, long.as_bytes());
        assert_eq!(document.title, "the server answered 502 Bad Gateway");
        assert!(document.detail.starts_with("<h1>bad"));
        assert!(document.detail.len() <= EXCERPT_CHARACTERS_MAX);
        assert_eq!(problem(418, &[0xff]).status, 418);
    }

    /// Answers one request with `reply` and gives the request's head.
    async fn exchange(reply: &'static str) -> (Result<Bytes, ClientError>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let client = Client::new(&url, &Token("sesame".to_owned())).unwrap();
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
