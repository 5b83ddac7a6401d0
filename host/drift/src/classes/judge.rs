//! The status of one profile on one channel, and whether there is something to do for it.
//!
//! Knows nothing of hosts. Invariant: it says what [`crate::status`], [`crate::drift`] and
//! [`crate::plan`] say of the same state, by numbers alone and without allocating.

use mooring_mdm::ids::Channel;
use mooring_mdm::profile::introduced::is_news;

use super::entry::Entry;
use super::exception::{Aim, Exception, Next, Open, Upgrades, has_open};
use super::group::{Ties, Want};
use super::held::Held;
use super::seen::Seen;
use crate::state::Phase;
use crate::status::Status;

const USER: u32 = 1;
const ENROLLED: u32 = 1 << 1;
const OBSERVED: u32 = 1 << 2;
const KNOWN: u32 = 1 << 3;
const LIST_DUE: u32 = 1 << 4;
const MAY_LIST: u32 = 1 << 5;
const BUSY: u32 = 1 << 6;
const ERRAND: u32 = 1 << 7;
const CALLED: u32 = 1 << 8;
const STOPPED: u32 = 1 << 9;
/// Bits on which the status of profiles depends.
const TELLING: u32 = USER | OBSERVED | KNOWN;

/// What is known of a channel beside its lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bits(pub(super) u32);

impl Bits {
    pub(super) fn of(seen: &Seen<'_>) -> Self {
        let bit = |is_set: bool, bit: u32| if is_set { bit } else { 0 };
        Self(
            bit(seen.channel == Channel::User, USER)
                | bit(seen.state.phase == Phase::Enrolled, ENROLLED)
                | bit(seen.state.observed.is_some(), OBSERVED)
                | bit(seen.is_known, KNOWN)
                | bit(seen.is_list_due, LIST_DUE)
                | bit(seen.may_list, MAY_LIST)
                | bit(seen.is_busy, BUSY)
                | bit(seen.has_errand, ERRAND)
                | bit(seen.is_called, CALLED)
                | bit(seen.is_stopped, STOPPED),
        )
    }

    fn has(self, bit: u32) -> bool {
        self.0 & bit != 0
    }

    pub(super) fn channel(self) -> Channel {
        if self.has(USER) {
            Channel::User
        } else {
            Channel::Device
        }
    }

    /// Whether the statuses of two channels with the same lists are the same.
    pub(super) fn tells_as(self, other: Self) -> bool {
        self.0 & TELLING == other.0 & TELLING
    }

    /// The channel's own status.
    pub(super) fn own(self) -> Status {
        if self.has(KNOWN) {
            Status::Applied
        } else {
            Status::Unknown
        }
    }

    /// Whether a change would be handed out.
    fn is_ready(self) -> bool {
        self.has(ENROLLED) && !self.has(BUSY) && !self.has(LIST_DUE) && !self.has(STOPPED)
    }
}

/// One channel in numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'a> {
    pub(super) bits: Bits,
    pub(super) held: &'a [u32],
    pub(super) exceptions: &'a [u32],
}

impl Part<'_> {
    /// Whether it has to come, whatever changes there are.
    pub(super) fn is_drawn(&self) -> bool {
        let bits = self.bits;
        if bits.has(CALLED) {
            return true;
        }
        if !bits.has(ENROLLED) || bits.has(BUSY) {
            return false;
        }
        let wants_list = bits.has(LIST_DUE) || has_open(self.exceptions);
        bits.has(ERRAND) || (bits.has(MAY_LIST) && wants_list)
    }
}

/// What is known of a profile beside the hosts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sight<'a> {
    pub(super) profile: u32,
    pub(super) entry: &'a Entry,
    /// Whether this server made each copy, by the copy's number.
    pub(super) made: &'a [bool],
    pub(super) upgrades: &'a Upgrades,
}

/// What a channel has of a profile.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'a> {
    bits: Bits,
    held: Option<Held>,
    exception: Option<Exception<'a>>,
}

impl<'a> Found<'a> {
    /// What was found already.
    pub(super) fn of(bits: Bits, held: Option<Held>, exception: Option<Exception<'a>>) -> Self {
        Self {
            bits,
            held,
            exception,
        }
    }
}

