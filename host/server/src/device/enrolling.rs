//! Check-ins: a device begins, confirms or ends an enrollment.
//!
//! Knows nothing of profiles. Invariants: Authenticate opens a new epoch on every channel of the
//! host; a token that a message leaves out is kept.

use mooring_drift::state::{Phase, SyncState};
use mooring_drift::step::Event;
use mooring_mdm::checkin::{CheckIn, CheckInKind, TokenUpdate};
use mooring_mdm::device::Attributes;
use mooring_mdm::ids::{Channel, EnrollmentId};
use mooring_store::{Change, EnrollmentRecord, HostRecord, PushTarget};

use super::{Decision, Refusal, history, host_change, new_host};
use crate::core::Core;
use crate::limits::USERS_PER_HOST_MAX;
use crate::random;

impl Core {
    pub(super) fn decide_check_in(
        &self,
        checkin: &CheckIn,
        host: Option<HostRecord>,
    ) -> Result<Decision, Refusal> {
        let enrollment = &checkin.enrollment;
        match &checkin.kind {
            CheckInKind::Authenticate(attributes) => {
                self.authenticate(enrollment, attributes, host)
            }
            CheckInKind::TokenUpdate(update) => self.token_update(enrollment, update, host),
            CheckInKind::CheckOut => Ok(self.check_out(enrollment, host)),
        }
    }

    fn authenticate(
        &self,
        enrollment: &EnrollmentId,
        attributes: &Attributes,
        host: Option<HostRecord>,
    ) -> Result<Decision, Refusal> {
        if enrollment.channel() == Channel::User {
            return Err(Refusal::UserAuthenticates(enrollment.clone()));
        }
        let now = self.clock.now();
        let mut host = host.unwrap_or_else(|| new_host(enrollment.host(), now));
        host.attributes = std::mem::take(&mut host.attributes).updated_by(attributes.clone());
        host.attributes_at = Some(now);
        if host.enrollments.is_empty() {
            host.enrollments.push(self.new_enrollment(enrollment));
        }
        let mut changes = vec![host_change(&host)];
        for record in &host.enrollments {
            changes.extend(self.stepped(&host, record.clone(), Event::Authenticate));
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
        record.push = Some(PushTarget {
            topic: update.topic.clone(),
            magic: update.push_magic.clone(),
            token: update.token.clone(),
        });
        // Absent means unchanged: a device sends these once, not with every update.
        if update.unlock_token.is_some() {
            record.unlock_token.clone_from(&update.unlock_token);
        }
        if update.user_short_name.is_some() {
            record.user_short_name.clone_from(&update.user_short_name);
        }
        let changes = self.stepped(&host, record, Event::TokenUpdate);
        Ok(Decision {
            changes,
            ..Decision::empty()
        })
    }

    /// A device that checks out takes its user channels with it. One that is not known leaves
    /// nothing behind, so that is no error.
    fn check_out(&self, enrollment: &EnrollmentId, host: Option<HostRecord>) -> Decision {
        let Some(host) = host else {
            return Decision::empty();
        };
        let leaves = |record: &&EnrollmentRecord| {
            enrollment.channel() == Channel::Device || record.id == *enrollment
        };
        let leaving = host.enrollments.iter().filter(leaves).cloned();
        let changes = leaving.flat_map(|record| self.stepped(&host, record, Event::CheckOut));
        tracing::info!(%enrollment, "checked out");
        Decision {
            changes: changes.collect(),
            ..Decision::empty()
        }
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
            ..SyncState::new()
        };
        EnrollmentRecord {
            id: id.clone(),
            push: None,
            unlock_token: None,
            user_short_name: None,
            last_seen_at: self.clock.now(),
            sync,
            revision: 0,
        }
    }
}
