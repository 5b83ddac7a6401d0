//! The durable store: one redb file, one writer, readers on snapshots.
//!
//! Knows nothing of why a record is what it is. Invariants: one process has the file open; all
//! writes go through [`writer`]; a file is only ever in this release's schema.

mod apply;
mod assemble;
mod codec;
mod compact;
mod fault;
mod fold;
mod hosts;
mod inspect;
mod journal;
mod mount;
mod outline;
mod overlay;
mod pending;
mod raw_store;
mod read;
mod rows;
mod schema;
mod sets;
mod size;
mod split;
mod writer;

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::Arc;

use mooring_mdm::ids::{EnrollmentId, HostId, PayloadIdentifier};
use redb::backends::FileBackend;
use redb::{DatabaseError, ReadTransaction, ReadableDatabase};

use crate::document::DOCUMENTS_PAGE_MAX;
use crate::error::BackendError;
use crate::record::{
    CommandRecord, HOSTS_PAGE_MAX, HostOutline, HostRecord, HostSketch, Identity,
    OUTLINES_PAGE_MAX, ProfileRecord,
};
use crate::{Change, Document, Done, KeyRange, OutlinePage, Space, Store, StoreError};
use fold::Limits;
use hosts::HostReader;
use journal::Journal;
use mount::{Mount, Mounted};
use pending::Pending;
use sets::{SetCache, SnapshotSets};
use writer::Writer;

pub(crate) use inspect::RowCheck;
pub(crate) use raw_store::RawStore;
pub(crate) use rows::{Row, RowKey, RowWriter, TableId};
pub(crate) use schema::{KEY_INCARNATION, KEY_SCHEMA, SCHEMA};
#[cfg(test)]
pub(crate) use split::earlier_row;

/// What may be chosen when a store is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RedbOptions {
    /// Memory for cached pages, in bytes.
    pub cache_bytes: usize,
}

impl Default for RedbOptions {
    fn default() -> Self {
        // Holds the hot pages of 100,000 hosts; redb's own default is a gigabyte.
        Self {
            cache_bytes: 64 * 1024 * 1024,
        }
    }
}

/// A store in one file.
///
/// Dropping it writes what is queued and closes the file.
#[derive(Debug)]
pub struct RedbStore {
    identity: Identity,
    sets: Arc<SetCache>,
    // Before `mount`: the writer must end before the file is closed.
    writer: Writer,
    mount: Arc<Mount>,
}

impl RedbStore {
    /// Opens the store in the file at `path`; creates it, readable by its owner alone, if there
    /// is none. The folder must exist.
    ///
    /// # Errors
    /// [`StoreError::InUse`] while another process has it open, [`StoreError::NewerSchema`] if a
    /// newer release wrote it, [`StoreError::Open`] if it cannot be opened or is no store.
    pub fn open(path: impl AsRef<Path>, options: RedbOptions) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let failed = |error: redb::Error| StoreError::Open {
            path: path.to_owned(),
            source: BackendError::new(error),
        };
        let file = open_file(path).map_err(|error| failed(error.into()))?;
        match FileBackend::new(file).and_then(|backend| Mount::new(backend, options)) {
            Ok(mount) => Self::mounted(mount),
            Err(DatabaseError::DatabaseAlreadyOpen) => Err(StoreError::InUse {
                path: path.to_owned(),
            }),
            Err(error) => Err(failed(error.into())),
        }
    }

    /// For tests that need a disk that fails: the store in any redb backend.
    #[cfg(test)]
    pub(crate) fn open_backend(backend: impl redb::StorageBackend) -> Result<Self, StoreError> {
        Self::open_backend_with(backend, RedbOptions::default())
    }

    #[cfg(test)]
    pub(crate) fn open_backend_with(
        backend: impl redb::StorageBackend,
        options: RedbOptions,
    ) -> Result<Self, StoreError> {
        let mount = Mount::new(backend, options);
        Self::mounted(mount.map_err(fault::backend("opening"))?)
    }

    fn mounted(mount: Mount) -> Result<Self, StoreError> {
        Self::mounted_with(mount, Limits::default())
    }

    fn mounted_with(mount: Mount, limits: Limits) -> Result<Self, StoreError> {
        let identity = mount.with(|mounted| {
            let identity = schema::prepare(&mounted.database)?;
            *mounted.journal_mut() = Journal::replay(&mounted.database)?;
            Ok::<_, StoreError>(identity)
        })?;
        let mount = Arc::new(mount);
        let writer = Writer::start(Arc::clone(&mount), limits)
            .map_err(fault::backend("starting the store's writer"))?;
        Ok(Self {
            identity,
            sets: Arc::default(),
            writer,
            mount,
        })
    }

    /// For tests in which every group is followed by the fold of a host or two.
    #[cfg(test)]
    pub(crate) fn open_backend_folding(
        backend: impl redb::StorageBackend,
    ) -> Result<Self, StoreError> {
        let mount = Mount::new(backend, RedbOptions::default());
        let limits = Limits {
            pending_bytes: 0,
            journal_bytes: 0,
            slice_hosts: 2,
        };
        Self::mounted_with(mount.map_err(fault::backend("opening"))?, limits)
    }

    /// Reads from a snapshot, and what is pending beside it. After a failure the writer is asked to
    /// see to the database, and what it says is believed: once it is open again the same is read
    /// once more.
    fn read<P, T>(
        &self,
        pending: impl Fn(&Pending) -> P,
        read: impl Fn(&ReadTransaction, P) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.attempt(|mounted| {
            let (snapshot, pending) = {
                // Held until both are taken: a fold forgets rows only after others see them.
                let journal = mounted.journal();
                let snapshot = mounted.database.begin_read();
                let snapshot = snapshot.map_err(fault::backend("reading"))?;
                (snapshot, pending(&journal.pending))
            };
            read(&snapshot, pending)
        })
    }

    /// The same for hosts, whose tables seldom have to be opened.
    fn read_hosts<P, T>(
        &self,
        pending: impl Fn(&Pending) -> P,
        read: impl Fn(&HostReader, P) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.attempt(|mounted| {
            let (stored, pending) = {
                let journal = mounted.journal();
                let stored = journal.stored(&mounted.database)?;
                (stored, pending(&journal.pending))
            };
            read(&HostReader::new(stored, &self.sets), pending)
        })
    }

    fn attempt<T>(
        &self,
        read: impl Fn(&Mounted) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match self.mount.with(&read) {
            Err(StoreError::Backend { .. }) => {
                self.writer.probe()?;
                self.mount.with(&read)
            }
            outcome => outcome,
        }
    }

    /// What the sync state of all hosts takes of the file, in bytes, with what is in the journal:
    /// whole pages, beside the records of enrollments.
    ///
    /// # Errors
    /// [`StoreError`] of the backend.
    pub fn sync_bytes(&self) -> Result<u64, StoreError> {
        self.read(|_| (), |snapshot, ()| size::sync_bytes(snapshot))
    }
}

