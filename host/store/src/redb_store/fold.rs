//! The fold: brings pending rows into their tables, a slice of hosts at a time.
//!
//! Knows nothing of what rows mean. Invariants: a slice is one transaction, so between two of them
//! the journal laid over the tables still is what was committed; rows are written in order of key,
//! so rows that lie together share the pages that are written; the journal is trimmed with the last
//! slice, to where it ended when the first began.

use redb::{
    Database, ReadableTable, ReadableTableMetadata, StorageError, Table, TableError,
    WriteTransaction,
};

use super::fault::backend;
use super::journal::{self, Journal};
use super::mount::{Mount, Mounted};
use super::pending::{ChannelRows, HostRows, SequencedRow, Slice};
use super::read::behind;
use super::schema::{COMMANDS, ENROLLMENTS, FACTS, HOSTS, SYNC, begin_write};
use crate::StoreError;
use crate::check::first_kept;

const DOING: &str = "folding the journal into its tables";
/// Bytes of the journal for each host, and for a fleet of any size.
const HOST_BYTES: u64 = 200;
const JOURNAL_BYTES_MIN: usize = 1024 * 1024;
/// How many times what is folded may be pending while it cannot be folded: then the memory matters
/// more than another result.
const OVERDUE: usize = 4;
/// Groups that are written after a slice failed before another is tried.
const GROUPS_AFTER_FAILURE: u32 = 256;

/// When to fold, and how much at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Pending rows, in bytes of memory, from which on they are folded. The more there are, the
    /// more of them share a page of their table.
    pub(super) pending_bytes: usize,
    /// The same for the entries of the journal, in bytes of the file, in a fleet of any size; an
    /// opening reads them all.
    pub(super) journal_bytes: usize,
    /// Hosts of a slice: some milliseconds, for which the next group waits.
    pub(super) slice_hosts: usize,
}

impl Limits {
    /// The bytes of the journal beside this many hosts: what it takes of the file stays in
    /// proportion to them.
    fn journal_bytes_of(&self, hosts: u64) -> usize {
        let share = usize::try_from(hosts.saturating_mul(HOST_BYTES)).unwrap_or(usize::MAX);
        share.max(JOURNAL_BYTES_MIN).min(self.journal_bytes)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // Of some 50,000 hosts.
            pending_bytes: 32 * 1024 * 1024,
            journal_bytes: 64 * 1024 * 1024,
            slice_hosts: 512,
        }
    }
}

/// Folds when it is due.
#[derive(Debug)]
pub(super) struct Folder<'a> {
    mount: &'a Mount,
    limits: Limits,
    /// The way through pending hosts that was begun.
    round: Option<Round>,
    /// Groups to be written before another slice is tried.
    groups_to_wait: u32,
    /// Whether the last slice could not be folded.
    has_failed: bool,
}

impl<'a> Folder<'a> {
    /// Nothing was begun yet.
    pub(super) fn new(mount: &'a Mount, limits: Limits) -> Self {
        Self {
            mount,
            limits,
            round: None,
            groups_to_wait: 0,
            has_failed: false,
        }
    }

    /// Whether there is anything to fold, or a journal to trim behind what was.
    pub(super) fn is_pending(&self) -> bool {
        self.round.is_some() || self.asks(|journal| !journal.pending.is_empty())
    }

    /// Whether what is pending is a matter of milliseconds.
    pub(super) fn is_nearly_done(&self) -> bool {
        let few = self.limits.slice_hosts;
        self.asks(|journal| journal.pending.len() <= few)
    }

    /// Why nothing may be written now: far too much is pending, and it cannot be folded.
    pub(super) fn refusal(&mut self) -> Option<StoreError> {
        let most = OVERDUE * self.limits.pending_bytes;
        let is_overdue = self.has_failed && self.asks(|journal| journal.pending.bytes() > most);
        if is_overdue {
            return self.fold_slice().err();
        }
        None
    }

