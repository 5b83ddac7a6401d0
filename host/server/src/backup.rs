//! Backups of the running server, and the folder of a server made of one.
//!
//! Knows nothing of HTTP, nor of the form of a backup. Invariants: there is at most one backup at a
//! time, in a folder that its owner alone can look into; what is left of one is removed when the
//! server starts and when it stops, and nothing else is; no log tells what is in one.

mod error;
mod place;
mod restoring;

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use mooring_drift::policy::Timestamp;
use mooring_store::RedbStore;
use mooring_store::backup::BackupRequest;
pub use mooring_store::backup::{
    BackupError, BackupSummary, RestoreSummary, is_backup, read_backup,
};

pub use error::BackupsError;
pub use place::sha256;
pub use restoring::{RestoreError, restore_to};

use crate::api::{BackupDetail, BackupState};
use crate::clock::{Clock, rfc3339};
use crate::device::chain;
use crate::enrollment::authority::FILES;
use crate::limits::{BACKUP_DRAIN_TIMEOUT, BACKUP_PIECE_BYTES_MAX};
use crate::random;
use place::Place;

/// The backups of one running server.
#[derive(Clone)]
pub(crate) struct Backups(Arc<Shared>);

impl std::fmt::Debug for Backups {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Backups")
    }
}

struct Shared {
    store: Arc<RedbStore>,
    data: PathBuf,
    place: Place,
    clock: Clock,
    job: Mutex<Option<Job>>,
    /// Says that a backup ended.
    ended: Condvar,
    /// The thread of the backup that was begun last.
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// A backup, from the moment that it was asked for.
struct Job {
    id: String,
    made_at: Timestamp,
    stage: Stage,
}

enum Stage {
    Running,
    Done(Finished),
    Failed(String),
}

struct Finished {
    file: Arc<File>,
    summary: BackupSummary,
    sha256: String,
}

impl Backups {
    /// Those of the store that is open in `data`. Removes what a server before left there.
    pub(crate) fn new(store: Arc<RedbStore>, data: &Path, clock: Clock) -> Self {
        let backups = Self(Arc::new(Shared {
            store,
            data: data.to_owned(),
            place: Place::in_data(data),
            clock,
            job: Mutex::new(None),
            ended: Condvar::new(),
            thread: Mutex::new(None),
        }));
        backups.0.place.sweep();
        backups
    }

    /// Begins a backup, in place of the one before it.
    ///
    /// # Errors
    /// [`BackupsError::Running`], or [`BackupsError::File`] if there is no room for it.
    pub(crate) fn begin(&self) -> Result<BackupDetail, BackupsError> {
        let shared = &self.0;
        let mut job = shared.job();
        if job.as_ref().is_some_and(Job::is_running) {
            return Err(BackupsError::Running);
        }
        *job = None;
        shared.place.sweep();
        let folder = shared.place.folder();
        let made = shared.place.make();
        made.map_err(BackupsError::file(folder, "made"))?;
        let (id, made_at) = (random::request_id(), shared.clock.now());
        let begun = Job {
            id: id.clone(),
            made_at,
            stage: Stage::Running,
        };
        let detail = begun.detail(0);
        *job = Some(begun);
        // Should the thread not start, its ending is noted here.
        drop(job);
        let ending = Ending {
            shared: Arc::clone(shared),
            stage: None,
        };
        let work = move || {
            let mut ending = ending;
            ending.stage = Some(ending.shared.write(&id, made_at));
        };
        let started = thread::Builder::new().name("backup".to_owned()).spawn(work);
        let started = started.map_err(BackupsError::file(folder, "written by a new thread"))?;
        *shared.thread() = Some(started);
        Ok(detail)
    }

    /// How far a backup is, and what is in it.
    ///
    /// # Errors
    /// [`BackupsError::NotFound`].
    pub(crate) fn show(&self, id: &str) -> Result<BackupDetail, BackupsError> {
        let job = self.0.job();
        let job = found(job.as_ref(), id)?;
        Ok(job.detail(self.0.place.bytes()))
    }

    /// At most [`BACKUP_PIECE_BYTES_MAX`] bytes of a backup, from `offset` on; none at its end.
    ///
    /// # Errors
    /// [`BackupsError`] if it is not done, has no such place, or cannot be read.
    pub(crate) fn piece(&self, id: &str, offset: u64) -> Result<Vec<u8>, BackupsError> {
        let (file, bytes) = {
            let job = self.0.job();
            match &found(job.as_ref(), id)?.stage {
                Stage::Done(done) => (Arc::clone(&done.file), done.summary.bytes),
                Stage::Running | Stage::Failed(_) => {
                    return Err(BackupsError::NotDone(id.to_owned()));
                }
            }
        };
        let Some(left) = bytes.checked_sub(offset) else {
            return Err(BackupsError::Beyond { offset, bytes });
        };
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        let mut piece = vec![0; left.min(BACKUP_PIECE_BYTES_MAX)];
        let read = file.read_exact_at(&mut piece, offset);
        read.map_err(BackupsError::file(&self.0.place.path(id), "read"))?;
        Ok(piece)
    }

