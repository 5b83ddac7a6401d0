//! Hosts as documents of the API.
//!
//! Knows nothing of routes. Invariant: nothing here changes anything.

use mooring_drift::desired::Circumstances;
use mooring_drift::drift::Change;
use mooring_drift::next::Context;
use mooring_drift::plan;
use mooring_drift::state::{Phase, SyncState};
use mooring_drift::status::Status;
use mooring_identity::Fingerprint;
use mooring_mdm::device::Attributes;
use mooring_mdm::ids::HostId;
use mooring_store::{CommandOutcome, CommandRecord, EnrollmentRecord, Held, HostRecord, Pin, Via};

use super::HostError;
use super::duplicate::duplicate;
use super::judgement::{Judged, Judgement};
use super::words::remark_words;
use crate::api::{
    CommandDetail, EnrollmentDetail, HeldIdentity, HostDetail, HostProfile, HostProfiles,
    HostSummary, PinnedIdentity, PlannedChange, UnmanagedProfile,
};
use crate::clock::rfc3339;
use crate::core::Core;
use crate::device::{DeviceAuth, device_record};
use crate::enrollment::ENROLLMENT_IDENTIFIER;
use crate::enrollment::renewal::{can_renew, due_at};
use crate::limits::COMMANDS_SHOWN_MAX;
use crate::shelf::Shelf;

impl Core {
    /// One host with its channels, plan and last commands.
    ///
    /// # Errors
    /// [`HostError`] if there is no such host.
    pub fn host_detail(&self, name: &str) -> Result<HostDetail, HostError> {
        let host = self.find_host(name)?;
        let shelf = self.shelf();
        let judgement = self.judgement(&shelf, &host);
        let mut commands = Vec::new();
        for record in &host.enrollments {
            commands.extend(self.store.commands(&record.id, COMMANDS_SHOWN_MAX)?);
        }
        let access = device_record(&host).map(|record| &record.access);
        let is_renewed = device_record(&host).is_some_and(|record| can_renew(self, &host, record));
        let channels = host.enrollments.iter().map(|record| {
            let status = judgement.channels.iter().find(|(id, _)| *id == record.id);
            let status = status.map_or(Status::Unknown, |(_, status)| *status);
            self.channel_detail(&shelf, &host, record, status)
        });
        Ok(HostDetail {
            summary: self.host_summary(&host, judgement.status),
            enrolled_at: rfc3339(host.enrolled_at),
            attributes_at: host.attributes_at.map(rfc3339),
            are_attributes_old: self.are_attributes_old(&host),
            authenticated_by: access.and_then(|access| access.via).map(via),
            identities: access.map_or_else(Vec::new, |access| {
                let pins = access.pins.iter();
                pins.map(|pin| pinned(&host.id, pin, is_renewed)).collect()
            }),
            enrollments: channels.collect(),
            commands: commands.iter().map(command_detail).collect(),
            together: self.set_findings_of(&host)?,
        })
    }

    /// What a host should have, what it has, and what is on it beside.
    ///
    /// # Errors
    /// [`HostError`] if there is no such host.
    pub fn host_profiles(&self, name: &str) -> Result<HostProfiles, HostError> {
        let host = self.find_host(name)?;
        let shelf = self.shelf();
        let judgement = self.judgement(&shelf, &host);
        Ok(HostProfiles {
            id: host.id.clone(),
            status: judgement.status,
            profiles: shown_profiles(judgement),
            unmanaged: unmanaged(&host, &shelf, &self.circumstances(&shelf, &host)),
        })
    }

    /// The state of every profile of ours on a host.
    pub(crate) fn judged(&self, shelf: &Shelf, host: &HostRecord) -> Vec<HostProfile> {
        shown_profiles(self.judgement(shelf, host))
    }

    pub(super) fn judgement(&self, shelf: &Shelf, host: &HostRecord) -> Judgement {
        let circumstances = self.circumstances(shelf, host);
        Judgement::of(host, shelf, &circumstances, &self.policy, self.clock.now())
    }

    pub(super) fn host_summary(&self, host: &HostRecord, status: Option<Status>) -> HostSummary {
        let seen = host
            .enrollments
            .iter()
            .map(|e| self.last_seen(&e.id, e.last_seen_at))
            .max();
        let access = device_record(host).map(|record| &record.access);
        HostSummary {
            id: host.id.clone(),
            attributes: self.shown_attributes(host),
            status,
            profile_status: None,
            last_seen_at: rfc3339(seen.unwrap_or(host.enrolled_at)),
            held: access.and_then(|access| access.held.as_ref()).map(held),
            duplicate: duplicate(host),
            is_blocked: access.is_some_and(|access| access.is_blocked),
        }
    }

    /// Whether what the device told of itself is too old to say anything.
    fn are_attributes_old(&self, host: &HostRecord) -> bool {
        host.attributes_at.is_some() && self.fresh_attributes(host).is_none()
    }

    /// What the device told of itself, without what may have changed since if it is too old.
    fn shown_attributes(&self, host: &HostRecord) -> Attributes {
        let told = host.attributes.clone();
        if !self.are_attributes_old(host) {
            return told;
        }
        Attributes {
            serial_number: told.serial_number,
            model: told.model,
            ..Attributes::default()
        }
    }

