//! The one writer: a thread that turns whatever is waiting into one durable transaction.
//!
//! Knows nothing of records. Invariants: a batch is acknowledged only after the transaction that
//! holds it is durable; a batch in conflict fails alone and leaves the others of its group be;
//! when a transaction fails, everyone in it is told so, after the database was opened anew if the
//! disk allows; until it does, each further group begins with another attempt.
//!
//! While one group is being written the next gathers in the queue, so groups grow by themselves as
//! load does, and a lone commit waits for nobody. Where the disk is quick they would stay small and
//! each cost a transaction, so behind a group of several batches the next gathers for a moment. The
//! journal is folded a slice behind each group once it is large, and whole when nobody wrote for a
//! while.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SendError, SyncSender, sync_channel};
use std::thread::{JoinHandle, park_timeout};
use std::time::{Duration, Instant};

use super::apply::Draft;
use super::compact::compact_if_worth_it;
use super::fault::backend;
use super::fold::{Folder, Limits};
use super::journal;
use super::mount::{Mount, Mounted};
use super::schema::begin_write;
use super::sets::collect_unused;
use crate::check::check;
use crate::{Change, Done, StoreError};

/// Most changes in one transaction, unless a single batch is larger: measured, 256 reaches nearly
/// the rate of 1024 at a quarter of the latency.
const GROUP_CHANGES_MAX: usize = 256;
/// Most batches that wait; further callers wait for a place. More than a server has connections,
/// each of which waits for one.
const QUEUE_BATCHES_MAX: usize = 16 * 1024;
/// Batches of a group behind which more are expected.
const BUSY_BATCHES: usize = 8;
/// How long the next group gathers then, from the beginning of the last.
const GATHERING: Duration = Duration::from_millis(2);
/// After this time without a batch all that is pending is folded.
const QUIET: Duration = Duration::from_secs(10);

type Verdict = Result<(), StoreError>;

/// Changes that are stored together.
struct Batch {
    /// None ask whether the database can be used.
    changes: Vec<Change>,
    done: Done,
}

enum Job {
    Write(Batch),
    /// All that is pending is folded, and nothing written until the other end is dropped.
    Pause {
        told: SyncSender<Verdict>,
        resumed: Receiver<()>,
    },
}

/// The writer's queue and thread. Dropping it writes what is queued and ends the thread.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

/// While this is held nothing is written, and nothing is pending.
#[derive(Debug)]
pub(super) struct Paused {
    _resume: SyncSender<()>,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Write(batch) => write!(f, "Write({} changes)", batch.changes.len()),
            Self::Pause { .. } => f.write_str("Pause"),
        }
    }
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(mount: Arc<Mount>, limits: Limits) -> std::io::Result<Self> {
        let (queue, jobs) = sync_channel(QUEUE_BATCHES_MAX);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || write_all(&mount, limits, &jobs))?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
        })
    }

    /// Queues a batch; `done` is told when it is durable or refused.
    pub(super) fn submit(&self, changes: Vec<Change>, done: Done) {
        if let Err(Job::Write(batch)) = self.send(Job::Write(Batch { changes, done })) {
            (batch.done)(Err(StoreError::Closed));
        }
    }

    fn send(&self, job: Job) -> Result<(), Job> {
        match &self.queue {
            Some(queue) => queue.send(job).map_err(|SendError(job)| job),
            None => Err(job),
        }
    }

    /// Waits until everything queued before is stored, and tells whether the database can be used.
    pub(super) fn probe(&self) -> Verdict {
        let (told, verdict) = sync_channel(1);
        self.submit(Vec::new(), tell(told));
        verdict.recv().map_err(|_| StoreError::Closed)?
    }

    /// Waits until everything queued before is in its tables, and holds the writer there.
    pub(super) fn pause(&self) -> Result<Paused, StoreError> {
        let (told, verdict) = sync_channel(1);
        let (resume, resumed) = sync_channel(1);
        self.send(Job::Pause { told, resumed })
            .map_err(|_| StoreError::Closed)?;
        verdict.recv().map_err(|_| StoreError::Closed)??;
        Ok(Paused { _resume: resume })
    }
}

