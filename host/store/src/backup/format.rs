//! The form of a backup: frames one behind the other, and the SHA-256 of all of them at the end.
//!
//! Knows nothing of stores. Invariants: whatever byte is changed, the digest does not fit any more;
//! a frame's number is never used for another kind of frame, a field's number never for another
//! field, and a field added later is optional.
//!
//! It is no database: a copy of one would have to be opened before anybody knows whether it is
//! whole, and one that is damaged makes the database's code panic.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

use super::BackupError;
use super::tally::{Tally, Totals};
use crate::redb_store::{Row, TableId};

/// What a backup begins with, followed by the number of its format.
const MAGIC: [u8; 14] = *b"mooring backup";
/// The format that this release writes and reads.
pub(super) const FORMAT: u16 = 1;
/// What a backup ends with, behind its digest.
const END: [u8; 16] = *b"\nend of backup.\n";
const DIGEST_BYTES: u64 = 32;
const BEGIN: usize = MAGIC.len() + 2;
const BEGIN_BYTES: u64 = BEGIN as u64;
const TAIL_BYTES: u64 = DIGEST_BYTES + END.len() as u64;

/// Largest frame, in bytes (64 MiB): four times the largest document. Bounds what a reader
/// allocates.
const FRAME_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Bytes that are read or written at once: more gains nothing.
const IO_BYTES: usize = 64 * 1024;

const HEADER: u8 = 1;
const ROW: u8 = 2;
const FILE: u8 = 3;
const TOTALS: u8 = 4;

/// What stands before all rows.
#[derive(Debug, Clone, Encode, Decode)]
pub(super) struct Header {
    #[n(0)]
    pub(super) made_at: u64,
    #[n(1)]
    pub(super) schema: u32,
    #[cbor(n(2), with = "minicbor::bytes")]
    pub(super) incarnation: [u8; 16],
}

/// A file beside the store.
#[derive(Encode, Decode)]
pub(super) struct FileRow<'a> {
    #[b(0)]
    pub(super) name: &'a str,
    #[cbor(b(1), with = "minicbor::bytes")]
    pub(super) bytes: &'a [u8],
}

/// What stands behind all rows: how many there were in each table.
#[derive(Encode, Decode)]
struct TotalsRow {
    #[n(0)]
    tables: Vec<TableRow>,
    #[n(1)]
    files: u32,
}

#[derive(Encode, Decode)]
struct TableRow {
    #[n(0)]
    number: u8,
    #[n(1)]
    rows: u64,
    #[cbor(n(2), with = "minicbor::bytes")]
    digest: [u8; 32],
}

/// Writes a backup.
pub(super) struct FrameWriter {
    path: PathBuf,
    out: BufWriter<File>,
    whole: Sha256,
    frame: Vec<u8>,
    tally: Tally,
    files: u32,
}

impl FrameWriter {
    /// Begins a backup in an empty file.
    pub(super) fn begin(path: &Path, file: File, header: &Header) -> Result<Self, BackupError> {
        let mut writer = Self {
            path: path.to_owned(),
            out: BufWriter::with_capacity(IO_BYTES, file),
            whole: Sha256::new(),
            frame: Vec::new(),
            tally: Tally::default(),
            files: 0,
        };
        writer.put(&MAGIC)?;
        writer.put(&FORMAT.to_be_bytes())?;
        writer.encode(HEADER, header);
        writer.put_frame()?;
        Ok(writer)
    }

    /// Adds a row; tables come in order.
    pub(super) fn row(&mut self, table: TableId, row: &Row<'_>) -> Result<(), BackupError> {
        self.encode(ROW, (table.number(), row));
        if self.frame.len() > FRAME_BYTES_MAX {
            return Err(BackupError::RowTooLarge {
                table: table.name(),
                key: row.key.shown(),
            });
        }
        self.tally.add(table, row);
        self.put_frame()
    }

    /// Adds a file, after all rows.
    pub(super) fn file(&mut self, name: &str, bytes: &[u8]) -> Result<(), BackupError> {
        self.files += 1;
        self.encode(FILE, FileRow { name, bytes });
        self.put_frame()
    }

