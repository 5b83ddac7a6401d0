//! What the disk gives: a log that is written in order, and flushed after every group of rows.
//!
//! Knows nothing of stores. Invariant: the file has its size from the beginning, so that a flush
//! writes rows and nothing about the file.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::BenchError;
use crate::error::file;
use crate::sample::float;

/// Rows between two flushes: as many as the server's writer takes at once.
pub(crate) const GROUP: usize = 256;
const ROW_BYTES: usize = 64;
const FILE_BYTES: usize = 16 * 1024 * 1024;
const NAME: &str = "raw.log";

/// Rows a second that are durable, over about so long. Blocks.
pub(crate) fn rows_per_second(folder: &Path, span: Duration) -> Result<f64, BenchError> {
    let path = folder.join(NAME);
    let failed = || file(path.clone(), "written");
    let mut log = File::create(&path).map_err(failed())?;
    let zeros = vec![0; 1024 * 1024];
    for _ in 0..FILE_BYTES / zeros.len() {
        log.write_all(&zeros).map_err(failed())?;
    }
    log.sync_all().map_err(failed())?;
    let group = vec![0xa5_u8; GROUP * ROW_BYTES];
    let places = FILE_BYTES / group.len();
    let begun = Instant::now();
    let mut groups = 0;
    while begun.elapsed() < span {
        let offset = groups % places * group.len();
        log.write_all_at(&group, offset as u64).map_err(failed())?;
        log.sync_data().map_err(failed())?;
        groups += 1;
    }
    let rows = float((groups * GROUP) as u64);
    let took = begun.elapsed().as_secs_f64();
    drop(log);
    std::fs::remove_file(&path).map_err(file(path, "removed"))?;
    Ok(rows / took)
}
