//! Who was pushed, for what, and when again: a few bytes for each channel under way.
//!
//! Knows neither rate nor answers, and nothing of those who were not found to have work. Invariants:
//! a channel has one turn at most; a turn leaves only by [`Turns::done`], with its lane, or in
//! [`Turns::sweep`]; a reason that is known makes nobody due before the wait is over.

use std::collections::BTreeMap;

use hashbrown::HashTable;

use super::{LaneId, PushKey, Sight};

/// A new reason to push within this time of the last push adds none, in ms: the device has yet to
/// come and will find everything when it does.
pub const COALESCE_MS: u64 = 10 * 1000;
/// Waits before a push is repeated while work is pending, in ms: 5 min, 15 min, 1 h, 4 h, and then
/// each 24 h. Up to a fifth is added by key, so that devices do not stay in step.
pub const REPEATS_MS: [u64; 5] = [
    5 * 60 * 1000,
    15 * 60 * 1000,
    60 * 60 * 1000,
    4 * 60 * 60 * 1000,
    24 * 60 * 60 * 1000,
];
/// A device that came so often for one reason and still has the work ahead of it, such as one whose
/// identity is held, is not helped by being woken: from then on its coming does not begin the waits
/// anew.
const CONTACTS_MAX: u8 = 5;

/// The lane of those who cannot be pushed for anything: it is never shut, since nobody leaves in it.
pub(super) const RESTING: LaneId = LaneId::MAX;

/// Pushed, and the device has not come since.
const OUT: u8 = 1;
/// Not to be pushed before it is due, whatever there is new for it.
const HELD: u8 = 2;

/// One channel under way. Times are in whole seconds, which last until the year 2106.
#[derive(Debug, Clone, Copy)]
struct Turn {
    /// Its host's name in two halves, so that a turn needs no padding.
    host: [u32; 2],
    channel: u32,
    reason: u32,
    due_s: u32,
    /// What was desired when it was last looked at.
    state: u16,
    lane: LaneId,
    /// Pushes since the device last came.
    attempts: u8,
    /// Times that it came and did not get to the end of it, up to [`CONTACTS_MAX`].
    contacts: u8,
    /// The last pass over all hosts with work that met it.
    pass: u8,
    flags: u8,
}

/// What [`PacerOptions::entries_max`](super::PacerOptions) is counted in.
const _: () = assert!(size_of::<Turn>() == 28);

/// What is known of a host that has work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meeting {
    /// It has no turn yet.
    New,
    /// It has one, and is to be looked at again.
    Due,
    /// All its turns wait.
    Later,
}

/// Who was pushed, by host and channel.
#[derive(Debug)]
pub(super) struct Turns {
    table: HashTable<Turn>,
    entries_max: usize,
    counts: BTreeMap<LaneId, usize>,
}

impl Turn {
    fn new(key: PushKey, lane: LaneId) -> Self {
        Self {
            host: halves(key.host),
            channel: key.channel,
            reason: 0,
            due_s: 0,
            state: 0,
            lane,
            attempts: 0,
            contacts: 0,
            pass: 0,
            flags: 0,
        }
    }

    fn key(&self) -> PushKey {
        PushKey {
            host: whole(self.host),
            channel: self.channel,
        }
    }

    fn is(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    fn due_ms(&self) -> u64 {
        u64::from(self.due_s) * 1000
    }

    fn is_due(&self, now_ms: u64) -> bool {
        self.due_ms() <= now_ms
    }

    /// Never before `at_ms`.
    fn wait(&mut self, at_ms: u64) {
        self.due_s = u32::try_from(at_ms.div_ceil(1000)).unwrap_or(u32::MAX);
    }

    /// Whether its last push is so new that the device may be on its way.
    fn is_just_pushed(&self, now_ms: u64) -> bool {
        let pushed_ms = self
            .due_ms()
            .saturating_sub(repeat_ms(self.key(), self.attempts));
        self.is(OUT) && now_ms < pushed_ms.saturating_add(COALESCE_MS)
    }
}

impl Turns {
    /// None, and room for `entries_max`.
    pub(super) fn new(entries_max: usize) -> Self {
        Self {
            table: HashTable::new(),
            entries_max,
            counts: BTreeMap::new(),
        }
    }

