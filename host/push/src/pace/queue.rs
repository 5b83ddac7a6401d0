//! The devices to push: when each is due, and in which order.
//!
//! Knows neither rate nor answers. Invariants: each key is queued once; it leaves only by
//! [`PushQueue::done`]; among the due ones, who was not pushed for the longest time is first, so
//! devices that never answer cannot starve one that would.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::health::host_of;

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

/// The queue has as many keys as it may; the next look at what is pending brings this one again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many devices wait for a push")]
pub struct QueueFull;

/// Where an entry is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In `waiting`, until then.
    Waiting { due_ms: u64 },
    /// In `ready`.
    Ready,
}

#[derive(Debug)]
struct Entry {
    place: Place,
    /// Pushes since the device last came.
    attempts: u32,
    /// The push that the device has not answered by coming.
    pushed_ms: Option<u64>,
    /// Its last push of all, if there was one.
    turn_ms: Option<u64>,
    /// It must not be pushed before.
    hold_until_ms: u64,
}

/// The devices to push, by key.
#[derive(Debug)]
pub struct PushQueue {
    entries: BTreeMap<Arc<str>, Entry>,
    /// By due time.
    waiting: BTreeSet<(u64, Arc<str>)>,
    /// Due, by last push.
    ready: BTreeSet<(Option<u64>, Arc<str>)>,
    entries_max: usize,
}

impl PushQueue {
    /// An empty queue for at most so many keys.
    pub fn new(entries_max: usize) -> Self {
        Self {
            entries: BTreeMap::new(),
            waiting: BTreeSet::new(),
            ready: BTreeSet::new(),
            entries_max,
        }
    }

    /// There is something new for this device: due now, unless it was pushed within
    /// [`COALESCE_MS`] and has not come since.
    ///
    /// # Errors
    ///
    /// The queue is full and the key is not in it.
    pub fn schedule(&mut self, key: &str, now_ms: u64) -> Result<(), QueueFull> {
        let Some((key, entry)) = self.entries.get_key_value(key) else {
            return self.insert(key, now_ms);
        };
        let is_under_way = entry
            .pushed_ms
            .is_some_and(|at_ms| now_ms < at_ms.saturating_add(COALESCE_MS));
        let Place::Waiting { due_ms } = entry.place else {
            return Ok(());
        };
        if !is_under_way {
            let due_ms = due_ms.min(now_ms.max(entry.hold_until_ms));
            let key = Arc::clone(key);
            self.wait(&key, due_ms);
        }
        Ok(())
    }

