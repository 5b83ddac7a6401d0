//! The client of APNs: one HTTP/2 connection for all pushes.
//!
//! Opened at the first push, shared by all, and opened again when it ends. Knows nothing of who is
//! pushed when. Invariants: at most one connection is used for new pushes at a time; a push whose
//! connection ends before the answer is sent once more over another, since a second push of the
//! same magic does no harm; no push takes longer than its timeout.

mod link;
mod open;
mod target;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{CONTENT_TYPE, RETRY_AFTER};
use hyper::http::HeaderValue;
use hyper::{Method, Request, Response, Uri};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use crate::certificate::PushCertificate;
use crate::outcome::{Answer, Cause, PushOutcome};
use crate::pace::PacerOptions;
use link::{Link, Links};
use open::Opener;

pub use target::{Target, TargetError};

/// Apple's production service; MDM has no other.
pub const APNS_URL: &str = "https://api.push.apple.com:443";
/// Largest answer read, in bytes; Apple's are below 100.
const ANSWER_BYTES_MAX: usize = 4 * 1024;
/// Tries of one push: the second because the connection ended under the first.
const TRIES: usize = 2;

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ApnsError {
    /// Not an address of a push service.
    #[error("{url:?} is no https://HOST:PORT address")]
    Url {
        /// As given.
        url: String,
    },
    /// The given authorities are no PEM certificates.
    #[error("the authorities to trust for the push service cannot be read, or there are none")]
    Authorities,
    /// TLS refuses its own settings.
    #[error("TLS cannot be set up")]
    Tls {
        /// Why.
        #[source]
        source: rustls::Error,
    },
}

/// Bounds of the client, and of who uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApnsLimits {
    /// For TCP and TLS of a new connection.
    pub connect_timeout: Duration,
    /// How long a new connection waits to hear of the server before it sends. Under TLS 1.3 a
    /// server refuses a client certificate only now, and whoever writes first may miss why.
    pub greeting_wait: Duration,
    /// For one push with all it needs.
    pub request_timeout: Duration,
    /// Between pings, also while nothing is sent; Apple advises against too many.
    pub ping_interval: Duration,
    /// A connection that answers no ping within this time is closed.
    pub ping_timeout: Duration,
    /// Before a new connection, after one that was of no use; doubled for each in a row.
    pub backoff_first: Duration,
    /// The longest such wait.
    pub backoff_max: Duration,
    /// Most pushes under way; more wait. APNs allows about 1,000 streams on a connection.
    pub in_flight_max: usize,
    /// Pushes a second in the long run, of all certificates together. It is kept by the
    /// [`Pacer`](crate::Pacer) of whoever pushes; the reason for the figure is there.
    pub pushes_per_s: u32,
}

impl Default for ApnsLimits {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            greeting_wait: Duration::from_secs(1),
            request_timeout: Duration::from_secs(20),
            ping_interval: Duration::from_secs(45),
            ping_timeout: Duration::from_secs(15),
            backoff_first: Duration::from_secs(1),
            backoff_max: Duration::from_mins(1),
            in_flight_max: 500,
            pushes_per_s: PacerOptions::default().rate_per_s,
        }
    }
}

/// Where the push service is and how it is trusted.
#[derive(Debug, Clone)]
pub struct ApnsOptions {
    /// `https://HOST[:PORT]`, without a path.
    pub url: String,
    /// The authorities to trust instead of the public ones.
    pub ca_pem: Option<Vec<u8>>,
    /// Bounds.
    pub limits: ApnsLimits,
}

impl Default for ApnsOptions {
    /// Apple's service.
    fn default() -> Self {
        Self {
            url: APNS_URL.to_owned(),
            ca_pem: None,
            limits: ApnsLimits::default(),
        }
    }
}

/// A client of APNs with one push certificate.
///
/// Dropping it ends its connection and what is under way on it.
pub struct Apns {
    opener: Opener,
    /// Scheme and authority of every request.
    base: String,
    topic: HeaderValue,
    limits: ApnsLimits,
    in_flight: Semaphore,
    state: Mutex<Links>,
    /// Held while a connection is opened, so that many pushes open one and not many. It guards no
    /// state, and opening is bounded in time.
    opening: tokio::sync::Mutex<()>,
}

impl Apns {
    /// Checks the options; connects at the first push.
    ///
    /// # Errors
    ///
    /// The address or the authorities cannot be used.
    pub fn new(certificate: &PushCertificate, options: &ApnsOptions) -> Result<Self, ApnsError> {
        let no_address = || ApnsError::Url {
            url: options.url.clone(),
        };
        let uri: Uri = options.url.parse().map_err(|_| no_address())?;
        let is_bare = uri.path_and_query().is_none_or(|path| path.as_str() == "/");
        let authority = uri.authority().filter(|_| is_bare);
        let (Some("https"), Some(authority)) = (uri.scheme_str(), authority) else {
            return Err(no_address());
        };
        let opener = Opener::new(certificate, authority, options)?;
        Ok(Self {
            opener,
            base: format!("https://{authority}"),
            topic: HeaderValue::from_str(certificate.topic()).map_err(|_| no_address())?,
            limits: options.limits,
            in_flight: Semaphore::new(options.limits.in_flight_max.max(1)),
            state: Mutex::new(Links::new(options.limits)),
            opening: tokio::sync::Mutex::new(()),
        })
    }

