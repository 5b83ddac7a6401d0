//! A disk in memory that can fail, and that can lose power.
//!
//! A sync that fails is the worst that systems do: part of what was written reached the platter,
//! reads still show all of it, and no later sync writes the rest.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use redb::StorageBackend;

use super::samples::Draw;

/// A disk; clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// What a read sees.
    live: Vec<u8>,
    /// What is on the platter for certain.
    durable: Vec<u8>,
    /// Written since the last sync: each may or may not have reached the platter.
    pending: Vec<Pending>,
    /// Changes until one fails.
    fails_in: Option<u64>,
    /// Whether everything fails after the first failure.
    stays_dead: bool,
    /// Whether the next read fails.
    is_read_failing: bool,
    changes: u64,
    syncs: u64,
}

#[derive(Debug, Clone)]
enum Pending {
    Write(usize, Vec<u8>),
    SetLen(usize),
}

/// A disk writes a sector whole or not at all.
const SECTOR_BYTES: usize = 512;

impl Pending {
    /// The parts that reach the platter independently of each other.
    fn torn(&self) -> Vec<Self> {
        match self {
            Self::Write(offset, data) => {
                let sectors = data.chunks(SECTOR_BYTES).enumerate();
                let write = |(n, sector): (usize, &[u8])| {
                    Self::Write(offset + n * SECTOR_BYTES, sector.to_vec())
                };
                sectors.map(write).collect()
            }
            Self::SetLen(len) => vec![Self::SetLen(*len)],
        }
    }

    fn apply(&self, image: &mut Vec<u8>) {
        match self {
            Self::Write(offset, data) => {
                let end = offset + data.len();
                if image.len() < end {
                    image.resize(end, 0);
                }
                image[*offset..end].copy_from_slice(data);
            }
            Self::SetLen(len) => image.resize(*len, 0),
        }
    }
}

impl Disk {
    /// A disk that holds this image.
    pub(crate) fn holding(image: Vec<u8>) -> Self {
        let state = State {
            live: image.clone(),
            durable: image,
            ..State::default()
        };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Ends all failures, as when a full disk has room again.
    pub(crate) fn heal(&self) {
        let mut state = self.state();
        (state.fails_in, state.stays_dead) = (None, false);
    }

    /// Makes the `n`th change from now fail, counted from 1.
    pub(crate) fn fail_at(&self, n: u64, stays_dead: bool) {
        let mut state = self.state();
        (state.fails_in, state.stays_dead) = (Some(n), stays_dead);
    }

    /// Makes the next read fail, and only that.
    pub(crate) fn fail_next_read(&self) {
        self.state().is_read_failing = true;
    }

    /// Whether the read that is to fail has not come yet.
    pub(crate) fn is_read_failing(&self) -> bool {
        self.state().is_read_failing
    }

    /// Writes, syncs and changes of length so far.
    pub(crate) fn changes(&self) -> u64 {
        self.state().changes
    }

    /// Syncs so far.
    pub(crate) fn syncs(&self) -> u64 {
        self.state().syncs
    }

    /// What reads see now.
    pub(crate) fn live(&self) -> Vec<u8> {
        self.state().live.clone()
    }

    /// What is found after losing power now: a random part of what was not synced is there.
    pub(crate) fn after_power_loss(&self, seed: u64) -> Vec<u8> {
        let state = self.state();
        let mut image = state.durable.clone();
        for part in some(&state.pending, seed) {
            part.apply(&mut image);
        }
        image
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn change(&self, change: Pending) -> io::Result<()> {
        let mut state = self.state();
        let outcome = state.count();
        let parts = match (&outcome, change) {
            (Ok(()), change) => vec![change],
            // A write that fails may have been made in part.
            (Err(_), Pending::SetLen(_)) => Vec::new(),
            (Err(_), change @ Pending::Write(..)) => some(&[change], state.changes),
        };
        for part in parts {
            part.apply(&mut state.live);
            state.pending.push(part);
        }
        outcome
    }
}

/// A random part of what was not synced.
fn some(pending: &[Pending], seed: u64) -> Vec<Pending> {
    let mut draw = Draw(seed);
    let parts = pending.iter().flat_map(Pending::torn);
    parts.filter(|_| draw.below(2) == 0).collect()
}

impl State {
    fn count(&mut self) -> io::Result<()> {
        self.changes += 1;
        match self.fails_in {
            Some(0 | 1) => {
                self.fails_in = self.stays_dead.then_some(0);
                Err(io::Error::other("the disk fails"))
            }
            Some(n) => {
                self.fails_in = Some(n - 1);
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().live.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut state = self.state();
        if std::mem::take(&mut state.is_read_failing) {
            return Err(io::Error::other("the disk fails"));
        }
        let offset = usize::try_from(offset).unwrap();
        let found = state.live.get(offset..offset + out.len());
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.change(Pending::SetLen(usize::try_from(len).unwrap()))
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state();
        let state = &mut *state;
        state.syncs += 1;
        let outcome = state.count();
        let pending = std::mem::take(&mut state.pending);
        let reached = if outcome.is_ok() {
            pending
        } else {
            // File systems keep the length, in their journal; the content is forgotten.
            let (lengths, writes) = pending
                .into_iter()
                .partition::<Vec<_>, _>(|it| matches!(it, Pending::SetLen(_)));
            let writes = some(&writes, state.changes);
            lengths.into_iter().chain(writes).collect()
        };
        for part in &reached {
            part.apply(&mut state.durable);
        }
        outcome
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.change(Pending::Write(
            usize::try_from(offset).unwrap(),
            data.to_vec(),
        ))
    }
}
