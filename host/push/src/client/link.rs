//! Which connection is in use, when the next may be opened, and the tasks that drive them.
//!
//! Does no I/O. Invariants: a connection that brought an answer may be replaced at once, one that
//! was of no use only after a wait that doubles; pushes under way on a connection that is replaced
//! go on there; all tasks end when [`Links`] is dropped.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http2::SendRequest;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::ApnsLimits;

/// The sending end of one HTTP/2 connection.
pub(super) type Link = SendRequest<Full<Bytes>>;

struct Current {
    generation: u64,
    link: Link,
    /// Whether an answer came over it.
    has_worked: bool,
}

/// The connections of a client.
pub(super) struct Links {
    current: Option<Current>,
    generation: u64,
    /// Connections of no use in a row.
    failures: u32,
    next_open: Option<Instant>,
    limits: ApnsLimits,
    tasks: Arc<Mutex<JoinSet<()>>>,
}

impl Links {
    pub(super) fn new(limits: ApnsLimits) -> Self {
        Self {
            current: None,
            generation: 0,
            failures: 0,
            next_open: None,
            limits,
            tasks: Arc::new(Mutex::new(JoinSet::new())),
        }
    }

    /// The connection in use, unless it has ended.
    pub(super) fn current(&mut self, now: Instant) -> Option<(u64, Link)> {
        let current = self.current.as_ref()?;
        let generation = current.generation;
        if current.link.is_closed() {
            self.lost(generation, now);
            return None;
        }
        Some((generation, current.link.clone()))
    }

    /// How long to wait before the next may be opened.
    pub(super) fn backing_off(&self, now: Instant) -> Option<Duration> {
        let wait = self.next_open?.saturating_duration_since(now);
        (!wait.is_zero()).then_some(wait)
    }

    pub(super) fn opened(&mut self, link: Link) -> (u64, Link) {
        self.generation += 1;
        self.current = Some(Current {
            generation: self.generation,
            link: link.clone(),
            has_worked: false,
        });
        (self.generation, link)
    }

    /// An answer came over it.
    pub(super) fn worked(&mut self, generation: u64) {
        if let Some(current) = self.current_of(generation) {
            current.has_worked = true;
            self.failures = 0;
            self.next_open = None;
        }
    }

    /// It ended, or a push on it failed. Pushes of an older one change nothing.
    pub(super) fn lost(&mut self, generation: u64, now: Instant) {
        let Some(current) = self.current_of(generation) else {
            return;
        };
        let has_worked = current.has_worked;
        self.current = None;
        if !has_worked {
            self.failed(now);
        }
    }

    /// A connection was of no use; returns the wait before the next.
    pub(super) fn failed(&mut self, now: Instant) -> Duration {
        let factor = 1_u32 << self.failures.min(16);
        let longest = self.limits.backoff_first.saturating_mul(factor);
        let wait = jittered(longest.min(self.limits.backoff_max));
        self.failures = self.failures.saturating_add(1);
        self.next_open = now.checked_add(wait);
        wait
    }

    /// Where the tasks of a new connection go.
    pub(super) fn tasks(&self) -> Tasks {
        Tasks(Arc::downgrade(&self.tasks))
    }

    fn current_of(&mut self, generation: u64) -> Option<&mut Current> {
        self.current
            .as_mut()
            .filter(|current| current.generation == generation)
    }
}

/// Half of it to all of it, so that servers which lost Apple together do not return together.
fn jittered(longest: Duration) -> Duration {
    let mut byte = [u8::MAX];
    // Without randomness the wait is the longest.
    let _ = aws_lc_rs::rand::fill(&mut byte);
    longest.mul_f64(0.5 + f64::from(byte[0]) / 510.0)
}

/// Runs the tasks of connections, for as long as [`Links`] lives.
#[derive(Clone)]
pub(super) struct Tasks(Weak<Mutex<JoinSet<()>>>);

impl Tasks {
    /// Drops the task if there is no owner left.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(tasks) = self.0.upgrade() {
            let mut tasks = tasks.lock().unwrap_or_else(PoisonError::into_inner);
            // Each push is a task of its own: the ended ones leave as new ones come.
            while tasks.try_join_next().is_some() {}
            tasks.spawn(task);
        }
    }
}

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Tasks {
    fn execute(&self, task: F) {
        self.spawn(task);
    }
}
