//! Making a store of a backup.
//!
//! Knows nothing of servers. Invariants: nothing is written before the whole backup was checked;
//! the store gets its name last, after its rows were read back and found equal; it is another
//! store, of another incarnation and another era, with the same rows and the same command key.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::format::{FrameReader, Part};
use super::place::{Unfinished, check_absent};
use super::tally::{Tally, difference, is_of_identity};
use super::{BackupError, RestoreRequest, RestoreSummary, read};
use crate::redb_store::{KEY_INCARNATION, RawStore, Row, RowKey, RowWriter, TableId};
use crate::{Space, StoreError, era};

/// Makes a store, and the files beside it, of a backup.
///
/// # Errors
/// [`BackupError`]; then there is no store. If it was the last step that failed, files may be
/// there beside it; they are those of the backup, and another attempt takes them as they are.
pub fn restore(file: &Path, request: &RestoreRequest<'_>) -> Result<RestoreSummary, BackupError> {
    check_absent(request.store_file)?;
    let mut checked = read::check(file)?;
    let mut missing = Vec::new();
    for (name, bytes) in &checked.files {
        if !request.files.contains(&name.as_str()) {
            let name = name.clone();
            return Err(BackupError::UnknownFile { name });
        }
        let path = request.store_file.with_file_name(name);
        if !is_there(&path, bytes)? {
            missing.push((path, bytes));
        }
    }
    let (unfinished, new_file) = Unfinished::beside(request.store_file)?;
    let store = RawStore::in_file(new_file)?;
    let identity = make(&mut checked.reader, &store)?;
    store.prepare()?;
    drop(store);
    for (path, bytes) in missing {
        write_file(&path, bytes)?;
    }
    unfinished.finish(false)?;
    Ok(RestoreSummary {
        backup: checked.summary,
        incarnation: identity.incarnation,
        era: identity.era,
    })
}

/// Whether the file is there, with this content.
fn is_there(path: &PathBuf, bytes: &[u8]) -> Result<bool, BackupError> {
    match fs::read(path) {
        Ok(found) if found == bytes => Ok(true),
        Ok(_) => Err(BackupError::Differs { path: path.clone() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(BackupError::file(path, "read")(error)),
    }
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), BackupError> {
    let (unfinished, mut file) = Unfinished::beside(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.map_err(BackupError::file(path, "written"))?;
    unfinished.finish(false)
}

/// For tests that need a disk that fails: makes the rows of a store in any backend.
#[cfg(test)]
pub(crate) fn make_for_tests(
    file: &Path,
    backend: impl redb::StorageBackend,
) -> Result<(), BackupError> {
    let mut checked = read::check(file)?;
    let store = RawStore::in_backend(backend)?;
    make(&mut checked.reader, &store)?;
    store.prepare()?;
    Ok(())
}

/// What a new store does not have from its backup.
#[derive(Clone, Copy)]
pub(super) struct NewIdentity {
    incarnation: [u8; 16],
    era: u32,
}

/// Fills a database with the rows of a backup, under a new identity, and reads it again.
pub(super) fn make(reader: &mut FrameReader, store: &RawStore) -> Result<NewIdentity, BackupError> {
    let mut identity = NewIdentity {
        incarnation: [0; 16],
        era: era::next(None)?,
    };
    getrandom::fill(&mut identity.incarnation).map_err(StoreError::Random)?;
    let mut wanted = Tally::default();
    store.fill(|writer| {
        reader.each_part(&mut |part| match part {
            Part::Row(table, row) if is_of_identity(table, &row) => {
                identity.write(table, &row, writer)
            }
            Part::Row(table, row) => {
                wanted.add(table, &row);
                Ok(writer.write(table, &row)?)
            }
            Part::Header(_) | Part::File(_) => Ok(()),
        })?;
        identity.write_era(writer)
    })?;
    let mut found = Tally::default();
    store.each_row::<StoreError>(&mut |table, row| {
        if !is_of_identity(table, row) {
            found.add(table, row);
        }
        Ok(())
    })?;
    match difference(&wanted.totals(), &found.totals()) {
        Some(table) => Err(BackupError::NotTheSame {
            table: table.name(),
        }),
        None => Ok(identity),
    }
}

impl NewIdentity {
    /// Writes what becomes of a row that says which store it is in.
    fn write(
        &mut self,
        table: TableId,
        row: &Row<'_>,
        writer: &mut RowWriter<'_>,
    ) -> Result<(), BackupError> {
        match row.key {
            RowKey::Document(_, _) => {
                self.era = era::next(Some(row.value))?;
                return Ok(());
            }
            RowKey::Text(KEY_INCARNATION) => {
                let value = &self.incarnation;
                writer.write(table, &Row { value, ..*row })?;
            }
            RowKey::Text(_)
            | RowKey::Version(_, _)
            | RowKey::Channel(_, _)
            | RowKey::Command(_, _, _)
            | RowKey::Set(_) => writer.write(table, row)?,
        }
        Ok(())
    }

    fn write_era(&self, writer: &mut RowWriter<'_>) -> Result<(), BackupError> {
        let row = Row {
            key: RowKey::Document(Space::Setting.number(), era::KEY),
            revision: None,
            value: &era::encode(self.era),
        };
        Ok(writer.write(TableId::Documents, &row)?)
    }
}
