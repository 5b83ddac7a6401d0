//! The device listener: everything that devices send, and what they fetch to enroll.
//!
//! Knows nothing of what messages mean. Invariants: a message is looked at only once it is known
//! who sent it; statuses are those of `DeviceReply` and 404, 405, 408, 413 for what no device
//! sends; 401 is said to blocked hosts alone, and 403 to nobody.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use hyper::body::Incoming;
use hyper::header::{ALLOW, HeaderMap, HeaderValue, RETRY_AFTER};
use hyper::{Method, Request};
use mooring_drift::policy::Timestamp;
use tokio::sync::Semaphore;
use tokio::task::JoinError;

use super::body::{Answer, BodyError, answer, read_into};
use super::listener::Service;
use super::peer::Peer;
use super::room::Room;
use super::route::{percent_decoded, query_value};
use crate::core::Core;
use crate::device::{Authenticator, DeviceReply, DeviceRequest, Presented, Speaker, chain};
use crate::enrollment::LinkError;
use crate::limits::{
    DEVICE_BODY_BYTES_MAX, LARGE_BODIES_PER_CORE, LARGE_BODY_BYTES, PARAMETERS_MAX,
    PROMPT_BODY_BYTES_MAX,
};

/// Whoever is sent away comes again after so many seconds at the earliest, and over so many more.
const RETRY_AFTER_MIN_S: u32 = 20;
const RETRY_SPREAD_S: u32 = 41;
const RETRY_STEP_S: u32 = 7;

const PROFILE: &str = "application/x-apple-aspen-config";

/// Where devices speak to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// `ServerURL` and `CheckInURL`, which may be one address or two.
    Mdm,
    /// Certificates for those who have none yet.
    Scep,
    /// An enrollment profile for whoever has this token.
    Enroll(String),
}

impl Place {
    fn of(path: &str) -> Option<Self> {
        match path {
            "/mdm" | "/checkin" => Some(Self::Mdm),
            // Some clients add the name of a program that was there thirty years ago.
            "/scep" | "/scep/pkiclient.exe" => Some(Self::Scep),
            _ => {
                let token = path.strip_prefix("/enroll/")?;
                (!token.is_empty() && !token.contains('/')).then(|| Self::Enroll(token.to_owned()))
            }
        }
    }

    fn methods(&self) -> &'static str {
        match self {
            Self::Mdm => "PUT, POST",
            Self::Scep => "GET, POST",
            Self::Enroll(_) => "GET",
        }
    }

    fn takes(&self, method: &Method) -> bool {
        self.methods().split(", ").any(|one| one == method.as_str())
    }
}

/// Answers devices.
#[derive(Debug)]
pub(crate) struct Devices {
    core: Arc<Core>,
    authenticator: Arc<Authenticator>,
    /// Held by large messages while they are decoded.
    large: Semaphore,
    room: Room,
}

