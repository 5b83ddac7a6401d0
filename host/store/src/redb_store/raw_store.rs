//! A database that is made from rows, before it is a store.
//!
//! Knows nothing of where the rows come from. Invariant: its rows are there all or none, and are
//! durable when [`RawStore::fill`] returns.

use std::fs::File;

use redb::backends::FileBackend;
use redb::{Database, ReadableDatabase, StorageBackend};

use super::fault::backend;
use super::rows::{Row, RowWriter, TableId, each_row};
use super::schema;
use super::{RedbOptions, RedbStore};
use crate::StoreError;
use crate::record::Identity;

/// A database of our tables that nobody uses yet.
pub(crate) struct RawStore(Database);

impl RawStore {
    /// The database in a file, a new one if it is empty.
    pub(crate) fn in_file(file: File) -> Result<Self, StoreError> {
        let opened = FileBackend::new(file).map_err(backend(OPENING))?;
        Self::in_backend(opened)
    }

    /// The same in any backend.
    pub(crate) fn in_backend(opened: impl StorageBackend) -> Result<Self, StoreError> {
        let database = Database::builder()
            .set_cache_size(RedbOptions::default().cache_bytes)
            .create_with_backend(opened);
        database.map(Self).map_err(backend(OPENING))
    }

    /// Writes rows, in one transaction.
    pub(crate) fn fill<E: From<StoreError>>(
        &self,
        fill: impl FnOnce(&mut RowWriter<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let transaction = schema::begin_write(&self.0)?;
        fill(&mut RowWriter::open(&transaction)?)?;
        let committed = transaction.commit();
        Ok(committed.map_err(backend("making all rows durable"))?)
    }

    /// Shows every row, table by table.
    pub(crate) fn each_row<E: From<StoreError>>(
        &self,
        see: &mut dyn FnMut(TableId, &Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let snapshot = self.0.begin_read().map_err(backend(OPENING))?;
        for table in TableId::ALL {
            each_row(&snapshot, table, &mut |row| see(table, row))?;
        }
        Ok(())
    }

    /// Makes a store of it, in this release's schema.
    pub(crate) fn prepare(&self) -> Result<Identity, StoreError> {
        schema::prepare(&self.0)
    }
}

const OPENING: &str = "opening a copy of the store";

impl RedbStore {
    /// Shows every row as it was at one moment, table by table; others go on meanwhile, once all
    /// that is pending is in its table.
    ///
    /// Should the disk fail, the database is not opened anew before this has ended; it ends at its
    /// next read then.
    pub(crate) fn each_row<E: From<StoreError>>(
        &self,
        see: &mut dyn FnMut(TableId, &Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        // A database that is down is opened again first.
        self.writer.probe()?;
        let paused = self.writer.pause()?;
        self.mount.with(|mounted| {
            let snapshot = mounted.database.begin_read();
            let snapshot = snapshot.map_err(backend("reading all rows"))?;
            drop(paused);
            for table in TableId::ALL {
                each_row(&snapshot, table, &mut |row| see(table, row))?;
            }
            Ok(())
        })
    }
}
