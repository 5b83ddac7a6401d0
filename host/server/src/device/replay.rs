//! Messages that come again: whoever saw a signed message could send it once more.
//!
//! Knows nothing of what messages ask for. Invariants: the last message of a channel is answered
//! as it was, an earlier one with nothing, and neither changes anything; what was signed long
//! before the newest message is an earlier one, whether it is remembered or not.

use mooring_drift::policy::Timestamp;
use mooring_store::{EnrollmentRecord, RECENT_MESSAGES_MAX};

use super::speaker::Stamp;

/// How far a device's clock may go back, and be ahead of ours, in ms. A clock that is set right
/// moves by less; one that is wrong by more says nothing.
const CLOCK_TOLERANCE_MS: u64 = 3_600_000;

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
    /// The latest time at which one of them was signed, as far as it can be believed.
    newest_at: Option<Timestamp>,
}

impl Recent {
    /// As the store remembers them.
    pub(crate) fn of(record: Option<&EnrollmentRecord>) -> Self {
        record.map_or_else(Self::default, |record| Self {
            messages: record.recent_messages.clone(),
            check_ins: record.recent_check_ins.clone(),
            newest_at: record.newest_signed_at,
        })
    }

    /// Whether the newest message that the other knows is known here.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let newest = other.messages.first();
        newest.is_none_or(|digest| self.messages.contains(digest))
    }

    /// Whether it is among them, or from before them.
    pub(super) fn sighting(&self, stamp: Stamp) -> Sighting {
        let is_old = |newest: Timestamp| stamp.signed_at.plus_ms(CLOCK_TOLERANCE_MS) < newest;
        match self.messages.iter().position(|one| *one == stamp.digest) {
            Some(0) => Sighting::Last,
            Some(_) => Sighting::Earlier,
            None if self.check_ins.contains(&stamp.digest) => Sighting::Earlier,
            None if self.newest_at.is_some_and(is_old) => Sighting::Earlier,
            None => Sighting::New,
        }
    }

    /// The same with one more.
    #[must_use]
    pub(super) fn with(&self, stamp: Stamp, is_check_in: bool, now: Timestamp) -> Self {
        let check_ins = if is_check_in {
            with(&self.check_ins, stamp.digest, RECENT_CHECK_INS_MAX)
        } else {
            self.check_ins.clone()
        };
        Self {
            messages: with(&self.messages, stamp.digest, RECENT_MESSAGES_MAX),
            check_ins,
            // A clock that is far ahead must not make all that follows look old.
            newest_at: Some(stamp.signed_at)
                .filter(|at| *at <= now.plus_ms(CLOCK_TOLERANCE_MS))
                .max(self.newest_at),
        }
    }

    /// For the store.
    pub(super) fn store_in(&self, record: &mut EnrollmentRecord) {
        record.recent_messages.clone_from(&self.messages);
        record.recent_check_ins.clone_from(&self.check_ins);
        record.newest_signed_at = self.newest_at;
    }
}

fn with(digests: &[[u8; 16]], newest: [u8; 16], max: usize) -> Vec<[u8; 16]> {
    let all = std::iter::once(newest).chain(digests.iter().copied());
    all.take(max).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    fn stamp(n: u8) -> Stamp {
        Stamp {
            digest: [n; 16],
            signed_at: NOW,
        }
    }

    fn of(messages: impl IntoIterator<Item = u8>, first: Recent) -> Recent {
        let messages = messages.into_iter();
        messages.fold(first, |recent, n| recent.with(stamp(n), false, NOW))
    }

    /// The newest message is told from the sixteen before it, and those from what is forgotten.
    #[test]
    fn sightings() {
        let recent = of(0..30, Recent::default());
        assert_eq!(recent.sighting(stamp(29)), Sighting::Last);
        assert_eq!(recent.sighting(stamp(28)), Sighting::Earlier);
        assert_eq!(recent.sighting(stamp(13)), Sighting::Earlier);
        assert_eq!(recent.sighting(stamp(12)), Sighting::New);
        assert_eq!(recent.sighting(stamp(99)), Sighting::New);
    }

    /// A check-in is known again after any number of other messages.
    #[test]
    fn check_ins_stay() {
        let first = Recent::default().with(stamp(200), true, NOW);
        let recent = of(0..100, first);
        assert_eq!(recent.sighting(stamp(200)), Sighting::Earlier);
    }

    /// What was signed long before the newest message is old though it was never seen; a clock
    /// that is set back a little is no harm, and one that is far ahead is not believed.
    #[test]
    fn old_messages() {
        let at = |n: u8, signed_at: u64| Stamp {
            digest: [n; 16],
            signed_at: Timestamp(signed_at),
        };
        let recent = of([1], Recent::default());
        assert_eq!(recent.sighting(at(2, NOW.0 - 30 * 60_000)), Sighting::New);
        assert_eq!(
            recent.sighting(at(2, NOW.0 - 2 * 3_600_000)),
            Sighting::Earlier
        );
        let ahead = recent.with(at(3, NOW.0 + 365 * 86_400_000), false, NOW);
        assert_eq!(ahead.sighting(at(4, NOW.0 + 60_000)), Sighting::New);
    }
}
