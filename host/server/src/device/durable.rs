//! Waiting until the changes of a message are durable.
//!
//! Knows nothing of messages. Invariant: whoever gives up waiting, since the device hung up, leaves the
//! host marked after the changes were stored or refused: what became of them is read before anything
//! is said of the host.

use std::sync::Arc;

use mooring_mdm::ids::HostId;
use mooring_store::{Change, StoreError};
use tokio::sync::oneshot;

use crate::core::Core;
use crate::fleet::Fleet;

/// A wait that may be given up.
struct Wait<'a> {
    fleet: &'a Fleet,
    host: &'a HostId,
    verdict: oneshot::Receiver<Result<(), StoreError>>,
    is_over: bool,
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            // Whatever is told from now on is told to nobody, and marks the host then. What was told
            // already, nobody heard.
            self.verdict.close();
            self.fleet.mark(self.host);
        }
    }
}

impl Core {
    /// Stores changes of a host. The caller places what they come to as soon as this returns.
    pub(super) async fn committed(
        &self,
        host: &HostId,
        changes: Vec<Change>,
    ) -> Result<(), StoreError> {
        let (done, verdict) = oneshot::channel();
        let mut wait = Wait {
            fleet: &self.fleet,
            host,
            verdict,
            is_over: false,
        };
        let (fleet, marked) = (Arc::clone(&self.fleet), host.clone());
        let done = move |verdict| {
            if done.send(verdict).is_err() {
                fleet.mark(&marked);
            }
        };
        self.store.submit(changes, Box::new(done));
        let verdict = (&mut wait.verdict).await;
        wait.is_over = true;
        verdict.unwrap_or(Err(StoreError::Closed))
    }
}