    fn channel_detail(
        &self,
        shelf: &Shelf,
        host: &HostRecord,
        record: &EnrollmentRecord,
        status: Status,
    ) -> EnrollmentDetail {
        let sync = &record.sync;
        let circumstances = self.circumstances(shelf, host);
        let context = self.context(shelf, host, record, &circumstances);
        EnrollmentDetail {
            id: record.id.clone(),
            channel: record.id.channel(),
            phase: match sync.phase {
                Phase::Authenticated => "authenticated",
                Phase::Enrolled => "enrolled",
                Phase::CheckedOut => "checked_out",
            }
            .to_owned(),
            epoch: sync.epoch,
            begun: sync.begun,
            status,
            listed_at: sync.observed.as_ref().map(|observed| rfc3339(observed.at)),
            is_refresh_asked: sync.list_asked.is_some(),
            push_at: sync.not_now.map(|not_now| rfc3339(not_now.push_at)),
            plan: planned_changes(sync, &context),
        }
    }
}

fn shown_profiles(judgement: Judgement) -> Vec<HostProfile> {
    let profiles = judgement.profiles.into_iter().map(|(identifier, judged)| {
        let Judged { enrollment, state } = judged;
        HostProfile {
            identifier,
            enrollment,
            wanted_version: state.wanted.as_ref().map(|revision| revision.version),
            wanted_uuid: state.wanted.map(|revision| revision.uuid),
            listed_uuid: state.listed,
            status: state.status,
            note: state.remark.as_ref().map(remark_words),
            remark: state.remark,
        }
    });
    profiles.collect()
}

/// A fingerprint as people compare it.
pub(super) fn shown(fingerprint: [u8; 32]) -> String {
    Fingerprint::from_bytes(fingerprint).to_string()
}

fn held(held: &Held) -> HeldIdentity {
    HeldIdentity {
        fingerprint: shown(held.fingerprint),
        at: rfc3339(held.at),
        reason: held.reason.clone(),
    }
}

fn pinned(host: &HostId, pin: &Pin, is_renewed: bool) -> PinnedIdentity {
    PinnedIdentity {
        fingerprint: shown(pin.fingerprint),
        expires_at: rfc3339(pin.not_after),
        renewal_at: is_renewed.then(|| rfc3339(due_at(host, pin))),
    }
}

fn via(via: Via) -> String {
    match via {
        Via::None => DeviceAuth::None,
        Via::Mtls => DeviceAuth::Mtls,
        Via::Signature => DeviceAuth::Signature,
        Via::Header => DeviceAuth::Header,
    }
    .to_string()
}

/// What is still to be handed out: nothing to a channel that is not enrolled, and nothing twice.
fn planned_changes(sync: &SyncState, context: &Context<'_>) -> Vec<PlannedChange> {
    if sync.phase != Phase::Enrolled {
        return Vec::new();
    }
    let in_flight = sync
        .in_flight
        .as_ref()
        .and_then(|in_flight| in_flight.command.identifier());
    let changes = plan::plan(sync, context).into_iter();
    changes
        .filter(|change| Some(change.identifier()) != in_flight)
        .map(planned)
        .collect()
}

fn planned(change: Change) -> PlannedChange {
    match change {
        Change::Install {
            identifier,
            revision,
            reason,
        } => PlannedChange::Install {
            identifier,
            version: revision.version,
            reason,
        },
        Change::Remove { identifier, .. } => PlannedChange::Remove { identifier },
    }
}

fn command_detail(record: &CommandRecord) -> CommandDetail {
    let (outcome, error) = match &record.outcome {
        None => ("sent", None),
        Some(CommandOutcome::Acknowledged) => ("acknowledged", None),
        Some(CommandOutcome::NotNow) => ("not_now", None),
        Some(CommandOutcome::Lost) => ("lost", None),
        Some(CommandOutcome::Failed(reason)) => ("failed", Some(reason.clone())),
    };
    CommandDetail {
        enrollment: record.enrollment.clone(),
        uuid: record.uuid.to_string(),
        request_type: record.request_type.as_str().to_owned(),
        identifier: record.identifier.clone(),
        version: record.profile_version,
        sent_at: rfc3339(record.sent_at),
        closed_at: record.closed_at.map(rfc3339),
        outcome: outcome.to_owned(),
        error,
    }
}

/// What the host listed that is not ours, and copies under an identifier of ours that this
/// server neither made nor installed and does not want there.
fn unmanaged(
    host: &HostRecord,
    shelf: &Shelf,
    circumstances: &Circumstances,
) -> Vec<UnmanagedProfile> {
    let mut found = Vec::new();
    for record in &host.enrollments {
        let Some(observed) = &record.sync.observed else {
            continue;
        };
        let desired = shelf.catalog.desired(record.id.channel(), circumstances);
        let others = observed
            .unmanaged
            .iter()
            .filter(|p| desired.is_unwanted(&p.identifier))
            // It is this server's own, though it is no part of drift.
            .filter(|p| p.identifier.as_str() != ENROLLMENT_IDENTIFIER);
        found.extend(others.map(|profile| UnmanagedProfile {
            identifier: profile.identifier.clone(),
            payload_uuid: profile.uuid.clone(),
            name: profile.display_name.clone(),
            enrollment: record.id.clone(),
        }));
        let copies = observed.set.entries().iter().filter(|(identifier, uuid)| {
            desired.is_unwanted(identifier)
                && !mooring_drift::drift::may_remove(&desired, &record.sync, identifier, uuid)
        });
        found.extend(copies.map(|(identifier, uuid)| UnmanagedProfile {
            identifier: identifier.clone(),
            payload_uuid: uuid.clone(),
            name: None,
            enrollment: record.id.clone(),
        }));
    }
    found
}
