//! Why one profile is on one host, is not, or will be: rule by rule, in words.
//!
//! Knows nothing of how it is shown. Invariants: it says what the engine itself would decide at
//! this moment, and changes nothing; values are told by their names only.

mod channel;
mod next;
mod words;

use mooring_drift::desired::{Circumstances, Hold, Transport};
use mooring_drift::scope::Truth;
use mooring_drift::state::Phase;
use mooring_mdm::ids::{Channel, PayloadIdentifier};
use mooring_mdm::os::Platform;
use mooring_store::{EnrollmentRecord, HostRecord, ProfileRecord};

use super::{ScopeError, attributes_of, has_value, subject};
use crate::api::{Why, WhyChannel, WhyFact, WhyTopic};
use crate::clock::rfc3339;
use crate::core::Core;
use crate::device::device_record;
use crate::shelf::{Shelf, latest};

/// What is explained: one profile on one host, at one moment.
struct Case<'a> {
    core: &'a Core,
    shelf: &'a Shelf,
    host: &'a HostRecord,
    circumstances: &'a Circumstances,
    identifier: &'a PayloadIdentifier,
    profile: Option<&'a ProfileRecord>,
}

impl Core {
    /// Why a profile is on a host, is not, or will be.
    ///
    /// # Errors
    /// [`ScopeError`] if there is no such host, or neither such a profile nor an assignment for
    /// one nor a copy of it on the host.
    pub fn why(&self, host: &str, identifier: &PayloadIdentifier) -> Result<Why, ScopeError> {
        let host = self.find_host(host)?;
        let shelf = self.shelf();
        let circumstances = self.circumstances(&shelf, &host);
        let case = Case {
            core: self,
            shelf: &shelf,
            host: &host,
            circumstances: &circumstances,
            identifier,
            profile: shelf.profiles.get(identifier),
        };
        if !case.is_known() {
            return Err(ScopeError::NoProfile(identifier.clone()));
        }
        let values = attributes_of(&shelf, &host);
        let subject = subject(&host, self.fresh_attributes(&host), &values);
        let rules = shelf.scope.why(identifier, &subject);
        let mut together = self.set_findings_of(&host)?;
        together.retain(|finding| finding.names(identifier));
        Ok(Why {
            host: host.id.clone(),
            identifier: identifier.clone(),
            is_for_host: Truth::all(rules.iter().map(|reason| reason.truth)),
            rules,
            facts: case.facts(),
            channels: case.channels(),
            together,
        })
    }
}

fn fact(about: WhyTopic, words: impl Into<String>) -> WhyFact {
    let words = words.into();
    WhyFact { about, words }
}