/// What there is to say of a profile on a channel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Its status, if it is shown.
    pub(super) word: Option<Status>,
    /// Whether a change of it would be handed out now.
    pub(super) is_eligible: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    None,
    Install,
    Remove,
}

/// Judges a profile of which a channel has `found`, on a host that is bound by `ties`.
pub(super) fn judge(found: &Found<'_>, ties: &Ties, sight: &Sight<'_>) -> Verdict {
    let Found {
        bits,
        held,
        exception,
    } = *found;
    let entry = sight.entry;
    let terms = &entry.terms;
    let want = ties.want(sight.profile, terms, bits.channel());
    let listed = held.filter(|_| bits.has(OBSERVED));
    let open = exception.and_then(Exception::open);
    let current = match open {
        Some(Open::Installed(copy, _)) => Some(copy),
        Some(Open::Removed) => None,
        None => listed.map(Held::copy),
    };
    let is_delivered =
        held.is_some_and(Held::is_delivered) || exception.is_some_and(Exception::is_delivered);
    let may_remove = |copy: u32| terms.is_ours && (is_delivered || sight.made[copy as usize]);
    let change = match (want, current) {
        _ if !bits.has(OBSERVED) => Change::None,
        (Want::Present, Some(copy)) if copy == terms.target => {
            let is_again = open.is_none()
                && exception.is_some_and(|one| one.is_resent() || has_news(one, sight));
            if is_again {
                Change::Install
            } else {
                Change::None
            }
        }
        (Want::Present, _) => Change::Install,
        (Want::Absent, Some(copy)) if may_remove(copy) => Change::Remove,
        (Want::Absent | Want::Lacking | Want::Waiting, _) => Change::None,
    };
    let aim = if want == Want::Present {
        Aim::Present(terms.target, terms.version)
    } else {
        Aim::Absent
    };
    let is_shown = want != Want::Absent
        || exception.is_some_and(|one| one.is_changing() || one.is_unsettled())
        || open.is_some()
        || listed.is_some_and(|held| !held.is_unmanaged() && may_remove(held.copy()));
    let word = is_shown.then(|| word(bits, want, exception, open, aim, change));
    Verdict {
        word,
        is_eligible: bits.is_ready() && is_eligible(change, ties, entry, exception, aim),
    }
}

fn word(
    bits: Bits,
    want: Want,
    exception: Option<Exception<'_>>,
    open: Option<Open>,
    aim: Aim,
    change: Change,
) -> Status {
    match want {
        Want::Waiting => return Status::Unknown,
        Want::Lacking => return Status::Pending,
        Want::Present | Want::Absent => {}
    }
    let has_failed = exception
        .and_then(|one| one.attempts(aim))
        .is_some_and(|(has_failed, _)| has_failed);
    // Acknowledged since: the next list decides whether the failure is over.
    let is_retried = match (open, aim) {
        (Some(Open::Installed(copy, version)), Aim::Present(target, wanted)) => {
            copy == target && version == wanted
        }
        (Some(Open::Removed), Aim::Absent) => true,
        _ => false,
    };
    if has_failed && !is_retried {
        return Status::Failed;
    }
    let is_moving = exception.is_some_and(|one| one.is_changing() || one.is_unsettled());
    if change != Change::None || open.is_some() || is_moving {
        return Status::Pending;
    }
    bits.own()
}

fn is_eligible(
    change: Change,
    ties: &Ties,
    entry: &Entry,
    exception: Option<Exception<'_>>,
    aim: Aim,
) -> bool {
    let may_travel = match change {
        Change::None => false,
        Change::Install => !ties.is_blocked(entry.terms.secrets),
        Change::Remove => true,
    };
    let attempts = exception.and_then(|one| one.attempts(aim));
    may_travel && attempts.is_none_or(|(_, next)| next == Next::Now)
}

fn has_news(exception: Exception<'_>, sight: &Sight<'_>) -> bool {
    let upgrade = exception.upgrade();
    let row = upgrade.and_then(|upgrade| sight.upgrades.row(upgrade));
    row.is_some_and(|(platform, from, to)| is_news(&sight.entry.introduced, *platform, from, to))
}
