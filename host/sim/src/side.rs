//! One channel of a device: its profile store, its enrollment and the conversation it is in.
//!
//! Knows nothing of faults or of other channels. Invariant: a command uuid in the memory was
//! carried out exactly once.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use plist::{Dictionary, Value};
use serde::{Deserialize, Serialize};

use crate::credential::Credential;
use crate::error_chain::ErrorChain;
use crate::message::{Channel, Request, Status};
use crate::profile::{self, InstalledProfile, PayloadTuple};
use crate::random::SplitMix64;

/// The profile that enrolled a device that was given none; in every store from the start, not
/// installed by MDM.
pub const ENROLLMENT_IDENTIFIER: &str = "com.harborworks.mdm.enrollment";
/// A profile that the device's owner installed by hand; in every store from the start.
pub const OWN_IDENTIFIER: &str = "com.harborworks.handmade.printers";
/// Changes whose outcome is remembered per channel, in case a command is delivered twice. A server
/// that keeps one command in flight needs one; the rest is slack.
const REMEMBERED_MAX: usize = 16;

/// How far a channel's enrollment has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Progress {
    /// No check-in was accepted yet.
    New,
    /// Authenticate was accepted (device channel only).
    Authenticated,
    /// `TokenUpdate` was accepted: commands may come.
    Enrolled,
}

/// What the channel last said and is waiting for an answer to.
#[derive(Debug, Clone)]
pub(crate) enum Talk {
    Quiet,
    Authenticate,
    TokenUpdate,
    /// The first, or the one with a response to the server's challenge.
    UserAuthenticate {
        is_second: bool,
    },
    SetBootstrapToken,
    GetBootstrapToken,
    /// A report; `again` repeats it because its first reply gets lost on the way.
    Report {
        status: Status,
        again: Option<Request>,
    },
}

/// How a change ended, remembered by command uuid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Remembered {
    command_uuid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<ErrorChain>,
}

/// Both channels of a device.
#[derive(Debug, Clone)]
pub(crate) struct Sides {
    pub(crate) device: Side,
    /// Only where there is a managed user.
    pub(crate) user: Option<Side>,
}

impl Sides {
    pub(crate) fn new(seed: u64, index: u32, has_user: bool) -> Self {
        Self {
            device: Side::new(seed, index, Channel::Device),
            user: has_user.then(|| Side::new(seed, index, Channel::User)),
        }
    }

    pub(crate) fn get(&self, channel: Channel) -> Option<&Side> {
        match channel {
            Channel::Device => Some(&self.device),
            Channel::User => self.user.as_ref(),
        }
    }

    pub(crate) fn get_mut(&mut self, channel: Channel) -> Option<&mut Side> {
        match channel {
            Channel::Device => Some(&mut self.device),
            Channel::User => self.user.as_mut(),
        }
    }

    pub(crate) fn each_mut(&mut self) -> impl Iterator<Item = &mut Side> {
        [Some(&mut self.device), self.user.as_mut()]
            .into_iter()
            .flatten()
    }
}

/// One channel.
#[derive(Debug, Clone)]
pub(crate) struct Side {
    pub(crate) progress: Progress,
    pub(crate) profiles: BTreeMap<String, Arc<InstalledProfile>>,
    pub(crate) remembered: VecDeque<Remembered>,
    pub(crate) talk: Talk,
    /// Contacts for which profile changes are still postponed.
    pub(crate) locked_contacts: u32,
    /// Whether they are in the present contact.
    pub(crate) is_locked: bool,
    /// Requests sent in the present contact.
    pub(crate) exchanges: u32,
    /// Whether the server does not want this user (410 to `UserAuthenticate`).
    pub(crate) is_declined: bool,
}

impl Side {
    /// A channel as it is before enrollment.
    fn new(seed: u64, index: u32, channel: Channel) -> Self {
        let mut side = Self {
            progress: Progress::New,
            profiles: BTreeMap::new(),
            remembered: VecDeque::new(),
            talk: Talk::Quiet,
            locked_contacts: 0,
            is_locked: false,
            exchanges: 0,
            is_declined: false,
        };
        let purpose = match channel {
            Channel::Device => "own profile",
            Channel::User => "own user profile",
        };
        side.keep(unmanaged(
            (ENROLLMENT_IDENTIFIER, "Harborworks management"),
            "com.apple.mdm",
            &mut SplitMix64::new(seed, "enrollment", 0),
        ));
        side.keep(unmanaged(
            (OWN_IDENTIFIER, "Printers at home"),
            "com.apple.mcxprinting",
            &mut SplitMix64::new(seed, purpose, index),
        ));
        side
    }

    /// Puts a profile into the store, in place of one with the same identifier.
    pub(crate) fn keep(&mut self, profile: InstalledProfile) {
        self.profiles
            .insert(profile.identifier.clone(), Arc::new(profile));
    }

