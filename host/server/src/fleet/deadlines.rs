//! When hosts change by themselves: nobody looks at them before.
//!
//! Knows nothing of why. Invariant: a host whose moment was set is handed out once that moment is
//! reached, and at most once more if its moment was set anew meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use mooring_drift::classes::HostNumber;
use mooring_drift::policy::Timestamp;
use roaring::RoaringBitmap;

const SECOND_MS: u64 = 1000;
const MINUTE_SECONDS: u32 = 60;

/// A moment as it is kept for every host, in seconds.
pub(super) const NEVER: u32 = u32::MAX;

/// The moments of all hosts.
#[derive(Debug, Default)]
pub(super) struct Deadlines {
    /// Hosts by the minute in which their moment lies.
    minutes: BTreeMap<u32, RoaringBitmap>,
    /// Those of minutes that have begun, by the moment itself in ms.
    running: BTreeSet<(u64, HostNumber)>,
    /// Minutes before this have begun.
    begun: u32,
}

/// A moment in whole seconds, rounded down.
pub(super) fn seconds(at: Timestamp) -> u32 {
    u32::try_from(at.0 / SECOND_MS).map_or(NEVER - 1, |seconds| seconds.min(NEVER - 1))
}

impl Deadlines {
    /// Sets a host's moment, and takes the one before back. Returns what to keep of it.
    pub(super) fn set(&mut self, host: HostNumber, before: u32, at: Option<Timestamp>) -> u32 {
        self.unset(host, before);
        let Some(at) = at else {
            return NEVER;
        };
        let kept = seconds(at);
        if kept / MINUTE_SECONDS < self.begun {
            self.running.insert((at.0, host));
        } else {
            self.minutes
                .entry(kept / MINUTE_SECONDS)
                .or_default()
                .insert(host);
        }
        kept
    }

    /// Takes a moment back. One of a minute that has begun is handed out nevertheless.
    pub(super) fn unset(&mut self, host: HostNumber, before: u32) {
        let minute = before / MINUTE_SECONDS;
        if before != NEVER
            && let Some(hosts) = self.minutes.get_mut(&minute)
        {
            hosts.remove(host);
            if hosts.is_empty() {
                self.minutes.remove(&minute);
            }
        }
    }

    /// Whether anybody's moment may be reached by now.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        let first = self.running.first();
        let is_running = first.is_some_and(|(at, _)| *at <= now.0);
        let minute = seconds(now) / MINUTE_SECONDS;
        let has_begun = self.minutes.first_key_value();
        is_running || has_begun.is_some_and(|(first, _)| *first <= minute)
    }

    /// The hosts whose moment is reached; `kept` says what is kept of each.
    pub(super) fn reached(
        &mut self,
        now: Timestamp,
        kept: impl Fn(HostNumber) -> u32,
    ) -> Vec<HostNumber> {
        let minute = seconds(now) / MINUTE_SECONDS;
        while let Some(first) = self
            .minutes
            .first_entry()
            .filter(|first| *first.key() <= minute)
        {
            for host in first.remove() {
                // The ms are not known until somebody looks.
                let from = u64::from(kept(host)) * SECOND_MS;
                self.running.insert((from, host));
            }
        }
        self.begun = self.begun.max(minute.saturating_add(1));
        let mut reached = Vec::new();
        while let Some((at, host)) = self.running.first().copied().filter(|(at, _)| *at <= now.0) {
            self.running.remove(&(at, host));
            if u64::from(kept(host)) == at / SECOND_MS {
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
        kept[0] = deadlines.set(0, NEVER, Some(at(90_437)));
        kept[1] = deadlines.set(1, NEVER, Some(at(10_000)));
        kept[2] = deadlines.set(2, NEVER, Some(at(20_000)));
        kept[2] = deadlines.set(2, kept[2], None);
        assert!(!deadlines.is_due(Timestamp(start - 60_000)));
        assert_eq!(
            deadlines.reached(at(9_999), |n| kept[n as usize]),
            [] as [u32; 0]
        );
        assert_eq!(deadlines.reached(at(10_000), |n| kept[n as usize]), [1]);
        // Within its second it is looked at, and its moment set once more.
        assert_eq!(deadlines.reached(at(90_100), |n| kept[n as usize]), [0]);
        kept[0] = deadlines.set(0, kept[0], Some(at(90_437)));
        assert_eq!(
            deadlines.reached(at(90_436), |n| kept[n as usize]),
            [] as [u32; 0]
        );
        assert_eq!(deadlines.reached(at(90_437), |n| kept[n as usize]), [0]);
        assert!(!deadlines.is_due(at(1_000_000)));
    }
}
