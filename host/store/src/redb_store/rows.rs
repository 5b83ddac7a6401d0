//! All tables row by row, as they are: for copies of a whole store.
//!
//! Knows nothing of what a row means, nor of files. Invariants: every table is here, so a copy
//! holds everything; a row goes only into a table whose kind of key it has.

use minicbor::{Decode, Encode};
use redb::{Key, ReadTransaction, ReadableTable, Table, TableDefinition, Value, WriteTransaction};

use super::fault::{backend, corrupt};
use super::schema::{
    COMMANDS, DOCUMENTS, ENROLLMENTS, FACTS, HOSTS, JOURNAL, META, PROFILES, RAW, SETS, SYNC,
    VERSIONS,
};
use crate::document::shown;
use crate::{RowError, StoreError};

/// A table. Its number is part of the format of backups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TableId {
    Meta,
    Profiles,
    Versions,
    Raw,
    Sets,
    Hosts,
    Facts,
    Enrollments,
    Sync,
    Commands,
    Documents,
}

impl TableId {
    /// Every table; one that others refer to comes before them.
    pub(crate) const ALL: [Self; 11] = [
        Self::Meta,
        Self::Profiles,
        Self::Versions,
        Self::Raw,
        Self::Sets,
        Self::Hosts,
        Self::Facts,
        Self::Enrollments,
        Self::Sync,
        Self::Commands,
        Self::Documents,
    ];

    /// Its number; never used again for another table.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Meta => 1,
            Self::Profiles => 2,
            Self::Versions => 3,
            Self::Raw => 4,
            Self::Sets => 5,
            Self::Hosts => 6,
            Self::Facts => 7,
            Self::Enrollments => 8,
            Self::Commands => 9,
            Self::Documents => 10,
            Self::Sync => 11,
        }
    }

    /// The table that has this number.
    pub(crate) fn of_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.number() == number)
    }

    /// Its name in the file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Profiles => "profiles",
            Self::Versions => "mdm_apple_configuration_profiles",
            Self::Raw => "mdm_apple_configuration_profiles_raw",
            Self::Sets => "profile_sets",
            Self::Hosts => "hosts",
            Self::Facts => "host_facts",
            Self::Enrollments => "enrollments",
            Self::Sync => "enrollment_sync",
            Self::Commands => "commands",
            Self::Documents => "documents",
        }
    }
}

/// A row of any table.
#[derive(Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Row<'a> {
    /// Its key.
    #[b(0)]
    pub(crate) key: RowKey<'a>,
    /// Its revision, in tables that count the writes of a row.
    #[n(1)]
    pub(crate) revision: Option<u64>,
    /// Its value.
    #[cbor(b(2), with = "minicbor::bytes")]
    pub(crate) value: &'a [u8],
}

impl Row<'_> {
    /// Adds the row to `bytes`; equal rows have equal bytes.
    pub(crate) fn append_to(&self, bytes: &mut Vec<u8>) {
        #[expect(
            clippy::expect_used,
            reason = "a vector takes any bytes and no row can refuse"
        )]
        minicbor::encode(self, bytes).expect("writing to a vector cannot fail");
    }
}

