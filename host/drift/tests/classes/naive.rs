//! What a walk over all hosts counts, with the engine's own functions.

use std::collections::BTreeMap;

use mooring_drift::classes::{OwnCopies, Seen, Tally};
use mooring_drift::command::CommandNames;
use mooring_drift::desired::{Catalog, Circumstances};
use mooring_drift::next::{Context, RawQueue, next_command};
use mooring_drift::policy::Policy;
use mooring_drift::state::{Phase, SyncState};
use mooring_drift::status::{Status, enrollment_status, profile_states};
use mooring_mdm::ids::{Channel, EnrollmentId, PayloadIdentifier};

use crate::states::NOW;

/// A host with its channels, the device's first.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    pub(crate) value: u32,
    pub(crate) is_missing: bool,
    pub(crate) can_have_user: bool,
    pub(crate) build: Option<&'static str>,
    pub(crate) circumstances: Circumstances,
    pub(crate) channels: Vec<(EnrollmentId, SyncState)>,
    pub(crate) own: OwnCopies,
}

/// What there is to say of a host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Judgement {
    pub(crate) status: Option<Status>,
    pub(crate) profiles: BTreeMap<PayloadIdentifier, Status>,
    pub(crate) has_work: bool,
}

/// What decisions depend on beside the host.
pub(crate) struct World {
    pub(crate) catalog: Catalog,
    pub(crate) policy: Policy,
    pub(crate) names: CommandNames,
}

impl World {
    pub(crate) fn context<'a>(&'a self, host: &'a Host, id: &'a EnrollmentId) -> Context<'a> {
        Context {
            enrollment: id,
            desired: self.catalog.desired(id.channel(), &host.circumstances),
            policy: &self.policy,
            names: &self.names,
            build_version: host.build,
            raw: RawQueue::default(),
            renewal: None,
            now: NOW,
        }
    }

    pub(crate) fn seen<'a>(&'a self, host: &'a Host) -> Vec<Seen<'a>> {
        let channels = host.channels.iter();
        channels
            .map(|(id, state)| Seen::at(state, &self.context(host, id), &host.own))
            .collect()
    }

    pub(crate) fn judge(&self, host: &Host) -> Judgement {
        let mut judgement = Judgement::default();
        if host.channels[0].1.phase == Phase::CheckedOut {
            return judgement;
        }
        let live = host
            .channels
            .iter()
            .filter(|(_, state)| state.phase != Phase::CheckedOut);
        let mut has_user = false;
        for (id, state) in live {
            has_user |= id.channel() == Channel::User;
            let context = self.context(host, id);
            let states = profile_states(&context.desired, state, &self.policy, NOW);
            let status = enrollment_status(&states, state, &self.policy, NOW);
            judgement.status = judgement.status.max(Some(status));
            for (identifier, profile) in states {
                judgement.note(identifier, profile.status.word());
            }
            judgement.has_work |= next_command(state, &context).is_some();
        }
        if !has_user {
            let waiting = if host.can_have_user {
                Status::Pending
            } else {
                Status::Failed
            };
            let users = self.catalog.desired(Channel::User, &host.circumstances);
            for (identifier, _) in users.iter() {
                judgement.note(identifier.clone(), waiting);
            }
        }
        judgement
    }
}

impl Judgement {
    fn note(&mut self, identifier: PayloadIdentifier, status: Status) {
        let entry = self.profiles.entry(identifier).or_insert(status);
        *entry = status.max(*entry);
        self.status = self.status.max(Some(status));
    }
}

/// Adds one host in this status.
pub(crate) fn add(tally: &mut Tally, status: Status) {
    match status {
        Status::Applied => tally.applied += 1,
        Status::Unknown => tally.unknown += 1,
        Status::Pending => tally.pending += 1,
        Status::Failed => tally.failed += 1,
    }
}
