//! How pushing is, for people.
//!
//! Knows nothing of how it came to be. Invariant: no token, magic or key in it.

use mooring_drift::policy::Timestamp;

use crate::api::PushSummary;
use crate::clock::rfc3339;

/// From so many days before its end on, a push certificate is warned about.
pub(super) const WARNING_DAYS: i64 = 60;

/// How pushing is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PushState {
    /// Why pushes are halted, if they are.
    pub alarm: Option<PushAlarm>,
    /// Enrollments that were pushed and have not come to an end, and those who are next. Of a wave
    /// over many, those behind are not counted yet.
    pub waiting: usize,
    /// Every push certificate, by topic.
    pub certificates: Vec<CertificateState>,
    /// Topics without a push certificate of devices that have something to do.
    pub uncertified: Vec<UncertifiedTopic>,
}

/// Why pushes are halted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushAlarm {
    /// What it is, in a sentence without a full stop.
    pub text: String,
    /// Since when.
    pub since: Timestamp,
}

/// A push certificate and how long it is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateState {
    /// Its topic.
    pub topic: String,
    /// Whole days until it ends; negative once it has.
    pub days_left: i64,
    /// What to do about it, from 60 days before its end on.
    pub warning: Option<String>,
}

/// A topic without a push certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UncertifiedTopic {
    /// The topic that devices enrolled with.
    pub topic: String,
    /// Enrollments that cannot be pushed for want of it.
    pub enrollments: usize,
}

impl CertificateState {
    pub(super) fn new(topic: &str, days_left: i64) -> Self {
        let warning = (days_left < WARNING_DAYS).then(|| {
            let when = match days_left {
                ..0 => "has expired".to_owned(),
                0 => "expires today".to_owned(),
                1 => "expires in 1 day".to_owned(),
                days => format!("expires in {days} days"),
            };
            format!(
                "the push certificate for topic {topic} {when}: renew it with the Apple Account \
                 that made it, since devices that get another topic have to enroll again"
            )
        });
        Self {
            topic: topic.to_owned(),
            days_left,
            warning,
        }
    }
}

impl From<PushState> for PushSummary {
    fn from(state: PushState) -> Self {
        let expiring = state.certificates.into_iter();
        let expiring = expiring.filter_map(|certificate| certificate.warning);
        let missing = state.uncertified.into_iter().map(|found| {
            let UncertifiedTopic { topic, enrollments } = found;
            format!(
                "no push certificate is set for topic {topic}: {enrollments} channels are not woken"
            )
        });
        let alarm = state.alarm;
        Self {
            waiting: u64::try_from(state.waiting).unwrap_or(u64::MAX),
            alarm: alarm
                .map(|PushAlarm { text, since }| format!("{text} (since {})", rfc3339(since))),
            warnings: expiring.chain(missing).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate is warned about from 60 days before its end on, and says what it is.
    #[test]
    fn warnings() {
        let text = |days| CertificateState::new("T", days).warning.unwrap_or_default();
        assert_eq!(text(60), "");
        for (days, words) in [
            (59, "expires in 59 days"),
            (1, "expires in 1 day:"),
            (0, "expires today"),
            (-1, "has expired"),
        ] {
            assert!(text(days).contains(words), "{}", text(days));
        }
    }
}