    /// Turns there are.
    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    /// Turns of a lane.
    pub(super) fn count(&self, lane: LaneId) -> usize {
        self.counts.get(&lane).copied().unwrap_or_default()
    }

    /// A pass over all hosts with work has come to this one. `is_open` says of a lane whether pushes
    /// may leave in it: nobody is looked at for a lane that is shut.
    pub(super) fn meet(
        &mut self,
        host: u64,
        sight: Sight,
        now_ms: u64,
        is_open: impl Fn(LaneId) -> bool,
    ) -> Meeting {
        let mut meeting = Meeting::New;
        for turn in self.of_host(host) {
            turn.pass = sight.pass;
            let is_due = turn.state != sight.state || turn.is_due(now_ms);
            if is_due && is_open(turn.lane) {
                meeting = Meeting::Due;
            } else if meeting == Meeting::New {
                meeting = Meeting::Later;
            }
        }
        meeting
    }

    /// All that a host has to do is known by now.
    pub(super) fn looked(&mut self, host: u64, sight: Sight) {
        for turn in self.of_host(host) {
            turn.state = sight.state;
        }
    }

    /// There is this to do for a channel. Says whether to push it now; then [`Self::pushed`] follows
    /// or it stays due. A reason that is known already changes nothing: its push is repeated in its
    /// time. Where there is no room, nobody is due.
    pub(super) fn want(
        &mut self,
        key: PushKey,
        lane: LaneId,
        reason: u32,
        sight: Sight,
        now_ms: u64,
    ) -> bool {
        if self.find(key).is_some_and(|turn| turn.lane != lane) {
            self.done(key);
        }
        let due_s = u32::try_from(now_ms / 1000).unwrap_or(u32::MAX);
        if let Some(turn) = self.find(key) {
            turn.state = sight.state;
            if turn.reason != reason {
                (turn.reason, turn.contacts) = (reason, 0);
                if !turn.is(HELD) && !turn.is_just_pushed(now_ms) {
                    turn.due_s = turn.due_s.min(due_s);
                }
            }
            return turn.is_due(now_ms);
        }
        self.insert(Turn {
            reason,
            due_s,
            state: sight.state,
            pass: sight.pass,
            ..Turn::new(key, lane)
        })
    }

    /// A host that was said to have work cannot be pushed for any: it is not looked at again before
    /// `until_ms`, unless something else is desired.
    pub(super) fn rest(&mut self, host: u64, sight: Sight, until_ms: u64) {
        if self.of_host(host).next().is_some() {
            return;
        }
        let key = PushKey { host, channel: 0 };
        let mut turn = Turn::new(key, RESTING);
        (turn.state, turn.pass) = (sight.state, sight.pass);
        turn.wait(until_ms);
        self.insert(turn);
    }

    /// Says whether there was room.
    fn insert(&mut self, turn: Turn) -> bool {
        if self.table.len() >= self.entries_max {
            return false;
        }
        self.table
            .insert_unique(whole(turn.host), turn, |turn| whole(turn.host));
        *self.counts.entry(turn.lane).or_default() += 1;
        true
    }

    /// A push to it leaves.
    pub(super) fn pushed(&mut self, key: PushKey, now_ms: u64) {
        if let Some(turn) = self.find(key) {
            turn.attempts = turn.attempts.saturating_add(1);
            turn.flags = OUT;
            turn.wait(now_ms.saturating_add(repeat_ms(key, turn.attempts)));
        }
    }

    /// The device came: what is left to do, if anything, is worth a push only after a while.
    pub(super) fn contacted(&mut self, key: PushKey, now_ms: u64) {
        let Some(turn) = self.find(key) else {
            return;
        };
        if turn.contacts == CONTACTS_MAX {
            return;
        }
        turn.contacts += 1;
        turn.attempts = 1;
        turn.flags &= !OUT;
        let due_s = turn.due_s;
        turn.wait(now_ms.saturating_add(repeat_ms(key, 1)));
        if turn.is(HELD) {
            turn.due_s = turn.due_s.max(due_s);
        }
    }