    /// Ends the backup and makes it durable. What was written is counted in the totals.
    pub(super) fn finish(mut self) -> Result<Totals, BackupError> {
        let totals = std::mem::take(&mut self.tally).totals();
        let table = |(table, (rows, digest)): (&TableId, &(u64, [u8; 32]))| TableRow {
            number: table.number(),
            rows: *rows,
            digest: *digest,
        };
        let tables = totals.iter().map(table).collect();
        let files = self.files;
        self.encode(TOTALS, TotalsRow { tables, files });
        self.put_frame()?;
        let digest = std::mem::take(&mut self.whole).finalize();
        self.put(&digest)?;
        self.put(&END)?;
        let written = self
            .out
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error);
        let synced = written.and_then(|file| file.sync_all());
        synced.map_err(BackupError::file(&self.path, "written"))?;
        Ok(totals)
    }

    fn encode(&mut self, kind: u8, content: impl Encode<()>) {
        self.frame.clear();
        self.frame.push(kind);
        #[expect(
            clippy::expect_used,
            reason = "a vector takes any bytes and no row can refuse"
        )]
        minicbor::encode(content, &mut self.frame).expect("writing to a vector cannot fail");
    }

    fn put_frame(&mut self) -> Result<(), BackupError> {
        let frame = std::mem::take(&mut self.frame);
        let length = u32::try_from(frame.len()).unwrap_or(u32::MAX);
        self.put(&length.to_be_bytes())?;
        self.put(&frame)?;
        self.frame = frame;
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), BackupError> {
        self.whole.update(bytes);
        let written = self.out.write_all(bytes);
        written.map_err(BackupError::file(&self.path, "written"))
    }
}

