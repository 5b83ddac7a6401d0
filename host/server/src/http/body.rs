//! Bodies: read with a limit of size and time, written whole.
//!
//! Knows nothing of what is in them. Invariant: memory for a body is bounded before it arrives.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::Response;
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};

use crate::limits::BODY_TIMEOUT;

/// What every handler answers with.
pub(crate) type Answer = Response<Full<Bytes>>;

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BodyError {
    #[error("the body is larger than {bytes_max} bytes")]
    TooLarge { bytes_max: usize },
    #[error("the body did not arrive in time")]
    Slow,
    #[error("the connection broke while the body arrived")]
    Broken,
}

/// Reads a body of at most `bytes_max` bytes.
pub(super) async fn read(body: Incoming, bytes_max: usize) -> Result<Bytes, BodyError> {
    read_within(body, bytes_max, BODY_TIMEOUT).await
}

/// Reads a body of at most `bytes_max` bytes that arrives within `time`.
pub(super) async fn read_within(
    body: Incoming,
    bytes_max: usize,
    time: Duration,
) -> Result<Bytes, BodyError> {
    // What is announced to be too large need not arrive first.
    if usize::try_from(body.size_hint().lower()).map_or(true, |announced| announced > bytes_max) {
        return Err(BodyError::TooLarge { bytes_max });
    }
    let limited = Limited::new(body, bytes_max).collect();
    match tokio::time::timeout(time, limited).await {
        Err(_) => Err(BodyError::Slow),
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(BodyError::TooLarge { bytes_max }),
        Ok(Err(_)) => Err(BodyError::Broken),
    }
}

/// An answer of one type of content; without content if `bytes` is empty.
pub(super) fn answer(status: u16, content_type: &'static str, bytes: impl Into<Bytes>) -> Answer {
    let bytes = bytes.into();
    let has_content = !bytes.is_empty();
    let mut response = Response::new(Full::new(bytes));
    *response.status_mut() =
        hyper::StatusCode::from_u16(status).unwrap_or(hyper::StatusCode::INTERNAL_SERVER_ERROR);
    if has_content {
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    response
}
