//! What one host would get, as a set that many hosts have in common.
//!
//! Knows nothing of what the host has. Invariant: two hosts with the same set would get the same
//! versions on the same channels; values of their own do not count.

use mooring_drift::desired::Wish;
use mooring_mdm::ids::{Channel, PayloadIdentifier};
use mooring_mdm::profile::Digest;

use crate::core::Core;
use crate::scope::Known;
use crate::shelf::Shelf;

/// A profile that a host would get, in the order of installation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wanted {
    pub(super) channel: Channel,
    pub(super) identifier: PayloadIdentifier,
    pub(super) version: u32,
}

/// Names a set.
pub(super) type SetKey = [u8; 32];

impl Core {
    /// What a host would get on all its channels. What nobody knows, and what cannot be made for it,
    /// is not in it.
    pub(super) fn wanted<'a>(&self, shelf: &Shelf, host: impl Into<Known<'a>>) -> Vec<Wanted> {
        let circumstances = self.circumstances(shelf, host.into());
        let mut wanted = Vec::new();
        for channel in [Channel::Device, Channel::User] {
            let desired = shelf.catalog.desired(channel, &circumstances);
            wanted.extend(desired.wishes().filter_map(|(identifier, wish)| {
                let version = match wish {
                    Wish::Present(revision) => revision.version,
                    Wish::Lacking(_) | Wish::Waiting | Wish::Absent => return None,
                };
                Some(Wanted {
                    channel,
                    identifier: identifier.clone(),
                    version,
                })
            }));
        }
        wanted
    }
}

/// The name of a set.
pub(super) fn key(wanted: &[Wanted]) -> SetKey {
    let mut bytes = Vec::new();
    for one in wanted {
        bytes.push(match one.channel {
            Channel::Device => 0,
            Channel::User => 1,
        });
        bytes.extend(one.version.to_le_bytes());
        // No identifier has such a byte.
        bytes.extend(one.identifier.as_str().as_bytes());
        bytes.push(0);
    }
    *Digest::of(&bytes).as_bytes()
}
