//! The journal: what each transaction wrote of hosts, one entry behind the other.
//!
//! Rows of hosts lie in no order, and a transaction that wrote 256 of them into their tables would
//! write a page for each. So a transaction appends them to one place, and [`super::fold`] brings
//! many of them into the tables at once, in order of key.
//!
//! Knows nothing of what rows mean. Invariants: tables that the journal writes are written through
//! it alone; an entry is dropped only in a transaction after which the tables hold its rows.

use redb::{Database, ReadableDatabase, ReadableTable, WriteTransaction};

use super::codec::{decode, encode};
use super::fault::{backend, corrupt};
use super::pending::{Delta, Pending};
use super::schema::JOURNAL;
use super::size;
use crate::StoreError;

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
    let bytes = encode(delta);
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
