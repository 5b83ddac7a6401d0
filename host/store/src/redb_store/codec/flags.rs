//! The flags of a hot row: which of its parts are there, and what one bit is enough for.
//!
//! Knows nothing of how the parts are written. Invariants: a flag never changes its meaning within
//! a schema; those that most hosts have are the lowest, so that a row of theirs has three bytes of
//! them.

use mooring_drift::state::{Begun, Observed, Phase};

use super::plain::{answered, asked_again, serial};
use crate::RowError;
use crate::record::{EnrollmentRecord, Via};

pub(super) mod flag {
    /// Two bits.
    pub(in super::super) const PHASE: u32 = 0b11;
    pub(in super::super) const OBSERVED: u32 = 1 << 2;
    /// The observed set is the delivered one.
    pub(in super::super) const SAME: u32 = 1 << 3;
    /// The delivered set is not empty.
    pub(in super::super) const DELIVERED: u32 = 1 << 4;
    pub(in super::super) const LIST: u32 = 1 << 5;
    pub(in super::super) const ATTRIBUTES: u32 = 1 << 6;
    pub(in super::super) const IDENTITY: u32 = 1 << 7;
    /// The times of the identity are in seconds.
    pub(in super::super) const SECONDS: u32 = 1 << 8;
    pub(in super::super) const SERIAL: u32 = 1 << 9;
    pub(in super::super) const PUSHABLE: u32 = 1 << 10;
    pub(in super::super) const RSA: u32 = 1 << 11;
    /// Three bits: how the enrollment last proved who it is.
    pub(in super::super) const VIA_SHIFT: u32 = 12;
    pub(in super::super) const VIA: u32 = 0b111 << VIA_SHIFT;
    /// Three bits: how the epoch began.
    pub(in super::super) const BEGUN_SHIFT: u32 = 15;
    pub(in super::super) const BEGUN: u32 = 0b111 << BEGUN_SHIFT;
    pub(in super::super) const ERA: u32 = 1 << 18;
    pub(in super::super) const LAST_LOST: u32 = 1 << 19;
    pub(in super::super) const RENEWAL: u32 = 1 << 20;
    pub(in super::super) const SIGNED: u32 = 1 << 21;
    pub(in super::super) const RECENT: u32 = 1 << 22;
    pub(in super::super) const BLOCKED: u32 = 1 << 23;
    pub(in super::super) const HELD: u32 = 1 << 24;
    pub(in super::super) const REST: u32 = 1 << 25;
    /// One more than the highest that has a meaning.
    pub(in super::super) const END: u32 = 1 << 26;
    /// Those that show something of the cold row.
    pub(in super::super) const SHOWN: u32 =
        IDENTITY | SECONDS | PUSHABLE | RSA | VIA | BLOCKED | HELD;
}

/// What an outline shows of the cold row.
pub(super) struct Shown {
    /// When the validity of the oldest identity begins and ends.
    pub(super) identity: Option<(u64, u64)>,
    pub(super) flags: u32,
}

impl Shown {
    pub(super) fn of(record: &EnrollmentRecord) -> Self {
        let access = &record.access;
        let via = match access.via {
            None => 0,
            Some(Via::None) => 1,
            Some(Via::Mtls) => 2,
            Some(Via::Signature) => 3,
            Some(Via::Header) => 4,
        };
        let oldest = access.pins.last();
        let identity = oldest.map(|pin| (pin.not_before.0, pin.not_after.0));
        let is_whole = |(begins, ends): (u64, u64)| {
            begins.is_multiple_of(super::hot::SECOND_MS)
                && ends.is_multiple_of(super::hot::SECOND_MS)
        };
        let is_pushable = record.push.is_some() && record.push_disabled_at.is_none();
        let is_rsa = access.pins.first().is_some_and(|pin| pin.is_rsa);
        let bits = [
            (identity.is_some(), flag::IDENTITY),
            (identity.is_some_and(is_whole), flag::SECONDS),
            (is_pushable, flag::PUSHABLE),
            (is_rsa, flag::RSA),
            (access.is_blocked, flag::BLOCKED),
            (access.held.is_some(), flag::HELD),
        ];
        Self {
            identity,
            flags: sum(&bits) | via << flag::VIA_SHIFT,
        }
    }
}

fn sum(bits: &[(bool, u32)]) -> u32 {
    let set = bits.iter().filter(|(is_set, _)| *is_set);
    set.fold(0, |flags, (_, bit)| flags | bit)
}

/// The flags of a row.
pub(super) fn flags(record: &EnrollmentRecord, shown: &Shown, has_rest: bool) -> u32 {
    let sync = &record.sync;
    let phase = match sync.phase {
        Phase::Authenticated => 0,
        Phase::Enrolled => 1,
        Phase::CheckedOut => 2,
    };
    let begun = match sync.begun {
        Begun::Enrolled => 0,
        Begun::Reenrolled => 1,
        Begun::Wiped => 2,
        Begun::Restored => 3,
        Begun::Observed => 4,
    };
    let is_same = |it: &Observed| it.set.id() == sync.delivered.id();
    let has_recent = !record.recent_messages.is_empty() || !record.recent_check_ins.is_empty();
    let bits = [
        (sync.observed.is_some(), flag::OBSERVED),
        (sync.observed.as_ref().is_some_and(is_same), flag::SAME),
        (!sync.delivered.entries().is_empty(), flag::DELIVERED),
        (answered(sync.list).is_some(), flag::LIST),
        (answered(sync.attributes).is_some(), flag::ATTRIBUTES),
        (serial(&sync.hardware).is_some(), flag::SERIAL),
        (sync.era != 0, flag::ERA),
        (sync.last_lost != 0, flag::LAST_LOST),
        (asked_again(sync.renewal).is_some(), flag::RENEWAL),
        (record.newest_signed_at.is_some(), flag::SIGNED),
        (has_recent, flag::RECENT),
        (has_rest, flag::REST),
    ];
    phase | begun << flag::BEGUN_SHIFT | shown.flags | sum(&bits)
}

pub(super) fn phase(flags: u32) -> Result<Phase, RowError> {
    Ok(match flags & flag::PHASE {
        0 => Phase::Authenticated,
        1 => Phase::Enrolled,
        2 => Phase::CheckedOut,
        _ => return Err(RowError::content("there is no such phase")),
    })
}

pub(super) fn begun(flags: u32) -> Result<Begun, RowError> {
    Ok(match (flags & flag::BEGUN) >> flag::BEGUN_SHIFT {
        0 => Begun::Enrolled,
        1 => Begun::Reenrolled,
        2 => Begun::Wiped,
        3 => Begun::Restored,
        4 => Begun::Observed,
        _ => return Err(RowError::content("no epoch begins so")),
    })
}

pub(super) fn via(flags: u32) -> Result<Option<Via>, RowError> {
    Ok(match (flags & flag::VIA) >> flag::VIA_SHIFT {
        0 => None,
        1 => Some(Via::None),
        2 => Some(Via::Mtls),
        3 => Some(Via::Signature),
        4 => Some(Via::Header),
        _ => return Err(RowError::content("nobody proves so who it is")),
    })
}
