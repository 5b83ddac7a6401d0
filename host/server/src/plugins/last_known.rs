//! What plugins last said of profiles, for bindings that fall back on it where a plugin fails.
//!
//! Knows nothing of when it counts. Invariants: it is kept over restarts; it counts only for the
//! component and the settings that it was said under, so what another version said is not known, but
//! what one said that does not load any more is; what is not known is absent, and never an empty list.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mooring_mdm::finding::Finding;
use mooring_mdm::ids::PayloadIdentifier;
use mooring_plugin::Digest;
use mooring_store::{Change, DOCUMENTS_PAGE_MAX, KeyRange, Space, Store, StoreError};
use serde::{Deserialize, Serialize};

use super::record::BindingRecord;
use crate::api::OnFailure;
use crate::documents::{self, Document};
use crate::limits::{LAST_KNOWN_BYTES_MAX, LAST_KNOWN_MAX};

/// What was said of one profile, as the store keeps it.
#[derive(Debug, Serialize, Deserialize)]
struct Said {
    /// Under which component and settings, see [`basis`].
    basis: String,
    findings: Vec<Finding>,
}

impl Document for Said {
    const SPACE: Space = Space::LastKnown;
}

/// What the plugin of one binding last said of profiles.
#[derive(Debug, Default)]
pub(crate) struct LastKnown(Mutex<BTreeMap<PayloadIdentifier, Vec<Finding>>>);

impl LastKnown {
    /// What it said of this profile.
    pub(super) fn find(&self, identifier: &PayloadIdentifier) -> Option<Vec<Finding>> {
        self.table().get(identifier).cloned()
    }

    /// Remembers it, and says what there is to be stored of it: nothing, if it is known already. Of
    /// more profiles than are remembered, some are forgotten; of an answer that is too long for the
    /// store, the store forgets also what was said before.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written as a document.
    pub(super) fn keep(
        &self,
        (name, record, digest): (&str, &BindingRecord, &str),
        identifier: &PayloadIdentifier,
        findings: &[Finding],
    ) -> Result<Vec<Change>, StoreError> {
        if record.wish.on_failure != OnFailure::LastKnown {
            return Ok(Vec::new());
        }
        let mut table = self.table();
        if table.get(identifier).is_some_and(|known| known == findings) {
            return Ok(Vec::new());
        }
        table.insert(identifier.clone(), findings.to_vec());
        let mut forgotten = None;
        if table.len() > LAST_KNOWN_MAX {
            forgotten = table.pop_first().map(|(identifier, _)| identifier);
        }
        drop(table);
        let said = Said {
            basis: basis(record, digest),
            findings: findings.to_vec(),
        };
        let key = key(name, identifier);
        let bytes: usize = findings.iter().map(|it| it.message.len() + 200).sum();
        let mut changes = vec![if bytes > LAST_KNOWN_BYTES_MAX {
            documents::delete(Space::LastKnown, &key)
        } else {
            documents::put(&key, &said)?
        }];
        let forgotten = forgotten
            .iter()
            .map(|identifier| self::key(name, identifier));
        changes.extend(forgotten.map(|key| documents::delete(Space::LastKnown, &key)));
        Ok(changes)
    }

    /// What the store has of a binding, whose plugin has this component.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub(super) fn load(
        store: &dyn Store,
        name: &str,
        record: &BindingRecord,
        digest: &str,
    ) -> Result<Self, StoreError> {
        let known = Self::default();
        if record.wish.on_failure != OnFailure::LastKnown {
            return Ok(known);
        }
        let (basis, prefix) = (basis(record, digest), prefix(name));
        each(store, &prefix, |key, said| {
            let identifier = key.strip_prefix(prefix.as_slice());
            let identifier = identifier.and_then(|it| std::str::from_utf8(it).ok());
            let identifier = identifier.and_then(|it| PayloadIdentifier::parse(it).ok());
            if let Some(identifier) = identifier.filter(|_| said.basis == basis) {
                known.table().insert(identifier, said.findings);
            }
        })?;
        Ok(known)
    }

    fn table(&self) -> MutexGuard<'_, BTreeMap<PayloadIdentifier, Vec<Finding>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The changes that delete everything that is stored of a binding.
///
/// # Errors
/// [`StoreError`] if it cannot be read.
pub(super) fn forget(store: &dyn Store, name: &str) -> Result<Vec<Change>, StoreError> {
    let mut changes = Vec::new();
    each(store, &prefix(name), |key, _| {
        changes.push(documents::delete(Space::LastKnown, key));
    })?;
    Ok(changes)
}

fn each(
    store: &dyn Store,
    prefix: &[u8],
    mut take: impl FnMut(&[u8], Said),
) -> Result<(), StoreError> {
    let mut after: Option<Vec<u8>> = None;
    loop {
        let range = KeyRange {
            prefix,
            after: after.as_deref(),
            is_reversed: false,
        };
        let page = documents::page::<Said>(store, range, DOCUMENTS_PAGE_MAX)?;
        let is_last = page.len() < DOCUMENTS_PAGE_MAX;
        after = page.last().map(|(key, _)| key.clone());
        for (key, said) in page {
            take(&key, said.document);
        }
        if is_last {
            return Ok(());
        }
    }
}

/// Names of bindings have no such sign.
fn prefix(name: &str) -> Vec<u8> {
    format!("{name}/").into_bytes()
}

fn key(name: &str, identifier: &PayloadIdentifier) -> Vec<u8> {
    format!("{name}/{identifier}").into_bytes()
}

/// Names the component and the settings.
fn basis(record: &BindingRecord, digest: &str) -> String {
    let text = format!("{digest}\n{}", record.settings());
    Digest::of(text.as_bytes()).to_string()
}
