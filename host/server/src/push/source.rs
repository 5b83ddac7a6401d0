//! Who may have something to do, from place to place.
//!
//! Knows nothing of pushes. Invariant: whoever has something to do from the beginning of a pass to
//! its end is found in it; who is found has to be looked at, since it may have nothing to do.

use mooring_mdm::ids::{EnrollmentId, HostId};
use mooring_store::{KeyRange, Space, StoreError};

use crate::core::Core;
use crate::device::queue;

/// Hosts that are drawn at once.
const PAGE: usize = 512;
/// Channels that are drawn at once for commands of others; each takes a read of the store.
const QUEUES_PAGE: usize = 64;

/// Where a pass over all who may have something to do has come to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// Behind this host, among those who have something of this server's own to do.
    Host(HostId),
    /// Behind this key of a command that somebody handed in.
    Queue(Vec<u8>),
}

/// Some of them.
#[derive(Debug)]
pub(super) struct Candidates {
    pub(super) hosts: Vec<HostId>,
    /// Where the next ones are; `None` if there are none.
    pub(super) next: Option<Place>,
}

impl Core {
    /// Hosts behind a place that may have something to do.
    ///
    /// # Errors
    /// [`StoreError`] if they cannot be read.
    pub(super) fn maybe_due(&self, place: Option<&Place>) -> Result<Candidates, StoreError> {
        let after = match place {
            None => None,
            Some(Place::Host(host)) => Some(host),
            Some(Place::Queue(key)) => return self.queued_behind(key.clone()),
        };
        let hosts = self.next_due(after, PAGE)?;
        let next = match hosts.last() {
            Some(last) if hosts.len() == PAGE => Place::Host(last.clone()),
            Some(_) | None => Place::Queue(Vec::new()),
        };
        Ok(Candidates {
            hosts,
            next: Some(next),
        })
    }

    /// Those for whom commands of others wait; most have none.
    fn queued_behind(&self, mut key: Vec<u8>) -> Result<Candidates, StoreError> {
        let mut hosts = Vec::new();
        while hosts.len() < QUEUES_PAGE {
            let range = KeyRange {
                after: Some(&key),
                ..KeyRange::default()
            };
            let mut found = self.store.documents(Space::RawCommand, range, 1)?;
            let Some(first) = found.pop() else {
                return Ok(Candidates { hosts, next: None });
            };
            let name = first.key.split(|byte| *byte == 0).next();
            let name = name.and_then(|name| std::str::from_utf8(name).ok());
            match name.and_then(|name| EnrollmentId::parse(name).ok()) {
                Some(enrollment) => {
                    hosts.push(enrollment.host().clone());
                    key = queue::waiting_key(&enrollment, u64::MAX);
                }
                // Nobody has such a key; what is behind it is not kept from its turn.
                None => key = first.key,
            }
        }
        Ok(Candidates {
            hosts,
            next: Some(Place::Queue(key)),
        })
    }
}
