//! The bytes of a command, with what has to be stored for them.
//!
//! Knows nothing of why a command was chosen. Invariant: a profile with secrets leaves in clear
//! only over a connection that nobody else can read.

use mooring_drift::command::Command;
use mooring_drift::desired::{Revision, Secrets, Transport};
use mooring_identity::enveloped;
use mooring_mdm::command::{
    RAW_COMMAND_LIMITS, device_information, install_profile, profile_list, remove_profile,
};
use mooring_mdm::ids::CommandUuid;
use mooring_mdm::plist::{NodeRef, read_xml};
use mooring_mdm::profile::encrypt_payloads;
use mooring_mdm::profile::placeholder::fill;
use mooring_mdm::profile::secrets::has_secrets;
use mooring_mdm::profile::{Profile, ProfileLimits};
use mooring_store::{HostRecord, VersionRecord};

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
                let Some(raw) = self.store.raw(identifier, revision.version)? else {
                    tracing::error!(%identifier, version = revision.version, "the profile's bytes are gone from the store");
                    return Ok(None);
                };
                let shelf = self.shelf();
                let version = shelf.profiles.get(identifier).and_then(|profile| {
                    let mut versions = profile.versions.iter();
                    versions.find(|version| version.version == revision.version)
                });
                let Some(raw) = self.filled(&shelf, host, version, revision, raw) else {
                    tracing::error!(%identifier, host = %host.id, "the host's values do not make the copy that was decided on");
                    return Ok(None);
                };
                let has_secrets =
                    version.and_then(|version| version.secrets) != Some(Secrets::None);
                let raw = guarded(raw, has_secrets, transport(host), speaker);
                Ok(raw.map(|raw| (install_profile(uuid, &raw), Vec::new())))
            }
            Command::RenewIdentity { .. } => {
                let Some(renewal) = self.renewal_profile(host, uuid)? else {
                    return Ok(None);
                };
                let raw = guarded(renewal.raw, renewal.has_secrets, transport(host), speaker);
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
    /// The bytes with the host's own values where they have places for such. `None` if nobody knows
    /// the places, or the values do not make the revision that was decided on: it must never leave
    /// without, or with others.
    fn filled(
        &self,
        shelf: &Shelf,
        host: &HostRecord,
        version: Option<&VersionRecord>,
        revision: &Revision,
        raw: Vec<u8>,
    ) -> Option<Vec<u8>> {
        let version = version?;
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

/// A profile as it may travel; `None` if it may not.
fn guarded(
    raw: Vec<u8>,
    has_secrets: bool,
    transport: Transport,
    speaker: &Speaker,
) -> Option<Vec<u8>> {
    match (transport, speaker.certificate()) {
        (Transport::Private, _) => Some(raw),
        (Transport::Encrypted | Transport::Open, _) if !has_secrets => Some(raw),
        (Transport::Encrypted, Some(certificate)) => {
            let encrypt = |payloads: &[u8]| enveloped::encrypt(payloads, certificate);
            encrypt_payloads(&raw, encrypt)
                .inspect_err(|error| tracing::error!(%error, "a profile could not be encrypted"))
                .ok()
        }
        (Transport::Encrypted | Transport::Open, _) => None,
    }
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
