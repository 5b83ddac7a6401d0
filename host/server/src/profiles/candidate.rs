//! What the host itself refuses, beside reading strictly: profiles that would take over what is
//! not theirs.
//!
//! Knows nothing of validators. Invariant: nothing here depends on what a payload means.

use mooring_drift::desired::Secrets;
use mooring_mdm::finding::{Finding, Severity};
use mooring_mdm::plist::NodeRef;
use mooring_mdm::profile::Identified;
use mooring_mdm::profile::secrets::has_secrets;
use mooring_store::{Origin, ProfileRecord};

use super::push::channel;
use super::{FORBIDDEN_PAYLOAD_TYPES, RESERVED_PREFIX};
use crate::enrollment::ENROLLMENT_IDENTIFIER;
use crate::shelf::Shelf;

/// Checks an upload against the profiles that exist.
pub(super) fn check_candidate(candidate: &Identified, shelf: &Shelf) -> Result<(), Finding> {
    check_alone(candidate)?;
    match shelf.profiles.get(&candidate.identifier) {
        Some(known) => check_against(candidate, known),
        None => Ok(()),
    }
}

/// Checks what can be said of an upload without knowing any other profile.
pub(crate) fn check_alone(candidate: &Identified) -> Result<(), Finding> {
    let identifier = candidate.identifier.as_str();
    if identifier.starts_with(RESERVED_PREFIX) || identifier == ENROLLMENT_IDENTIFIER {
        return Err(reserved(candidate));
    }
    check_payload_types(candidate)
}

/// Whether a profile holds secrets, and whether they can be kept on the way.
pub(crate) fn secrets(candidate: &Identified) -> Secrets {
    match (has_secrets(&candidate.document), candidate.signed) {
        (false, _) => Secrets::None,
        (true, false) => Secrets::Encryptable,
        (true, true) => Secrets::Fixed,
    }
}

/// Refuses payload types that are the enrollment itself.
pub(super) fn check_payload_types(candidate: &Identified) -> Result<(), Finding> {
    for (rule, kind) in FORBIDDEN_PAYLOAD_TYPES {
        if candidate.payload_types.iter().any(|own| own == kind) {
            let message = format!("a payload is of type {kind}, which belongs to enrollment alone");
            let hint = "take the payload out: a device that installed it would leave this server";
            return Err(error(candidate, rule, "PayloadContent", message, hint));
        }
    }
    Ok(())
}

fn check_against(candidate: &Identified, known: &ProfileRecord) -> Result<(), Finding> {
    if known.origin != Origin::Uploaded {
        return Err(reserved(candidate));
    }
    let is_live = known.deleted_at.is_none();
    if is_live && known.channel != channel(candidate.scope) {
        let message = format!(
            "{} is delivered on the {} channel; its PayloadScope cannot change",
            candidate.identifier,
            match known.channel {
                mooring_mdm::ids::Channel::Device => "device",
                mooring_mdm::ids::Channel::User => "user",
            }
        );
        let hint = "delete the old profile, or give the new one another PayloadIdentifier";
        return Err(error(candidate, "R009", "PayloadScope", message, hint));
    }
    let content = candidate.content.as_bytes();
    let is_other = |v: &&mooring_store::VersionRecord| {
        v.uuid == candidate.uuid && v.content_digest != *content
    };
    if candidate.signed && known.versions.iter().any(|v| is_other(&v)) {
        let message = "a signed file with this PayloadUUID but other content is known already; \
                       devices could not tell the two apart";
        let hint = "give the new content a new PayloadUUID and sign it again";
        return Err(error(candidate, "R006", "PayloadUUID", message, hint));
    }
    Ok(())
}

fn reserved(candidate: &Identified) -> Finding {
    let message = format!(
        "{ENROLLMENT_IDENTIFIER} is the enrollment profile's, and identifiers under \
         {RESERVED_PREFIX} are those of built-in profiles"
    );
    let hint = "choose another PayloadIdentifier; built-ins are enabled and configured, not pushed";
    error(candidate, "reserved", "PayloadIdentifier", message, hint)
}

fn error(
    candidate: &Identified,
    rule: &str,
    key: &str,
    message: impl Into<String>,
    hint: &str,
) -> Finding {
    let node = candidate.document.root().get(key).map_or(0, NodeRef::id);
    Finding::host(Severity::Error, rule, candidate.place(node), message).with_hint(hint)
}
