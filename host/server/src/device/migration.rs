//! Hosts that come from another server: its records, told as the check-ins that made them.
//!
//! Knows nothing of who tells them. Invariants: a host that enrolled here, or was heard of here,
//! is never changed by a record of elsewhere; who comes with a migrated host's name first, with a
//! certificate of a trusted authority, is that host; what a record tells of the device is of unknown
//! age.

use mooring_mdm::checkin::{CheckIn, CheckInKind};
use mooring_mdm::ids::EnrollmentId;
use mooring_mdm::message::{Message, MessageError};
use mooring_store::{Access, Change, HostRecord, StoreError};

use super::admission::Admitted;
use super::{Refusal, device_record};
use crate::core::Core;
use crate::limits::CONFLICT_RETRIES_MAX;

/// Why a record of another server is not taken.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// It is no message.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// It is a message that no enrollment is made of.
    #[error("an Authenticate, a TokenUpdate or a SetBootstrapToken can be migrated, nothing else")]
    Other,
    /// The host is here already.
    #[error("{0} has enrolled or connected here already; nothing was changed")]
    AlreadyHere(EnrollmentId),
    /// It does not fit what came before it.
    #[error("{0}")]
    Refused(String),
    /// The store failed.
    #[error("the store failed; nothing is promised, try again")]
    Store(#[from] StoreError),
}

impl Core {
    /// Takes an `Authenticate`, `TokenUpdate` or `SetBootstrapToken` that another server got once.
    ///
    /// # Errors
    /// [`MigrationError`] if it is none of them, or the host has been heard of here.
    pub fn migrate(&self, body: &[u8]) -> Result<(), MigrationError> {
        let Message::CheckIn(checkin) = Message::decode(body)? else {
            return Err(MigrationError::Other);
        };
        match &checkin.kind {
            CheckInKind::Authenticate(_)
            | CheckInKind::TokenUpdate(_)
            | CheckInKind::SetBootstrapToken { .. } => {}
            CheckInKind::CheckOut
            | CheckInKind::UserAuthenticate { .. }
            | CheckInKind::GetBootstrapToken
            | CheckInKind::DeclarativeManagement { .. }
            | CheckInKind::GetToken { .. } => return Err(MigrationError::Other),
        }
        for _ in 0..CONFLICT_RETRIES_MAX {
            match self.try_migrate(&checkin) {
                Err(MigrationError::Store(StoreError::Conflict { .. })) => {}
                result => return result,
            }
        }
        let text = "its records changed again and again meanwhile; try again";
        Err(MigrationError::Refused(text.to_owned()))
    }

    fn try_migrate(&self, checkin: &CheckIn) -> Result<(), MigrationError> {
        let enrollment = &checkin.enrollment;
        let host = self.host(enrollment.host())?;
        if host.as_ref().is_some_and(is_known_here) {
            return Err(MigrationError::AlreadyHere(enrollment.clone()));
        }
        let admitted = Admitted {
            access: Some(Access {
                is_migrated: true,
                ..Access::default()
            }),
            ..Admitted::default()
        };
        let decision = self.decide_check_in(checkin, host, &admitted);
        let mut decision = decision.map_err(|refusal| match refusal {
            Refusal::Store { source, .. } => MigrationError::Store(source),
            other @ (Refusal::Message(_)
            | Refusal::NotEnrolled(_)
            | Refusal::UserAuthenticates(_)
            | Refusal::TooManyUsers(_)
            | Refusal::Identity { .. }
            | Refusal::NoToken { .. }) => MigrationError::Refused(other.to_string()),
        })?;
        for change in &mut decision.changes {
            if let Change::Host { attributes_at, .. } = change {
                // Nobody knows when the device told it.
                *attributes_at = None;
            }
        }
        if !decision.changes.is_empty() {
            self.commit(decision.changes)?;
        }
        tracing::info!(%enrollment, "a record of another server was taken");
        Ok(())
    }
}

/// Whether anybody has spoken for this host here.
fn is_known_here(host: &HostRecord) -> bool {
    device_record(host).is_some_and(|record| {
        let access = &record.access;
        !access.is_migrated || access.via.is_some() || !access.pins.is_empty() || access.is_blocked
    })
}