    /// The last push did not count: due again at `due_ms`, as if it had not been. Does nothing if
    /// the device came meanwhile.
    pub(super) fn postpone(&mut self, key: PushKey, due_ms: u64) {
        if let Some(turn) = self.find(key).filter(|turn| turn.is(OUT)) {
            turn.attempts = turn.attempts.saturating_sub(1);
            turn.flags &= !OUT;
            turn.wait(due_ms);
        }
    }

    /// As [`Self::postpone`], and no new reason makes it due before.
    pub(super) fn hold(&mut self, key: PushKey, until_ms: u64) {
        self.postpone(key, until_ms);
        if let Some(turn) = self.find(key) {
            let due_s = turn.due_s;
            turn.wait(until_ms);
            turn.due_s = turn.due_s.max(due_s);
            turn.flags |= HELD;
        }
    }

    /// Nothing is left to do for a channel, or it must not be pushed.
    pub(super) fn done(&mut self, key: PushKey) {
        let is_it = |turn: &Turn| turn.key() == key;
        if let Ok(entry) = self.table.find_entry(key.host, is_it) {
            let (turn, _) = entry.remove();
            forget(&mut self.counts, turn.lane);
        }
    }

    /// Nothing is known of the channels of a lane any more.
    pub(super) fn close(&mut self, lane: LaneId) {
        self.table.retain(|turn| turn.lane != lane);
        self.counts.remove(&lane);
        self.shrink();
    }

    /// Nothing is known of anybody.
    pub(super) fn clear(&mut self) {
        self.table = HashTable::new();
        self.counts.clear();
    }

    /// After a pass: who was not met and is due has nothing to do any more, or is gone.
    pub(super) fn sweep(&mut self, pass: u8, now_ms: u64) {
        let counts = &mut self.counts;
        self.table.retain(|turn| {
            let is_kept = turn.pass == pass || !turn.is_due(now_ms);
            if !is_kept {
                forget(counts, turn.lane);
            }
            is_kept
        });
        self.shrink();
    }

    /// When a channel is due, in ms.
    #[cfg(test)]
    pub(super) fn due_ms(&mut self, key: PushKey) -> Option<u64> {
        self.find(key).map(|turn| turn.due_ms())
    }

    /// Memory that is held, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.table.allocation_size()
    }

    fn find(&mut self, key: PushKey) -> Option<&mut Turn> {
        self.table.find_mut(key.host, |turn| turn.key() == key)
    }

    fn of_host(&mut self, host: u64) -> impl Iterator<Item = &mut Turn> {
        let turns = self.table.iter_hash_mut(host);
        turns.filter(move |turn| whole(turn.host) == host)
    }

    /// After a wave over a fleet its memory is given back.
    fn shrink(&mut self) {
        let wanted = self.table.len() * 2;
        if self.table.capacity() > wanted * 4 {
            self.table.shrink_to(wanted, |turn| whole(turn.host));
        }
    }
}

fn forget(counts: &mut BTreeMap<LaneId, usize>, lane: LaneId) {
    if let Some(count) = counts.get_mut(&lane) {
        *count = count.saturating_sub(1);
    }
}

fn halves(host: u64) -> [u32; 2] {
    let half = |half: u64| u32::try_from(half & u64::from(u32::MAX)).unwrap_or_default();
    [half(host), half(host >> 32)]
}

fn whole(host: [u32; 2]) -> u64 {
    u64::from(host[0]) | u64::from(host[1]) << 32
}

/// The wait after so many pushes without contact, with what the key adds; whole seconds.
pub(super) fn repeat_ms(key: PushKey, attempts: u8) -> u64 {
    let step = usize::from(attempts.saturating_sub(1));
    let wait_ms = REPEATS_MS[step.min(REPEATS_MS.len() - 1)];
    wait_ms + spread(key, attempts) % (wait_ms / 5000) * 1000
}

/// Even enough to keep devices apart, and the same whenever it is asked.
fn spread(key: PushKey, attempts: u8) -> u64 {
    let seed = key.host ^ u64::from(key.channel).rotate_left(32);
    super::wave::mixed(seed.wrapping_add(u64::from(attempts)))
}
