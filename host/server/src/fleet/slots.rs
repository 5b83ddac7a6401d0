//! What is kept of every host beside its name and its class, member by member.
//!
//! Knows nothing of where it comes from. Invariant: what is counted over all hosts is what the
//! slots say.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use mooring_drift::classes::HostNumber;
use mooring_store::HostOutline;

use super::deadlines::NEVER;
use crate::api::ExpiringIdentities;

/// Which record of a host was seen: it grows with every change of the host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Stamp {
    /// The revision of the device channel.
    pub(super) device: u32,
    /// The revisions of all else.
    pub(super) others: u32,
}

impl Stamp {
    pub(super) fn of(host: &HostOutline) -> Self {
        let low = |revision: u64| u32::try_from(revision & u64::from(u32::MAX)).unwrap_or_default();
        let mut stamp = Self {
            device: 0,
            others: low(host.facts.revision),
        };
        for outline in &host.enrollments {
            let revision = low(outline.revision);
            match outline.id.user_part() {
                None => stamp.device = revision,
                Some(_) => stamp.others = stamp.others.wrapping_add(revision),
            }
        }
        stamp
    }

    fn sum(self) -> u32 {
        self.device.wrapping_add(self.others)
    }

    /// Whether one change alone lies between `before` and this.
    pub(super) fn follows(self, before: Self) -> bool {
        let has_grown = self.device == before.device || self.others == before.others;
        has_grown && self.sum() == before.sum().wrapping_add(1)
    }

    /// Whether this was read before `other`.
    pub(super) fn is_before(self, other: Self) -> bool {
        self.sum().wrapping_sub(other.sum()) > u32::MAX / 2
    }
}

/// How soon the identity of a host expires; each includes those that come sooner.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Expiry {
    /// Not soon, or it has none.
    #[default]
    Far,
    Days60,
    Days30,
    Days7,
    Over,
}

impl Expiry {
    const ALL: [Self; 5] = [
        Self::Far,
        Self::Days60,
        Self::Days30,
        Self::Days7,
        Self::Over,
    ];
}

/// What one host is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Traits {
    /// A certificate is held for it.
    pub(super) is_held: bool,
    /// Two devices speak for it in turn.
    pub(super) is_duplicate: bool,
    /// All its channels are enrolled, have no command and did not say `NotNow`.
    pub(super) is_quiet: bool,
    pub(super) expiry: Expiry,
}

const KNOWN: u8 = 1;
const HELD: u8 = 1 << 1;
const DUPLICATE: u8 = 1 << 2;
const QUIET: u8 = 1 << 3;
const EXPIRY: u32 = 4;

impl Traits {
    fn bits(self) -> u8 {
        let bit = |is_set: bool, bit: u8| if is_set { bit } else { 0 };
        let expiry = match self.expiry {
            Expiry::Far => 0,
            Expiry::Days60 => 1,
            Expiry::Days30 => 2,
            Expiry::Days7 => 3,
            Expiry::Over => 4,
        };
        KNOWN
            | bit(self.is_held, HELD)
            | bit(self.is_duplicate, DUPLICATE)
            | bit(self.is_quiet, QUIET)
            | expiry << EXPIRY
    }

    fn read(bits: u8) -> Self {
        Self {
            is_held: bits & HELD != 0,
            is_duplicate: bits & DUPLICATE != 0,
            is_quiet: bits & QUIET != 0,
            expiry: Expiry::ALL[usize::from(bits >> EXPIRY).min(4)],
        }
    }
}

/// All hosts by number.
#[derive(Debug, Default)]
pub(super) struct Slots {
    bits: Vec<u8>,
    deadlines: Vec<u32>,
    stamps: Vec<Stamp>,
    /// When the device channel was last heard of, in seconds; 0 since the start.
    seen: Vec<AtomicU32>,
    /// How it was let in when it last had nothing to say; 0 if that counts no more.
    routines: Vec<AtomicU64>,
    held: u64,
    duplicates: u64,
    expiring: [u64; 5],
    known: u64,
}

impl Slots {
    /// Makes room for a number.
    pub(super) fn reserve(&mut self, host: HostNumber) {
        let len = host as usize + 1;
        if self.bits.len() >= len {
            return;
        }
        self.bits.resize(len, 0);
        self.deadlines.resize(len, NEVER);
        self.stamps.resize(len, Stamp::default());
        self.seen.resize_with(len, AtomicU32::default);
        self.routines.resize_with(len, AtomicU64::default);
    }

    /// Makes room for the hosts of a start.
    pub(super) fn expect(&mut self, hosts: usize) {
        self.bits.reserve_exact(hosts);
        self.deadlines.reserve_exact(hosts);
        self.stamps.reserve_exact(hosts);
        self.seen.reserve_exact(hosts);
        self.routines.reserve_exact(hosts);
    }

    /// Adds the next host of the start.
    pub(super) fn append(&mut self, traits: Traits, stamp: Stamp, deadline: u32) {
        self.bits.push(traits.bits());
        self.deadlines.push(deadline);
        self.stamps.push(stamp);
        self.count(traits);
    }

    /// Ends the start: makes room for what is not known yet, and gives up memory.
    pub(super) fn settle(&mut self) {
        self.bits.shrink_to_fit();
        self.deadlines.shrink_to_fit();
        self.stamps.shrink_to_fit();
        let len = self.bits.len();
        self.seen.reserve_exact(len.saturating_sub(self.seen.len()));
        self.routines
            .reserve_exact(len.saturating_sub(self.routines.len()));
        self.seen.resize_with(len, AtomicU32::default);
        self.routines.resize_with(len, AtomicU64::default);
    }