/// The file holds push tokens and the command key, so only its owner may read it.
fn open_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let is_new = !path.try_exists()?;
    let file = options.open(path)?;
    if is_new {
        sync_folder_of(path)?;
    }
    Ok(file)
}

/// A new file survives a power loss only once its folder is on the disk too.
#[cfg(unix)]
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(not(unix))]
pub(crate) fn sync_folder_of(_path: &Path) -> io::Result<()> {
    Ok(())
}

impl Store for RedbStore {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn submit(&self, batch: Vec<Change>, done: Done) {
        if batch.is_empty() {
            return done(Ok(()));
        }
        self.writer.submit(batch, done);
    }

    fn profiles(&self) -> Result<Vec<ProfileRecord>, StoreError> {
        self.read(|_| (), |snapshot, ()| read::profiles(snapshot))
    }

    fn raw(
        &self,
        identifier: &PayloadIdentifier,
        version: u32,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(
            |_| (),
            |snapshot, ()| read::raw(snapshot, identifier, version),
        )
    }

    fn host(&self, id: &HostId) -> Result<Option<HostRecord>, StoreError> {
        self.read_hosts(
            |pending| pending.host(id.as_str()).cloned(),
            |reader, rows| reader.host(id, rows.as_deref()),
        )
    }

    fn hosts_of(&self, ids: &[HostId]) -> Result<Vec<HostRecord>, StoreError> {
        self.read_hosts(
            |pending| {
                let rows = ids.iter().map(|id| pending.host(id.as_str()).cloned());
                rows.collect::<Vec<_>>()
            },
            |reader, rows| {
                let hosts = ids.iter().zip(rows);
                let hosts = hosts.map(|(id, rows)| reader.host(id, rows.as_deref()));
                hosts.filter_map(Result::transpose).collect()
            },
        )
    }

    fn hosts(&self, after: Option<&HostId>, limit: usize) -> Result<Vec<HostRecord>, StoreError> {
        let limit = limit.min(HOSTS_PAGE_MAX);
        self.read_hosts(
            |pending| pending.page(after.map(HostId::as_str), limit),
            |reader, rows| reader.page(after, limit, &rows),
        )
    }

    fn outlines(
        &self,
        after: Option<&HostId>,
        limit: usize,
    ) -> Result<Vec<HostOutline>, StoreError> {
        let limit = limit.min(OUTLINES_PAGE_MAX);
        self.read(
            |pending| pending.page(after.map(HostId::as_str), limit),
            |snapshot, rows| {
                let page = outline::page(snapshot, after, limit, &rows)?;
                page.outlines(&SnapshotSets::of(&self.sets, snapshot)?)
            },
        )
    }

    fn outline_page(
        &self,
        after: Option<&HostId>,
        limit: usize,
    ) -> Result<OutlinePage, StoreError> {
        let limit = limit.min(OUTLINES_PAGE_MAX);
        let (page, sets) = self.read(
            |pending| pending.page(after.map(HostId::as_str), limit),
            |snapshot, rows| {
                let page = outline::page(snapshot, after, limit, &rows)?;
                Ok((page, SnapshotSets::of(&self.sets, snapshot)?))
            },
        )?;
        Ok(OutlinePage::new(
            page.len(),
            page.last().cloned(),
            move || page.outlines(&sets),
        ))
    }

    fn sketches(
        &self,
        after: Option<&HostId>,
        limit: usize,
    ) -> Result<Vec<HostSketch>, StoreError> {
        let limit = limit.min(OUTLINES_PAGE_MAX);
        self.read(
            |pending| pending.page(after.map(HostId::as_str), limit),
            |snapshot, rows| outline::sketches(snapshot, after, limit, &rows),
        )
    }

    fn host_count(&self) -> Result<u64, StoreError> {
        self.read(|_| (), |snapshot, ()| size::host_count(snapshot))
    }

    fn commands(
        &self,
        enrollment: &EnrollmentId,
        limit: usize,
    ) -> Result<Vec<CommandRecord>, StoreError> {
        self.read(
            |pending| pending.host(enrollment.host().as_str()).cloned(),
            |snapshot, rows| read::commands(snapshot, enrollment, limit, rows.as_deref()),
        )
    }

    fn documents(
        &self,
        space: Space,
        range: KeyRange<'_>,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        let limit = limit.min(DOCUMENTS_PAGE_MAX);
        self.read(
            |_| (),
            |snapshot, ()| read::documents(snapshot, space, range, limit),
        )
    }
}
