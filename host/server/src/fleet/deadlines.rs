//! When hosts change by themselves: nobody looks at them before.
//!
//! Knows nothing of why. Invariant: a host whose moment was set is handed out once that moment is
//! reached, and at most once more if its moment was set anew meanwhile. The moments themselves are
//! kept with the hosts, to the second: once a minute all are looked through, which costs less than
//! keeping them in order.

use std::collections::BTreeSet;

use mooring_drift::classes::HostNumber;
use mooring_drift::policy::Timestamp;

const SECOND_MS: u64 = 1000;
const MINUTE_SECONDS: u32 = 60;

/// A moment as it is kept for every host, in seconds.
pub(super) const NEVER: u32 = u32::MAX;

/// The moments that come next.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    /// Hosts whose moment lies in a minute that has begun, by the moment itself in ms.
    running: BTreeSet<(u64, HostNumber)>,
    /// Minutes before this have begun.
    begun: u32,
}

/// A moment in whole seconds, rounded down.
pub(super) fn seconds(at: Timestamp) -> u32 {
    u32::try_from(at.0 / SECOND_MS).map_or(NEVER - 1, |seconds| seconds.min(NEVER - 1))
}

impl Deadlines {
    /// Sets a host's moment. Returns what to keep of it; what was kept before is forgotten.
    pub(super) fn set(&mut self, host: HostNumber, at: Option<Timestamp>) -> u32 {
        let Some(at) = at else {
            return NEVER;
        };
        let kept = seconds(at);
        if kept / MINUTE_SECONDS < self.begun {
            self.running.insert((at.0, host));
        }
        kept
    }

    /// Whether anybody's moment may be reached by now.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        let first = self.running.first();
        let is_running = first.is_some_and(|(at, _)| *at <= now.0);
        is_running || seconds(now) / MINUTE_SECONDS >= self.begun
    }

    /// The hosts whose moment is reached; `kept` is what is kept of each, by number.
    pub(super) fn reached(&mut self, now: Timestamp, kept: &[u32]) -> Vec<HostNumber> {
        let minute = seconds(now) / MINUTE_SECONDS;
        if minute >= self.begun {
            // The ms are not known until somebody looks.
            let from = self.begun.saturating_mul(MINUTE_SECONDS);
            let to = minute.saturating_add(1).saturating_mul(MINUTE_SECONDS);
            for (host, at) in kept.iter().enumerate() {
                if (from..to).contains(at) && *at != NEVER {
                    let host = HostNumber::try_from(host).unwrap_or(HostNumber::MAX);
                    self.running.insert((u64::from(*at) * SECOND_MS, host));
                }
            }
            self.begun = minute.saturating_add(1);
        }
        let mut reached = Vec::new();
        while let Some((at, host)) = self.running.first().copied().filter(|(at, _)| *at <= now.0) {
            self.running.remove(&(at, host));
            let kept = kept.get(host as usize).copied().unwrap_or(NEVER);
            if u64::from(kept) == at / SECOND_MS {
                reached.push(host);
            }
        }
        reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A host is handed out at its very moment and not before: its second and its minute are only
    /// where it waits. A moment that was taken back is not handed out.
    #[test]
    fn moments_are_met() {
        let mut deadlines = Deadlines::default();
        let start = 1_700_000_000_000;
        let at = |ms: u64| Timestamp(start + ms);
        let mut kept = [NEVER; 3];
        kept[0] = deadlines.set(0, Some(at(90_437)));
        kept[1] = deadlines.set(1, Some(at(10_000)));
        kept[2] = deadlines.set(2, Some(at(20_000)));
        kept[2] = deadlines.set(2, None);
        assert_eq!(deadlines.reached(at(9_999), &kept), [] as [u32; 0]);
        assert!(!deadlines.is_due(at(9_999)));
        assert!(deadlines.is_due(at(10_000)));
        assert_eq!(deadlines.reached(at(10_000), &kept), [1]);
        // Within its second it is looked at, and its moment set once more.
        assert_eq!(deadlines.reached(at(90_100), &kept), [0]);
        kept[0] = deadlines.set(0, Some(at(90_437)));
        assert_eq!(deadlines.reached(at(90_436), &kept), [] as [u32; 0]);
        assert_eq!(deadlines.reached(at(90_437), &kept), [0]);
        assert_eq!(deadlines.reached(at(1_000_000), &kept), [] as [u32; 0]);
        assert!(!deadlines.is_due(at(1_000_000)));
    }
}
