//! What makes a channel differ from one that simply has its profiles.
//!
//! Knows nothing of judgements. Invariants: a profile about which nothing is special has no
//! exception; exceptions of a channel are in order of the profile's number.

use std::collections::BTreeMap;

use mooring_mdm::os::{OsVersion, Platform};

use super::names::NO_COPY;
use crate::attempts::is_other_build_than;
use crate::command::Command;
use crate::state::{Attempts, NextAttempt, Target, Unproven};

use super::keeping::Keeper;
use super::seen::Seen;

/// Words of one exception in a list.
pub(super) const WORDS: usize = 7;

const CHANGING: u32 = 1;
const UNSETTLED: u32 = 1 << 1;
const RESEND: u32 = 1 << 2;
const INSTALLED: u32 = 1 << 3;
const REMOVED: u32 = 1 << 4;
const TRIED: u32 = 1 << 5;
const TRIED_TO_REMOVE: u32 = 1 << 6;
const FAILED: u32 = 1 << 7;
const LATER: u32 = 1 << 8;
const PARKED: u32 = 1 << 9;
/// This server delivered something under the identifier.
const DELIVERED: u32 = 1 << 10;
/// Bits that say something by themselves.
const SPEAKING: u32 = CHANGING | UNSETTLED | RESEND | INSTALLED | REMOVED | FAILED | LATER | PARKED;

/// No system is known to be outgrown.
const NO_NEWS: u32 = u32::MAX;

/// One profile's exception as it is stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exception<'a>(&'a [u32; WORDS]);

/// What was acknowledged and no list has judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Open {
    /// An installation of this copy under this version.
    Installed(u32, u32),
    Removed,
}

/// What attempts were meant to reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aim {
    /// This copy under this version.
    Present(u32, u32),
    Absent,
}

/// When there is another attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Now,
    Later,
    Parked,
}

impl<'a> Exception<'a> {
    /// Those in a list.
    pub(super) fn all(words: &'a [u32]) -> impl Iterator<Item = Self> {
        words.as_chunks::<WORDS>().0.iter().map(Self)
    }

    /// A list without its first.
    pub(super) fn behind_first(words: &[u32]) -> &[u32] {
        words.get(WORDS..).unwrap_or_default()
    }

    /// The exception of a profile, if there is one.
    pub(super) fn find(words: &'a [u32], profile: u32) -> Option<Self> {
        let all = words.as_chunks::<WORDS>().0;
        let at = all.binary_search_by_key(&profile, |words| words[0]).ok()?;
        Some(Self(&all[at]))
    }

    pub(super) fn profile(self) -> u32 {
        self.0[0]
    }

    fn has(self, bit: u32) -> bool {
        self.0[1] & bit != 0
    }

    /// Whether the command in flight changes it.
    pub(super) fn is_changing(self) -> bool {
        self.has(CHANGING)
    }

    /// Whether a change was lost and no list was requested since.
    pub(super) fn is_unsettled(self) -> bool {
        self.has(UNSETTLED)
    }

    /// Whether a person wants it installed once more.
    pub(super) fn is_resent(self) -> bool {
        self.has(RESEND)
    }

    /// Whether this server delivered something under the identifier, as far as an acknowledged
    /// change is concerned.
    pub(super) fn is_delivered(self) -> bool {
        self.has(DELIVERED)
    }

    /// What was acknowledged and not proven.
    pub(super) fn open(self) -> Option<Open> {
        if self.has(INSTALLED) {
            Some(Open::Installed(self.0[4], self.0[5]))
        } else {
            self.has(REMOVED).then_some(Open::Removed)
        }
    }

    /// Whether attempts towards `aim` failed, and when there is another.
    pub(super) fn attempts(self, aim: Aim) -> Option<(bool, Next)> {
        let of = if self.has(TRIED) {
            Aim::Present(self.0[2], self.0[3])
        } else if self.has(TRIED_TO_REMOVE) {
            Aim::Absent
        } else {
            return None;
        };
        let next = if self.has(PARKED) {
            Next::Parked
        } else if self.has(LATER) {
            Next::Later
        } else {
            Next::Now
        };
        (of == aim).then(|| (self.has(FAILED), next))
    }

    /// The upgrade since it was installed, by its number.
    pub(super) fn upgrade(self) -> Option<u32> {
        Some(self.0[6]).filter(|upgrade| *upgrade != NO_NEWS)
    }
}

/// The copies that a list of exceptions refers to.
pub(super) fn copies(words: &[u32]) -> impl Iterator<Item = u32> + '_ {
    let all = words.as_chunks::<WORDS>().0.iter();
    all.flat_map(|words| [words[2], words[4]])
        .filter(|copy| *copy != NO_COPY)
}

/// Whether something was acknowledged and not proven.
pub(super) fn has_open(words: &[u32]) -> bool {
    Exception::all(words).any(|exception| exception.open().is_some())
}

/// A system before and after an upgrade, by number.
#[derive(Debug, Default)]
pub(super) struct Upgrades {
    rows: Vec<(Platform, OsVersion, OsVersion)>,
    numbers: BTreeMap<(Platform, OsVersion, OsVersion), u32>,
}

