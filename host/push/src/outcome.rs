//! What came of one push, read from APNs' answer.
//!
//! Knows nothing of connections or pacing. Invariant: an answer is judged by its status and by its
//! JSON members alone, so a provider that words its body otherwise changes nothing.

use std::time::Duration;

use serde::Deserialize;

/// How long APNs keeps a push for a device that is off, in seconds: seven days. A device that
/// stays off longer is pushed again by the repetition.
pub const EXPIRY_S: u64 = 7 * 24 * 60 * 60;
/// Longest reason that is kept of an answer, in characters. Apple's longest has 28.
pub const REASON_CHARS_MAX: usize = 64;
/// Longest wait that is taken from an answer.
pub const RETRY_AFTER_MAX: Duration = Duration::from_hours(1);

/// What came of one push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PushOutcome {
    /// APNs took it. That the device got it is known only when it connects.
    Accepted {
        /// Apple's name for this push, for questions to Apple.
        apns_id: Option<String>,
    },
    /// The token is no longer good (410). It counts only if the device gave no newer token since.
    Unregistered {
        /// When APNs last confirmed that the token was not good, in Unix ms.
        at_ms: Option<u64>,
    },
    /// APNs refused the request (other 4xx, and what it never says). This may be a bad token as
    /// well as our own certificate or topic, so it says nothing sure about one device.
    Rejected {
        /// The HTTP status.
        status: u16,
        /// Apple's word, such as `BadDeviceToken`; at most [`REASON_CHARS_MAX`]; may be empty.
        reason: String,
    },
    /// Too many pushes to this one device (429).
    Throttled {
        /// How long to wait, if APNs says so; at most [`RETRY_AFTER_MAX`].
        retry_after: Option<Duration>,
    },
    /// No answer, or one that is about APNs and not about us (5xx).
    Unavailable {
        /// What stood in the way.
        cause: Cause,
        /// How long nothing will get through, if known; at most [`RETRY_AFTER_MAX`].
        retry_after: Option<Duration>,
    },
}

/// Why a push got no answer about itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// The name was not found or nobody answers there.
    #[error("no connection to the push service")]
    Connect,
    /// Its certificate is not issued by a trusted authority, or for another name.
    #[error("the push service's own certificate is not trusted")]
    Untrusted,
    /// It ended the handshake because of our certificate: expired, revoked or not known to it.
    #[error("the push service refuses the push certificate")]
    CertificateRefused,
    /// TLS or HTTP/2 could not be agreed on.
    #[error("no secure HTTP/2 connection with the push service")]
    Handshake,
    /// The connection ended before the answer, twice.
    #[error("the push service closed the connection")]
    Closed,
    /// No answer in time.
    #[error("no answer from the push service in time")]
    Timeout,
    /// A connection failed a moment ago, and the next try is not due.
    #[error("waiting before the next connection to the push service")]
    BackingOff,
    /// It answered that it cannot serve.
    #[error("the push service answered {status} {reason}")]
    Server {
        /// The HTTP status, 5xx.
        status: u16,
        /// Apple's word, such as `ServiceUnavailable`; at most [`REASON_CHARS_MAX`].
        reason: String,
    },
}

/// The members of an error body.
/// <https://developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns>
#[derive(Deserialize, Default)]
struct Body {
    #[serde(default)]
    reason: Option<String>,
    /// Unix ms; only with 410.
    #[serde(default)]
    timestamp: Option<u64>,
}

/// The parts of an answer that count.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) apns_id: Option<&'a str>,
    pub(crate) retry_after: Option<&'a str>,
    pub(crate) body: &'a [u8],
}

impl PushOutcome {
    /// Whether this ends pushes to a device that gave its token at `token_updated_ms` (Unix ms): a
    /// 410 that is newer than the token. No other answer does, and no 410 without a time, since a
    /// wrong yes costs a managed device and a wrong no some pushes. The device's next TokenUpdate
    /// begins them again.
    pub fn ends_token_of(&self, token_updated_ms: u64) -> bool {
        match self {
            Self::Unregistered { at_ms } => at_ms.is_some_and(|at_ms| at_ms > token_updated_ms),
            Self::Accepted { .. }
            | Self::Rejected { .. }
            | Self::Throttled { .. }
            | Self::Unavailable { .. } => false,
        }
    }

    /// An unreadable body leaves the status to speak for itself.
    pub(crate) fn from_answer(answer: &Answer<'_>) -> Self {
        let body: Body = serde_json::from_slice(answer.body).unwrap_or_default();
        let reason = || bounded(body.reason.as_deref().unwrap_or_default());
        let retry_after = answer.retry_after.and_then(parse_retry_after);
        match answer.status {
            200 => Self::Accepted {
                apns_id: answer.apns_id.map(bounded),
            },
            410 => Self::Unregistered {
                at_ms: body.timestamp,
            },
            429 => Self::Throttled { retry_after },
            status @ 500..=599 => Self::Unavailable {
                cause: Cause::Server {
                    status,
                    reason: reason(),
                },
                retry_after,
            },
            status => Self::Rejected {
                status,
                reason: reason(),
            },
        }
    }
}