impl Devices {
    /// Answers for `core` to whom `authenticator` knows.
    pub(crate) fn new(core: Arc<Core>, authenticator: Authenticator) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            core,
            authenticator: Arc::new(authenticator),
            large: Semaphore::new(cores * LARGE_BODIES_PER_CORE),
            room: Room::default(),
        }
    }

    fn presented(&self, headers: &HeaderMap, peer: &Peer) -> Presented {
        let values = |name: &str| {
            let all = headers.get_all(name).into_iter();
            all.map(|value| value.as_bytes().to_vec()).collect()
        };
        let header = self.authenticator.header();
        Presented {
            address: Some(peer.address.ip()),
            certificates: peer
                .certificates
                .iter()
                .map(|der| der.as_ref().to_vec())
                .collect(),
            header: header.map_or_else(Vec::new, values),
            signature: values("mdm-signature"),
        }
    }

    async fn mdm(&self, request: Request<Incoming>, peer: &Peer) -> Answer {
        let presented = self.presented(request.headers(), peer);
        let parameters = parameters(request.uri().query().unwrap_or_default());
        let (address, now) = (peer.address, self.core.now());
        // A stranger's body is not even read where it could not tell who sent it. An identity that
        // is known costs microseconds, another one the tenth of a handshake.
        let known = if self.authenticator.needs_no_body() {
            match identified(&self.authenticator, &presented, &[], now, address) {
                Ok(speaker) => Some(speaker),
                Err(refused) => return reply_answer(refused),
            }
        } else {
            None
        };
        let arriving = read_into(&self.room, request.into_body(), DEVICE_BODY_BYTES_MAX);
        let (body, _place) = match arriving.await {
            Ok(arrived) => arrived,
            Err(error) => return unread(error),
        };
        let is_prompt = body.len() <= PROMPT_BODY_BYTES_MAX;
        let speaker = match known {
            Some(speaker) => Some(speaker),
            None if is_prompt => {
                match identified(&self.authenticator, &presented, &body, now, address) {
                    Ok(speaker) => Some(speaker),
                    Err(refused) => return reply_answer(refused),
                }
            }
            None => None,
        };
        let parameters = match speaker.as_ref().filter(|_| is_prompt) {
            Some(speaker) => {
                let request = DeviceRequest {
                    body: &body,
                    speaker,
                    parameters,
                };
                if let Some(reply) = self.core.answer_promptly(&request).await {
                    return reply_answer(reply);
                }
                request.parameters
            }
            None => parameters,
        };
        let _large = if body.len() > LARGE_BODY_BYTES {
            self.large.acquire().await.ok()
        } else {
            None
        };
        let (core, authenticator) = (Arc::clone(&self.core), Arc::clone(&self.authenticator));
        let reply = tokio::task::spawn_blocking(move || {
            let speaker = speaker.map_or_else(
                || identified(&authenticator, &presented, &body, core.now(), address),
                Ok,
            );
            match speaker {
                Ok(speaker) => core.answer_device(&DeviceRequest {
                    body: &body,
                    speaker: &speaker,
                    parameters,
                }),
                Err(refused) => refused,
            }
        });
        reply_answer(reply.await.unwrap_or_else(|error| panicked(&error)))
    }

    async fn scep(&self, request: Request<Incoming>) -> Answer {
        let query = request.uri().query().unwrap_or_default();
        let operation = query_value(query, "operation").unwrap_or_default();
        let message = match *request.method() {
            // Elsewhere the parameter is the name of a CA, as the profile gave it.
            Method::GET if operation != "PKIOperation" => Vec::new(),
            Method::GET => match in_query(query) {
                Some(message) => message,
                None => return text(400, "the parameter message is not base64\n"),
            },
            _ => {
                let bytes_max = mooring_identity::scep::MESSAGE_BYTES_MAX;
                match read_into(&self.room, request.into_body(), bytes_max).await {
                    Ok((body, _)) => body.to_vec(),
                    Err(error) => return unread(error),
                }
            }
        };
        let core = Arc::clone(&self.core);
        let done = tokio::task::spawn_blocking(move || core.scep(&operation, &message)).await;
        match done {
            Ok(done) => answer(done.status, done.content_type, done.body),
            Err(error) => {
                tracing::error!(%error, "answering a SCEP request panicked");
                text(503, "")
            }
        }
    }

    async fn enroll(&self, token: String) -> Answer {
        let core = Arc::clone(&self.core);
        let made = tokio::task::spawn_blocking(move || core.profile_of_link(&token)).await;
        match made {
            Ok(Ok(profile)) => answer(200, PROFILE, profile),
            Ok(Err(error @ (LinkError::NotValid | LinkError::NotSet))) => {
                text(404, format!("{error}\n"))
            }
            Ok(Err(error)) => {
                tracing::error!(error = %chain(&error), "an enrollment profile cannot be served");
                text(503, "the server cannot enroll devices at the moment\n")
            }
            Err(error) => {
                tracing::error!(%error, "serving an enrollment profile panicked");
                text(503, "")
            }
        }
    }
}

impl Service for Devices {
    async fn answer(&self, request: Request<Incoming>, peer: &Peer) -> Answer {
        let Some(place) = Place::of(request.uri().path()) else {
            return text(404, "devices speak to /mdm or /checkin\n");
        };
        if !place.takes(request.method()) {
            let mut answer = text(405, format!("send {}\n", place.methods()));
            let allow = HeaderValue::from_static(place.methods());
            answer.headers_mut().insert(ALLOW, allow);
            return answer;
        }
        match place {
            Place::Mdm => self.mdm(request, peer).await,
            Place::Scep => self.scep(request).await,
            Place::Enroll(token) => self.enroll(token).await,
        }
    }
}