    /// The device came: what is left to do, if anything, is worth a push only after a while.
    pub fn contacted(&mut self, key: &str, now_ms: u64) {
        let Some((key, entry)) = self.entries.get_key_value(key) else {
            return;
        };
        let (key, hold_until_ms) = (Arc::clone(key), entry.hold_until_ms);
        let due_ms = now_ms.saturating_add(repeat_ms(&key, 1)).max(hold_until_ms);
        self.wait(&key, due_ms);
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.attempts = 1;
            entry.pushed_ms = None;
        }
    }

    /// Nothing is left to do for this device, or it must not be pushed.
    pub fn done(&mut self, key: &str) {
        if let Some((key, entry)) = self.entries.remove_entry(key) {
            self.leave(entry.place, entry.turn_ms, key);
        }
    }

    /// At most `max` due keys, each counted as pushed now and due again after its wait.
    pub fn take_due(&mut self, now_ms: u64, max: usize) -> Vec<String> {
        self.promote(now_ms);
        let mut taken = Vec::new();
        while taken.len() < max
            && let Some((_, key)) = self.ready.pop_first()
        {
            taken.push(key.to_string());
            self.pushed(key, now_ms);
        }
        taken
    }

    /// As [`Self::take_due`], but at most one key of each host.
    pub fn take_due_of_each_host(&mut self, now_ms: u64, max: usize) -> Vec<String> {
        self.promote(now_ms);
        let mut hosts = BTreeSet::new();
        let mut taken = Vec::new();
        for place in &self.ready {
            if taken.len() == max {
                break;
            }
            if hosts.insert(host_of(&place.1)) {
                taken.push(place.clone());
            }
        }
        let keys = taken.iter().map(|(_, key)| key.to_string()).collect();
        for place in taken {
            self.ready.remove(&place);
            self.pushed(place.1, now_ms);
        }
        keys
    }

    /// A key that left `ready` waits for its repetition.
    fn pushed(&mut self, key: Arc<str>, now_ms: u64) {
        let Some(entry) = self.entries.get_mut(&key) else {
            return;
        };
        entry.attempts = entry.attempts.saturating_add(1);
        entry.pushed_ms = Some(now_ms);
        entry.turn_ms = Some(now_ms);
        let due_ms = now_ms.saturating_add(repeat_ms(&key, entry.attempts));
        entry.place = Place::Waiting { due_ms };
        self.waiting.insert((due_ms, key));
    }

    /// The last push did not count: due again at `due_ms`, as if it had not been. Does nothing if
    /// the device came meanwhile.
    pub fn postpone(&mut self, key: &str, due_ms: u64) {
        let Some((key, entry)) = self.entries.get_key_value(key) else {
            return;
        };
        if entry.pushed_ms.is_none() {
            return;
        }
        let key = Arc::clone(key);
        let due_ms = due_ms.max(entry.hold_until_ms);
        self.wait(&key, due_ms);
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.attempts = entry.attempts.saturating_sub(1);
            entry.pushed_ms = None;
        }
    }

    /// As [`Self::postpone`], and no new reason makes it due before.
    pub fn hold(&mut self, key: &str, until_ms: u64) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.hold_until_ms = until_ms;
        }
        self.postpone(key, until_ms);
    }

    /// When the next key is due; zero if some are due already, `None` if there is none.
    pub fn next_due_ms(&self) -> Option<u64> {
        if self.ready.is_empty() {
            self.waiting.first().map(|(due_ms, _)| *due_ms)
        } else {
            Some(0)
        }
    }

    /// Keys queued.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn insert(&mut self, key: &str, now_ms: u64) -> Result<(), QueueFull> {
        if self.entries.len() >= self.entries_max {
            return Err(QueueFull);
        }
        let key: Arc<str> = Arc::from(key);
        self.waiting.insert((now_ms, Arc::clone(&key)));
        let entry = Entry {
            place: Place::Waiting { due_ms: now_ms },
            attempts: 0,
            pushed_ms: None,
            turn_ms: None,
            hold_until_ms: 0,
        };
        self.entries.insert(key, entry);
        Ok(())
    }

    /// Moves an entry to `waiting`, wherever it was.
    fn wait(&mut self, key: &Arc<str>, due_ms: u64) {
        let Some(entry) = self.entries.get_mut(key) else {
            return;
        };
        let place = std::mem::replace(&mut entry.place, Place::Waiting { due_ms });
        let turn_ms = entry.turn_ms;
        self.leave(place, turn_ms, Arc::clone(key));
        self.waiting.insert((due_ms, Arc::clone(key)));
    }

    fn leave(&mut self, place: Place, turn_ms: Option<u64>, key: Arc<str>) {
        match place {
            Place::Waiting { due_ms } => self.waiting.remove(&(due_ms, key)),
            Place::Ready => self.ready.remove(&(turn_ms, key)),
        };
    }

    fn promote(&mut self, now_ms: u64) {
        while let Some((due_ms, key)) = self.waiting.pop_first() {
            if due_ms > now_ms {
                self.waiting.insert((due_ms, key));
                return;
            }
            if let Some(entry) = self.entries.get_mut(&key) {
                entry.place = Place::Ready;
                self.ready.insert((entry.turn_ms, key));
            }
        }
    }
}

/// The wait after so many pushes without contact, with what the key adds.
fn repeat_ms(key: &str, attempts: u32) -> u64 {
    let step = usize::try_from(attempts.saturating_sub(1)).unwrap_or(usize::MAX);
    let wait_ms = REPEATS_MS[step.min(REPEATS_MS.len() - 1)];
    wait_ms + spread(key, attempts) % (wait_ms / 5)
}

/// FNV-1a of key and attempt: even enough to keep devices apart, and the same at every run.
fn spread(key: &str, attempts: u32) -> u64 {
    let bytes = key.bytes().chain(attempts.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