/// Only the letters of Apple's words and ids: the text goes to logs and screens.
fn bounded(text: &str) -> String {
    text.chars()
        .filter(|c| c.is_ascii_alphanumeric() || "-_ .".contains(*c))
        .take(REASON_CHARS_MAX)
        .collect()
}

/// Seconds alone (RFC 9110, section 10.2.3); a date would need a clock.
fn parse_retry_after(text: &str) -> Option<Duration> {
    let seconds: u64 = text.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(status: u16, body: &str) -> PushOutcome {
        PushOutcome::from_answer(&Answer {
            status,
            apns_id: Some("EC1BF194-B3B2-424A-89A9-5A918A6E6B5D"),
            retry_after: Some("30"),
            body: body.as_bytes(),
        })
    }

    fn rejected(status: u16, reason: &str) -> PushOutcome {
        PushOutcome::Rejected {
            status,
            reason: reason.to_owned(),
        }
    }

    /// Proves that each status APNs documents becomes the outcome that its owner can act on, by
    /// its JSON members and in whatever order and company they come.
    #[test]
    fn answers() {
        let half_a_minute = Some(Duration::from_secs(30));
        let unavailable = |status, reason: &str| PushOutcome::Unavailable {
            cause: Cause::Server {
                status,
                reason: reason.to_owned(),
            },
            retry_after: half_a_minute,
        };
        assert_eq!(
            outcome(200, ""),
            PushOutcome::Accepted {
                apns_id: Some("EC1BF194-B3B2-424A-89A9-5A918A6E6B5D".to_owned())
            }
        );
        for body in [
            r#"{"reason":"Unregistered","timestamp":1454402113000}"#,
            r#"{ "timestamp": 1454402113000, "x": [1], "reason": "ExpiredToken" }"#,
        ] {
            let at_ms = Some(1_454_402_113_000);
            assert_eq!(outcome(410, body), PushOutcome::Unregistered { at_ms });
        }
        for body in [
            "",
            "{",
            r#"{"reason":"Unregistered"}"#,
            r#"{"timestamp":-1}"#,
        ] {
            assert_eq!(
                outcome(410, body),
                PushOutcome::Unregistered { at_ms: None }
            );
        }
        assert_eq!(
            outcome(429, r#"{"reason":"TooManyRequests"}"#),
            PushOutcome::Throttled {
                retry_after: half_a_minute
            }
        );
        let bad_token = r#"{"reason":"BadDeviceToken"}"#;
        assert_eq!(outcome(400, bad_token), rejected(400, "BadDeviceToken"));
        let bad_certificate = r#"{"reason":"BadCertificate"}"#;
        assert_eq!(
            outcome(403, bad_certificate),
            rejected(403, "BadCertificate")
        );
        for status in [301, 404, 405, 413] {
            assert_eq!(outcome(status, "<html>"), rejected(status, ""));
        }
        assert_eq!(outcome(500, "oops"), unavailable(500, ""));
        assert_eq!(
            outcome(503, r#"{"reason":"Shutdown"}"#),
            unavailable(503, "Shutdown")
        );
    }

    /// Proves that only a 410 with a time after the token's ends its pushes.
    #[test]
    fn end_of_a_token() {
        let gone = |body| outcome(410, body);
        let at_1000 = gone(r#"{"reason":"Unregistered","timestamp":1000}"#);
        assert!(at_1000.ends_token_of(999));
        assert!(!at_1000.ends_token_of(1000));
        assert!(!gone(r#"{"reason":"Unregistered"}"#).ends_token_of(0));
        for status in [200, 400, 403, 429, 503] {
            let answer = outcome(status, r#"{"reason":"Unregistered","timestamp":1000}"#);
            assert!(!answer.ends_token_of(0), "{status}");
        }
    }

    /// Proves that what a hostile answer can put into logs and waits is bounded.
    #[test]
    fn bounds() {
        let long = format!(r#"{{"reason":"\u001b[31m{}"}}"#, "a".repeat(500));
        let PushOutcome::Rejected { reason, .. } = outcome(400, &long) else {
            panic!("rejected")
        };
        assert_eq!(reason.len(), REASON_CHARS_MAX);
        assert!(reason.starts_with("31ma"));
        assert_eq!(parse_retry_after("99999999"), Some(RETRY_AFTER_MAX));
        assert_eq!(parse_retry_after("Wed, 21 Oct 2015 07:28:00 GMT"), None);
        assert_eq!(parse_retry_after("-1"), None);
    }
}
