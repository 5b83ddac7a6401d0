//! Check-ins: a device begins, confirms or ends an enrollment.
//!
//! Knows nothing of profiles. Invariants: Authenticate opens a new epoch on every channel of the
//! host, but for a renewed identity; a token that a message leaves out is kept; a fact that is too old to
//! say anything does not become fresh because a device authenticates.

use mooring_drift::state::{Phase, SyncState};
use mooring_drift::step::{Event, TokenUpdate as Told};
use mooring_mdm::checkin::{CheckIn, CheckInKind, TokenUpdate};
use mooring_mdm::device::Attributes;
use mooring_mdm::ids::{Channel, EnrollmentId};
use mooring_store::{Change, EnrollmentRecord, HostRecord, PushTarget};

use super::admission::Admitted;
use super::{Decision, DeviceReply, Refusal, device_record, history, host_change, new_host};
use crate::core::Core;
use crate::limits::USERS_PER_HOST_MAX;
use crate::random;

impl Core {
    pub(super) fn decide_check_in(
        &self,
        checkin: &CheckIn,
        host: Option<HostRecord>,
        admitted: &Admitted,
    ) -> Result<Decision, Refusal> {
        let enrollment = &checkin.enrollment;
        match &checkin.kind {
            CheckInKind::Authenticate(attributes) => {
                self.authenticate(enrollment, attributes, host, admitted)
            }
            CheckInKind::TokenUpdate(update) => self.token_update(enrollment, update, host),
            CheckInKind::CheckOut => self.check_out(enrollment, host),
            kind @ (CheckInKind::UserAuthenticate { .. }
            | CheckInKind::SetBootstrapToken { .. }
            | CheckInKind::GetBootstrapToken
            | CheckInKind::DeclarativeManagement { .. }
            | CheckInKind::GetToken { .. }) => self.decide_exchange(kind, enrollment, host),
        }
    }

    fn authenticate(
        &self,
        enrollment: &EnrollmentId,
        attributes: &Attributes,
        host: Option<HostRecord>,
        admitted: &Admitted,
    ) -> Result<Decision, Refusal> {
        if enrollment.channel() == Channel::User {
            return Err(Refusal::UserAuthenticates(enrollment.clone()));
        }
        let now = self.clock.now();
        let mut host = host.unwrap_or_else(|| new_host(enrollment.host(), now));
        let is_fresh = self.fresh_attributes(&host).is_some();
        let known = std::mem::take(&mut host.attributes);
        if admitted.is_renewal {
            // It tells little, so what is known stays as old as it is.
            host.attributes = known.updated_by(attributes.clone());
            tracing::info!(%enrollment, "a device renewed its identity");
            return Ok(Decision {
                changes: vec![host_change(&host)],
                ..Decision::empty()
            });
        }
        host.attributes = if is_fresh {
            known.updated_by(attributes.clone())
        } else {
            known.replaced_by(attributes.clone())
        };
        host.attributes_at = Some(now);
        if device_record(&host).is_none() {
            let mut record = self.new_enrollment(enrollment);
            record.access = admitted.access.clone().unwrap_or_default();
            host.enrollments.insert(0, record);
        }
        let mut changes = vec![host_change(&host)];
        for record in &host.enrollments {
            let mut record = record.clone();
            // It belonged to the device as it was.
            record.bootstrap_token = None;
            record.unlock_token = None;
            record.is_awaiting_configuration = None;
            changes.extend(self.cleared_of(&record)?);
            let serial = attributes.serial_number.clone();
            changes.extend(self.stepped(&host, record, Event::Authenticate { serial }));
        }
        tracing::info!(%enrollment, "a device authenticates: a new epoch");
        Ok(Decision {
            changes,
            ..Decision::empty()
        })
    }

