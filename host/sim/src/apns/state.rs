//! What the stand-in knows of tokens, and what it has seen.
//!
//! Does no I/O. Invariant: what is remembered of requests is bounded.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::handle::{Bell, Sleeper};
use super::{ApnsServerOptions, Misbehaviour};

/// Most mismatches remembered.
pub const MISMATCHES_MAX: usize = 100;

/// Counts of what came.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) pushes: u64,
    pub(super) accepted: u64,
    pub(super) connections: u64,
    pub(super) refused_connections: u64,
    pub(super) under_way: u64,
    pub(super) busiest: u64,
}

/// One token, in lower-case hex in its map.
struct Known {
    magic: Option<String>,
    unregistered_ms: Option<u64>,
    wakes: watch::Sender<u64>,
    /// Who sleeps there, and the bell that wakes them.
    sleeper: Option<(Sleeper, Arc<Bell>)>,
}

impl Known {
    fn new() -> Self {
        Self {
            magic: None,
            unregistered_ms: None,
            wakes: watch::Sender::new(0),
            sleeper: None,
        }
    }
}

#[derive(Default)]
struct State {
    tokens: BTreeMap<String, Known>,
    topics: BTreeSet<String>,
    misbehaviour: Option<(Misbehaviour, u32)>,
    counts: Counts,
    mismatches: Vec<String>,
}

/// What a token is to the stand-in.
pub(super) enum Verdict {
    Good,
    Unknown,
    Unregistered { at_ms: u64 },
    WrongMagic,
}

/// All connections' view of it.
pub(super) struct Shared {
    pub(super) options: ApnsServerOptions,
    state: Mutex<State>,
}

impl Shared {
    pub(super) fn new(options: ApnsServerOptions) -> Self {
        Self {
            options,
            state: Mutex::new(State::default()),
        }
    }

    pub(super) fn add_topic(&self, topic: &str) {
        self.lock().topics.insert(topic.to_owned());
    }

    pub(super) fn has_topic(&self, topic: &str) -> bool {
        self.lock().topics.contains(topic)
    }

    pub(super) fn register(&self, token: &[u8], magic: &str) {
        let mut state = self.lock();
        let known = state.tokens.entry(hex(token)).or_insert_with(Known::new);
        known.magic = Some(magic.to_owned());
        known.unregistered_ms = None;
    }

    pub(super) fn unregister(&self, token: &[u8], at_ms: u64) {
        let mut state = self.lock();
        let known = state.tokens.entry(hex(token)).or_insert_with(Known::new);
        known.unregistered_ms = Some(at_ms);
    }

    pub(super) fn subscribe(&self, token: &[u8]) -> watch::Receiver<u64> {
        let mut state = self.lock();
        let known = state.tokens.entry(hex(token)).or_insert_with(Known::new);
        known.wakes.subscribe()
    }

    pub(super) fn listen(&self, token: &[u8], magic: &str, sleeper: Sleeper, bell: &Arc<Bell>) {
        self.register(token, magic);
        let mut state = self.lock();
        let known = state.tokens.entry(hex(token)).or_insert_with(Known::new);
        known.sleeper = Some((sleeper, Arc::clone(bell)));
    }

    pub(super) fn misbehave(&self, how: Option<(Misbehaviour, u32)>) {
        self.lock().misbehaviour = how.filter(|(_, times)| *times > 0);
    }

    /// How to misbehave this once, if at all.
    pub(super) fn next_misbehaviour(&self) -> Option<Misbehaviour> {
        let mut state = self.lock();
        let (how, times) = state.misbehaviour?;
        state.misbehaviour = (times > 1).then(|| (how, times - 1));
        Some(how)
    }

    /// What to answer to a push, and, if it is good, wakes its device.
    pub(super) fn judge(&self, token: &str, magic: &str) -> Verdict {
        let is_strict = self.options.is_strict;
        let mut guard = self.lock();
        let state = &mut *guard;
        let Some(known) = state.tokens.get(token) else {
            if is_strict {
                return Verdict::Unknown;
            }
            state.counts.accepted += 1;
            return Verdict::Good;
        };
        if let Some(at_ms) = known.unregistered_ms {
            return Verdict::Unregistered { at_ms };
        }
        match &known.magic {
            None if is_strict => return Verdict::Unknown,
            Some(expected) if expected != magic => return Verdict::WrongMagic,
            None | Some(_) => {}
        }
        known.wakes.send_modify(|count| *count += 1);
        if let Some((sleeper, bell)) = &known.sleeper {
            bell.ring(*sleeper);
        }
        state.counts.accepted += 1;
        Verdict::Good
    }

    pub(super) fn counts(&self) -> Counts {
        self.lock().counts
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.lock().counts);
    }

    pub(super) fn mismatch(&self, what: String) {
        let mismatches = &mut self.lock().mismatches;
        if mismatches.len() < MISMATCHES_MAX {
            mismatches.push(what);
        }
    }

    pub(super) fn mismatches(&self) -> Vec<String> {
        self.lock().mismatches.clone()
    }

    /// Nothing panics while it is held, so a poisoned lock is as good as any.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hex(token: &[u8]) -> String {
    token.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