/// Tells whoever waits at the other end; who gave up waiting does not want to know.
fn tell(told: SyncSender<Verdict>) -> Done {
    Box::new(move |verdict| {
        let _ = told.send(verdict);
    })
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was told to those who waited for it: they got `Closed`.
            let _ = thread.join();
        }
    }
}

/// Runs until nobody can send any more and the queue is empty. Then what is pending is folded, sets
/// that nobody uses any more are deleted, and the file is made smaller if that is worth it: nothing
/// can change any more, and nobody waits for it.
fn write_all(mount: &Mount, limits: Limits, jobs: &Receiver<Job>) {
    let mut folder = Folder::new(mount, limits);
    run(mount, &mut folder, jobs);
    // What cannot be done now is done after the next opening, and harms nobody.
    if folder.fold_all().is_ok() {
        let _ = mount.with(|mounted| collect_unused(&mounted.database));
        let _ = compact_if_worth_it(mount);
    }
}

fn run(mount: &Mount, folder: &mut Folder<'_>, jobs: &Receiver<Job>) {
    let (mut left_over, mut until, mut pauses) = (None, None, Vec::new());
    loop {
        let job = match left_over.take() {
            Some(job) => Some(job),
            None if pauses.is_empty() => next(folder, jobs),
            None => jobs.try_recv().ok(),
        };
        match job {
            Some(Job::Pause { told, resumed }) => pauses.push((told, resumed)),
            Some(Job::Write(first)) => {
                let (group, next) = gather(first, jobs, until);
                left_over = next;
                until = (group.len() > BUSY_BATCHES).then(|| Instant::now() + GATHERING);
                let changes = group.iter().map(|batch| batch.changes.len()).sum();
                let verdicts = write_group(mount, folder, &group);
                for (batch, verdict) in group.into_iter().zip(verdicts) {
                    (batch.done)(verdict);
                }
                folder.fold_if_due(changes);
            }
            None if pauses.is_empty() => return,
            None => {}
        }
        // Others go on while much is left to be folded.
        if !pauses.is_empty() && (folder.is_nearly_done() || folder.fold_slice().is_err()) {
            let verdict = folder.fold_all();
            for (told, resumed) in pauses.drain(..) {
                let _ = told.send(verdict.clone());
                // It ends by the other end being dropped.
                let _ = resumed.recv();
            }
        }
    }
}

/// Waits for a job; when none comes for a while, what is pending is folded.
fn next(folder: &mut Folder<'_>, jobs: &Receiver<Job>) -> Option<Job> {
    while folder.is_pending() {
        match jobs.recv_timeout(QUIET) {
            Ok(job) => return Some(job),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => {}
        }
        while folder.is_pending() && folder.fold_slice().is_ok() {
            if let Ok(job) = jobs.try_recv() {
                return Some(job);
            }
        }
    }
    jobs.recv().ok()
}

/// Takes what is waiting, up to the limit; also returns the job that did not fit any more. Before
/// that it lets jobs gather `until` then: to look at each as it comes would cost more than to store
/// it.
fn gather(first: Batch, jobs: &Receiver<Job>, until: Option<Instant>) -> (Vec<Batch>, Option<Job>) {
    if let Some(until) = until {
        park_timeout(until.saturating_duration_since(Instant::now()));
    }
    let mut changes = first.changes.len();
    let mut group = vec![first];
    while let Ok(job) = jobs.try_recv() {
        match job {
            Job::Write(batch) if changes + batch.changes.len() <= GROUP_CHANGES_MAX => {
                changes += batch.changes.len();
                group.push(batch);
            }
            job @ (Job::Write(_) | Job::Pause { .. }) => return (group, Some(job)),
        }
    }
    (group, None)
}

/// One verdict per batch, in order.
fn write_group(mount: &Mount, folder: &mut Folder<'_>, group: &[Batch]) -> Vec<Verdict> {
    if mount.is_down()
        && let Err(error) = mount.remount()
    {
        return vec![Err(error); group.len()];
    }
    if let Some(error) = folder.refusal() {
        return vec![Err(error); group.len()];
    }
    let error = match mount.with(|mounted| try_write_group(mounted, group)) {
        Ok(verdicts) => return verdicts,
        Err(error) => error,
    };
    // Before anybody is told: who reads on hearing of it finds what has become of the batch.
    folder.begin_anew();
    let mounted = mount.remount();
    let verdict = |batch: &Batch| {
        if batch.changes.is_empty() {
            mounted.clone()
        } else {
            Err(error.clone())
        }
    };
    group.iter().map(verdict).collect()
}

