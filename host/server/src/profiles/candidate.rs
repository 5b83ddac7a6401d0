//! What the host itself refuses, beside reading strictly: profiles that would take over what is
//! not theirs.
//!
//! Knows nothing of validators. Invariant: nothing here depends on what a payload means.

use std::collections::BTreeSet;

use mooring_drift::desired::Secrets;
use mooring_mdm::finding::{Finding, Severity};
use mooring_mdm::plist::NodeRef;
use mooring_mdm::profile::Identified;
use mooring_mdm::profile::placeholder::{Found, Placeholder, placeholders};
use mooring_mdm::profile::secrets::has_secrets;
use mooring_store::{Origin, ProfileRecord};

use super::push::channel;
use super::{FORBIDDEN_PAYLOAD_TYPES, RESERVED_PREFIX};
use crate::enrollment::ENROLLMENT_IDENTIFIER;
use crate::scope::ValueKind;
use crate::shelf::Shelf;

/// Texts of payloads that their device shows to its user, and repeats in its lists.
const SHOWN_KEYS: [&str; 3] = [
    "PayloadDisplayName",
    "PayloadDescription",
    "PayloadOrganization",
];

/// Checks an upload against the profiles that exist, and the values that are declared.
pub(crate) fn check_candidate(candidate: &Identified, shelf: &Shelf) -> Result<(), Finding> {
    check_alone(candidate)?;
    check_values(candidate, shelf)?;
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
    check_placeholders(candidate)?;
    check_payload_types(candidate)
}

/// Refuses places for values where there must be none, or that nothing can fill.
pub(super) fn check_placeholders(candidate: &Identified) -> Result<(), Finding> {
    let places = readable_places(candidate)?.places;
    let is_shown = |node| {
        let node = candidate.document.node(node);
        let key = node.and_then(|node| node.node().key.as_ref());
        key.is_some_and(|key| SHOWN_KEYS.contains(&key.text.as_str()))
    };
    let mut secrets = places.iter().filter(|(_, place)| place.is_secret());
    if let Some((node, placeholder)) = secrets.find(|(node, _)| is_shown(*node)) {
        let message = format!("{{{{{placeholder}}}}} stands in a text that devices show and list");
        let finding = Finding::host(Severity::Error, "V003", candidate.place(*node), message);
        return Err(finding.with_hint("take the secret out of names and descriptions"));
    }
    Ok(())
}

fn readable_places(candidate: &Identified) -> Result<Found, Finding> {
    placeholders(&candidate.document).map_err(|wrong| {
        let place = candidate.place(wrong.node());
        Finding::host(Severity::Error, "V001", place, wrong.to_string()).with_hint(wrong.hint())
    })
}

/// Refuses values that nobody declared: a misspelt one would keep the profile from every host.
pub(super) fn check_values(candidate: &Identified, shelf: &Shelf) -> Result<(), Finding> {
    for (node, placeholder) in &readable_places(candidate)?.places {
        let (name, kind) = match placeholder {
            Placeholder::Host(_) => continue,
            Placeholder::Attribute(name) => (name, ValueKind::Attribute),
            Placeholder::Secret(name) => (name, ValueKind::Secret),
        };
        let declared = shelf.values.get(name).map(|declared| declared.kind);
        if declared == Some(kind) {
            continue;
        }
        let message = match declared {
            None => format!("{{{{{placeholder}}}}} is used, and no value {name} is declared"),
            Some(ValueKind::Attribute) => {
                format!("{name} is declared as an attribute: write {{{{attribute.{name}}}}}")
            }
            Some(ValueKind::Secret) => {
                format!("{name} is declared as a secret: write {{{{secret.{name}}}}}")
            }
        };
        let hint = "declare it first: mooring value set NAME --attribute, or --secret";
        let finding = Finding::host(Severity::Error, "V002", candidate.place(*node), message);
        return Err(finding.with_hint(hint));
    }
    Ok(())
}

/// The places for values in a profile. One whose places cannot be read is never one without.
pub(crate) fn places_for_values(candidate: &Identified) -> Result<BTreeSet<Placeholder>, Finding> {
    Ok(readable_places(candidate)?.placeholders)
}

/// Whether a profile with these places for values holds secrets, and whether they can be kept on
/// the way.
pub(super) fn secrets(candidate: &Identified, places: &BTreeSet<Placeholder>) -> Secrets {
    let has_secret_place = || places.iter().any(Placeholder::is_secret);
    let has_secrets = has_secrets(&candidate.document) || has_secret_place();
    match (has_secrets, candidate.signed) {
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