impl Upgrades {
    fn number(&mut self, platform: Platform, from: OsVersion, to: OsVersion) -> u32 {
        let new = super::memory::number(self.rows.len());
        let known = *self.numbers.entry((platform, from, to)).or_insert(new);
        if known == new {
            self.rows.push((platform, from, to));
        }
        known
    }

    pub(super) fn row(&self, upgrade: u32) -> Option<&(Platform, OsVersion, OsVersion)> {
        self.rows.get(upgrade as usize)
    }
}

/// The exceptions of a channel, on their way to a list.
#[derive(Debug, Default)]
pub(super) struct Draft(BTreeMap<u32, [u32; WORDS]>);

impl Draft {
    fn at(&mut self, profile: u32) -> &mut [u32; WORDS] {
        let none = [profile, 0, NO_COPY, 0, NO_COPY, 0, NO_NEWS];
        self.0.entry(profile).or_insert(none)
    }

    fn mark(&mut self, profile: u32, bits: u32) -> &mut [u32; WORDS] {
        let words = self.at(profile);
        words[1] |= bits;
        words
    }

    /// Reads what is special about a channel, and appends it to `words`.
    pub(super) fn read(seen: &Seen<'_>, keeper: &mut Keeper<'_>, words: &mut Vec<u32>) {
        if !is_special(seen) {
            return;
        }
        let mut draft = Self::default();
        draft.read_changes(seen, keeper);
        draft.read_attempts(seen, keeper);
        draft.read_upgrades(seen, keeper);
        let speaking = draft
            .0
            .into_values()
            .filter(|words| words[1] & SPEAKING != 0 || words[6] != NO_NEWS);
        words.extend(speaking.flatten());
    }

    fn read_changes(&mut self, seen: &Seen<'_>, keeper: &mut Keeper<'_>) {
        let state = seen.state;
        for (identifier, open) in &state.unproven {
            let profile = keeper.profile(identifier);
            match open {
                Unproven::Installed(revision) => {
                    let copy = keeper.copy(profile, identifier, &revision.uuid, seen.own);
                    let was = state.delivered.uuid_of(identifier);
                    let delivered = was.map_or(0, |_| DELIVERED);
                    let words = self.mark(profile, INSTALLED | delivered);
                    (words[4], words[5]) = (copy, revision.version);
                }
                Unproven::Removed => drop(self.mark(profile, REMOVED)),
            }
        }
        for identifier in &state.resend {
            self.mark(keeper.profile(identifier), RESEND);
        }
        let listed = state.observed.as_ref().map_or(0, |last| last.sequence);
        for lost in state.lost.iter().filter(|lost| lost.sequence > listed) {
            self.mark(keeper.profile(&lost.identifier), UNSETTLED);
        }
        let in_flight = state.in_flight.as_ref();
        if let Some(identifier) = in_flight.and_then(|open| Command::identifier(&open.command)) {
            self.mark(keeper.profile(identifier), CHANGING);
        }
    }

    fn read_attempts(&mut self, seen: &Seen<'_>, keeper: &mut Keeper<'_>) {
        for (identifier, attempts) in &seen.state.attempts {
            let next = next_of(attempts, seen);
            let failed = if attempts.reason.is_some() { FAILED } else { 0 };
            if failed | next == 0 {
                continue;
            }
            let profile = keeper.profile(identifier);
            match &attempts.target {
                Target::Present(revision) => {
                    let copy = keeper.copy(profile, identifier, &revision.uuid, seen.own);
                    let words = self.mark(profile, TRIED | failed | next);
                    (words[2], words[3]) = (copy, revision.version);
                }
                Target::Absent => drop(self.mark(profile, TRIED_TO_REMOVE | failed | next)),
            }
        }
    }

    fn read_upgrades(&mut self, seen: &Seen<'_>, keeper: &mut Keeper<'_>) {
        let Some(system) = seen.system else {
            return;
        };
        for (identifier, installed_on) in &seen.state.installed_on {
            // Without an upgrade there is never news.
            if *installed_on < system.version {
                let profile = keeper.profile(identifier);
                let upgrade =
                    keeper
                        .upgrades
                        .number(system.platform, *installed_on, system.version);
                self.at(profile)[6] = upgrade;
            }
        }
    }
}

pub(super) fn is_special(seen: &Seen<'_>) -> bool {
    let state = seen.state;
    !(state.unproven.is_empty()
        && state.resend.is_empty()
        && state.lost.is_empty()
        && state.in_flight.is_none()
        && state.attempts.is_empty()
        && state.installed_on.is_empty())
}

pub(super) fn next_of(attempts: &Attempts, seen: &Seen<'_>) -> u32 {
    if is_other_build_than(attempts, seen.build) {
        return 0;
    }
    match attempts.next {
        NextAttempt::Now => 0,
        NextAttempt::At(until) if seen.policy.is_over(until, seen.now) => 0,
        NextAttempt::At(_) => LATER,
        NextAttempt::Parked => PARKED,
    }
}
