//! Reading a backup, and everything that is asked of it before it is used.
//!
//! Knows nothing of where a store is made. Invariant: a backup that passes is one of which every
//! row and every file can be used by this release.

use std::path::Path;

use mooring_drift::policy::Timestamp;

use super::format::{FileRow, FrameReader, Header, Part};
use super::tally::Totals;
use super::{BACKUP_FILE_BYTES_MAX, BACKUP_FILES_MAX, BackupError, BackupSummary};
use crate::StoreError;
use crate::redb_store::{KEY_INCARNATION, KEY_SCHEMA, Row, RowCheck, RowKey, SCHEMA, TableId};

/// The first schema of which there are backups.
const OLDEST_SCHEMA: u32 = 3;
/// Rows about the store as a whole: schema, incarnation, key of the command uuids.
const META_ROWS: u64 = 3;

/// A backup that is in order.
pub(super) struct Checked {
    pub(super) reader: FrameReader,
    pub(super) summary: BackupSummary,
    pub(super) totals: Totals,
    /// Names and contents.
    pub(super) files: Vec<(String, Vec<u8>)>,
}

/// Checks a whole backup: its digest, its counts, and that every row can be read.
///
/// # Errors
/// [`BackupError`], saying what is wrong with it.
pub fn read_backup(file: &Path) -> Result<BackupSummary, BackupError> {
    Ok(check(file)?.summary)
}

/// Whether a file begins as a backup does, be it whole or not.
///
/// # Errors
/// [`BackupError::File`] if it cannot be read.
pub fn is_backup(file: &Path) -> Result<bool, BackupError> {
    FrameReader::is_backup(file)
}

pub(super) fn check(path: &Path) -> Result<Checked, BackupError> {
    let mut reader = FrameReader::open(path)?;
    let mut seen = Seen {
        path,
        header: None,
        rows: RowCheck::new(),
        files: Vec::new(),
    };
    let totals = reader.each_part(&mut |part| seen.part(part))?;
    seen.rows.finish()?;
    let is_whole = totals
        .get(&TableId::Meta)
        .is_some_and(|it| it.0 == META_ROWS);
    let Some(header) = seen.header.take().filter(|_| is_whole) else {
        return Err(seen.malformed("it does not say which store it is of"));
    };
    let rows = TableId::ALL.into_iter().map(|table| {
        let rows = totals.get(&table).map_or(0, |total| total.0);
        (table.name(), rows)
    });
    let summary = BackupSummary {
        made_at: Timestamp(header.made_at),
        schema: header.schema,
        incarnation: header.incarnation,
        rows: rows.collect(),
        files: seen.files.iter().map(|(name, _)| name.clone()).collect(),
        bytes: reader.bytes,
    };
    Ok(Checked {
        reader,
        summary,
        totals,
        files: seen.files,
    })
}

/// What was seen of a backup so far.
struct Seen<'a> {
    path: &'a Path,
    header: Option<Header>,
    rows: RowCheck,
    files: Vec<(String, Vec<u8>)>,
}

impl Seen<'_> {
    fn malformed(&self, what: &'static str) -> BackupError {
        BackupError::Malformed {
            path: self.path.to_owned(),
            what,
        }
    }

    fn part(&mut self, part: Part<'_>) -> Result<(), BackupError> {
        match part {
            Part::Header(header) => self.header(header),
            Part::Row(table, row) => self.row(table, &row),
            Part::File(file) => self.file(&file),
        }
    }

    fn header(&mut self, header: Header) -> Result<(), BackupError> {
        if header.schema > SCHEMA {
            return Err(BackupError::Store(StoreError::NewerSchema {
                found: header.schema,
                supported: SCHEMA,
            }));
        }
        if header.schema < OLDEST_SCHEMA {
            return Err(self.malformed("it has a schema of which there are no backups"));
        }
        self.header = Some(header);
        Ok(())
    }

    fn row(&mut self, table: TableId, row: &Row<'_>) -> Result<(), BackupError> {
        self.rows.check(table, row)?;
        let (TableId::Meta, RowKey::Text(key), Some(header)) = (table, row.key, &self.header)
        else {
            return Ok(());
        };
        let is_same = match key {
            KEY_SCHEMA => row.value == header.schema.to_be_bytes(),
            KEY_INCARNATION => row.value == header.incarnation,
            _ => true,
        };
        if is_same {
            return Ok(());
        }
        Err(self.malformed("it says to be of another store than its rows"))
    }

    fn file(&mut self, file: &FileRow<'_>) -> Result<(), BackupError> {
        let is_new = self.files.iter().all(|(name, _)| name != file.name);
        if !is_new || self.files.len() >= BACKUP_FILES_MAX {
            return Err(self.malformed("it has too many files"));
        }
        if file.bytes.len() > BACKUP_FILE_BYTES_MAX {
            return Err(self.malformed("it has a file that is too large"));
        }
        self.files.push((file.name.to_owned(), file.bytes.to_vec()));
        Ok(())
    }
}
