//! One request to the stand-in and its answer, in Apple's words.
//!
//! <https://developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns>
//! Invariant: what a push must look like is judged before any misbehaviour, so a wrong request is
//! recorded even then.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::http::{HeaderMap, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use super::Misbehaviour;
use super::connection::Ends;
use super::state::{Shared, Verdict};

/// Largest body of a push, in bytes.
const BODY_BYTES_MAX: usize = 4096;

/// A status and the body that goes with it.
struct Answer {
    status: StatusCode,
    body: String,
}

impl Answer {
    fn refused(status: StatusCode, reason: &str) -> Self {
        let body = serde_json::json!({ "reason": reason }).to_string();
        Self { status, body }
    }

    fn unregistered(at_ms: u64) -> Self {
        let body = serde_json::json!({ "reason": "Unregistered", "timestamp": at_ms });
        Self {
            status: StatusCode::GONE,
            body: body.to_string(),
        }
    }
}

/// A push that is as it must be.
struct Push {
    /// Lower-case hex.
    token: String,
    magic: String,
}

/// Counts a request as under way until it is answered or dropped.
struct UnderWay(Arc<Shared>);

impl UnderWay {
    /// Also gives its number.
    fn new(shared: &Arc<Shared>) -> (Self, u64) {
        let mut number = 0;
        shared.count(|counts| {
            counts.pushes += 1;
            counts.under_way += 1;
            counts.busiest = counts.busiest.max(counts.under_way);
            number = counts.pushes;
        });
        (Self(Arc::clone(shared)), number)
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.count(|counts| counts.under_way -= 1);
    }
}

pub(super) async fn answer(
    request: Request<Incoming>,
    shared: Arc<Shared>,
    ends: Arc<Ends>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (_under_way, number) = UnderWay::new(&shared);
    let answer = match read(request, &shared).await {
        Err(refused) => refused,
        Ok(push) => match shared.next_misbehaviour() {
            None => judge(&push, &shared),
            Some(how) => misbehave(how, &push, &shared, &ends).await,
        },
    };
    Ok(response(answer, number))
}

fn judge(push: &Push, shared: &Shared) -> Answer {
    match shared.judge(&push.token, &push.magic) {
        Verdict::Good => Answer {
            status: StatusCode::OK,
            body: String::new(),
        },
        Verdict::Unknown => Answer::refused(StatusCode::BAD_REQUEST, "BadDeviceToken"),
        Verdict::Unregistered { at_ms } => Answer::unregistered(at_ms),
        Verdict::WrongMagic => {
            shared.mismatch("the magic is not the token's".to_owned());
            // Apple does not know magics: the push goes out and the device ignores it.
            Answer {
                status: StatusCode::OK,
                body: String::new(),
            }
        }
    }
}

async fn misbehave(how: Misbehaviour, push: &Push, shared: &Shared, ends: &Ends) -> Answer {
    match how {
        Misbehaviour::Throttle => Answer::refused(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests"),
        Misbehaviour::Refuse403 => Answer::refused(StatusCode::FORBIDDEN, "BadCertificate"),
        Misbehaviour::BadRequest => Answer::refused(StatusCode::BAD_REQUEST, "BadDeviceToken"),
        Misbehaviour::Unavailable => {
            Answer::refused(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable")
        }
        Misbehaviour::GoAway => {
            ends.go_away.notify_one();
            judge(push, shared)
        }
        Misbehaviour::Close => {
            ends.close.notify_one();
            std::future::pending().await
        }
        Misbehaviour::Silence => std::future::pending().await,
    }
}

fn response(answer: Answer, number: u64) -> Response<Full<Bytes>> {
    let id = format!("00000000-0000-4000-8000-{number:012X}");
    let is_throttled = answer.status == StatusCode::TOO_MANY_REQUESTS;
    let mut response = Response::new(Full::new(Bytes::from(answer.body)));
    *response.status_mut() = answer.status;
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("apns-id", id);
    }
    if is_throttled {
        let wait = HeaderValue::from_static("30");
        response.headers_mut().insert("retry-after", wait);
    }
    response
}

/// The push in a request, or what Apple says of one that is wrong.
async fn read(request: Request<Incoming>, shared: &Shared) -> Result<Push, Answer> {
    let refuse = |what: &str, status, reason| {
        shared.mismatch(what.to_owned());
        Answer::refused(status, reason)
    };
    let bad = StatusCode::BAD_REQUEST;
    if request.method() != Method::POST {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        return Err(refuse("not a POST", status, "MethodNotAllowed"));
    }
    let path = request.uri().path().strip_prefix("/3/device/");
    let Some(token) = path.map(str::to_owned) else {
        return Err(refuse("another path", StatusCode::NOT_FOUND, "BadPath"));
    };
    let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    if token.is_empty() || !token.len().is_multiple_of(2) || !token.chars().all(is_hex) {
        return Err(refuse("the token is no hex", bad, "BadDeviceToken"));
    }
    check_headers(request.headers(), shared)?;
    let body = Limited::new(request.into_body(), BODY_BYTES_MAX)
        .collect()
        .await
        .map_err(|_| {
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            refuse("the body is too large or cut", status, "PayloadTooLarge")
        })?;
    match magic(&body.to_bytes()) {
        Some(magic) => Ok(Push { token, magic }),
        None => Err(refuse("the body is not {mdm: magic}", bad, "PayloadEmpty")),
    }
}

/// A topic may be left out, since the certificate implies it.
fn check_headers(headers: &HeaderMap, shared: &Shared) -> Result<(), Answer> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let refuse = |what: &str, reason| {
        shared.mismatch(what.to_owned());
        Err(Answer::refused(StatusCode::BAD_REQUEST, reason))
    };
    if text("apns-topic").is_some_and(|topic| !shared.has_topic(topic)) {
        return refuse("apns-topic is of no push certificate", "TopicDisallowed");
    }
    if text("apns-push-type") != Some("mdm") {
        return refuse("apns-push-type is not mdm", "InvalidPushType");
    }
    if text("apns-priority") != Some("10") {
        return refuse("apns-priority is not 10", "BadPriority");
    }
    let expiration = text("apns-expiration").and_then(|text| text.parse::<u64>().ok());
    if expiration.is_none_or(|seconds| seconds == 0) {
        return refuse("apns-expiration is no time", "BadExpirationDate");
    }
    Ok(())
}

/// An object of the one member `mdm`, a text.
fn magic(body: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(body).ok()?;
    let object = value.as_object().filter(|object| object.len() == 1)?;
    let magic = object.get("mdm")?.as_str()?;
    (!magic.is_empty()).then(|| magic.to_owned())
}