    /// Memory, in bytes.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        let Self {
            bits,
            deadlines,
            stamps,
            seen,
            routines,
            ..
        } = self;
        bits.capacity()
            + 4 * deadlines.capacity()
            + 8 * stamps.capacity()
            + 4 * seen.capacity()
            + 8 * routines.capacity()
    }

    /// Whether the host is placed.
    pub(super) fn is_known(&self, host: HostNumber) -> bool {
        let bits = self.bits.get(host as usize);
        bits.is_some_and(|bits| bits & KNOWN != 0)
    }

    /// How many are.
    pub(super) fn known(&self) -> u64 {
        self.known
    }

    pub(super) fn traits(&self, host: HostNumber) -> Traits {
        Traits::read(self.bits[host as usize])
    }

    pub(super) fn stamp(&self, host: HostNumber) -> Stamp {
        self.stamps[host as usize]
    }

    pub(super) fn deadline(&self, host: HostNumber) -> u32 {
        self.deadlines[host as usize]
    }

    /// Those of all hosts, by number.
    pub(super) fn deadlines(&self) -> &[u32] {
        &self.deadlines
    }

    pub(super) fn set_deadline(&mut self, host: HostNumber, deadline: u32) {
        self.deadlines[host as usize] = deadline;
    }

    /// Notes what a host is by a record that was read.
    pub(super) fn set(&mut self, host: HostNumber, traits: Traits, stamp: Stamp) {
        self.uncount(host);
        let place = host as usize;
        if self.stamps[place].device != stamp.device {
            *self.routines[place].get_mut() = 0;
        }
        self.bits[place] = traits.bits();
        self.stamps[place] = stamp;
        self.count(traits);
    }

    fn count(&mut self, traits: Traits) {
        self.known += 1;
        self.held += u64::from(traits.is_held);
        self.duplicates += u64::from(traits.is_duplicate);
        self.expiring[traits.expiry as usize] += 1;
    }

    /// Forgets a host.
    pub(super) fn clear(&mut self, host: HostNumber) {
        self.uncount(host);
        let place = host as usize;
        self.bits[place] = 0;
        self.deadlines[place] = NEVER;
        self.stamps[place] = Stamp::default();
        *self.seen[place].get_mut() = 0;
        *self.routines[place].get_mut() = 0;
    }

    fn uncount(&mut self, host: HostNumber) {
        if !self.is_known(host) {
            return;
        }
        let traits = self.traits(host);
        self.known -= 1;
        self.held -= u64::from(traits.is_held);
        self.duplicates -= u64::from(traits.is_duplicate);
        self.expiring[traits.expiry as usize] -= 1;
    }

    pub(super) fn held(&self) -> u64 {
        self.held
    }

    pub(super) fn duplicates(&self) -> u64 {
        self.duplicates
    }

    pub(super) fn identities(&self) -> ExpiringIdentities {
        let [_, days60, days30, days7, over] = self.expiring;
        ExpiringIdentities {
            under_60_days: days60 + days30 + days7,
            under_30_days: days30 + days7,
            under_7_days: days7,
            expired: over,
        }
    }

    /// When the device channel was last heard of since the start, in seconds.
    pub(super) fn seen(&self, host: HostNumber) -> Option<u32> {
        let seen = self.seen.get(host as usize)?.load(Ordering::Relaxed);
        (seen != 0).then_some(seen)
    }

    pub(super) fn saw(&self, host: HostNumber, seconds: u32) {
        if let Some(seen) = self.seen.get(host as usize) {
            seen.store(seconds, Ordering::Relaxed);
        }
    }

    pub(super) fn routine(&self, host: HostNumber) -> u64 {
        self.routines[host as usize].load(Ordering::Relaxed)
    }

    pub(super) fn set_routine(&self, host: HostNumber, routine: u64) {
        self.routines[host as usize].store(routine, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(device: u32, others: u32) -> Stamp {
        Stamp { device, others }
    }

    /// One change follows, two do not; what was read earlier is told from what was read later, also
    /// where the numbers begin anew.
    #[test]
    fn stamps_are_ordered() {
        assert!(stamp(2, 7).follows(stamp(1, 7)));
        assert!(stamp(1, 8).follows(stamp(1, 7)));
        assert!(!stamp(2, 8).follows(stamp(1, 7)));
        assert!(!stamp(3, 7).follows(stamp(1, 7)));
        assert!(!stamp(1, 7).follows(stamp(1, 7)));
        assert!(stamp(0, 0).follows(stamp(u32::MAX, 0)));
        assert!(stamp(1, 7).is_before(stamp(1, 8)));
        assert!(!stamp(1, 8).is_before(stamp(1, 8)));
        assert!(stamp(u32::MAX, 0).is_before(stamp(3, 0)));
    }

    /// Counts follow the slots: set, set anew, forgotten.
    #[test]
    fn counts_follow() {
        let mut slots = Slots::default();
        slots.reserve(1);
        let soon = Traits {
            is_held: true,
            expiry: Expiry::Days7,
            ..Traits::default()
        };
        slots.set(0, soon, stamp(1, 0));
        slots.set(1, soon, stamp(1, 0));
        assert_eq!((slots.known(), slots.held()), (2, 2));
        assert_eq!(slots.identities().under_60_days, 2);
        slots.set_routine(0, 9);
        slots.set(0, Traits::default(), stamp(1, 4));
        assert_eq!((slots.held(), slots.routine(0)), (1, 9));
        slots.set(0, Traits::default(), stamp(2, 4));
        assert_eq!(slots.routine(0), 0);
        slots.clear(1);
        assert_eq!((slots.known(), slots.held()), (1, 0));
        assert_eq!(slots.identities(), ExpiringIdentities::default());
    }
}
