//! Secrets that are kept for devices, and tokens of Apple's services that they ask for.
//!
//! Knows nothing of profiles. Invariants: a secret leaves only to a channel that is enrolled; it
//! is wiped with the epoch it belongs to.

use mooring_drift::state::Phase;
use mooring_mdm::checkin::CheckInKind;
use mooring_mdm::ids::EnrollmentId;
use mooring_mdm::reply;
use mooring_store::{Change, EnrollmentRecord, HostRecord, Space, StoreError};

use super::{Decision, DeviceReply, Refusal, declarative, device_record, record};
use crate::core::Core;

impl Core {
    /// Answers the check-ins that begin and end nothing.
    pub(super) fn decide_exchange(
        &self,
        kind: &CheckInKind,
        enrollment: &EnrollmentId,
        host: Option<HostRecord>,
    ) -> Result<Decision, Refusal> {
        let not_enrolled = || Refusal::NotEnrolled(enrollment.clone());
        let host = host.ok_or_else(not_enrolled)?;
        let device = device_record(&host).filter(|record| record.sync.phase != Phase::CheckedOut);
        let device = device.ok_or_else(not_enrolled)?;
        // A user asks to be let in before its channel is there; nobody else is answered then.
        let own = record(&host, enrollment).filter(|own| own.sync.phase != Phase::CheckedOut);
        if own.is_none() && !matches!(kind, CheckInKind::UserAuthenticate { .. }) {
            return Err(not_enrolled());
        }
        match kind {
            CheckInKind::SetBootstrapToken {
                token,
                is_awaiting_configuration,
            } => {
                let mut record = device.clone();
                record.bootstrap_token.clone_from(token);
                record.is_awaiting_configuration =
                    is_awaiting_configuration.or(record.is_awaiting_configuration);
                Ok(written(device, record))
            }
            CheckInKind::GetBootstrapToken => Ok(Decision::reply(match &device.bootstrap_token {
                Some(token) => DeviceReply::Plist(reply::bootstrap_token(token)),
                None => DeviceReply::Empty,
            })),
            CheckInKind::UserAuthenticate { digest_response } => Ok(Decision::reply(
                self.user_authenticate(digest_response.is_some()),
            )),
            CheckInKind::DeclarativeManagement { endpoint, .. } => {
                Ok(Decision::reply(declarative::answer(endpoint)))
            }
            CheckInKind::GetToken { service_type } => self.service_token(enrollment, service_type),
            // Decided elsewhere.
            CheckInKind::Authenticate(_) | CheckInKind::TokenUpdate(_) | CheckInKind::CheckOut => {
                Ok(Decision::empty())
            }
        }
    }

    /// The first message gets an empty challenge, the second one is taken: whoever has the
    /// device's certificate may add its users.
    fn user_authenticate(&self, is_answer: bool) -> DeviceReply {
        match (self.devices.accepts_user_authenticate, is_answer) {
            (false, _) => DeviceReply::Declined,
            (true, false) => DeviceReply::Plist(reply::digest_challenge_empty()),
            (true, true) => DeviceReply::Empty,
        }
    }

    fn service_token(
        &self,
        enrollment: &EnrollmentId,
        service_type: &str,
    ) -> Result<Decision, Refusal> {
        let token = self.stored_token(service_type);
        let token = token.map_err(|source| Refusal::Store {
            enrollment: enrollment.clone(),
            source,
        })?;
        match token {
            Some(token) => Ok(Decision::reply(DeviceReply::Plist(reply::token(&token)))),
            None => Err(Refusal::NoToken {
                enrollment: enrollment.clone(),
                service_type: service_type.to_owned(),
            }),
        }
    }

    fn stored_token(&self, service_type: &str) -> Result<Option<Vec<u8>>, StoreError> {
        mooring_store::document(&*self.store, Space::Setting, &token_key(service_type))
    }

    /// Sets what devices get that ask for a token of `service_type`, or takes it away.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be stored.
    pub fn set_service_token(
        &self,
        service_type: &str,
        token: Option<Vec<u8>>,
    ) -> Result<(), StoreError> {
        self.store.commit(vec![Change::Document {
            space: Space::Setting,
            key: token_key(service_type),
            value: token,
            expected: mooring_store::Expected::Any,
        }])
    }
}

fn token_key(service_type: &str) -> Vec<u8> {
    format!("token:{service_type}").into_bytes()
}

fn written(before: &EnrollmentRecord, after: EnrollmentRecord) -> Decision {
    if *before == after {
        return Decision::empty();
    }
    Decision {
        changes: vec![Change::Enrollment(after)],
        ..Decision::empty()
    }
}
