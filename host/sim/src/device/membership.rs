//! A device's membership of a server by an enrollment profile and an identity.
//!
//! Obtains neither: both are handed in from outside, since that takes a network and randomness.
//! Invariant: the enrollment profile is in the store of every channel, under its own identifier,
//! exactly as long as the device is a member.

use std::sync::Arc;

use plist::{Dictionary, Value};

use super::{Device, Ending, Next, OnRenewal};
use crate::command::{Command, Order};
use crate::credential::Credential;
use crate::enrollment_profile::{EnrollmentProfile, EnrollmentProfileError};
use crate::error_chain::ErrorChain;
use crate::message::{self, CHECK_IN_TYPE, Channel, CheckIn, Request, Status, TOPIC};
use crate::pki::PkiError;
use crate::profile::read_plist;
use crate::random::SplitMix64;
use crate::scep::ScepFailure;
use crate::side::{ENROLLMENT_IDENTIFIER, Progress, Side};

/// As long as a Mac's.
const BOOTSTRAP_TOKEN_BYTES: usize = 32;

/// What a device was given.
#[derive(Debug, Clone)]
pub(crate) struct Membership {
    pub(crate) profile: Arc<EnrollmentProfile>,
    pub(crate) credential: Credential,
    /// The management ended; both are kept to sign the `CheckOut`, and to show which were used.
    pub(crate) is_left: bool,
    /// Whether the server took the bootstrap token.
    pub(crate) is_escrowed: bool,
    /// Whether the token is to be read back.
    is_to_compare: bool,
}

impl Membership {
    pub(crate) fn new(profile: EnrollmentProfile, credential: Credential) -> Self {
        Self {
            profile: Arc::new(profile),
            credential,
            is_left: false,
            is_escrowed: false,
            is_to_compare: false,
        }
    }
}

/// A renewal that began.
#[derive(Debug, Clone)]
pub(super) struct Renewing {
    command_uuid: String,
    profile: EnrollmentProfile,
}

/// What an `InstallProfile` is about.
pub(super) enum Meaning {
    /// A profile like any other.
    Ordinary,
    /// The enrollment profile anew.
    Renewal(Box<EnrollmentProfile>),
    /// An enrollment profile that this device cannot take.
    Refused(ErrorChain),
}

impl Device {
    /// Makes it a member: its next contact is an Authenticate under this identity. A membership
    /// that it had ends without a word.
    pub fn enroll(&mut self, profile: EnrollmentProfile, credential: Credential) {
        self.leave();
        self.is_unenrolled = false;
        for side in self.sides.each_mut() {
            side.profiles.remove(ENROLLMENT_IDENTIFIER);
            side.keep(profile.installed.clone());
        }
        self.membership = Some(Membership::new(profile, credential));
    }

    /// Whether it needs an enrollment profile and an identity: it never had them, was wiped, or
    /// left the management. Such a device still works, without an identity or under its old one.
    pub fn is_without_membership(&self) -> bool {
        self.membership
            .as_ref()
            .is_none_or(|membership| membership.is_left)
    }

    /// Its identity, also the last one of a device that left.
    pub fn credential(&self) -> Option<&Credential> {
        self.membership.as_ref().map(|member| &member.credential)
    }

    /// The profile that enrolled it, also the last one of a device that left.
    pub fn enrollment(&self) -> Option<&EnrollmentProfile> {
        self.membership.as_ref().map(|member| &*member.profile)
    }

    /// The identifier of the profile that enrolled it.
    pub fn enrollment_identifier(&self) -> &str {
        self.enrollment()
            .map_or(ENROLLMENT_IDENTIFIER, EnrollmentProfile::identifier)
    }

    /// Where its enrollment profile sends a request; nothing if it was given none.
    pub fn address(&self, request: &Request) -> Option<&str> {
        let profile = self.enrollment()?;
        let check_in = profile.check_in_url.as_deref();
        let is_check_in = request.content_type == CHECK_IN_TYPE;
        let check_in = check_in.filter(|_| is_check_in);
        Some(check_in.unwrap_or(&profile.server_url))
    }