    /// Wakes a device. APNs keeps the push until `expires_at_s` (Unix seconds; see
    /// [`crate::EXPIRY_S`]) for a device that is off, and only the newest for each device.
    pub async fn push(&self, target: &Target, expires_at_s: u64) -> PushOutcome {
        // Never closed, so this cannot fail.
        let Ok(_permit) = self.in_flight.acquire().await else {
            return unavailable(Cause::Closed);
        };
        let exchange = self.exchange(target, expires_at_s);
        match timeout(self.limits.request_timeout, exchange).await {
            Ok(outcome) => outcome,
            Err(_elapsed) => unavailable(Cause::Timeout),
        }
    }

    async fn exchange(&self, target: &Target, expires_at_s: u64) -> PushOutcome {
        for _ in 0..TRIES {
            let (generation, mut link) = match self.link().await {
                Ok(link) => link,
                Err(outcome) => return outcome,
            };
            let Ok(request) = self.request(target, expires_at_s) else {
                // All parts were checked before.
                return unavailable(Cause::Closed);
            };
            match link.send_request(request).await {
                Ok(response) => {
                    self.links().worked(generation);
                    return read(response).await;
                }
                Err(error) => {
                    tracing::debug!(%error, "the connection to the push service ended");
                    self.links().lost(generation, Instant::now());
                }
            }
        }
        unavailable(Cause::Closed)
    }

    /// `apns-topic` is sent although a certificate of one topic implies it: Apple asks for it with
    /// the push type `mdm`, and a topic that does not fit is then told as such. `apns-id` is left to
    /// the server.
    /// <https://developer.apple.com/documentation/usernotifications/sending-notification-requests-to-apns>
    fn request(
        &self,
        target: &Target,
        expires_at_s: u64,
    ) -> Result<Request<Full<Bytes>>, hyper::http::Error> {
        Request::builder()
            .method(Method::POST)
            .uri(format!("{}/3/device/{}", self.base, target.token_hex()))
            .header(CONTENT_TYPE, "application/json")
            .header("apns-topic", self.topic.clone())
            .header("apns-push-type", "mdm")
            .header("apns-priority", "10")
            .header("apns-expiration", expires_at_s)
            .body(Full::new(Bytes::from(target.body())))
    }

    /// The connection for the next push: the one there is, or a new one if its time has come.
    async fn link(&self) -> Result<(u64, Link), PushOutcome> {
        if let Some(link) = self.links().current(Instant::now()) {
            return Ok(link);
        }
        let _opening = self.opening.lock().await;
        {
            let mut links = self.links();
            let now = Instant::now();
            if let Some(link) = links.current(now) {
                return Ok(link);
            }
            if let Some(wait) = links.backing_off(now) {
                return Err(PushOutcome::Unavailable {
                    cause: Cause::BackingOff,
                    retry_after: Some(wait),
                });
            }
        }
        let tasks = self.links().tasks();
        match self.opener.open(&tasks, &self.limits).await {
            Ok(link) => {
                tracing::info!("connected to the push service");
                Ok(self.links().opened(link))
            }
            Err(cause) => {
                tracing::warn!(%cause, "cannot connect to the push service");
                let wait = self.links().failed(Instant::now());
                Err(PushOutcome::Unavailable {
                    cause,
                    retry_after: Some(wait),
                })
            }
        }
    }

    /// Nothing panics while it is held, so a poisoned lock is as good as any.
    fn links(&self) -> MutexGuard<'_, Links> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unavailable(cause: Cause) -> PushOutcome {
    PushOutcome::Unavailable {
        cause,
        retry_after: None,
    }
}

/// The status decides; a body that does not come or is too long counts as none.
async fn read(response: Response<hyper::body::Incoming>) -> PushOutcome {
    let (head, body) = response.into_parts();
    let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
    let body = body.map(http_body_util::Collected::to_bytes);
    let text = |value: Option<&HeaderValue>| {
        let text = value.and_then(|value| value.to_str().ok());
        text.map(str::to_owned)
    };
    PushOutcome::from_answer(&Answer {
        status: head.status.as_u16(),
        apns_id: text(head.headers.get("apns-id")).as_deref(),
        retry_after: text(head.headers.get(RETRY_AFTER)).as_deref(),
        body: body.as_deref().unwrap_or_default(),
    })
}