impl Case<'_> {
    fn is_known(&self) -> bool {
        let lists = |record: &EnrollmentRecord| record.sync.listed_uuid(self.identifier).is_some();
        self.core.is_profile(self.shelf, self.identifier)
            || self.shelf.scope.assignments.contains_key(self.identifier)
            || self.host.enrollments.iter().any(lists)
    }

    /// What counts for the host as a whole.
    fn facts(&self) -> Vec<WhyFact> {
        let mut facts = vec![fact(WhyTopic::Profile, self.profile_words())];
        facts.extend(
            self.values_words()
                .map(|words| fact(WhyTopic::Values, words)),
        );
        facts.extend(
            self.transport_words()
                .map(|words| fact(WhyTopic::Transport, words)),
        );
        facts.extend(self.hold_words().map(|words| fact(WhyTopic::Hold, words)));
        facts
    }

    fn profile_words(&self) -> String {
        let Some((profile, version)) = self.profile.and_then(|p| Some((p, latest(p)?))) else {
            return if self.core.judge.builtin(self.identifier).is_some() {
                "a built-in profile that was never enabled"
            } else if self.shelf.scope.assignments.contains_key(self.identifier) {
                "it has an assignment and was not pushed yet"
            } else {
                "this server never assigned it; it comes from elsewhere and is never touched"
            }
            .to_owned();
        };
        let version = version.version;
        let channel = match profile.channel {
            Channel::Device => "for the device",
            Channel::User => "for users",
        };
        match (profile.deleted_at, profile.is_enabled) {
            (Some(at), _) => format!(
                "deleted at {}: it should be on no host, for good",
                rfc3339(at)
            ),
            (None, true) => format!("enabled, latest version {version}, {channel}"),
            (None, false) => {
                format!("disabled (latest version {version}): it should be on no host")
            }
        }
    }

    fn values_words(&self) -> Option<String> {
        let places = &latest(self.profile?)?.placeholders;
        if places.is_empty() {
            return None;
        }
        let state = |place: &_| {
            let is_set = has_value(self.shelf, self.host, place);
            format!("{place} is {}", if is_set { "set" } else { "missing" })
        };
        let states: Vec<_> = places.iter().map(state).collect();
        Some(states.join(", "))
    }

    fn transport_words(&self) -> Option<String> {
        let channel = self.profile.map_or(Channel::Device, |p| p.channel);
        let desired = self.shelf.catalog.desired(channel, self.circumstances);
        let why = match self.circumstances.transport {
            Transport::Private => return None,
            Transport::Encrypted => "replies reach this host through others who could read them",
            Transport::Open => {
                "replies reach this host through others who could read them, and nothing can be \
                 encrypted to it"
            }
        };
        let what = if desired.is_blocked(self.identifier) {
            "the profile holds secrets, so it may not be sent"
        } else {
            "the profile may be sent"
        };
        Some(format!("{why}; {what}"))
    }

    fn hold_words(&self) -> Option<String> {
        Some(match self.circumstances.hold? {
            Hold::Paused => "an administrator stopped all sending".to_owned(),
            Hold::Duplicate => {
                let hardware = device_record(self.host).map(|record| &record.sync.hardware);
                let serials = hardware
                    .into_iter()
                    .flat_map(|hardware| hardware.serial.iter().chain(&hardware.earlier).cloned());
                let serials: Vec<_> = serials.collect();
                format!(
                    "two devices speak for this host in turn; it told the serial numbers {}",
                    serials.join(", ")
                )
            }
        })
    }

    /// The channels that are concerned, each with what is to be said of it.
    fn channels(&self) -> Vec<WhyChannel> {
        let own = self.profile.map_or(Channel::Device, |p| p.channel);
        let concerned = self.host.enrollments.iter().filter(|record| {
            record.id.channel() == own || record.sync.listed_uuid(self.identifier).is_some()
        });
        let mut channels: Vec<_> = concerned.map(|record| self.channel(record)).collect();
        let is_live = |record: &&EnrollmentRecord| record.sync.phase != Phase::CheckedOut;
        let mut live = self.host.enrollments.iter().filter(is_live);
        let has_user = live.any(|record| record.id.channel() == Channel::User);
        if own == Channel::User && !has_user {
            channels.push(self.without_user());
        }
        channels
    }

    /// A profile for users on a host that has none.
    fn without_user(&self) -> WhyChannel {
        let profiles = self.core.judged(self.shelf, self.host);
        let judged = profiles
            .into_iter()
            .find(|profile| profile.identifier == *self.identifier && profile.enrollment.is_none());
        let model = self.host.attributes.model.as_deref();
        let words = match model.and_then(Platform::from_model) {
            Some(Platform::Ios | Platform::TvOs | Platform::WatchOs | Platform::VisionOs) => {
                "this kind of device has no user channel"
            }
            Some(Platform::MacOs | Platform::IpadOs) | None => "no user of this host has enrolled",
        };
        let (outcome, next) = match &judged {
            None => ("absent, as it should be".to_owned(), "nothing".to_owned()),
            Some(profile) => (
                words::status(&profile.status),
                if profile.status.word() == mooring_drift::status::Status::Failed {
                    "nothing: assign it to hosts that have users, or push it for the device"
                } else {
                    "it waits for a user channel: it is delivered once a user has enrolled"
                }
                .to_owned(),
            ),
        };
        WhyChannel {
            enrollment: None,
            facts: vec![fact(WhyTopic::Channel, words)],
            state: judged.as_ref().map(|profile| profile.status.clone()),
            remark: judged.and_then(|profile| profile.remark),
            outcome,
            next,
        }
    }
}
