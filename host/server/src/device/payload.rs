//! The bytes of a command, with what has to be stored for them.
//!
//! Knows nothing of why a command was chosen. Invariant: a profile with secrets leaves in clear
//! only over a connection that nobody else can read.

mod cache;

use std::sync::Arc;

use mooring_drift::command::Command;
use mooring_drift::desired::{Revision, Secrets, Transport};
use mooring_identity::{Certificate, enveloped};
use mooring_mdm::command::{
    RAW_COMMAND_LIMITS, device_information, install_encoded_profile, install_profile, profile_list,
    remove_profile,
};
use mooring_mdm::ids::{CommandUuid, PayloadIdentifier};
use mooring_mdm::plist::{Base64, NodeRef, read_xml};
use mooring_mdm::profile::encrypt_payloads;
use mooring_mdm::profile::placeholder::fill;
use mooring_mdm::profile::secrets::has_secrets;
use mooring_mdm::profile::{Profile, ProfileLimits};
use mooring_store::{HostRecord, StoreError, VersionRecord};

pub(crate) use cache::Payloads;

use super::contact::{CommandBytes, transport};
use super::queue::Queue;
use super::speaker::Speaker;
use crate::core::Core;
use crate::scope::values_of;
use crate::shelf::Shelf;

impl Core {
    /// What the device gets; `None` if there is nothing that may be sent.
    pub(super) fn command_bytes(
        &self,
        host: &HostRecord,
        uuid: &CommandUuid,
        command: &Command,
        queue: &Queue,
        speaker: &Speaker,
    ) -> CommandBytes {
        let alone = |bytes| Ok(Some((bytes, Vec::new())));
        match command {
            Command::ProfileList => alone(profile_list(uuid)),
            Command::DeviceInformation => alone(device_information(uuid)),
            Command::RemoveProfile { identifier } => alone(remove_profile(uuid, identifier)),
            Command::InstallProfile {
                identifier,
                revision,
            } => {
                let sending = (identifier, revision);
                let install = self.install(host, uuid, sending, speaker)?;
                Ok(install.map(|bytes| (bytes, Vec::new())))
            }
            Command::RenewIdentity { .. } => {
                let Some(renewal) = self.renewal_profile(host, uuid)? else {
                    return Ok(None);
                };
                let way = way(renewal.has_secrets, transport(host), speaker);
                let raw = way.and_then(|way| travelling(renewal.raw, way));
                Ok(raw.map(|raw| (install_profile(uuid, &raw), renewal.changes)))
            }
            Command::Raw { uuid, .. } => {
                let body = self.raw_body(queue, uuid)?;
                let is_private = transport(host) == Transport::Private;
                let body = body.filter(|body| is_private || !installs_secrets(body));
                Ok(body.map(|body| (body, Vec::new())))
            }
        }
    }
}

impl Core {
    /// A profile's command; `None` if it may not be sent.
    fn install(
        &self,
        host: &HostRecord,
        uuid: &CommandUuid,
        (identifier, revision): (&PayloadIdentifier, &Revision),
        speaker: &Speaker,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let shelf = self.shelf();
        let found = shelf.profiles.get(identifier).and_then(|profile| {
            let mut versions = profile.versions.iter();
            versions.find(|version| version.version == revision.version)
        });
        let Some(version) = found else {
            tracing::error!(%identifier, version = revision.version, "nobody knows this version of the profile");
            return Ok(None);
        };
        let has_secrets = version.secrets != Some(Secrets::None);
        let Some(way) = way(has_secrets, transport(host), speaker) else {
            return Ok(None);
        };
        if version.placeholders.is_empty()
            && let Way::AsItIs = way
        {
            let payload = self.payload(identifier, version)?;
            return Ok(payload.map(|payload| install_encoded_profile(uuid, &payload)));
        }
        let Some(raw) = self.raw_profile(identifier, version)? else {
            return Ok(None);
        };
        let Some(raw) = self.filled(&shelf, host, version, revision, raw) else {
            tracing::error!(%identifier, host = %host.id, "the host's values do not make the copy that was decided on");
            return Ok(None);
        };
        Ok(travelling(raw, way).map(|raw| install_profile(uuid, &raw)))
    }

    /// A version that every host gets in the same form.
    fn payload(
        &self,
        identifier: &PayloadIdentifier,
        version: &VersionRecord,
    ) -> Result<Option<Arc<Base64>>, StoreError> {
        self.payloads.of(identifier, version, || {
            self.raw_profile(identifier, version)
        })
    }

    fn raw_profile(
        &self,
        identifier: &PayloadIdentifier,
        version: &VersionRecord,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let raw = self.store.raw(identifier, version.version)?;
        if raw.is_none() {
            tracing::error!(%identifier, version = version.version, "the profile's bytes are gone from the store");
        }
        Ok(raw)
    }

    /// The bytes with the host's own values where they have places for such. `None` if the values
    /// do not make the revision that was decided on: it must never leave without, or with others.
    fn filled(
        &self,
        shelf: &Shelf,
        host: &HostRecord,
        version: &VersionRecord,
        revision: &Revision,
        raw: Vec<u8>,
    ) -> Option<Vec<u8>> {
        if version.placeholders.is_empty() {
            return Some(raw);
        }
        let values = values_of(shelf, host, &version.placeholders).ok()?;
        if self.personal.name(&version.uuid, &values) != revision.uuid {
            return None;
        }
        fill(&raw, &revision.uuid, &values)
            .inspect_err(|error| tracing::error!(%error, "a profile could not be filled"))
            .ok()
    }
}

/// In which form a profile may travel.
#[derive(Debug, Clone, Copy)]
enum Way<'a> {
    AsItIs,
    EncryptedFor(&'a Certificate),
}

/// How a profile may travel to whoever speaks; `None` if it may not.
fn way(has_secrets: bool, transport: Transport, speaker: &Speaker) -> Option<Way<'_>> {
    match (transport, speaker.certificate()) {
        (Transport::Private, _) => Some(Way::AsItIs),
        (Transport::Encrypted | Transport::Open, _) if !has_secrets => Some(Way::AsItIs),
        (Transport::Encrypted, Some(certificate)) => Some(Way::EncryptedFor(certificate)),
        (Transport::Encrypted | Transport::Open, _) => None,
    }
}

/// A profile in the form in which it may travel; `None` if it cannot be brought into it.
fn travelling(raw: Vec<u8>, way: Way<'_>) -> Option<Vec<u8>> {
    let Way::EncryptedFor(certificate) = way else {
        return Some(raw);
    };
    encrypt_payloads(&raw, |payloads| enveloped::encrypt(payloads, certificate))
        .inspect_err(|error| tracing::error!(%error, "a profile could not be encrypted"))
        .ok()
}

/// Whether a command that somebody else made installs a profile with secrets; one that cannot be
/// read may.
pub(crate) fn installs_secrets(body: &[u8]) -> bool {
    let Ok(read) = read_xml(body, &RAW_COMMAND_LIMITS) else {
        return true;
    };
    let Some(command) = read.document.root().get("Command") else {
        return true;
    };
    if command.get("RequestType").and_then(NodeRef::as_str) != Some("InstallProfile") {
        return false;
    }
    let payload = command.get("Payload").and_then(NodeRef::as_data);
    let profile = payload.map(|bytes| Profile::parse(bytes, &ProfileLimits::default()));
    match profile {
        Some(Ok(profile)) => has_secrets(profile.document()),
        Some(Err(_)) => true,
        None => false,
    }
}