    fn asks(&self, ask: impl Fn(&Journal) -> bool) -> bool {
        let answer =
            |mounted: &Mounted| -> Result<bool, StoreError> { Ok(ask(&mounted.journal())) };
        self.mount.with(answer).unwrap_or(false)
    }

    /// Folds a slice if much is pending, or a round has begun; several behind a large group, so that
    /// less becomes pending than is folded.
    pub(super) fn fold_if_due(&mut self, changes: usize) {
        if self.groups_to_wait > 0 {
            self.groups_to_wait -= 1;
            return;
        }
        let limits = self.limits;
        let is_much = |journal: &Journal| {
            let most = limits.journal_bytes_of(journal.hosts);
            journal.pending.bytes() > limits.pending_bytes || journal.bytes > most
        };
        for _ in 0..=changes / limits.slice_hosts {
            let is_due = self.round.is_some() || self.asks(is_much);
            // Nothing is lost when it fails: it is tried again.
            if !is_due || self.fold_slice().is_err() {
                return;
            }
        }
    }

    /// Folds all that is pending.
    pub(super) fn fold_all(&mut self) -> Result<(), StoreError> {
        while self.is_pending() {
            self.fold_slice()?;
        }
        Ok(())
    }

    /// What is pending was read anew, so a way through it begins anew.
    pub(super) fn begin_anew(&mut self) {
        self.round = None;
    }

    /// Folds a slice of hosts.
    pub(super) fn fold_slice(&mut self) -> Result<(), StoreError> {
        let (round, hosts_max) = (self.round.take(), self.limits.slice_hosts);
        match self
            .mount
            .with(|mounted| next_slice(mounted, round, hosts_max))
        {
            Ok(round) => {
                (self.round, self.has_failed) = (round, false);
                Ok(())
            }
            Err(error) => {
                self.groups_to_wait = GROUPS_AFTER_FAILURE;
                self.has_failed = true;
                // As after any transaction that failed; what comes of it the next job is told.
                let _ = self.mount.remount();
                Err(error)
            }
        }
    }
}

/// Folds the next slice of a round, or of a new one. There is no round behind its last slice.
fn next_slice(
    mounted: &Mounted,
    round: Option<Round>,
    hosts_max: usize,
) -> Result<Option<Round>, StoreError> {
    let mut round = round.unwrap_or_else(|| Round::begin(&mounted.journal()));
    let slice = round.slice(&mounted.journal(), hosts_max);
    let is_last = slice.len() < hosts_max;
    let hosts = round.write(&mounted.database, &slice, is_last)?;
    round.note(&mut mounted.journal_mut(), slice, is_last, hosts);
    Ok((!is_last).then_some(round))
}

/// One way through all pending hosts.
#[derive(Debug)]
struct Round {
    /// The last host that was folded.
    after: Option<String>,
    /// The first entry of the journal that came after the round began.
    end: u64,
    /// The bytes of the entries before.
    bytes: usize,
}

impl Round {
    /// Before the first host.
    fn begin(journal: &Journal) -> Self {
        Self {
            after: None,
            end: journal.next,
            bytes: journal.bytes,
        }
    }

    /// The next hosts.
    fn slice(&self, journal: &Journal, hosts_max: usize) -> Slice {
        journal.pending.slice(self.after.as_deref(), hosts_max)
    }

    /// Writes a slice, the last one if `is_last`, durably; says how many hosts there are then.
    fn write(&self, database: &Database, slice: &Slice, is_last: bool) -> Result<u64, StoreError> {
        let transaction = begin_write(database)?;
        let hosts = {
            let mut tables = HostTables::open(&transaction).map_err(backend(DOING))?;
            for (host, rows) in slice {
                tables.write(host, rows).map_err(backend(DOING))?;
            }
            tables.hosts.len().map_err(backend(DOING))?
        };
        if is_last {
            journal::trim(&transaction, self.end)?;
        }
        transaction.commit().map_err(backend(DOING))?;
        Ok(hosts)
    }

