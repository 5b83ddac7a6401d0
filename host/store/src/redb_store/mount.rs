//! The database in its file, its journal, and how both come back after the disk failed.
//!
//! Knows nothing of other tables. After the first failed write or read redb refuses everything until it
//! is opened anew, so a disk that was full for a moment would cost a restart. Invariants: the file
//! stays locked between closing and opening again; what a database shows that was opened after a
//! failure is durable before anybody sees it.
//!
//! The second is why opening again ends with a transaction that changes nothing. When the last
//! sync of a commit fails, the switch to its root may lie in the operating system's cache and not
//! on the disk, and the system may believe that nothing is left to write. Its other pages were
//! synced before, so writing the header anew and syncing it settles the matter either way. The
//! repair of redb 4.6 happens to do so too, but redb promises it nowhere. The transaction also
//! proves that the disk takes writes again.

use std::io;
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use redb::{Database, DatabaseError, StorageBackend};

use super::RedbOptions;
use super::fault::backend;
use super::journal::Journal;
use super::schema;
use crate::StoreError;

/// The database, or why there is none at the moment.
#[derive(Debug)]
pub(super) struct Mount {
    file: SharedFile,
    options: RedbOptions,
    /// Held for reading during each use, so that nobody is inside when it is opened anew.
    mounted: RwLock<Result<Mounted, StoreError>>,
}

/// A database that can be used, and what its journal holds.
#[derive(Debug)]
pub(super) struct Mounted {
    /// The database.
    pub(super) database: Database,
    journal: RwLock<Journal>,
}

impl Mounted {
    /// The journal. A snapshot that is begun while this is held, and what is taken from here then,
    /// belong together.
    pub(super) fn journal(&self) -> RwLockReadGuard<'_, Journal> {
        // Each change of it is complete in itself, so a panic elsewhere cannot spoil it.
        self.journal.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The journal, for the writer alone: to take note of what is durable.
    pub(super) fn journal_mut(&self) -> RwLockWriteGuard<'_, Journal> {
        self.journal.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mount {
    /// Opens the database in `file`, creating it in an empty one.
    pub(super) fn new(
        file: impl StorageBackend,
        options: RedbOptions,
    ) -> Result<Self, DatabaseError> {
        let file = SharedFile::new(file);
        let database = open(&file, options)?;
        Ok(Self {
            file,
            options,
            mounted: RwLock::new(Ok(Mounted {
                database,
                journal: RwLock::default(),
            })),
        })
    }

    /// Uses the database. What `work` begins must end within it.
    ///
    /// # Errors
    /// Those of `work`, and why the database could not be opened anew.
    pub(super) fn with<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Mounted) -> Result<T, E>,
    ) -> Result<T, E> {
        let mounted = self.mounted.read().unwrap_or_else(PoisonError::into_inner);
        work(mounted.as_ref().map_err(Clone::clone)?)
    }

    /// Whether the last attempt to open the database failed.
    pub(super) fn is_down(&self) -> bool {
        let mounted = self.mounted.read().unwrap_or_else(PoisonError::into_inner);
        mounted.is_err()
    }

    /// Closes the database and opens it anew, as after a crash: reads the whole file once.
    ///
    /// # Errors
    /// [`StoreError::Backend`] while the disk still fails; then there is no database.
    pub(super) fn remount(&self) -> Result<(), StoreError> {
        let mut mounted = self.mounted.write().unwrap_or_else(PoisonError::into_inner);
        // The old one must be closed before the file is opened again.
        *mounted = Err(StoreError::Closed);
        *mounted = self.open_again();
        mounted.as_ref().map(|_| ()).map_err(Clone::clone)
    }

    fn open_again(&self) -> Result<Mounted, StoreError> {
        let database = open(&self.file, self.options)
            .map_err(backend("opening the file again after a failure"))?;
        schema::settle(&database)?;
        let journal = RwLock::new(Journal::replay(&database)?);
        Ok(Mounted { database, journal })
    }

    /// The size of the file, in bytes.
    pub(super) fn file_bytes(&self) -> Result<u64, StoreError> {
        let bytes = self.file.len();
        bytes.map_err(|error| backend("asking for the size of the file")(redb::Error::Io(error)))
    }

    /// Changes the database as a whole, while nobody else uses it.
    pub(super) fn with_all<T>(
        &self,
        work: impl FnOnce(&mut Database) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut mounted = self.mounted.write().unwrap_or_else(PoisonError::into_inner);
        let mounted = mounted.as_mut().map_err(|error| error.clone())?;
        mounted.journal_mut().forget_stored();
        work(&mut mounted.database)
    }
}

fn open(file: &SharedFile, options: RedbOptions) -> Result<Database, DatabaseError> {
    Database::builder()
        .set_cache_size(options.cache_bytes)
        .create_with_backend(file.clone())
}

/// The file, kept open and locked while databases in it come and go.
#[derive(Debug, Clone)]
struct SharedFile(Arc<Locked>);

#[derive(Debug)]
struct Locked {
    file: Box<dyn StorageBackend>,
    /// Asking again for a lock that is held is not allowed everywhere.
    is_locked: AtomicBool,
}

impl SharedFile {
    fn new(file: impl StorageBackend) -> Self {
        Self(Arc::new(Locked {
            file: Box::new(file),
            is_locked: AtomicBool::new(false),
        }))
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // The operating system unlocks a file that is closed, so a failure here is none.
        let _ = self.file.close();
    }
}

impl StorageBackend for SharedFile {
    fn len(&self) -> io::Result<u64> {
        self.0.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.file.write(offset, data)
    }

    /// A database closed; the file stays open and locked for the next.
    fn close(&self) -> io::Result<()> {
        Ok(())
    }

    fn try_lock_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, redb::BackendError> {
        if self.0.is_locked.load(Ordering::Acquire) {
            return Ok(true);
        }
        let is_ours = self.0.file.try_lock_range(start, end)?;
        self.0.is_locked.store(is_ours, Ordering::Release);
        Ok(is_ours)
    }

    /// Unlocked when the file is closed.
    fn unlock_range(&self, _: Bound<u64>, _: Bound<u64>) -> Result<(), redb::BackendError> {
        Ok(())
    }
}
