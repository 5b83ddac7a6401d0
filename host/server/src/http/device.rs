//! The device listener: one address, or two, for everything a device sends.
//!
//! Knows nothing of what messages mean. Invariant: statuses are those of `DeviceReply` (200, 400,
//! 503) and 404, 405, 408, 413 for what no device sends; 401 and 403 do not occur.

use std::num::NonZero;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{ALLOW, HeaderValue, RETRY_AFTER};
use hyper::{Method, Request};
use tokio::sync::Semaphore;

use super::body::{Answer, BodyError, answer, read};
use super::listener::Service;
use crate::core::Core;
use crate::device::DeviceReply;
use crate::limits::{DEVICE_BODY_BYTES_MAX, LARGE_BODIES_PER_CORE, LARGE_BODY_BYTES};

/// Where devices speak to: `ServerURL` and `CheckInURL` may be one address or two.
const PATHS: [&str; 2] = ["/mdm", "/checkin"];

/// Answers devices.
#[derive(Debug)]
pub(crate) struct Devices {
    core: Arc<Core>,
    /// Held by large messages while they are decoded.
    large: Semaphore,
}

impl Devices {
    /// Answers for `core`.
    pub(crate) fn new(core: Arc<Core>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            core,
            large: Semaphore::new(cores * LARGE_BODIES_PER_CORE),
        }
    }
}

impl Service for Devices {
    async fn answer(&self, request: Request<Incoming>) -> Answer {
        if !PATHS.contains(&request.uri().path()) {
            return text(404, "devices speak to /mdm or /checkin\n");
        }
        if request.method() != Method::PUT && request.method() != Method::POST {
            let mut answer = text(405, "devices send PUT, or POST\n");
            answer
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static("PUT, POST"));
            return answer;
        }
        let body = match read(request.into_body(), DEVICE_BODY_BYTES_MAX).await {
            Ok(body) => body,
            Err(error) => {
                let status = match error {
                    BodyError::TooLarge { .. } => 413,
                    BodyError::Slow => 408,
                    BodyError::Broken => 400,
                };
                return text(status, format!("{error}\n"));
            }
        };
        let _large = if body.len() > LARGE_BODY_BYTES {
            self.large.acquire().await.ok()
        } else {
            None
        };
        let core = Arc::clone(&self.core);
        let reply = tokio::task::spawn_blocking(move || core.answer_device(&body)).await;
        let reply = reply.unwrap_or_else(|error| {
            tracing::error!(%error, "answering a device panicked");
            DeviceReply::Unavailable
        });
        let status = reply.status();
        match reply {
            DeviceReply::Empty => answer(status, "", ""),
            DeviceReply::Command(bytes) => answer(status, "application/xml; charset=UTF-8", bytes),
            DeviceReply::Refused(reason) => text(status, format!("{reason}\n")),
            DeviceReply::Unavailable => {
                let mut answer = text(status, "not now, please send it again\n");
                answer
                    .headers_mut()
                    .insert(RETRY_AFTER, HeaderValue::from_static("30"));
                answer
            }
        }
    }
}

fn text(status: u16, text: impl Into<bytes::Bytes>) -> Answer {
    answer(status, "text/plain; charset=utf-8", text)
}
