//! Making a backup while the store is in use.
//!
//! Knows nothing of who asked for it. Invariants: all rows are of one moment; memory is bounded by a
//! row and a few bytes an enrollment; the file gets its name after it was read back and every table
//! had the rows that were read from the store.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::format::{FrameReader, FrameWriter, Header};
use super::place::{Unfinished, check_absent};
use super::tally::difference;
use super::{
    BACKUP_FILE_BYTES_MAX, BACKUP_FILES_MAX, BackupError, BackupRequest, BackupSummary, read,
};
use crate::{RedbStore, Store};

impl RedbStore {
    /// Makes a backup of the store as it is at this moment. Others go on meanwhile; until it ends
    /// the file of the store grows with what they write. Blocks for some seconds per gigabyte.
    ///
    /// # Errors
    /// [`BackupError`]; then there is no new file, and one that was to be replaced is left. A row
    /// that cannot be read fails it ([`StoreError::Corrupt`](crate::StoreError::Corrupt)), since
    /// what cannot be read back is no backup: mend the row first.
    pub fn write_backup(&self, request: &BackupRequest<'_>) -> Result<BackupSummary, BackupError> {
        check_target(request)?;
        let files = read_files(request)?;
        let (unfinished, file) = Unfinished::beside(request.to)?;
        let header = Header {
            made_at: request.made_at.0,
            schema: self.identity().schema,
            incarnation: self.identity().incarnation,
        };
        let mut writer = FrameWriter::begin(request.to, file, &header)?;
        self.each_row(&mut |table, row| writer.row(table, row))?;
        for (name, bytes) in &files {
            writer.file(name, bytes)?;
        }
        let written = writer.finish()?;
        let found = read::check(unfinished.path())?;
        if let Some(table) = difference(&written, &found.totals) {
            let table = table.name();
            return Err(BackupError::NotTheSame { table });
        }
        unfinished.finish(request.may_replace)?;
        Ok(found.summary)
    }
}

/// Only a backup is ever replaced: a slip must not cost somebody a store.
fn check_target(request: &BackupRequest<'_>) -> Result<(), BackupError> {
    match check_absent(request.to) {
        Err(BackupError::Exists { .. })
            if request.may_replace && FrameReader::is_backup(request.to)? =>
        {
            Ok(())
        }
        outcome => outcome,
    }
}

/// The files that are there.
fn read_files<'a>(request: &BackupRequest<'a>) -> Result<Vec<(&'a str, Vec<u8>)>, BackupError> {
    let mut files = Vec::new();
    for name in request.files {
        let path = request.folder.join(name);
        let read = read_bounded(&path);
        match read {
            Ok(bytes) if bytes.len() > BACKUP_FILE_BYTES_MAX => {
                return Err(BackupError::FileTooLarge { path });
            }
            Ok(bytes) => files.push((*name, bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(BackupError::file(&path, "read")(error)),
        }
        if files.len() > BACKUP_FILES_MAX {
            return Err(BackupError::FileTooLarge { path });
        }
    }
    Ok(files)
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(BACKUP_FILE_BYTES_MAX as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// For tests that need a backup of an earlier release: writes what `translate` makes of each row.
#[cfg(test)]
pub(crate) fn write_for_tests(
    store: &RedbStore,
    to: &Path,
    schema: u32,
    translate: &mut Translate<'_>,
) {
    let header = Header {
        made_at: 1,
        schema,
        incarnation: store.identity().incarnation,
    };
    let file = File::create(to).unwrap();
    let mut writer = FrameWriter::begin(to, file, &header).unwrap();
    let written =
        store.each_row(&mut |table, row| translate(table, row, &mut |row| writer.row(table, row)));
    written.unwrap();
    writer.finish().unwrap();
}

/// Hands on a row, another one, or none.
#[cfg(test)]
pub(crate) type Translate<'a> = dyn FnMut(
        crate::redb_store::TableId,
        &crate::redb_store::Row<'_>,
        &mut dyn FnMut(&crate::redb_store::Row<'_>) -> Result<(), BackupError>,
    ) -> Result<(), BackupError>
    + 'a;