/// The key of a row.
#[derive(Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(crate) enum RowKey<'a> {
    #[n(0)]
    Text(#[b(0)] &'a str),
    #[n(1)]
    Version(#[b(0)] &'a str, #[n(1)] u32),
    #[n(2)]
    Channel(#[b(0)] &'a str, #[b(1)] &'a str),
    #[n(3)]
    Command(#[b(0)] &'a str, #[b(1)] &'a str, #[n(2)] u32),
    #[n(4)]
    Set(#[cbor(n(0), with = "minicbor::bytes")] [u8; 16]),
    #[n(5)]
    Document(#[n(0)] u8, #[cbor(b(1), with = "minicbor::bytes")] &'a [u8]),
}

impl RowKey<'_> {
    /// The key for a person.
    pub(crate) fn shown(self) -> String {
        match self {
            Self::Text(text) => format!("{text:?}"),
            Self::Version(text, number) => format!("{text:?} {number}"),
            Self::Channel(host, user) => format!("{host:?} {user}"),
            Self::Command(host, user, number) => format!("{host:?} {user} {number}"),
            Self::Set(id) => format!("{:032x}", u128::from_be_bytes(id)),
            Self::Document(space, key) => format!("{space} {}", shown(key)),
        }
    }
}

/// A type that is a key of our tables.
trait TableKey: Key + 'static {
    fn row_key(key: Self::SelfType<'_>) -> RowKey<'_>;
}

impl TableKey for &'static str {
    fn row_key(key: <Self as Value>::SelfType<'_>) -> RowKey<'_> {
        RowKey::Text(key)
    }
}

impl TableKey for (&'static str, u32) {
    fn row_key((identifier, number): <Self as Value>::SelfType<'_>) -> RowKey<'_> {
        RowKey::Version(identifier, number)
    }
}

impl TableKey for (&'static str, &'static str) {
    fn row_key((host, user): <Self as Value>::SelfType<'_>) -> RowKey<'_> {
        RowKey::Channel(host, user)
    }
}

impl TableKey for (&'static str, &'static str, u32) {
    fn row_key((host, user, number): <Self as Value>::SelfType<'_>) -> RowKey<'_> {
        RowKey::Command(host, user, number)
    }
}

impl TableKey for &'static [u8; 16] {
    fn row_key(id: <Self as Value>::SelfType<'_>) -> RowKey<'_> {
        RowKey::Set(*id)
    }
}

impl TableKey for (u8, &'static [u8]) {
    fn row_key((space, key): <Self as Value>::SelfType<'_>) -> RowKey<'_> {
        RowKey::Document(space, key)
    }
}

/// A type that is a value of our tables: a revision, if the table has them, and the bytes.
trait TableValue: Value + 'static {
    fn parts(value: Self::SelfType<'_>) -> (Option<u64>, &[u8]);
}

impl TableValue for &'static [u8] {
    fn parts(value: <Self as Value>::SelfType<'_>) -> (Option<u64>, &[u8]) {
        (None, value)
    }
}

impl TableValue for (u64, &'static [u8]) {
    fn parts((revision, value): <Self as Value>::SelfType<'_>) -> (Option<u64>, &[u8]) {
        (Some(revision), value)
    }
}

/// Shows every row of a table in the order of its keys, one at a time.
pub(crate) fn each_row<E: From<StoreError>>(
    snapshot: &ReadTransaction,
    table: TableId,
    see: &mut dyn FnMut(&Row<'_>) -> Result<(), E>,
) -> Result<(), E> {
    match table {
        TableId::Meta => walk(snapshot, META, see),
        TableId::Profiles => walk(snapshot, PROFILES, see),
        TableId::Versions => walk(snapshot, VERSIONS, see),
        TableId::Raw => walk(snapshot, RAW, see),
        TableId::Sets => walk(snapshot, SETS, see),
        TableId::Hosts => walk(snapshot, HOSTS, see),
        TableId::Facts => walk(snapshot, FACTS, see),
        TableId::Enrollments => walk(snapshot, ENROLLMENTS, see),
        TableId::Sync => walk(snapshot, SYNC, see),
        TableId::Commands => walk(snapshot, COMMANDS, see),
        TableId::Documents => walk(snapshot, DOCUMENTS, see),
    }
}

fn walk<K: TableKey, V: TableValue, E: From<StoreError>>(
    snapshot: &ReadTransaction,
    definition: TableDefinition<'_, K, V>,
    see: &mut dyn FnMut(&Row<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let doing = "reading all rows";
    let table = snapshot.open_table(definition).map_err(backend(doing))?;
    for entry in table.iter().map_err(backend(doing))? {
        let (key, value) = entry.map_err(backend(doing))?;
        let (revision, bytes) = V::parts(value.value());
        let row = Row {
            key: K::row_key(key.value()),
            revision,
            value: bytes,
        };
        see(&row)?;
    }
    Ok(())
}

/// Writes rows into the tables of one transaction.
pub(crate) struct RowWriter<'txn> {
    meta: Table<'txn, &'static str, &'static [u8]>,
    profiles: Table<'txn, &'static str, (u64, &'static [u8])>,
    versions: Table<'txn, (&'static str, u32), &'static [u8]>,
    raw: Table<'txn, (&'static str, u32), &'static [u8]>,
    sets: Table<'txn, &'static [u8; 16], &'static [u8]>,
    hosts: Table<'txn, &'static str, &'static [u8]>,
    facts: Table<'txn, &'static str, (u64, &'static [u8])>,
    enrollments: Table<'txn, (&'static str, &'static str), (u64, &'static [u8])>,
    sync: Table<'txn, (&'static str, &'static str), &'static [u8]>,
    commands: Table<'txn, (&'static str, &'static str, u32), &'static [u8]>,
    documents: Table<'txn, (u8, &'static [u8]), &'static [u8]>,
}

const WRITING: &str = "writing rows as they are";

impl<'txn> RowWriter<'txn> {
    /// Opens all tables, and so makes those that are not there.
    pub(crate) fn open(transaction: &'txn WriteTransaction) -> Result<Self, StoreError> {
        let tables = || -> Result<Self, redb::TableError> {
            // Nothing is written to it: rows that are copied are in their tables.
            drop(transaction.open_table(JOURNAL)?);
            Ok(Self {
                meta: transaction.open_table(META)?,
                profiles: transaction.open_table(PROFILES)?,
                versions: transaction.open_table(VERSIONS)?,
                raw: transaction.open_table(RAW)?,
                sets: transaction.open_table(SETS)?,
                hosts: transaction.open_table(HOSTS)?,
                facts: transaction.open_table(FACTS)?,
                enrollments: transaction.open_table(ENROLLMENTS)?,
                sync: transaction.open_table(SYNC)?,
                commands: transaction.open_table(COMMANDS)?,
                documents: transaction.open_table(DOCUMENTS)?,
            })
        };
        tables().map_err(backend(WRITING))
    }

    /// Writes a row; one under the same key is replaced.
    pub(crate) fn write(&mut self, table: TableId, row: &Row<'_>) -> Result<(), StoreError> {
        let is_written = self.put(table, row).map_err(backend(WRITING))?;
        if is_written {
            return Ok(());
        }
        let wrong = RowError::content("its key is not one of this table");
        Err(corrupt(table.name(), row.key.shown(), wrong))
    }

    /// Whether the row has the kind of key, and a revision, as the table wants it.
    fn put(&mut self, table: TableId, row: &Row<'_>) -> Result<bool, redb::StorageError> {
        let value = row.value;
        match (table, row.key, row.revision) {
            (TableId::Meta, RowKey::Text(key), None) => {
                self.meta.insert(key, value)?;
            }
            (TableId::Profiles, RowKey::Text(key), Some(revision)) => {
                self.profiles.insert(key, (revision, value))?;
            }
            (TableId::Versions, RowKey::Version(key, number), None) => {
                self.versions.insert((key, number), value)?;
            }
            (TableId::Raw, RowKey::Version(key, number), None) => {
                self.raw.insert((key, number), value)?;
            }
            (TableId::Sets, RowKey::Set(id), None) => {
                self.sets.insert(&id, value)?;
            }
            (TableId::Hosts, RowKey::Text(key), None) => {
                self.hosts.insert(key, value)?;
            }
            (TableId::Facts, RowKey::Text(key), Some(revision)) => {
                self.facts.insert(key, (revision, value))?;
            }
            (TableId::Enrollments, RowKey::Channel(host, user), Some(revision)) => {
                self.enrollments.insert((host, user), (revision, value))?;
            }
            (TableId::Sync, RowKey::Channel(host, user), None) => {
                self.sync.insert((host, user), value)?;
            }
            (TableId::Commands, RowKey::Command(host, user, number), None) => {
                self.commands.insert((host, user, number), value)?;
            }
            (TableId::Documents, RowKey::Document(space, key), None) => {
                self.documents.insert((space, key), value)?;
            }
            (_, _, _) => return Ok(false),
        }
        Ok(true)
    }
}