    /// Signs a request with the identity, at a time in Unix milliseconds; a device without one
    /// leaves it as it is.
    ///
    /// # Errors
    /// [`PkiError::Library`] if signing fails.
    pub fn sign(&self, request: Request, at_ms: u64) -> Result<Request, PkiError> {
        let Some(credential) = self.credential() else {
            return Ok(request);
        };
        let signature = Some(credential.sign_message(&request.body, at_ms)?);
        Ok(Request {
            signature,
            ..request
        })
    }

    /// Goes on after [`Next::Renew`] with the new identity, or with why there is none: the device
    /// then keeps the one it has.
    pub fn renewed(&mut self, outcome: Result<Credential, ScepFailure>) -> Next {
        let Some(Renewing {
            command_uuid,
            profile,
        }) = self.renewing.take()
        else {
            return Next::Over(Ending::Silent);
        };
        let outcome = match (outcome, &mut self.membership) {
            (Ok(credential), Some(membership)) => {
                self.tally.renewals += 1;
                membership.credential = credential;
                for side in self.sides.each_mut() {
                    side.keep(profile.installed.clone());
                }
                membership.profile = Arc::new(profile);
                Ok(())
            }
            (Ok(_), None) => return Next::Over(Ending::Silent),
            (Err(failure), _) => Err(ErrorChain::installation(
                profile.identifier(),
                "MCSCEPErrorDomain",
                22_013,
                failure.to_string(),
            )),
        };
        self.sides.device.remember(&command_uuid, &outcome);
        if let Err(chain) = outcome {
            let extra = Dictionary::from_iter([("ErrorChain".to_owned(), chain.to_value())]);
            let uuid = Some(command_uuid.as_str());
            return Next::Send(self.report(Channel::Device, Status::Error, uuid, extra));
        }
        match self.habits.on_renewal {
            OnRenewal::Quiet => Next::Send(self.acknowledge(&command_uuid)),
            OnRenewal::AcknowledgesFirst => {
                self.sides.device.progress = Progress::New;
                Next::Send(self.acknowledge(&command_uuid))
            }
            OnRenewal::AuthenticatesFirst => {
                self.sides.device.progress = Progress::New;
                self.owed = Some(command_uuid);
                Next::Send(self.check_in(Channel::Device, CheckIn::Authenticate))
            }
        }
    }

    /// A `GetBootstrapToken`, to be sent outside of a contact.
    pub fn bootstrap_token_request(&self) -> Request {
        self.aside(Channel::Device, CheckIn::GetBootstrapToken)
    }

    /// A `SetBootstrapToken` with the device's token, to be sent outside of a contact.
    pub fn bootstrap_token_handover(&self) -> Request {
        let token = &self.bootstrap_token();
        self.aside(Channel::Device, CheckIn::SetBootstrapToken { token })
    }

    /// The token that it hands over; follows from seed and number.
    pub fn bootstrap_token(&self) -> Vec<u8> {
        SplitMix64::new(self.seed, "bootstrap token", self.index).bytes(BOOTSTRAP_TOKEN_BYTES)
    }

    /// A `DeclarativeManagement` check-in, such as for `tokens`, to be sent outside of a contact;
    /// with data it is a status report.
    pub fn declarative_management(
        &self,
        channel: Channel,
        endpoint: &str,
        data: Option<&[u8]>,
    ) -> Request {
        self.aside(channel, CheckIn::DeclarativeManagement { endpoint, data })
    }

    /// A `GetToken` for a service, such as `com.apple.maid`, to be sent outside of a contact.
    pub fn token_request(&self, service_type: &str) -> Request {
        self.aside(Channel::Device, CheckIn::GetToken { service_type })
    }

    /// A `UserAuthenticate` of its user, to be sent outside of a contact.
    pub fn user_authenticate(&self, digest_response: Option<&str>) -> Request {
        self.aside(Channel::User, CheckIn::UserAuthenticate { digest_response })
    }

    fn aside(&self, channel: Channel, kind: CheckIn<'_>) -> Request {
        message::check_in(&self.identity, self.topic(), channel, kind)
    }

