//! The folder of a server, made of a backup.
//!
//! Knows nothing of the form of a backup. Invariant: a folder that has a store, or over which a
//! server runs, is left as it is.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mooring_store::backup::{BackupError, RestoreRequest, RestoreSummary, restore};

use crate::enrollment::authority::FILES;
use crate::serve::{STORE_FILE, URL_FILE};

/// Time for a server to take a connection on this machine.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Why no folder of a server was made of a backup.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// A server is at work over that folder.
    #[error("a server is running over {}, at {url}; stop it first", data.display())]
    Running {
        /// The folder.
        data: PathBuf,
        /// Where it is.
        url: String,
    },
    /// The folder has a store.
    #[error(
        "{} has a store already, which is left as it is; restore to a new folder, or move the \
         store away",
        data.display()
    )]
    HasStore {
        /// The folder.
        data: PathBuf,
    },
    /// The folder cannot be made.
    #[error("{} cannot be made", data.display())]
    Folder {
        /// The folder.
        data: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The backup cannot be used.
    #[error(transparent)]
    Backup(#[from] BackupError),
}

/// Makes the folder `data`, over which a server can be started, of the backup in `file`. The token
/// of administrators is not in a backup: the server makes a new one unless the folder has one.
///
/// # Errors
/// [`RestoreError`]; then there is no store in the folder.
pub fn restore_to(file: &Path, data: &Path) -> Result<RestoreSummary, RestoreError> {
    if let Some(url) = running_at(data) {
        let data = data.to_owned();
        return Err(RestoreError::Running { data, url });
    }
    let store_file = data.join(STORE_FILE);
    if fs::symlink_metadata(&store_file).is_ok() {
        let data = data.to_owned();
        return Err(RestoreError::HasStore { data });
    }
    let is_new = !data.exists();
    let mut builder = fs::DirBuilder::new();
    let made = builder.recursive(true).mode(0o700).create(data);
    made.map_err(|source| RestoreError::Folder {
        data: data.to_owned(),
        source,
    })?;
    let request = RestoreRequest {
        store_file: &store_file,
        files: &FILES,
    };
    let restored = restore(file, &request);
    if restored.is_err() && is_new {
        // It was made in vain; should it hold something, it stays.
        let _ = fs::remove_dir(data);
    }
    Ok(restored?)
}

/// Where the server over `data` is, if it runs. A server that was killed leaves its address behind.
fn running_at(data: &Path) -> Option<String> {
    let url = fs::read_to_string(data.join(URL_FILE)).ok()?;
    let url = url.trim();
    let (_, address) = url.split_once("://")?;
    let address: SocketAddr = address.parse().ok()?;
    let connected = TcpStream::connect_timeout(&address, CONNECT_TIMEOUT);
    connected.ok().map(|_| url.to_owned())
}
