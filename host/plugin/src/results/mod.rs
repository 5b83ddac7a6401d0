//! Keeps the answers of validators, so that an unchanged profile is judged once.
//!
//! Knows nothing of plugins; it is a table with a bound. Invariants: plugins have no clock, no
//! randomness and nothing to read, so an answer is a function of its key; answers that came of
//! something else (time ran out, the host had no room) are not kept; the bound holds after every
//! step, and what was asked for longest ago goes first.

mod key;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mooring_mdm::finding::Finding;
use mooring_mdm::plist::NodeId;

pub(crate) use self::key::ResultKey;
use crate::Outcome;
use crate::outcome::Failure;

/// A finding with the value that it is about, in place of where that stands in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Located {
    pub(crate) node: Option<NodeId>,
    /// Whether it names a node that the profile does not have.
    pub(crate) is_misplaced: bool,
    pub(crate) finding: Finding,
}

/// What a validator answered.
pub(crate) type Answer = Outcome<Vec<Located>>;

/// Most memory that kept answers take, in bytes, unless said otherwise.
const BYTES_MAX: usize = 16 << 20;

/// What the two entries of an answer in the tables cost beside the answer.
const ENTRY_BYTES: usize = 256;

/// Answers of validators by what they depend on; shared by all plugins, from any thread.
#[derive(Debug)]
pub struct ResultCache(Mutex<Table>);

impl Default for ResultCache {
    /// One of 16 MiB.
    fn default() -> Self {
        Self::new(BYTES_MAX)
    }
}

/// What a cache holds and how it was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ResultCounts {
    /// Answers held.
    pub entries: usize,
    /// Memory that they take, in bytes.
    pub bytes: usize,
    /// Answers that were asked for and found.
    pub found: u64,
    /// Answers that were asked for and not found.
    pub missed: u64,
}

impl ResultCache {
    /// A cache that takes at most this much memory, in bytes.
    pub fn new(bytes_max: usize) -> Self {
        Self(Mutex::new(Table::new(bytes_max)))
    }

    /// What it holds and how it was used.
    pub fn counts(&self) -> ResultCounts {
        self.table().counts
    }

    pub(crate) fn find(&self, key: &ResultKey) -> Option<Arc<Answer>> {
        self.table().find(key)
    }

    /// Keeps an answer, if it is one that the next call would get as well.
    pub(crate) fn keep(&self, key: ResultKey, answer: &Answer) {
        if is_lasting(answer) {
            self.table().keep(key, Arc::new(answer.clone()));
        }
    }

    /// The table is whole between any two of its steps, so a panic elsewhere does no harm.
    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an equal call would end equally, whatever else the machine does.
fn is_lasting(answer: &Answer) -> bool {
    match answer {
        Outcome::Done(_)
        | Outcome::Failed(_)
        | Outcome::Panicked { .. }
        | Outcome::OutputTooLarge { .. } => true,
        // The limit on memory is hit as well when the host has none to give.
        Outcome::OutOfMemory { .. }
        | Outcome::TimedOut { .. }
        | Outcome::Trapped { .. }
        | Outcome::Unsteady
        | Outcome::InputTooLarge { .. }
        | Outcome::Incompatible { .. }
        | Outcome::BackOff { .. }
        | Outcome::Quarantined { .. }
        | Outcome::Unavailable { .. } => false,
    }
}

#[derive(Debug)]
struct Entry {
    answer: Arc<Answer>,
    bytes: usize,
    /// When it was last asked for.
    turn: u64,
}

#[derive(Debug)]
struct Table {
    entries: BTreeMap<ResultKey, Entry>,
    /// The same in order of their turns.
    turns: BTreeMap<u64, ResultKey>,
    next_turn: u64,
    counts: ResultCounts,
    bytes_max: usize,
}

impl Table {
    fn new(bytes_max: usize) -> Self {
        Self {
            entries: BTreeMap::new(),
            turns: BTreeMap::new(),
            next_turn: 0,
            counts: ResultCounts::default(),
            bytes_max,
        }
    }

    fn find(&mut self, key: &ResultKey) -> Option<Arc<Answer>> {
        let Some(entry) = self.entries.get_mut(key) else {
            self.counts.missed += 1;
            return None;
        };
        self.counts.found += 1;
        self.turns.remove(&entry.turn);
        entry.turn = self.next_turn;
        self.turns.insert(entry.turn, *key);
        self.next_turn += 1;
        Some(Arc::clone(&entry.answer))
    }

    fn keep(&mut self, key: ResultKey, answer: Arc<Answer>) {
        self.remove(&key);
        let bytes = size(&answer);
        if bytes > self.bytes_max {
            return;
        }
        while self.counts.bytes + bytes > self.bytes_max
            && let Some((_, oldest)) = self.turns.first_key_value()
        {
            let oldest = *oldest;
            self.remove(&oldest);
        }
        let turn = self.next_turn;
        self.next_turn += 1;
        self.turns.insert(turn, key);
        self.entries.insert(
            key,
            Entry {
                answer,
                bytes,
                turn,
            },
        );
        self.counts.bytes += bytes;
        self.counts.entries = self.entries.len();
    }

    fn remove(&mut self, key: &ResultKey) {
        if let Some(entry) = self.entries.remove(key) {
            self.turns.remove(&entry.turn);
            self.counts.bytes -= entry.bytes;
            self.counts.entries = self.entries.len();
        }
    }
}

/// What an answer takes, in bytes.
fn size(answer: &Answer) -> usize {
    let text = match answer {
        Outcome::Done(findings) => findings.iter().map(size_of_finding).sum(),
        Outcome::Failed(
            Failure::BadSettings(text) | Failure::Unsupported(text) | Failure::Other(text),
        )
        | Outcome::Panicked { text }
        | Outcome::Trapped { text }
        | Outcome::Incompatible { text }
        | Outcome::Unavailable { text }
        | Outcome::OutputTooLarge { limit: text } => text.capacity(),
        Outcome::TimedOut { .. }
        | Outcome::OutOfMemory { .. }
        | Outcome::Unsteady
        | Outcome::BackOff { .. }
        | Outcome::Quarantined { .. }
        | Outcome::InputTooLarge { .. } => 0,
    };
    ENTRY_BYTES + size_of::<Answer>() + text
}

fn size_of_finding(located: &Located) -> usize {
    // Named one by one, so that no text that is added is forgotten here.
    let Finding {
        severity: _,
        rule,
        message,
        hint,
        fix,
        line: _,
        column: _,
        length: _,
        source,
        was: _,
        accepted,
    } = &located.finding;
    let held = [Some(rule), Some(message), Some(source)];
    let held = held
        .into_iter()
        .chain([hint, fix, accepted].map(Option::as_ref));
    size_of::<Located>() + held.flatten().map(String::capacity).sum::<usize>()
}

#[cfg(test)]
mod tests;
