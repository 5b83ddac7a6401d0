//! What is needed to turn identifiers and uuids into numbers.
//!
//! Knows nothing of classes. Invariant: every number that it gives has an entry, and every copy
//! knows whether this server made it.

use mooring_mdm::ids::{PayloadIdentifier, PayloadUuid};

use super::entry::Entry;
use super::exception::Upgrades;
use super::names::{Copies, Identifiers, NO_COPY};
use super::seen::OwnCopies;

/// Gives numbers.
pub(super) struct Keeper<'a> {
    pub(super) identifiers: &'a mut Identifiers,
    pub(super) copies: &'a mut Copies,
    pub(super) entries: &'a mut Vec<Entry>,
    pub(super) upgrades: &'a mut Upgrades,
}

impl Keeper<'_> {
    /// The number of an identifier, ours or not.
    pub(super) fn profile(&mut self, identifier: &PayloadIdentifier) -> u32 {
        let profile = self.identifiers.number(identifier);
        self.entries.resize_with(
            self.identifiers.len().max(self.entries.len()),
            Entry::foreign,
        );
        profile
    }

    /// The number of the copy `uuid`: of the version that it is made of, if it is the host's own.
    pub(super) fn copy(
        &mut self,
        profile: u32,
        identifier: &PayloadIdentifier,
        uuid: &PayloadUuid,
        own: &OwnCopies,
    ) -> u32 {
        let version = own.version_of(identifier, uuid);
        self.number(profile, version.unwrap_or(uuid), version.is_some())
    }

    /// The number of a copy.
    pub(super) fn number(&mut self, profile: u32, uuid: &PayloadUuid, is_filled: bool) -> u32 {
        // Mostly it is the one that should be there.
        let target = self.entries[profile as usize].terms.target;
        if target != NO_COPY
            && let Some(row) = self.copies.row(target)
            && row.is_filled == is_filled
            && row.uuid == *uuid
        {
            return target;
        }
        let (copy, is_new) = self.copies.number(profile, uuid, is_filled);
        if is_new && let Some(row) = self.copies.row(copy) {
            let is_made = self.entries[profile as usize].is_made(row);
            self.copies.set_made(copy, is_made);
        }
        copy
    }
}
