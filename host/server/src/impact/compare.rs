//! One host before and after a change.
//!
//! Knows nothing of other hosts. Invariants: what is said is the difference of two drifts, so that
//! what is pending already is not said again; a change that would not be sent, since it is
//! parked or may not travel, is not said at all.

use mooring_drift::desired::Desired;
use mooring_drift::drift::{Change, drift};
use mooring_drift::state::{NextAttempt, Phase, SyncState};
use mooring_mdm::ids::EnrollmentId;
use mooring_store::{EnrollmentOutline, HostFacts, HostOutline};

use crate::core::Core;
use crate::shelf::Shelf;

/// What a change would do to one channel.
#[derive(Debug, Clone)]
pub(super) struct Channel {
    pub(super) enrollment: EnrollmentId,
    /// In the order in which it would be sent.
    pub(super) changes: Vec<Change>,
    /// What is pending now and would no longer be done.
    pub(super) cancels: usize,
    /// Whether it is concerned and has no known list.
    pub(super) is_unknown: bool,
}

/// Whether a host counts.
fn is_enrolled(host: &HostOutline) -> bool {
    host.enrollments.first().is_some_and(|device| {
        device.id.channel() == mooring_mdm::ids::Channel::Device
            && device.sync.phase != Phase::CheckedOut
    })
}

impl Core {
    /// What would become of a host if the shelf were `after` and administrators had said `facts` of
    /// it; `None` if the host does not count.
    pub(super) fn compared(
        &self,
        before: &Shelf,
        after: &Shelf,
        host: &HostOutline,
        facts: Option<&HostFacts>,
    ) -> Option<Vec<Channel>> {
        if !is_enrolled(host) {
            return None;
        }
        let now = self.circumstances(before, host);
        let then = match facts {
            Some(facts) => {
                let mut host = host.clone();
                host.facts = facts.clone();
                self.circumstances(after, &host)
            }
            None => self.circumstances(after, host),
        };
        let attributes = self.fresh_attributes(host);
        let build = attributes.and_then(|told| told.build_version.as_deref());
        let live = host
            .enrollments
            .iter()
            .filter(|record| record.sync.phase != Phase::CheckedOut);
        let channels = live.filter_map(|record| {
            let channel = record.id.channel();
            let now = before.catalog.desired(channel, &now);
            let then = after.catalog.desired(channel, &then);
            compare(record, &now, &then, build)
        });
        Some(channels.collect())
    }
}

fn compare(
    record: &EnrollmentOutline,
    now: &Desired<'_>,
    then: &Desired<'_>,
    build: Option<&str>,
) -> Option<Channel> {
    let state = &record.sync;
    let mut channel = Channel {
        enrollment: record.id.clone(),
        changes: Vec::new(),
        cancels: 0,
        is_unknown: false,
    };
    let (Some(old), Some(new)) = (drift(now, state), drift(then, state)) else {
        let is_concerned = !now.wishes().eq(then.wishes());
        channel.is_unknown = true;
        channel.changes = losses(now, then, state);
        return is_concerned.then_some(channel);
    };
    let is_in = |all: &[Change], one: &Change| all.iter().any(|other| is_same(one, other));
    channel.cancels = old.iter().filter(|change| !is_in(&new, change)).count();
    let changes = new.into_iter();
    channel.changes = changes
        .filter(|change| !is_in(&old, change) && is_sent(change, then, state, build))
        .collect();
    (channel.cancels > 0 || !channel.changes.is_empty()).then_some(channel)
}

/// Whether a device could not tell one change from the other.
fn is_same(one: &Change, other: &Change) -> bool {
    match (one, other) {
        (
            Change::Install {
                identifier,
                revision,
                ..
            },
            Change::Install {
                identifier: of_other,
                revision: wanted,
                ..
            },
        ) => identifier == of_other && revision.uuid == wanted.uuid,
        (
            Change::Remove { identifier, .. },
            Change::Remove {
                identifier: other, ..
            },
        ) => identifier == other,
        (Change::Install { .. }, Change::Remove { .. })
        | (Change::Remove { .. }, Change::Install { .. }) => false,
    }
}

/// Whether a change would leave: it may travel, and was not given up before.
fn is_sent(change: &Change, then: &Desired<'_>, state: &SyncState, build: Option<&str>) -> bool {
    let is_blocked = match change {
        Change::Install { identifier, .. } => then.is_blocked(identifier),
        Change::Remove { .. } => false,
    };
    let attempts = state.attempts_for(change.identifier(), &change.target());
    let is_parked = attempts.is_some_and(|attempts| {
        let is_same_build = match (attempts.build_version.as_deref(), build) {
            (Some(at), Some(build)) => at == build,
            (None, _) | (_, None) => true,
        };
        attempts.next == NextAttempt::Parked && is_same_build
    });
    !is_blocked && !is_parked
}

/// What a host took from this server and should no longer have, where no list says what it has.
fn losses(now: &Desired<'_>, then: &Desired<'_>, state: &SyncState) -> Vec<Change> {
    let delivered = state.delivered.entries().iter();
    let lost = delivered.filter(|(id, _)| !now.is_unwanted(id) && then.is_unwanted(id));
    lost.map(|(identifier, uuid)| Change::Remove {
        identifier: identifier.clone(),
        uuid: uuid.clone(),
    })
    .collect()
}
