//! What was installed under an id before, also when it is there no more: no step back passes for a
//! first step.
//!
//! Knows nothing of components. Invariant: the version of a mark never falls, and its signer changes
//! only with a version that somebody else signed.

use std::cmp::Ordering;

use mooring_store::{Change, Space, StoreError};
use serde::{Deserialize, Serialize};

use super::record::PluginRecord;
use super::{PluginError, version};
use crate::api::{InstallWish, Signer, SignerChange};
use crate::core::Core;
use crate::documents::{self, Document};

/// The mark of one id; it stays when the plugin is removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// The highest version that was ever installed.
    version: String,
    /// Who signed last; versions without a signature do not change it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signed_by: Option<Signer>,
}

impl Document for Mark {
    const SPACE: Space = Space::Setting;
}

fn key(id: &str) -> Vec<u8> {
    format!("plugin-mark:{id}").into_bytes()
}

impl Core {
    /// The mark of an id, with what is installed there: a store of before may have no mark of it.
    pub(super) fn mark(
        &self,
        id: &str,
        known: Option<&PluginRecord>,
    ) -> Result<Option<Mark>, StoreError> {
        let kept = documents::read::<Mark>(&*self.store, &key(id))?;
        let kept = kept.map(|read| read.document);
        Ok(match known {
            Some(known) => Some(Mark::raised(kept, known)),
            None => kept,
        })
    }
}

impl Mark {
    /// The mark once this is installed.
    pub(super) fn raised(mark: Option<Self>, record: &PluginRecord) -> Self {
        let Some(mut mark) = mark else {
            return Self {
                version: record.version.clone(),
                signed_by: record.signed_by.clone(),
            };
        };
        if version::compare(&record.version, &mark.version) == Ordering::Greater {
            mark.version.clone_from(&record.version);
        }
        if record.signed_by.is_some() {
            mark.signed_by.clone_from(&record.signed_by);
        }
        mark
    }

    /// Stores it.
    pub(super) fn put(&self, id: &str) -> Result<Change, StoreError> {
        documents::put(&key(id), self)
    }

    /// Whether this version of this signer may come after it.
    pub(super) fn check(
        &self,
        id: &str,
        (offered, signer): (&str, Option<&Signer>),
        wish: &InstallWish,
    ) -> Result<(), PluginError> {
        let is_older = version::compare(offered, &self.version) == Ordering::Less;
        if is_older && !wish.allow_downgrade {
            return Err(PluginError::Older {
                id: id.to_owned(),
                version: offered.to_owned(),
                installed: self.version.clone(),
            });
        }
        match (&self.signed_by, signer) {
            (Some(was), Some(signer)) if was.key != signer.key && !wish.allow_other_signer => {
                Err(PluginError::OtherSigner {
                    id: id.to_owned(),
                    was: was.clone(),
                    signer: signer.clone(),
                })
            }
            (_, _) => Ok(()),
        }
    }

    /// Whether another one signs from then on, or nobody.
    pub(super) fn signer_change(
        &self,
        known: Option<&PluginRecord>,
        signer: Option<&Signer>,
    ) -> Option<SignerChange> {
        let was = known.map_or(self.signed_by.as_ref(), |known| known.signed_by.as_ref());
        let key = |signer: Option<&Signer>| signer.map(|signer| signer.key.clone());
        (key(was) != key(signer)).then(|| SignerChange {
            was: was.cloned(),
            becomes: signer.cloned(),
        })
    }
}
