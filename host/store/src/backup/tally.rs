//! Counts and digests of rows, to tell whether two copies are equal.
//!
//! Knows nothing of files. Invariant: two tallies are equal exactly if each table has the same
//! rows in the same order (but for a collision of SHA-256).

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::Space;
use crate::redb_store::{Row, RowKey, TableId};

/// The rows of each table that were seen so far.
#[derive(Default)]
pub(super) struct Tally {
    tables: BTreeMap<TableId, (u64, Sha256)>,
    encoded: Vec<u8>,
}

/// How many rows each table has, and their digest. A table without rows is left out.
pub(super) type Totals = BTreeMap<TableId, (u64, [u8; 32])>;

impl Tally {
    /// Adds a row.
    pub(super) fn add(&mut self, table: TableId, row: &Row<'_>) {
        self.encoded.clear();
        row.append_to(&mut self.encoded);
        let (rows, digest) = self.tables.entry(table).or_default();
        *rows += 1;
        digest.update((self.encoded.len() as u64).to_be_bytes());
        digest.update(&self.encoded);
    }

    /// What was seen.
    pub(super) fn totals(self) -> Totals {
        let total = |(table, (rows, digest)): (TableId, (u64, Sha256))| {
            (table, (rows, digest.finalize().into()))
        };
        self.tables.into_iter().map(total).collect()
    }
}

/// The first table in which two copies differ.
pub(super) fn difference(one: &Totals, other: &Totals) -> Option<TableId> {
    TableId::ALL
        .into_iter()
        .find(|table| one.get(table) != other.get(table))
}

/// Whether a row says which store it is in; a store that is made of a backup has others.
pub(super) fn is_of_identity(table: TableId, row: &Row<'_>) -> bool {
    let era = RowKey::Document(Space::Setting.number(), crate::era::KEY);
    table == TableId::Meta || (table == TableId::Documents && row.key == era)
}
