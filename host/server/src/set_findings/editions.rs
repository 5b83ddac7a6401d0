//! Reads versions of profiles, each once for as long as there is room.
//!
//! Knows nothing of sets. Invariant: what cannot be read is left out with a line in the log: it was
//! read when it was stored, so this is a matter of the store or of an older reader.

use std::collections::BTreeMap;
use std::sync::Arc;

use mooring_mdm::ids::{Channel, PayloadIdentifier};
use mooring_mdm::plist::ReaderLimits;
use mooring_mdm::profile::{Profile, ProfileLimits};
use mooring_store::{Change, Origin, Store, StoreError};

use super::judge::{SetEdition, SetMember};
use super::wanted::Wanted;
use crate::plugins::made_by;
use crate::shelf::Shelf;

/// Bytes of profiles that are held as trees; a tree takes some ten times as much.
const BYTES_MAX: usize = 8 << 20;

/// What a signed or rewritten profile may have beyond the limit of uploads, in bytes.
const SPARE_BYTES: usize = 64 << 10;

/// Versions that were read.
#[derive(Debug, Default)]
pub(super) struct Editions {
    known: BTreeMap<(PayloadIdentifier, u32), Option<Arc<Profile>>>,
    bytes: usize,
    /// Versions that are not stored yet.
    fresh: BTreeMap<(PayloadIdentifier, u32), Vec<u8>>,
}

impl Editions {
    /// With the versions that a change would bring.
    pub(super) fn with(changes: &[Change]) -> Self {
        let mut editions = Self::default();
        for change in changes {
            if let Change::Raw {
                identifier,
                version,
                bytes,
            } = change
            {
                let key = (identifier.clone(), *version);
                editions.fresh.insert(key, bytes.clone());
            }
        }
        editions
    }

    /// The members of a set, each with the version before it that `before` names.
    pub(super) fn members(
        &mut self,
        store: &dyn Store,
        shelf: &Shelf,
        wanted: &[Wanted],
        before: impl Fn(&Wanted) -> Option<u32>,
    ) -> Result<Vec<SetMember>, StoreError> {
        let mut members = Vec::with_capacity(wanted.len());
        for one in wanted {
            let Some(now) = self.edition(store, shelf, one)? else {
                continue;
            };
            let before = match before(one) {
                Some(version) => {
                    let old = Wanted {
                        version,
                        ..one.clone()
                    };
                    self.edition(store, shelf, &old)?
                }
                None => None,
            };
            members.push(SetMember { now, before });
        }
        Ok(members)
    }

    /// One version, if it can be read.
    pub(super) fn edition(
        &mut self,
        store: &dyn Store,
        shelf: &Shelf,
        wanted: &Wanted,
    ) -> Result<Option<SetEdition>, StoreError> {
        let Wanted {
            identifier,
            version,
            channel,
        } = wanted;
        let Some(record) = shelf.profiles.get(identifier) else {
            return Ok(None);
        };
        let own = record.versions.iter().find(|it| it.version == *version);
        let Some(own) = own else {
            return Ok(None);
        };
        let profile = self.profile(store, identifier, *version)?;
        Ok(profile.map(|profile| SetEdition {
            identifier: identifier.to_string(),
            uuid: own.uuid.to_string(),
            version: *version,
            channel: *channel,
            origin: match record.origin {
                Origin::Uploaded if made_by(own).is_some() => "generated",
                Origin::Uploaded => "uploaded",
                Origin::BuiltIn { .. } => "built-in",
            },
            profile,
        }))
    }

    fn profile(
        &mut self,
        store: &dyn Store,
        identifier: &PayloadIdentifier,
        version: u32,
    ) -> Result<Option<Arc<Profile>>, StoreError> {
        let key = (identifier.clone(), version);
        if let Some(known) = self.known.get(&key) {
            return Ok(known.clone());
        }
        let raw = match self.fresh.get(&key) {
            Some(bytes) => Some(bytes.clone()),
            None => store.raw(identifier, version)?,
        };
        let bytes = raw.as_ref().map_or(0, Vec::len);
        let profile = raw.and_then(|raw| {
            let read = Profile::parse(&raw, &limits());
            read.inspect_err(|finding| {
                tracing::warn!(
                    %identifier,
                    version,
                    rule = finding.rule,
                    "a stored profile cannot be read; it is left out where profiles are judged together"
                );
            })
            .ok()
        });
        if self.bytes + bytes > BYTES_MAX {
            self.known.clear();
            self.bytes = 0;
        }
        self.bytes += bytes;
        let profile = profile.map(Arc::new);
        self.known.insert(key, profile.clone());
        Ok(profile)
    }
}

fn limits() -> ProfileLimits {
    let limits = ProfileLimits::default();
    ProfileLimits {
        reader: ReaderLimits {
            bytes: limits.reader.bytes + SPARE_BYTES,
            ..limits.reader
        },
        ..limits
    }
}

/// The version before one, as far as there is any.
pub(super) fn version_before(shelf: &Shelf, wanted: &Wanted) -> Option<u32> {
    let record = shelf.profiles.get(&wanted.identifier)?;
    let earlier = record.versions.iter().map(|version| version.version);
    earlier.filter(|version| *version < wanted.version).max()
}

/// What is in one set and in no version in the other.
pub(super) fn lost<'a>(before: &'a [Wanted], after: &[Wanted]) -> Vec<&'a Wanted> {
    let name = |one: &Wanted| (one.channel, one.identifier.clone());
    let kept: Vec<(Channel, PayloadIdentifier)> = after.iter().map(name).collect();
    let lost = before.iter().filter(|one| !kept.contains(&name(one)));
    lost.collect()
}
