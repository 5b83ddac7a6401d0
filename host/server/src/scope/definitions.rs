//! Labels, assignments and declared values as the store keeps them.
//!
//! Knows nothing of hosts. Invariant: a definition that cannot be read is an error, and never one
//! that is not there.

use std::collections::BTreeMap;
use std::fmt;

use mooring_drift::scope::{Assignment, Label, LabelName, Scope};
use mooring_mdm::ids::PayloadIdentifier;
use mooring_mdm::profile::placeholder::ValueName;
use mooring_store::{DOCUMENTS_PAGE_MAX, KeyRange, Space, Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::documents::{self, Document};

/// What an administrator says of values that differ from host to host.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredValue {
    /// What kind of value it is.
    pub kind: ValueKind,
    /// The value of hosts that have none of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

impl fmt::Debug for DeclaredValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeclaredValue")
            .field("kind", &self.kind)
            .field("has_default", &self.default.is_some())
            .finish()
    }
}

/// What kind of value a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueKind {
    /// Anybody who may use the API may read it.
    Attribute,
    /// It is never shown again, and leaves over connections that nobody else can read.
    Secret,
}

impl Document for Label {
    const SPACE: Space = Space::Label;
}

impl Document for Assignment {
    const SPACE: Space = Space::Assignment;
}

impl Document for DeclaredValue {
    const SPACE: Space = Space::Value;
}

/// All definitions.
#[derive(Debug, Clone, Default)]
pub(crate) struct Definitions {
    pub(crate) scope: Scope,
    pub(crate) values: BTreeMap<ValueName, DeclaredValue>,
}

impl Definitions {
    /// Reads them.
    pub(crate) fn load(store: &dyn Store) -> Result<Self, StoreError> {
        let labels = all(store, |key| LabelName::parse(key).ok())?;
        let assignments = all(store, |key| PayloadIdentifier::parse(key).ok())?;
        let values = all(store, |key| ValueName::parse(key).ok())?;
        let scope = Scope {
            labels,
            assignments,
        };
        Ok(Self { scope, values })
    }
}

/// Every document of a kind, by its name.
pub(crate) fn all<K: Ord, D: Document>(
    store: &dyn Store,
    name: impl Fn(&str) -> Option<K>,
) -> Result<BTreeMap<K, D>, StoreError> {
    let mut found = BTreeMap::new();
    let mut after: Option<Vec<u8>> = None;
    loop {
        let range = KeyRange {
            prefix: &[],
            after: after.as_deref(),
            is_reversed: false,
        };
        let page = documents::page::<D>(store, range, DOCUMENTS_PAGE_MAX)?;
        let is_last = page.len() < DOCUMENTS_PAGE_MAX;
        after = page.last().map(|(key, _)| key.clone());
        for (key, read) in page {
            let named = std::str::from_utf8(&key).ok().and_then(&name);
            let named = named.ok_or_else(|| {
                let text = "its key is no name of such a document";
                StoreError::unreadable_document(D::SPACE, &key, text)
            })?;
            found.insert(named, read.document);
        }
        if is_last {
            return Ok(found);
        }
    }
}
