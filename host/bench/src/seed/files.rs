//! The files of a fleet's folder.
//!
//! Knows nothing of what is in them. Invariant: all of them lie in that folder.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::BenchError;
use crate::error::file;

/// The server's data folder.
pub(crate) const DATA: &str = "data";
/// The store in it.
pub(crate) const STORE: &str = "mooring.redb";
/// The CA whose certificates devices have.
pub(crate) const CA: &str = "ca.pem";
/// The server's own certificate and key.
pub(crate) const SERVER: &str = "server.pem";
pub(crate) const SERVER_KEY: &str = "server-key.pem";
/// The key that all devices have: what they are told apart by is their certificate.
pub(crate) const DEVICE_KEY: &str = "device-key.der";
/// The certificates of the devices that speak, one behind the other with their lengths.
pub(crate) const LEAVES: &str = "leaves.bin";
/// What is in the store; written last, so that a folder without it is unfinished.
pub(crate) const SUMMARY: &str = "fleet.json";
/// What the server says.
pub(crate) const LOG: &str = "server.log";

/// Writes a file that its owner alone can read.
pub(crate) fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<(), BenchError> {
    let path = folder.join(name);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let written = options.open(&path).and_then(|mut out| out.write_all(bytes));
    written.map_err(file(path, "written"))
}

/// Reads a file.
pub(crate) fn read(folder: &Path, name: &str) -> Result<Vec<u8>, BenchError> {
    let path = folder.join(name);
    fs::read(&path).map_err(file(path, "read"))
}

/// Copies the whole folder of a fleet.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), BenchError> {
    fs::create_dir_all(to.join(DATA)).map_err(file(to, "made"))?;
    for folder in [Path::new(""), Path::new(DATA)] {
        let source = from.join(folder);
        for entry in fs::read_dir(&source).map_err(file(&source, "read"))? {
            let entry = entry.map_err(file(&source, "read"))?;
            let path = entry.path();
            if path.is_file() {
                let copy = to.join(folder).join(entry.file_name());
                // On the disk before anything is measured: a gigabyte on its way there slows every
                // flush.
                let copied = fs::copy(&path, &copy)
                    .and_then(|_| File::open(&copy))
                    .and_then(|file| file.sync_all());
                copied.map_err(file(&path, "copied"))?;
            }
        }
    }
    Ok(())
}
