//! The one writer: a thread that turns whatever is waiting into one durable transaction.
//!
//! Knows nothing of records. Invariants: a batch is acknowledged only after the transaction that
//! holds it is durable; a batch in conflict fails alone and leaves the others of its group be;
//! when a transaction fails, everyone in it is told so, after the database was opened anew if the
//! disk allows; until it does, each further group begins with another attempt.
//!
//! There is no timer: while one group is being written the next gathers in the queue, so groups
//! grow by themselves as load does, and a lone commit waits for nobody.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SendError, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;

use redb::Database;

use super::apply::Tables;
use super::fault::backend;
use super::mount::Mount;
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

type Verdict = Result<(), StoreError>;

struct Job {
    /// An empty one asks whether the database can be used.
    batch: Vec<Change>,
    done: Done,
}

/// The writer's queue and thread. Dropping it writes what is queued and ends the thread.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Job({} changes)", self.batch.len())
    }
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(mount: Arc<Mount>) -> std::io::Result<Self> {
        let (queue, jobs) = sync_channel(QUEUE_BATCHES_MAX);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || write_all(&mount, &jobs))?;
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread),
        })
    }

    /// Queues a batch; `done` is told when it is durable or refused.
    pub(super) fn submit(&self, batch: Vec<Change>, done: Done) {
        let job = Job { batch, done };
        let refused = match &self.queue {
            Some(queue) => queue.send(job).err().map(|SendError(job)| job),
            None => Some(job),
        };
        if let Some(job) = refused {
            (job.done)(Err(StoreError::Closed));
        }
    }

    /// Waits until everything queued before is stored, and tells whether the database can be used.
    pub(super) fn probe(&self) -> Verdict {
        let (told, verdict) = sync_channel(1);
        self.submit(Vec::new(), tell(told));
        verdict.recv().map_err(|_| StoreError::Closed)?
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

/// Runs until nobody can send any more and the queue is empty. Then sets that nobody uses any more
/// are deleted: nothing can refer to one anew, and nobody waits for it.
fn write_all(mount: &Mount, jobs: &Receiver<Job>) {
    write_queued(mount, jobs);
    // What could not be deleted takes room until the store is closed next, and harms nobody.
    let _ = mount.with(collect_unused);
}

fn write_queued(mount: &Mount, jobs: &Receiver<Job>) {
    let mut left_over = None;
    while let Some(first) = left_over.take().or_else(|| jobs.recv().ok()) {
        let (group, next) = gather(first, jobs);
        left_over = next;
        let verdicts = write_group(mount, &group);
        for (job, verdict) in group.into_iter().zip(verdicts) {
            (job.done)(verdict);
        }
    }
}

/// Takes what is waiting, up to the limit; also returns the job that did not fit any more.
fn gather(first: Job, jobs: &Receiver<Job>) -> (Vec<Job>, Option<Job>) {
    let mut changes = first.batch.len();
    let mut group = vec![first];
    loop {
        match jobs.try_recv() {
            Ok(job) if changes + job.batch.len() > GROUP_CHANGES_MAX => return (group, Some(job)),
            Ok(job) => {
                changes += job.batch.len();
                group.push(job);
            }
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => return (group, None),
        }
    }
}

/// One verdict per job, in order.
fn write_group(mount: &Mount, group: &[Job]) -> Vec<Verdict> {
    if mount.is_down()
        && let Err(error) = mount.remount()
    {
        return vec![Err(error); group.len()];
    }
    let error = match mount.with(|db| try_write_group(db, group)) {
        Ok(verdicts) => return verdicts,
        Err(error) => error,
    };
    // Before anybody is told: who reads on hearing of it finds what has become of the batch.
    let mounted = mount.remount();
    let verdict = |job: &Job| {
        if job.batch.is_empty() {
            mounted.clone()
        } else {
            Err(error.clone())
        }
    };
    group.iter().map(verdict).collect()
}

fn try_write_group(db: &Database, group: &[Job]) -> Result<Vec<Verdict>, StoreError> {
    let doing = "writing a group of batches";
    let transaction = begin_write(db)?;
    let mut verdicts = Vec::with_capacity(group.len());
    {
        let mut tables = Tables::open(&transaction).map_err(backend(doing))?;
        for job in group {
            let verdict = check(&job.batch, &tables);
            if let Err(error @ StoreError::Backend { .. }) = verdict {
                return Err(error);
            }
            if verdict.is_ok() {
                for change in &job.batch {
                    tables.apply(change).map_err(backend(doing))?;
                }
            }
            verdicts.push(verdict);
        }
    }
    if verdicts.iter().any(Result::is_ok) {
        transaction
            .commit()
            .map_err(backend("making a group of batches durable"))?;
    } else {
        transaction.abort().map_err(backend(doing))?;
    }
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
        mount.with(schema::prepare).unwrap();
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
                queue.send(Job { batch, done }).unwrap();
                answer
            })
            .collect();
        drop(queue);
        write_all(&mount, &jobs);

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
                .send(Job {
                    batch,
                    done: tell(sync_channel(1).0),
                })
                .unwrap();
        }
        let mut groups = Vec::new();
        let mut left_over = Some(jobs.recv().unwrap());
        while let Some(first) = left_over.take() {
            let (group, next) = gather(first, &jobs);
            groups.push(group.iter().map(|job| job.batch.len()).collect::<Vec<_>>());
            left_over = next;
        }
        assert_eq!(groups, [vec![10], vec![2000], vec![10, 10]]);
    }
}
