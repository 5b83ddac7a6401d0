//! Which of the copies on a host are filled with its own values.
//!
//! Knows nothing of classes. Invariant: a copy is a host's own only if it is what the values of this
//! moment make of a version; what older values made is somebody's, and has to be replaced.

use mooring_drift::classes::OwnCopies;
use mooring_drift::command::Command;
use mooring_drift::state::{SyncState, Target, Unproven};
use mooring_mdm::ids::{PayloadIdentifier, PayloadUuid};
use mooring_store::HostOutline;

use super::mentions::{Filling, Mentions};
use crate::core::Core;
use crate::scope::values_of;
use crate::shelf::Shelf;

/// The copies on a host that are made of its own values.
pub(super) fn own_copies(
    core: &Core,
    shelf: &Shelf,
    mentions: &Mentions,
    host: &HostOutline,
) -> OwnCopies {
    let mut own = OwnCopies::default();
    for (identifier, fillings) in &mentions.fillings {
        let mut found: Vec<&PayloadUuid> = Vec::new();
        for outline in &host.enrollments {
            copies_of(&outline.sync, identifier, &mut found);
        }
        found.sort_unstable();
        found.dedup();
        found.retain(|uuid| fillings.iter().all(|filling| filling.uuid != **uuid));
        for Filling { uuid, places } in fillings {
            if found.is_empty() {
                break;
            }
            let Ok(values) = values_of(shelf, host, places) else {
                continue;
            };
            let name = core.personal.name(uuid, &values);
            if found.contains(&&name) {
                found.retain(|other| **other != name);
                own.insert(identifier.clone(), name, uuid.clone());
            }
        }
    }
    own
}

/// Every copy under an identifier that the state tells of.
fn copies_of<'a>(
    state: &'a SyncState,
    identifier: &PayloadIdentifier,
    found: &mut Vec<&'a PayloadUuid>,
) {
    found.extend(state.listed_uuid(identifier));
    found.extend(state.delivered.uuid_of(identifier));
    if let Some(Unproven::Installed(revision)) = state.unproven.get(identifier) {
        found.push(&revision.uuid);
    }
    if let Some(attempts) = state.attempts.get(identifier)
        && let Target::Present(revision) = &attempts.target
    {
        found.push(&revision.uuid);
    }
    let in_flight = state.in_flight.as_ref().map(|in_flight| &in_flight.command);
    if let Some(Command::InstallProfile {
        identifier: other,
        revision,
    }) = in_flight
        && other == identifier
    {
        found.push(&revision.uuid);
    }
}
