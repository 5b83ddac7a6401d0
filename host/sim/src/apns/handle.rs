//! The way from a push to the devices of a fleet.
//!
//! Knows nothing of requests or of devices. Invariant: what waits to be looked at is bounded by the
//! channels that were named, since a channel that is pushed twice before anybody looks is woken
//! once, as at Apple's.

use std::collections::BTreeSet;
use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::state::Shared;
use crate::message::Channel;

/// One channel of a fleet: the number of its device, and which of the two.
pub(crate) type Sleeper = (usize, Channel);

/// A stand-in's pushes, for a fleet; see [`crate::FleetOptions::wake`]. Works for as long as the
/// stand-in does.
#[derive(Clone)]
pub struct ApnsHandle(Arc<Shared>);

impl ApnsHandle {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// A good push of this token, with this magic, wakes the sleeper from now on.
    pub(crate) fn listen(&self, token: &[u8], magic: &str, sleeper: Sleeper, bell: &Arc<Bell>) {
        self.0.listen(token, magic, sleeper, bell);
    }
}

impl fmt::Debug for ApnsHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApnsHandle")
    }
}

/// Collects who was woken, for one who looks.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    woken: Mutex<BTreeSet<Sleeper>>,
    rung: Notify,
}

impl Bell {
    pub(super) fn ring(&self, sleeper: Sleeper) {
        self.woken().insert(sleeper);
        self.rung.notify_one();
    }

    /// Waits until somebody was woken, and takes them all. Nobody is lost if the future is dropped.
    pub(crate) async fn wait(&self) -> BTreeSet<Sleeper> {
        loop {
            let woken = mem::take(&mut *self.woken());
            if !woken.is_empty() {
                return woken;
            }
            self.rung.notified().await;
        }
    }

    /// Nothing panics while it is held, so a poisoned lock is as good as any.
    fn woken(&self) -> std::sync::MutexGuard<'_, BTreeSet<Sleeper>> {
        self.woken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that pushes before anybody looks are one, and that a look that is broken off loses
    /// nobody.
    #[tokio::test]
    async fn pushes_are_collected() {
        let bell = Bell::default();
        for _ in 0..3 {
            bell.ring((1, Channel::Device));
        }
        bell.ring((2, Channel::User));
        let expected = BTreeSet::from([(1, Channel::Device), (2, Channel::User)]);
        assert_eq!(bell.wait().await, expected);
        tokio::select! {
            biased;
            _ = bell.wait() => panic!("nobody was woken"),
            () = async {} => {}
        }
        bell.ring((3, Channel::User));
        assert_eq!(bell.wait().await.len(), 1);
    }
}