fn identified(
    authenticator: &Authenticator,
    presented: &Presented,
    body: &[u8],
    now: Timestamp,
    address: SocketAddr,
) -> Result<Speaker, DeviceReply> {
    let identified = authenticator.identify(presented, body, now);
    identified.map_err(|error| {
        let reason = chain(&error);
        tracing::warn!(%address, reason, "a device is not authenticated");
        DeviceReply::Refused(reason)
    })
}

fn panicked(error: &JoinError) -> DeviceReply {
    tracing::error!(%error, "answering a device panicked");
    DeviceReply::Unavailable
}

fn reply_answer(reply: DeviceReply) -> Answer {
    let status = reply.status();
    match reply {
        DeviceReply::Empty
        | DeviceReply::Dismissed
        | DeviceReply::NoSuchDeclaration
        | DeviceReply::Declined => answer(status, "", ""),
        DeviceReply::Command(bytes) | DeviceReply::Plist(bytes) => {
            answer(status, "application/xml; charset=UTF-8", bytes)
        }
        DeviceReply::Json(bytes) => answer(status, "application/json", bytes),
        DeviceReply::Refused(reason) => text(status, format!("{reason}\n")),
        DeviceReply::Unavailable => {
            let mut answer = text(status, "not now, please send it again\n");
            let seconds = HeaderValue::from(retry_after_s());
            answer.headers_mut().insert(RETRY_AFTER, seconds);
            answer
        }
    }
}

/// When whoever is sent away should come again: others at another moment, so that a crowd that was
/// too much at once does not come back as one.
fn retry_after_s() -> u32 {
    static SENT_AWAY: AtomicU32 = AtomicU32::new(0);
    let place = SENT_AWAY.fetch_add(1, Ordering::Relaxed);
    // A step that has no divisor in common with the spread reaches every second of it.
    RETRY_AFTER_MIN_S + place % RETRY_SPREAD_S * RETRY_STEP_S % RETRY_SPREAD_S
}

fn unread(error: BodyError) -> Answer {
    let status = match error {
        BodyError::TooLarge { .. } => 413,
        BodyError::Slow => 408,
        BodyError::Broken => 400,
        BodyError::NoRoom => return reply_answer(DeviceReply::Unavailable),
    };
    text(status, format!("{error}\n"))
}

/// The message of a `PKIOperation` by GET (RFC 8894 section 4.1); none is an empty one.
fn in_query(query: &str) -> Option<Vec<u8>> {
    use base64::Engine as _;
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    match pairs.find(|(key, _)| *key == "message") {
        Some((_, value)) => {
            // A plus is one of base64's own characters here, not a space.
            let text = percent_decoded(value)?;
            base64::engine::general_purpose::STANDARD.decode(text).ok()
        }
        None => Some(Vec::new()),
    }
}

/// The query of the address that a device was given, the first value of each name.
fn parameters(query: &str) -> BTreeMap<String, String> {
    let mut parameters = BTreeMap::new();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    for (name, value) in pairs.take(PARAMETERS_MAX) {
        let decoded = |text: &str| percent_decoded(&text.replace('+', " "));
        if let (Some(name), Some(value)) = (decoded(name), decoded(value)) {
            parameters.entry(name).or_insert(value);
        }
    }
    parameters
}

fn text(status: u16, text: impl Into<bytes::Bytes>) -> Answer {
    answer(status, "text/plain; charset=utf-8", text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Proves that those who are sent away are told moments that lie apart and are all in bounds.
    #[test]
    fn sent_away_for_different_times() {
        let told: BTreeSet<u32> = (0..400).map(|_| retry_after_s()).collect();
        let all = RETRY_AFTER_MIN_S..RETRY_AFTER_MIN_S + RETRY_SPREAD_S;
        assert_eq!(told, all.collect());
        let answer = reply_answer(DeviceReply::Unavailable);
        let seconds = answer.headers()[RETRY_AFTER].to_str().unwrap();
        let seconds: u32 = seconds.parse().unwrap();
        assert!(told.contains(&seconds), "{seconds}");
    }
}