/// A part of a backup.
pub(super) enum Part<'a> {
    /// What stands before all rows.
    Header(Header),
    /// A row.
    Row(TableId, Row<'a>),
    /// A file.
    File(FileRow<'a>),
}

/// A backup whose bytes are those that were written.
pub(super) struct FrameReader {
    path: PathBuf,
    file: BufReader<File>,
    /// Bytes of the whole file.
    pub(super) bytes: u64,
    /// Bytes that are left before the digest.
    left: u64,
    frame: Vec<u8>,
}

impl FrameReader {
    /// Opens a backup and reads all of it once, for its digest.
    pub(super) fn open(path: &Path) -> Result<Self, BackupError> {
        let file = File::open(path).map_err(BackupError::file(path, "opened"))?;
        let mut reader = Self {
            path: path.to_owned(),
            file: BufReader::with_capacity(IO_BYTES, file),
            bytes: 0,
            left: 0,
            frame: Vec::new(),
        };
        reader.check_begin()?;
        reader.check_digest()?;
        Ok(reader)
    }

    /// Whether a file begins as a backup does.
    pub(super) fn is_backup(path: &Path) -> Result<bool, BackupError> {
        let file = File::open(path).map_err(BackupError::file(path, "opened"))?;
        let mut begin = Vec::new();
        let read = file.take(MAGIC.len() as u64).read_to_end(&mut begin);
        read.map_err(BackupError::file(path, "read"))?;
        Ok(begin == MAGIC)
    }

    fn check_begin(&mut self) -> Result<(), BackupError> {
        let path = self.path.clone();
        let end = self.file.seek(SeekFrom::End(0));
        self.bytes = end.map_err(BackupError::file(&path, "read"))?;
        if self.bytes < BEGIN_BYTES {
            return Err(BackupError::Foreign { path });
        }
        self.rewind()?;
        let mut magic = [0; MAGIC.len()];
        self.read(&mut magic)?;
        let mut format = [0; 2];
        self.read(&mut format)?;
        match (magic == MAGIC, u16::from_be_bytes(format)) {
            (false, _) => Err(BackupError::Foreign { path }),
            (true, FORMAT) => Ok(()),
            (true, found) => Err(BackupError::NewerFormat {
                path,
                found,
                supported: FORMAT,
            }),
        }
    }

    fn check_digest(&mut self) -> Result<(), BackupError> {
        let path = self.path.clone();
        let Some(content) = self.bytes.checked_sub(TAIL_BYTES) else {
            return Err(BackupError::Cut { path });
        };
        self.rewind()?;
        let mut whole = Sha256::new();
        let mut left = content;
        self.frame.resize(IO_BYTES, 0);
        while left > 0 {
            let most = self.frame.len() as u64;
            let count = usize::try_from(left.min(most)).unwrap_or(self.frame.len());
            let mut chunk = std::mem::take(&mut self.frame);
            self.read(&mut chunk[..count])?;
            whole.update(&chunk[..count]);
            left -= count as u64;
            self.frame = chunk;
        }
        let (mut digest, mut end) = ([0; 32], [0; END.len()]);
        self.read(&mut digest)?;
        self.read(&mut end)?;
        if end != END {
            return Err(BackupError::Cut { path });
        }
        if whole.finalize()[..] != digest {
            return Err(BackupError::Altered { path });
        }
        Ok(())
    }

    /// Shows all parts in order; the header is the first.
    pub(super) fn each_part(
        &mut self,
        see: &mut dyn FnMut(Part<'_>) -> Result<(), BackupError>,
    ) -> Result<Totals, BackupError> {
        let path = self.path.clone();
        let malformed = |what| BackupError::Malformed {
            path: path.clone(),
            what,
        };
        let undecoded = |_| malformed("a part cannot be decoded");
        self.rewind()?;
        self.read(&mut [0; BEGIN])?;
        self.left = self.bytes.saturating_sub(BEGIN_BYTES + TAIL_BYTES);
        if self.next_frame()? != HEADER {
            return Err(malformed("it has no header"));
        }
        let header = minicbor::decode(&self.frame[1..]).map_err(undecoded)?;
        see(Part::Header(header))?;
        let (mut tally, mut files, mut newest) = (Tally::default(), 0_u32, None);
        loop {
            match self.next_frame()? {
                ROW if files == 0 => {
                    let content = &self.frame[1..];
                    let (number, row) = minicbor::decode(content).map_err(undecoded)?;
                    let table = TableId::of_number(number);
                    let table = table.ok_or_else(|| malformed("there is no such table"))?;
                    if newest.replace(table) > Some(table) {
                        return Err(malformed("its tables are not in order"));
                    }
                    tally.add(table, &row);
                    see(Part::Row(table, row))?;
                }
                FILE => {
                    files = files.saturating_add(1);
                    let file = minicbor::decode(&self.frame[1..]).map_err(undecoded)?;
                    see(Part::File(file))?;
                }
                TOTALS => break,
                _ => return Err(malformed("there is no such part")),
            }
        }
        let told: TotalsRow = minicbor::decode(&self.frame[1..]).map_err(undecoded)?;
        let totals = tally.totals();
        if self.left > 0 || told.files != files || !is_told(&told, &totals) {
            return Err(malformed("it does not hold what it says"));
        }
        Ok(totals)
    }

    /// Reads a frame, and returns what kind it is.
    fn next_frame(&mut self) -> Result<u8, BackupError> {
        let malformed = |path: &Path| BackupError::Malformed {
            path: path.to_owned(),
            what: "a part has no end",
        };
        let mut length = [0; 4];
        self.left = self
            .left
            .checked_sub(4)
            .ok_or_else(|| malformed(&self.path))?;
        self.read(&mut length)?;
        let length = u32::from_be_bytes(length);
        let left = self.left.checked_sub(u64::from(length));
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let is_possible = (1..=FRAME_BYTES_MAX).contains(&length);
        self.left = left
            .filter(|_| is_possible)
            .ok_or_else(|| malformed(&self.path))?;
        let mut frame = std::mem::take(&mut self.frame);
        frame.resize(length, 0);
        self.read(&mut frame)?;
        self.frame = frame;
        Ok(self.frame[0])
    }

    fn rewind(&mut self) -> Result<(), BackupError> {
        let rewound = self.file.rewind();
        rewound.map_err(BackupError::file(&self.path, "read"))
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<(), BackupError> {
        let read = self.file.read_exact(bytes);
        read.map_err(BackupError::file(&self.path, "read"))
    }
}

fn is_told(told: &TotalsRow, found: &Totals) -> bool {
    let told = told.tables.iter();
    let told = told.map(|table| (table.number, (table.rows, table.digest)));
    told.eq(found.iter().map(|(table, total)| (table.number(), *total)))
}