    /// Reads and keeps a profile that MDM sent, unless it is one that fails here; gives its
    /// identifier.
    pub(crate) fn install(
        &mut self,
        bytes: &[u8],
        channel: Channel,
        credential: Option<&Credential>,
        failing: &BTreeMap<String, ErrorChain>,
    ) -> Result<String, ErrorChain> {
        let mut profile = profile::open(bytes, channel, credential)?.installed;
        if let Some(chain) = failing.get(&profile.identifier) {
            return Err(chain.clone());
        }
        profile.is_managed = true;
        let identifier = profile.identifier.clone();
        self.keep(profile);
        Ok(identifier)
    }

    /// Removes a profile as MDM may: only what MDM installed.
    pub(crate) fn remove(&mut self, identifier: &str) -> Result<(), ErrorChain> {
        match self.profiles.get(identifier) {
            None => Err(ErrorChain::profile_not_found(identifier)),
            Some(profile) if !profile.is_managed => Err(ErrorChain::not_managed(identifier)),
            Some(_) => {
                self.profiles.remove(identifier);
                Ok(())
            }
        }
    }

    /// Leaving the management takes what MDM installed, and the pending work, with it.
    pub(crate) fn leave(&mut self) {
        self.profiles.retain(|_, profile| !profile.is_managed);
        self.remembered.clear();
        self.progress = Progress::New;
        self.talk = Talk::Quiet;
        self.is_declined = false;
    }

    /// The outcome of a change that this channel already carried out.
    pub(crate) fn recall(&self, command_uuid: &str) -> Option<Result<(), ErrorChain>> {
        let found = self
            .remembered
            .iter()
            .find(|one| one.command_uuid == command_uuid)?;
        Some(found.failure.clone().map_or(Ok(()), Err))
    }

    /// Remembers the outcome of a change.
    pub(crate) fn remember(&mut self, command_uuid: &str, outcome: &Result<(), ErrorChain>) {
        if self.remembered.len() == REMEMBERED_MAX {
            self.remembered.pop_front();
        }
        let failure = outcome.as_ref().err().cloned();
        self.remembered.push_back(Remembered {
            command_uuid: command_uuid.to_owned(),
            failure,
        });
    }

    /// The `ProfileList` part of a report, sorted by identifier. `IsManaged` is absent, as on macOS.
    pub(crate) fn profile_list(&self, is_managed_only: bool) -> Value {
        let shown = self
            .profiles
            .values()
            .filter(|one| one.is_managed || !is_managed_only);
        Value::Array(shown.map(|profile| list_entry(profile)).collect())
    }
}

fn unmanaged(name: (&str, &str), payload_type: &str, random: &mut SplitMix64) -> InstalledProfile {
    let (identifier, display_name) = name;
    InstalledProfile {
        identifier: identifier.to_owned(),
        uuid: random.uuid(),
        display_name: Some(display_name.to_owned()),
        organization: None,
        description: None,
        is_encrypted: false,
        is_removal_disallowed: false,
        is_managed: false,
        payloads: vec![PayloadTuple {
            payload_type: payload_type.to_owned(),
            version: 1,
            identifier: format!("{identifier}.1"),
            uuid: random.uuid(),
            display_name: None,
        }],
    }
}

fn list_entry(profile: &InstalledProfile) -> Value {
    let mut entry = Dictionary::new();
    let mut put = |key: &str, value: Value| entry.insert(key.to_owned(), value);
    put("HasRemovalPasscode", false.into());
    put("IsEncrypted", profile.is_encrypted.into());
    put(
        "PayloadContent",
        Value::Array(profile.payloads.iter().map(tuple_entry).collect()),
    );
    for (key, text) in [
        ("PayloadDescription", &profile.description),
        ("PayloadDisplayName", &profile.display_name),
    ] {
        if let Some(text) = text {
            put(key, text.as_str().into());
        }
    }
    put("PayloadIdentifier", profile.identifier.as_str().into());
    if let Some(text) = &profile.organization {
        put("PayloadOrganization", text.as_str().into());
    }
    put(
        "PayloadRemovalDisallowed",
        profile.is_removal_disallowed.into(),
    );
    put("PayloadUUID", profile.uuid.as_str().into());
    put("PayloadVersion", 1.into());
    Value::Dictionary(entry)
}

fn tuple_entry(payload: &PayloadTuple) -> Value {
    let mut entry = Dictionary::new();
    if let Some(name) = &payload.display_name {
        entry.insert("PayloadDisplayName".to_owned(), name.as_str().into());
    }
    entry.insert(
        "PayloadIdentifier".to_owned(),
        payload.identifier.as_str().into(),
    );
    entry.insert(
        "PayloadType".to_owned(),
        payload.payload_type.as_str().into(),
    );
    entry.insert("PayloadUUID".to_owned(), payload.uuid.as_str().into());
    entry.insert("PayloadVersion".to_owned(), payload.version.into());
    Value::Dictionary(entry)
}
