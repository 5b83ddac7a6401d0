//! Whether connections are scarce: a herd must not wait for those who have said all they had to.
//!
//! A device keeps its connection for a while in case there is more to say. While there is room that
//! saves handshakes; when there is none it keeps out who has not been heard yet. Knows nothing of
//! what is said. Invariant: nobody is sent away who waits for an answer.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// One in so many connections is kept for those who come.
const SPARE_ONE_IN: usize = 8;

/// The connections of a listener, as far as there are any left.
#[derive(Debug, Clone)]
pub(super) struct Crowd {
    permits: Arc<Semaphore>,
    spare: usize,
}

impl Crowd {
    /// One for as many connections as there are permits.
    pub(super) fn new(permits: Arc<Semaphore>) -> Self {
        let spare = permits.available_permits() / SPARE_ONE_IN;
        Self { permits, spare }
    }

    /// Whether few connections are left.
    pub(super) fn is_dense(&self) -> bool {
        self.permits.available_permits() < self.spare
    }
}
