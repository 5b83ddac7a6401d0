//! Messages that come again: whoever saw a signed message could send it once more.
//!
//! Knows nothing of what messages ask for. Invariants: the last message of a channel is answered
//! as it was, an earlier one with nothing, and neither changes anything; check-ins are remembered
//! apart, so that no number of other messages makes them forgotten.

use mooring_store::{EnrollmentRecord, RECENT_MESSAGES_MAX};

/// Check-ins of a channel that are remembered. A device sends a few in a year.
const RECENT_CHECK_INS_MAX: usize = 32;

/// Whether a message was seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sighting {
    /// Never, as far as is remembered.
    New,
    /// It is the last one.
    Last,
    /// It is one of those before.
    Earlier,
}

/// The newest messages of a channel, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Recent {
    messages: Vec<[u8; 16]>,
    check_ins: Vec<[u8; 16]>,
}

impl Recent {
    /// As the store remembers them.
    pub(crate) fn of(record: Option<&EnrollmentRecord>) -> Self {
        record.map_or_else(Self::default, |record| Self {
            messages: record.recent_messages.clone(),
            check_ins: record.recent_check_ins.clone(),
        })
    }

    /// Whether the newest message that the other knows is known here.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let newest = other.messages.first();
        newest.is_none_or(|digest| self.messages.contains(digest))
    }

    /// Whether it is among them.
    pub(super) fn sighting(&self, digest: [u8; 16]) -> Sighting {
        match self.messages.iter().position(|one| *one == digest) {
            Some(0) => Sighting::Last,
            Some(_) => Sighting::Earlier,
            None if self.check_ins.contains(&digest) => Sighting::Earlier,
            None => Sighting::New,
        }
    }

    /// The same with one more.
    #[must_use]
    pub(super) fn with(&self, digest: [u8; 16], is_check_in: bool) -> Self {
        let check_ins = if is_check_in {
            with(&self.check_ins, digest, RECENT_CHECK_INS_MAX)
        } else {
            self.check_ins.clone()
        };
        Self {
            messages: with(&self.messages, digest, RECENT_MESSAGES_MAX),
            check_ins,
        }
    }

    /// For the store.
    pub(super) fn store_in(&self, record: &mut EnrollmentRecord) {
        record.recent_messages.clone_from(&self.messages);
        record.recent_check_ins.clone_from(&self.check_ins);
    }
}

fn with(digests: &[[u8; 16]], newest: [u8; 16], max: usize) -> Vec<[u8; 16]> {
    let all = std::iter::once(newest).chain(digests.iter().copied());
    all.take(max).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(n: u8) -> [u8; 16] {
        [n; 16]
    }

    /// The newest message is told from the sixteen before it, and those from what is forgotten.
    #[test]
    fn sightings() {
        let recent = (0..30).fold(Recent::default(), |recent, n| recent.with(digest(n), false));
        assert_eq!(recent.sighting(digest(29)), Sighting::Last);
        assert_eq!(recent.sighting(digest(28)), Sighting::Earlier);
        assert_eq!(recent.sighting(digest(13)), Sighting::Earlier);
        assert_eq!(recent.sighting(digest(12)), Sighting::New);
        assert_eq!(recent.sighting(digest(99)), Sighting::New);
    }

    /// A check-in is known again after any number of other messages.
    #[test]
    fn check_ins_stay() {
        let first = Recent::default().with(digest(200), true);
        let recent = (0..100).fold(first, |recent, n| recent.with(digest(n), false));
        assert_eq!(recent.sighting(digest(200)), Sighting::Earlier);
    }
}
