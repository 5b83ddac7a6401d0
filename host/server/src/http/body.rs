//! Bodies: read with a limit of size and time, written whole.
//!
//! Knows nothing of what is in them. Invariant: memory for a body is bounded before it arrives.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Response;
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS};
#[cfg(target_os = "linux")]
use memmap2::Advice;
use memmap2::MmapMut;

use super::room::{Place, Room};
use crate::limits::{BODY_BYTES_FREE, BODY_TIMEOUT};

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
    #[error("there is no room for the body at the moment")]
    NoRoom,
}

/// Reads a body of at most `bytes_max` bytes.
pub(super) async fn read(body: Incoming, bytes_max: usize) -> Result<Bytes, BodyError> {
    read_within(body, bytes_max, BODY_TIMEOUT).await
}

/// The same for bodies of strangers, whose memory has a bound for all together. The place is held
/// for as long as the body is.
pub(super) async fn read_into(
    room: &Room,
    body: Incoming,
    bytes_max: usize,
) -> Result<(Bytes, Place), BodyError> {
    let mut place = room.place();
    let bytes = read_placed(body, bytes_max, BODY_TIMEOUT, Some(&mut place)).await?;
    Ok((bytes, place))
}

/// Reads a body of at most `bytes_max` bytes that arrives within `time`.
pub(super) async fn read_within(
    body: Incoming,
    bytes_max: usize,
    time: Duration,
) -> Result<Bytes, BodyError> {
    read_placed(body, bytes_max, time, None).await
}

async fn read_placed(
    body: Incoming,
    bytes_max: usize,
    time: Duration,
    place: Option<&mut Place>,
) -> Result<Bytes, BodyError> {
    // What is announced to be too large need not arrive first.
    if usize::try_from(body.size_hint().lower()).map_or(true, |announced| announced > bytes_max) {
        return Err(BodyError::TooLarge { bytes_max });
    }
    let arriving = collect(body, bytes_max, place);
    let arrived = tokio::time::timeout(time, arriving).await;
    arrived.unwrap_or(Err(BodyError::Slow))
}

async fn collect(
    mut body: Incoming,
    bytes_max: usize,
    mut place: Option<&mut Place>,
) -> Result<Bytes, BodyError> {
    let announced = body.size_hint().upper().map(usize::try_from);
    let size_max = announced.and_then(Result::ok).unwrap_or(bytes_max);
    let mut arrived = Arrived::new(size_max.min(bytes_max));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| BodyError::Broken)?;
        // Trailers say nothing here.
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let length = arrived.length + data.len();
        if length > bytes_max {
            return Err(BodyError::TooLarge { bytes_max });
        }
        if let Some(place) = &mut place {
            place.grow(length).map_err(|_| BodyError::NoRoom)?;
        }
        arrived.add(&data)?;
    }
    Ok(arrived.into_bytes())
}

/// What has arrived of a body: beyond what is free, neither what is announced nor the pieces that it
/// comes in decide how much memory it takes. One that is large lies in pages of its own, which are touched as it arrives
/// and given back with it; an allocator would keep them.
struct Arrived {
    size_max: usize,
    length: usize,
    small: Vec<u8>,
    large: Option<MmapMut>,
}

impl Arrived {
    fn new(size_max: usize) -> Self {
        Self {
            size_max,
            length: 0,
            small: Vec::new(),
            large: None,
        }
    }

    fn add(&mut self, data: &[u8]) -> Result<(), BodyError> {
        let begin = self.length;
        self.length += data.len();
        if self.large.is_none() && self.length <= BODY_BYTES_FREE {
            if begin == 0 {
                // At once: a vector that grows is copied each time.
                self.small.reserve(self.size_max.min(BODY_BYTES_FREE));
            }
            self.small.extend_from_slice(data);
            return Ok(());
        }
        if self.large.is_none() {
            let size = self.size_max.max(self.length);
            let mut pages = MmapMut::map_anon(size).map_err(|_| BodyError::NoRoom)?;
            // A huge page would be taken as a whole for its first byte. A system that has none does not
            // know the advice.
            #[cfg(target_os = "linux")]
            let _ = pages.advise(Advice::NoHugePage);
            let small = std::mem::take(&mut self.small);
            pages[..begin].copy_from_slice(&small);
            self.large = Some(pages);
        }
        let room = self.large.as_deref_mut();
        let room = room.and_then(|pages| pages.get_mut(begin..self.length));
        // More than was announced does not come: the connection ends there.
        room.ok_or(BodyError::Broken)?.copy_from_slice(data);
        Ok(())
    }

    fn into_bytes(self) -> Bytes {
        match self.large {
            Some(pages) => Bytes::from_owner(pages).slice(..self.length),
            None => self.small.into(),
        }
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
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        // Texts of devices are in many answers: no browser may take one for a page.
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    }
    response
}