fn try_write_group(mounted: &Mounted, group: &[Batch]) -> Result<Vec<Verdict>, StoreError> {
    let transaction = begin_write(&mounted.database)?;
    let mut verdicts = Vec::with_capacity(group.len());
    let (number, (delta, has_new_sets)) = {
        let journal = mounted.journal();
        let mut draft = Draft::begin(&mounted.database, &transaction, &journal.pending)?;
        for batch in group {
            let verdict = check(&batch.changes, &draft);
            if let Err(error @ StoreError::Backend { .. }) = verdict {
                return Err(error);
            }
            if verdict.is_ok() {
                for change in &batch.changes {
                    draft.apply(change)?;
                }
            }
            verdicts.push(verdict);
        }
        (journal.next, draft.finish())
    };
    if !verdicts.iter().any(Result::is_ok) {
        let aborted = transaction.abort();
        aborted.map_err(backend("leaving a group of batches"))?;
        return Ok(verdicts);
    }
    let bytes = if delta.is_empty() {
        0
    } else {
        journal::append(&transaction, number, &delta)?
    };
    let committed = transaction.commit();
    committed.map_err(backend("making a group of batches durable"))?;
    let mut journal = mounted.journal_mut();
    if !delta.is_empty() {
        journal.add(number, bytes, delta);
    }
    journal.grow_older(has_new_sets);
    drop(journal);
    Ok(verdicts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redb_store::{RedbOptions, schema};
    use crate::tests::disk::Disk;
    use crate::tests::samples::{enroll, enrollment, enrollment_id};

    /// What is queued is written in few transactions, and a conflict fails its own batch only.
    #[test]
    fn queued_batches_share_a_transaction() {
        let disk = Disk::default();
        let mount = Mount::new(disk.clone(), RedbOptions::default()).unwrap();
        mount
            .with(|mounted| schema::prepare(&mounted.database))
            .unwrap();
        let before = disk.syncs();

        let (queue, jobs) = sync_channel(300);
        let answers: Vec<Receiver<Verdict>> = (0..300)
            .map(|n| {
                let stale = Change::Enrollment(enrollment(enrollment_id("H0"), 9, 1));
                let batch = if n == 7 {
                    vec![stale]
                } else {
                    enroll(&format!("H{n}"))
                };
                let (told, answer) = sync_channel(1);
                let done = tell(told);
                let changes = batch;
                queue.send(Job::Write(Batch { changes, done })).unwrap();
                answer
            })
            .collect();
        drop(queue);
        write_all(&mount, Limits::default(), &jobs);

        // 599 changes in groups of at most 256 are three transactions; each takes a few syncs.
        let syncs = disk.syncs() - before;
        assert!(syncs <= 12, "{syncs} syncs");
        for (n, answer) in answers.into_iter().enumerate() {
            let verdict = answer.recv().unwrap();
            match n {
                7 => assert!(
                    matches!(verdict, Err(StoreError::Conflict { .. })),
                    "{verdict:?}"
                ),
                _ => verdict.unwrap(),
            }
        }
    }

    /// A batch that is larger than a group is written whole, in a group of its own.
    #[test]
    fn a_large_batch_is_a_group_of_its_own() {
        let (queue, jobs) = sync_channel(8);
        for changes in [10, 2000, 10, 10] {
            let batch: Vec<Change> = enroll("A").into_iter().cycle().take(changes).collect();
            queue
                .send(Job::Write(Batch {
                    changes: batch,
                    done: tell(sync_channel(1).0),
                }))
                .unwrap();
        }
        let mut groups = Vec::new();
        let mut left_over = Some(jobs.recv().unwrap());
        while let Some(Job::Write(first)) = left_over.take() {
            let (group, next) = gather(first, &jobs, None);
            groups.push(
                group
                    .iter()
                    .map(|batch| batch.changes.len())
                    .collect::<Vec<_>>(),
            );
            left_over = next;
        }
        assert_eq!(groups, [vec![10], vec![2000], vec![10, 10]]);
    }
}