    /// Removes a backup.
    ///
    /// # Errors
    /// [`BackupsError::NotFound`], or [`BackupsError::Running`] while it is being made.
    pub(crate) fn remove(&self, id: &str) -> Result<(), BackupsError> {
        let mut job = self.0.job();
        if found(job.as_ref(), id)?.is_running() {
            return Err(BackupsError::Running);
        }
        *job = None;
        self.0.place.sweep();
        Ok(())
    }

    /// Waits a while for a backup that is being made, and removes what there is. One that takes
    /// longer ends with the process, and what is left of it is removed at the next start.
    pub(crate) fn stopped(self) {
        let shared = &self.0;
        let is_running = |job: &mut Option<Job>| job.as_ref().is_some_and(Job::is_running);
        let job = shared.job();
        let waited = shared
            .ended
            .wait_timeout_while(job, BACKUP_DRAIN_TIMEOUT, is_running);
        let mut job = waited.unwrap_or_else(PoisonError::into_inner).0;
        if is_running(&mut job) {
            tracing::warn!("a backup was being made, and is given up");
            return;
        }
        *job = None;
        drop(job);
        let thread = shared.thread().take();
        // A panic was noted as the backup's end.
        let _ = thread.map(JoinHandle::join);
        shared.place.leave();
    }
}

impl Shared {
    fn job(&self) -> MutexGuard<'_, Option<Job>> {
        self.job.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn thread(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the backup, and tells how it ended.
    fn write(&self, id: &str, made_at: Timestamp) -> Stage {
        let path = self.place.path(id);
        let request = BackupRequest {
            to: &path,
            may_replace: false,
            made_at,
            folder: &self.data,
            files: &FILES,
        };
        let summary = match self.store.write_backup(&request) {
            Ok(summary) => summary,
            Err(error) => return Stage::Failed(chain(&error)),
        };
        let read = sha256(&path).and_then(|sha256| Ok((sha256, File::open(&path)?)));
        match read {
            Ok((sha256, file)) => Stage::Done(Finished {
                file: Arc::new(file),
                summary,
                sha256,
            }),
            Err(error) => Stage::Failed(chain(&BackupsError::file(&path, "read")(error))),
        }
    }
}

impl Job {
    fn is_running(&self) -> bool {
        matches!(self.stage, Stage::Running)
    }

    fn detail(&self, written: u64) -> BackupDetail {
        let mut detail = BackupDetail {
            id: self.id.clone(),
            state: BackupState::Running,
            made_at: rfc3339(self.made_at),
            bytes: written,
            rows: BTreeMap::new(),
            files: Vec::new(),
            sha256: None,
            error: None,
        };
        match &self.stage {
            Stage::Running => {}
            Stage::Failed(error) => {
                detail.state = BackupState::Failed;
                detail.error = Some(error.clone());
            }
            Stage::Done(done) => {
                let rows = done.summary.rows.iter();
                detail.state = BackupState::Done;
                detail.bytes = done.summary.bytes;
                detail.rows = rows
                    .map(|(table, rows)| ((*table).to_owned(), *rows))
                    .collect();
                detail.files.clone_from(&done.summary.files);
                detail.sha256 = Some(done.sha256.clone());
            }
        }
        detail
    }
}

/// Notes how the work on a backup ended, also if it panicked.
struct Ending {
    shared: Arc<Shared>,
    stage: Option<Stage>,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let interrupted = || Stage::Failed("it was interrupted; the log says why".to_owned());
        let stage = self.stage.take().unwrap_or_else(interrupted);
        let mut job = self.shared.job();
        match &stage {
            Stage::Failed(error) => tracing::error!(error, "a backup could not be made"),
            Stage::Done(done) => tracing::info!(bytes = done.summary.bytes, "a backup was made"),
            Stage::Running => {}
        }
        if let Some(job) = &mut *job {
            job.stage = stage;
        }
        self.shared.ended.notify_all();
    }
}

fn found<'a>(job: Option<&'a Job>, id: &str) -> Result<&'a Job, BackupsError> {
    let job = job.filter(|job| job.id == id);
    job.ok_or_else(|| BackupsError::NotFound(id.to_owned()))
}
