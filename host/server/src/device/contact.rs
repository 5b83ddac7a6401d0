//! Connects: a device asks for work or reports on it.
//!
//! Knows nothing of how messages arrive. Invariant: the bytes of a command are at hand before its
//! hand-out is committed.

use mooring_drift::command::Command;
use mooring_drift::next::Context;
use mooring_drift::state::Phase;
use mooring_drift::step::{Event, Step, step};
use mooring_mdm::command::{device_information, install_profile, profile_list, remove_profile};
use mooring_mdm::ids::{CommandUuid, EnrollmentId};
use mooring_mdm::report::{Answer, Connect, Outcome, Report};
use mooring_store::{Change, EnrollmentRecord, HostRecord};

use super::{Decision, DeviceReply, Refusal, history, host_change};
use crate::core::Core;
use crate::shelf::Shelf;

impl Core {
    pub(super) fn decide_connect(
        &self,
        connect: &Connect,
        host: Option<HostRecord>,
    ) -> Result<Decision, Refusal> {
        let not_enrolled = || Refusal::NotEnrolled(connect.enrollment.clone());
        let mut host = host.ok_or_else(not_enrolled)?;
        let at = host
            .enrollments
            .iter()
            .position(|record| record.id == connect.enrollment);
        let mut record = host.enrollments.remove(at.ok_or_else(not_enrolled)?);
        if record.sync.phase != Phase::Enrolled {
            return Ok(Decision::empty());
        }
        let event = match &connect.report {
            Report::Idle => Event::Idle,
            Report::Result { uuid, outcome } => {
                warn_of(&connect.enrollment, uuid, outcome);
                Event::Result {
                    uuid: uuid.clone(),
                    outcome: outcome.clone(),
                }
            }
        };
        let step = self.step(&host, &record, event);
        let reply = self.encode(&record.id, &step)?;
        if step.state == record.sync {
            return Ok(Decision {
                reply,
                ..Decision::empty()
            });
        }
        let is_command_new = step.state.sequence > record.sync.sequence;
        let mut changes = history::records(&record, &step, &self.names, self.clock.now());
        if let Some(told) = step.attributes {
            host.attributes = std::mem::take(&mut host.attributes).updated_by(told);
            host.attributes_at = Some(self.clock.now());
            changes.push(host_change(&host));
        }
        record.sync = step.state;
        record.last_seen_at = self.clock.now();
        changes.push(Change::Enrollment(record));
        Ok(Decision {
            changes,
            reply,
            is_command_new,
        })
    }

    pub(crate) fn step(&self, host: &HostRecord, record: &EnrollmentRecord, event: Event) -> Step {
        let shelf = self.shelf();
        step(&record.sync, event, &self.context(&shelf, host, record))
    }

    /// What decisions about an enrollment depend on, at this moment.
    pub(crate) fn context<'a>(
        &'a self,
        shelf: &'a Shelf,
        host: &'a HostRecord,
        record: &'a EnrollmentRecord,
    ) -> Context<'a> {
        let now = self.clock.now();
        // Attributes that were not told for two intervals say nothing any more.
        let told_at = host
            .attributes_at
            .filter(|at| !self.policy.is_attribute_old(*at, now));
        let build_version = told_at.and(host.attributes.build_version.as_deref());
        Context {
            enrollment: &record.id,
            desired: shelf.catalog.desired(record.id.channel()),
            policy: &self.policy,
            names: &self.names,
            build_version,
            now,
        }
    }

    fn encode(&self, enrollment: &EnrollmentId, step: &Step) -> Result<DeviceReply, Refusal> {
        let Some((uuid, command)) = &step.reply else {
            return Ok(DeviceReply::Empty);
        };
        let bytes = match command {
            Command::ProfileList => profile_list(uuid),
            Command::DeviceInformation => device_information(uuid),
            Command::RemoveProfile { identifier } => remove_profile(uuid, identifier),
            Command::InstallProfile {
                identifier,
                revision,
            } => {
                let raw = self.store.raw(identifier, revision.version);
                let failed = |source| Refusal::Store {
                    enrollment: enrollment.clone(),
                    source,
                };
                let Some(raw) = raw.map_err(failed)? else {
                    // The device gets nothing, so the outcome is lost, counted and parked like any
                    // other, and the host's other work goes on.
                    tracing::error!(%enrollment, %identifier, version = revision.version, "the profile's bytes are gone from the store");
                    return Ok(DeviceReply::Empty);
                };
                install_profile(uuid, &raw)
            }
        };
        Ok(DeviceReply::Command(bytes))
    }
}

/// What an administrator should look at: a device that cannot be understood stays unknown.
fn warn_of(enrollment: &EnrollmentId, uuid: &CommandUuid, outcome: &Outcome) {
    match outcome {
        Outcome::Acknowledged(Answer {
            profiles: Some(Err(incomplete)),
            ..
        }) => {
            tracing::warn!(%enrollment, %uuid, reason = %incomplete, "an incomplete list");
        }
        Outcome::Error(chain) | Outcome::CommandFormatError(chain) => {
            let chain: Vec<_> = chain.iter().map(ToString::to_string).collect();
            tracing::info!(%enrollment, %uuid, chain = chain.join("; "), "a device reported an error");
        }
        Outcome::Acknowledged(_) | Outcome::NotNow => {}
    }
}