    pub(super) fn topic(&self) -> &str {
        self.enrollment()
            .map_or(TOPIC, |profile| profile.topic.as_str())
    }

    /// What a command to install something is about, on this channel.
    pub(super) fn meaning(&self, channel: Channel, command: &Command) -> Meaning {
        let (Order::InstallProfile { payload }, Some(member), Channel::Device) =
            (&command.order, &self.membership, channel)
        else {
            return Meaning::Ordinary;
        };
        let side = &self.sides.device;
        if side.is_locked || side.recall(&command.uuid).is_some() {
            return Meaning::Ordinary;
        }
        match EnrollmentProfile::read_for(payload, Some(&member.credential)) {
            Ok(profile) => match profile.conflict_with(&member.profile) {
                None => Meaning::Renewal(Box::new(profile)),
                Some(chain) => Meaning::Refused(chain),
            },
            Err(EnrollmentProfileError::NotAProfile(_) | EnrollmentProfileError::NoMdm) => {
                Meaning::Ordinary
            }
            Err(
                error @ (EnrollmentProfileError::Missing { .. } | EnrollmentProfileError::NoScep),
            ) => {
                let name = member.profile.identifier();
                let text = error.to_string();
                Meaning::Refused(ErrorChain::installation(
                    name,
                    "MCPayloadErrorDomain",
                    2002,
                    text,
                ))
            }
        }
    }

    /// Begins a renewal, for the caller to carry out.
    pub(super) fn begin_renewal(&mut self, uuid: &str, profile: Box<EnrollmentProfile>) -> Next {
        self.renewing = Some(Renewing {
            command_uuid: uuid.to_owned(),
            profile: profile.as_ref().clone(),
        });
        Next::Renew(profile)
    }

    /// After a `TokenUpdate` the server must still have the token.
    pub(super) fn expect_bootstrap_token(&mut self, channel: Channel) {
        if let (Channel::Device, Some(member)) = (channel, &mut self.membership) {
            member.is_to_compare = member.is_escrowed && self.habits.escrows_bootstrap_token;
        }
    }

    pub(super) fn note_escrow(&mut self) {
        if let Some(member) = &mut self.membership {
            member.is_escrowed = true;
            member.is_to_compare = true;
        }
    }

    pub(super) fn compare_bootstrap_token(&mut self, body: &[u8]) {
        let value = read_plist(body);
        let reply = value.as_ref().and_then(Value::as_dictionary);
        let token = reply.and_then(|reply| reply.get("BootstrapToken")?.as_data());
        if token != Some(&self.bootstrap_token()) {
            self.tally.bootstrap_mismatches += 1;
        }
    }

    /// What the device channel owes before it is idle: the bootstrap token, a look at it, and the
    /// answer to a renewal.
    pub(super) fn pay_debt(&mut self) -> Option<Request> {
        let is_escrowing = self.habits.escrows_bootstrap_token;
        if let Some(member) = &mut self.membership {
            if is_escrowing && !member.is_escrowed && member.profile.wants_bootstrap_token() {
                let token = &self.bootstrap_token();
                let kind = CheckIn::SetBootstrapToken { token };
                return Some(self.check_in(Channel::Device, kind));
            }
            if member.is_to_compare {
                member.is_to_compare = false;
                return Some(self.check_in(Channel::Device, CheckIn::GetBootstrapToken));
            }
        }
        let uuid = self.owed.take()?;
        Some(self.acknowledge(&uuid))
    }

    fn acknowledge(&mut self, uuid: &str) -> Request {
        let nothing = Dictionary::new();
        self.report(Channel::Device, Status::Acknowledged, Some(uuid), nothing)
    }

    /// The management is over: what came with it goes.
    pub(super) fn leave(&mut self) {
        self.loss = None;
        self.owed = None;
        self.renewing = None;
        self.sides.each_mut().for_each(Side::leave);
        if let Some(member) = &mut self.membership {
            member.is_left = true;
            member.is_escrowed = false;
            member.is_to_compare = false;
            for side in self.sides.each_mut() {
                side.profiles.remove(member.profile.identifier());
            }
        }
    }
}