    fn token_update(
        &self,
        enrollment: &EnrollmentId,
        update: &TokenUpdate,
        host: Option<HostRecord>,
    ) -> Result<Decision, Refusal> {
        let not_enrolled = || Refusal::NotEnrolled(enrollment.clone());
        let host = host.ok_or_else(not_enrolled)?;
        if enrollment.channel() == Channel::User {
            // A user channel lives on that of its device.
            let device = host
                .enrollments
                .iter()
                .find(|e| e.id.channel() == Channel::Device);
            device
                .filter(|e| e.sync.phase == Phase::Enrolled)
                .ok_or_else(not_enrolled)?;
        }
        let known = host
            .enrollments
            .iter()
            .find(|record| record.id == *enrollment);
        if known.is_none() && host.enrollments.len() > USERS_PER_HOST_MAX {
            return Err(Refusal::TooManyUsers(enrollment.clone()));
        }
        let mut record = known
            .cloned()
            .unwrap_or_else(|| self.new_enrollment(enrollment));
        let target = PushTarget {
            topic: update.topic.clone(),
            magic: update.push_magic.clone(),
            token: update.token.clone(),
        };
        let before = record.push.replace(target);
        // A device that renews its identity may say so under another magic: no other enrollment.
        let is_renewing = device_record(&host).is_some_and(|d| d.access.pins.len() > 1);
        let is_other = |before: &PushTarget| before.magic != update.push_magic;
        let told = Told {
            is_other_magic: !is_renewing && before.as_ref().is_some_and(is_other),
            is_other_token: before.as_ref().is_some_and(|b| b.token != update.token),
            is_awaiting_configuration: update.is_awaiting_configuration == Some(true),
        };
        record.push_disabled_at = None;
        record.token_updated_at = Some(self.clock.now());
        record.token_updates = record.token_updates.saturating_add(1);
        // Absent means unchanged: a device sends these once, not with every update.
        if update.is_awaiting_configuration.is_some() {
            record.is_awaiting_configuration = update.is_awaiting_configuration;
        }
        if update.unlock_token.is_some() {
            record.unlock_token.clone_from(&update.unlock_token);
        }
        if update.user_short_name.is_some() {
            record.user_short_name.clone_from(&update.user_short_name);
        }
        let changes = self.stepped(&host, record, Event::TokenUpdate(told));
        Ok(Decision {
            changes,
            ..Decision::empty()
        })
    }

    /// A device that checks out takes its user channels with it. One that is not known leaves
    /// nothing behind, so that is no error.
    fn check_out(
        &self,
        enrollment: &EnrollmentId,
        host: Option<HostRecord>,
    ) -> Result<Decision, Refusal> {
        let Some(host) = host else {
            return Ok(Decision::ignored(DeviceReply::Empty));
        };
        let leaves = |record: &&EnrollmentRecord| {
            enrollment.channel() == Channel::Device || record.id == *enrollment
        };
        let mut changes = Vec::new();
        for record in host.enrollments.iter().filter(leaves) {
            changes.extend(self.cleared_of(record)?);
            changes.extend(self.stepped(&host, record.clone(), Event::CheckOut));
        }
        tracing::info!(%enrollment, "checked out");
        Ok(Decision {
            changes,
            ..Decision::empty()
        })
    }

    fn cleared_of(&self, record: &EnrollmentRecord) -> Result<Vec<Change>, Refusal> {
        let cleared = self.cleared(&record.id, self.clock.now());
        cleared.map_err(|source| Refusal::Store {
            enrollment: record.id.clone(),
            source,
        })
    }

    /// One enrollment after an event, with the end of a command it may have had in flight.
    fn stepped(
        &self,
        host: &HostRecord,
        mut record: EnrollmentRecord,
        event: Event,
    ) -> Vec<Change> {
        let now = self.clock.now();
        let step = self.step(host, &record, event);
        let mut changes = history::dropped(&record, &step, &self.names, now);
        record.sync = step.state;
        record.last_seen_at = now;
        changes.push(Change::Enrollment(record));
        changes
    }

    fn new_enrollment(&self, id: &EnrollmentId) -> EnrollmentRecord {
        // A host that was removed and comes back begins with sequence 1 again: another epoch
        // keeps its command uuids from coming twice.
        let sync = SyncState {
            epoch: random::epoch(),
            era: self.era(),
            ..SyncState::new()
        };
        EnrollmentRecord::new(id.clone(), sync, self.clock.now())
    }
}
