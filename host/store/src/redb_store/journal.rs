//! The journal: what each transaction wrote of hosts, one entry behind the other.
//!
//! Rows of hosts lie in no order, and a transaction that wrote 256 of them into their tables would
//! write a page for each. So a transaction appends them to one place, and [`super::fold`] brings
//! many of them into the tables at once, in order of key.
//!
//! Knows nothing of what rows mean. Invariants: tables that the journal writes are written through
//! it alone; an entry is dropped only in a transaction after which the tables hold its rows.

use std::sync::{Arc, OnceLock};

use redb::{Database, ReadableDatabase, ReadableTable, WriteTransaction};

use super::codec::{decode, encode_sized};
use super::fault::{backend, corrupt};
use super::hosts::StoredHosts;
use super::pending::{Delta, HostRows, Pending};
use super::schema::JOURNAL;
use super::size;
use crate::StoreError;

/// Transactions after which the tables of hosts are opened anew: until then no page is free again that
/// one of them replaced, a few dozen kilobytes each.
const AGE_MAX: u32 = 64;

/// Where the journal is, and what is pending because of it.
#[derive(Debug, Default)]
pub(super) struct Journal {
    /// The rows of its entries.
    pub(super) pending: Pending,
    /// The number of the next entry.
    pub(super) next: u64,
    /// The bytes of its entries.
    pub(super) bytes: usize,
    /// The hosts in their table when the last round ended.
    pub(super) hosts: u64,
    /// Their tables, opened by whoever reads first. Only a fold writes them, so many readers see the
    /// same; what came since is pending.
    stored: OnceLock<Arc<StoredHosts>>,
    /// Transactions since.
    age: u32,
}

impl Journal {
    /// Reads the journal of a database that was just opened.
    pub(super) fn replay(database: &Database) -> Result<Self, StoreError> {
        let doing = "reading the journal";
        let snapshot = database.begin_read().map_err(backend(doing))?;
        let table = snapshot.open_table(JOURNAL).map_err(backend(doing))?;
        let mut journal = Self {
            hosts: size::host_count(&snapshot)?,
            ..Self::default()
        };
        for entry in table.iter().map_err(backend(doing))? {
            let (number, bytes) = entry.map_err(backend(doing))?;
            let (number, bytes) = (number.value(), bytes.value());
            let delta = decode::<Delta>(bytes);
            let delta = delta.map_err(|error| corrupt("journal", number, error))?;
            journal.add(number, bytes.len(), delta);
        }
        Ok(journal)
    }

    /// The tables of hosts, which belong together with what is pending.
    pub(super) fn stored(&self, database: &Database) -> Result<Arc<StoredHosts>, StoreError> {
        if let Some(stored) = self.stored.get() {
            return Ok(Arc::clone(stored));
        }
        let snapshot = database.begin_read().map_err(backend("reading hosts"))?;
        let opened = Arc::new(StoredHosts::open(&snapshot)?);
        Ok(Arc::clone(self.stored.get_or_init(|| opened)))
    }

    /// Takes note of a transaction that wrote no host into its tables, and maybe sets.
    pub(super) fn grow_older(&mut self, has_new_sets: bool) {
        self.age += 1;
        if has_new_sets || self.age >= AGE_MAX {
            self.forget_stored();
        }
    }

    /// Has the tables of hosts opened anew: they were written, or nobody may be in the database.
    pub(super) fn forget_stored(&mut self) {
        self.stored = OnceLock::new();
        self.age = 0;
    }

    /// Takes note of an entry that is durable.
    pub(super) fn add(&mut self, number: u64, bytes: usize, delta: Delta) {
        self.pending.merge(delta);
        self.next = number + 1;
        self.bytes += bytes;
    }
}

/// Appends an entry; returns its size in bytes.
pub(super) fn append(
    transaction: &WriteTransaction,
    number: u64,
    delta: &Delta,
) -> Result<usize, StoreError> {
    let doing = "appending to the journal";
    let size = delta.values().map(HostRows::weight).sum();
    let bytes = encode_sized(delta, size);
    let mut table = transaction.open_table(JOURNAL).map_err(backend(doing))?;
    table
        .insert(number, bytes.as_slice())
        .map_err(backend(doing))?;
    Ok(bytes.len())
}

/// Drops the entries before `end`.
pub(super) fn trim(transaction: &WriteTransaction, end: u64) -> Result<(), StoreError> {
    let doing = "trimming the journal";
    let mut table = transaction.open_table(JOURNAL).map_err(backend(doing))?;
    table.retain_in(..end, |_, _| false).map_err(backend(doing))
}
