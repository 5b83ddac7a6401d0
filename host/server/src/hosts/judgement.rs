//! One host's profiles over all its channels, and the one word that sums them up.
//!
//! Knows nothing of documents. Invariant: a wanted profile of a channel that the host has not
//! enrolled waits, and says so; it is neither applied nor forgotten.

use std::collections::BTreeMap;

use mooring_drift::desired::{Circumstances, Desired, Revision};
use mooring_drift::policy::{Policy, Timestamp};
use mooring_drift::state::{FailureReason, NextAttempt, Phase};
use mooring_drift::status::{
    PendingReason, ProfileState, ProfileStatus, Remark, Status, enrollment_status, profile_states,
};
use mooring_mdm::ids::{Channel, EnrollmentId, PayloadIdentifier};
use mooring_mdm::os::Platform;
use mooring_store::HostRecord;

use crate::shelf::Shelf;

/// One profile of ours on one channel of a host.
pub(super) struct Judged {
    /// The channel; `None` while no user of the host is enrolled.
    pub(super) enrollment: Option<EnrollmentId>,
    pub(super) state: ProfileState,
}

/// What is to be said about a host.
pub(super) struct Judgement {
    /// The worst of everything; `None` once the host checked out.
    pub(super) status: Option<Status>,
    /// The status of each channel.
    pub(super) channels: Vec<(EnrollmentId, Status)>,
    /// Every profile, by identifier; one entry a channel.
    pub(super) profiles: Vec<(PayloadIdentifier, Judged)>,
}

impl Judgement {
    pub(super) fn of(
        host: &HostRecord,
        shelf: &Shelf,
        circumstances: &Circumstances,
        policy: &Policy,
        now: Timestamp,
    ) -> Self {
        let device = host
            .enrollments
            .first()
            .filter(|e| e.id.channel() == Channel::Device);
        if device.is_none_or(|device| device.sync.phase == Phase::CheckedOut) {
            return Self {
                status: None,
                channels: Vec::new(),
                profiles: Vec::new(),
            };
        }
        let mut judgement = Self {
            status: None,
            channels: Vec::new(),
            profiles: Vec::new(),
        };
        let live = host
            .enrollments
            .iter()
            .filter(|e| e.sync.phase != Phase::CheckedOut);
        for record in live {
            let desired = shelf.catalog.desired(record.id.channel(), circumstances);
            let states = profile_states(&desired, &record.sync, policy, now);
            let status = enrollment_status(&states, &record.sync, policy, now);
            judgement.channels.push((record.id.clone(), status));
            let judged = states.into_iter().map(|(identifier, state)| {
                (
                    identifier,
                    Judged {
                        enrollment: Some(record.id.clone()),
                        state,
                    },
                )
            });
            judgement.profiles.extend(judged);
        }
        let platform = host
            .attributes
            .model
            .as_deref()
            .and_then(Platform::from_model);
        let users = shelf.catalog.desired(Channel::User, circumstances);
        judgement.add_waiting(&users, platform);
        judgement.profiles.sort_by(|a, b| a.0.cmp(&b.0));
        let profiles = judgement
            .profiles
            .iter()
            .map(|(_, judged)| judged.state.status.word());
        let channels = judgement.channels.iter().map(|(_, status)| *status);
        judgement.status = profiles.chain(channels).max();
        judgement
    }

    /// Profiles for users wait while the host has none.
    fn add_waiting(&mut self, users: &Desired<'_>, platform: Option<Platform>) {
        if self
            .channels
            .iter()
            .any(|(id, _)| id.channel() == Channel::User)
        {
            return;
        }
        for (identifier, revision) in users.iter() {
            let waiting = waiting(revision, platform);
            self.profiles.push((identifier.clone(), waiting));
        }
    }

    /// The worst status of each profile, whatever the channel.
    pub(super) fn by_profile(&self) -> BTreeMap<&PayloadIdentifier, Status> {
        let mut worst = BTreeMap::new();
        for (identifier, judged) in &self.profiles {
            let word = judged.state.status.word();
            let entry = worst.entry(identifier).or_insert(word);
            *entry = word.max(*entry);
        }
        worst
    }
}

/// A Mac, or an iPad that is shared, may have a user at any time; the others never will.
fn waiting(revision: &Revision, platform: Option<Platform>) -> Judged {
    let status = match platform {
        None | Some(Platform::MacOs | Platform::IpadOs) => ProfileStatus::Pending {
            reason: PendingReason::Waiting,
        },
        Some(Platform::Ios | Platform::TvOs | Platform::WatchOs | Platform::VisionOs) => {
            ProfileStatus::Failed {
                error: FailureReason::NoUserChannel,
                next_attempt: NextAttempt::Parked,
            }
        }
    };
    Judged {
        enrollment: None,
        state: ProfileState {
            wanted: Some(revision.clone()),
            listed: None,
            status,
            remark: Some(Remark::NoUser),
        },
    }
}