    /// Takes note that a slice is durable.
    fn note(&mut self, journal: &mut Journal, slice: Slice, is_last: bool, hosts: u64) {
        journal.pending.forget(&slice);
        journal.forget_stored();
        if is_last {
            journal.bytes -= self.bytes;
            journal.hosts = hosts;
        }
        self.after = slice.into_iter().next_back().map(|(host, _)| host);
    }
}

/// The tables that hold rows of hosts.
struct HostTables<'txn> {
    hosts: Table<'txn, &'static str, &'static [u8]>,
    facts: Table<'txn, &'static str, (u64, &'static [u8])>,
    sync: Table<'txn, (&'static str, &'static str), &'static [u8]>,
    enrollments: Table<'txn, (&'static str, &'static str), (u64, &'static [u8])>,
    commands: Table<'txn, (&'static str, &'static str, u32), &'static [u8]>,
}

impl<'txn> HostTables<'txn> {
    fn open(transaction: &'txn WriteTransaction) -> Result<Self, TableError> {
        Ok(Self {
            hosts: transaction.open_table(HOSTS)?,
            facts: transaction.open_table(FACTS)?,
            sync: transaction.open_table(SYNC)?,
            enrollments: transaction.open_table(ENROLLMENTS)?,
            commands: transaction.open_table(COMMANDS)?,
        })
    }

    fn write(&mut self, host: &str, rows: &HostRows) -> Result<(), StorageError> {
        if rows.is_cleared {
            self.clear(host)?;
        }
        if let Some(row) = &rows.host {
            self.hosts.insert(host, row.as_slice())?;
        }
        if let Some(facts) = &rows.facts {
            self.facts
                .insert(host, (facts.revision, facts.row.as_slice()))?;
        }
        for channel in &rows.channels {
            self.write_channel(host, channel)?;
        }
        Ok(())
    }

    fn write_channel(&mut self, host: &str, rows: &ChannelRows) -> Result<(), StorageError> {
        let key = (host, rows.user.as_str());
        if let Some(row) = &rows.sync {
            self.sync.insert(key, row.as_slice())?;
        }
        if let Some(it) = &rows.enrollment {
            self.enrollments
                .insert(key, (it.revision, it.row.as_slice()))?;
        }
        match rows.commands.last() {
            Some(newest) => self.write_commands(key, &rows.commands, newest.sequence),
            None => Ok(()),
        }
    }

    /// Writes commands into the history of a channel, which forgets those that are too old beside
    /// its newest.
    fn write_commands(
        &mut self,
        (host, user): (&str, &str),
        commands: &[SequencedRow],
        newest: u32,
    ) -> Result<(), StorageError> {
        let (oldest, stored) = {
            let mut stored = self
                .commands
                .range((host, user, 0)..=(host, user, u32::MAX))?;
            let oldest = stored.next().transpose()?.map(|(key, _)| key.value().2);
            let last = stored.next_back().transpose()?;
            (oldest, last.map(|(key, _)| key.value().2).or(oldest))
        };
        let first = first_kept(newest.max(stored.unwrap_or_default()));
        for command in commands.iter().filter(|it| it.sequence >= first) {
            let key = (host, user, command.sequence);
            self.commands.insert(key, command.row.as_slice())?;
        }
        if oldest.is_some_and(|oldest| oldest < first) {
            let forgotten = (host, user, 0)..(host, user, first);
            self.commands.retain_in(forgotten, |_, _| false)?;
        }
        Ok(())
    }

    fn clear(&mut self, host: &str) -> Result<(), StorageError> {
        let end = behind(host);
        self.hosts.remove(host)?;
        self.facts.remove(host)?;
        let channels = (host, "")..(end.as_str(), "");
        self.sync.retain_in(channels.clone(), |_, _| false)?;
        self.enrollments.retain_in(channels, |_, _| false)?;
        self.commands
            .retain_in((host, "", 0)..(end.as_str(), "", 0), |_, _| false)
    }
}
