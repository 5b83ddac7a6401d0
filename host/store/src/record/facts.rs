//! What administrators said of a host, beside what its device told.
//!
//! Knows nothing of what a label or a value is for. Invariants: a secret is never shown by `Debug`;
//! what one host can have is bounded, since all of it is read whenever the host is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use mooring_drift::scope::LabelName;
use mooring_mdm::ids::HostId;
use mooring_mdm::profile::placeholder::{VALUE_BYTES_MAX, ValueName};

use crate::StoreError;

/// Most labels that a host is a member of by hand. Fleets use about ten a host.
pub const HOST_LABELS_MAX: usize = 64;

/// Most attributes of one host, and most secrets: some for each profile that needs any.
pub const HOST_VALUES_MAX: usize = 64;

/// Longest value of an attribute or a secret, in bytes: what a profile can be filled with. A host
/// with as many values as it may have, all of them this long, is half a megabyte.
pub const HOST_VALUE_BYTES_MAX: usize = VALUE_BYTES_MAX;

/// What administrators said of a host. `Debug` shows the names of its secrets only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct HostFacts {
    /// The manual labels that it has; at most [`HOST_LABELS_MAX`].
    pub labels: BTreeSet<LabelName>,
    /// Its declared attributes; at most [`HOST_VALUES_MAX`], each of at most
    /// [`HOST_VALUE_BYTES_MAX`] bytes.
    pub attributes: BTreeMap<ValueName, String>,
    /// Its secrets, within the same bounds.
    pub secrets: BTreeMap<ValueName, String>,
    /// The revision that was read, 0 while nothing was said. A commit stores `revision + 1`.
    pub revision: u64,
}

impl HostFacts {
    /// Whether one host may have all this.
    ///
    /// # Errors
    /// [`StoreError::HostFacts`], saying which bound is exceeded.
    pub fn check_size(&self, host: &HostId) -> Result<(), StoreError> {
        let values = self.attributes.values().chain(self.secrets.values());
        let longest = values.map(String::len).max().unwrap_or_default();
        let bounds = [
            ("labels", self.labels.len(), HOST_LABELS_MAX),
            ("attributes", self.attributes.len(), HOST_VALUES_MAX),
            ("secrets", self.secrets.len(), HOST_VALUES_MAX),
            ("bytes in one value", longest, HOST_VALUE_BYTES_MAX),
        ];
        match bounds.into_iter().find(|(_, found, most)| found > most) {
            Some((what, found, most)) => Err(StoreError::HostFacts {
                host: host.clone(),
                what,
                found,
                most,
            }),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for HostFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secrets: Vec<&str> = self.secrets.keys().map(ValueName::as_str).collect();
        f.debug_struct("HostFacts")
            .field("labels", &self.labels)
            .field("attributes", &self.attributes)
            .field("secrets", &secrets)
            .field("revision", &self.revision)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::samples::{facts, host_id};

    /// Names of secrets are shown, their values never, by no type that holds them.
    #[test]
    fn debug_shows_no_secret() {
        let name = ValueName::parse("wifi").unwrap();
        let mut facts = facts(0, 3);
        facts.secrets = [(name, "hunter2".to_owned())].into();
        let change = crate::Change::Facts {
            id: host_id("A"),
            facts: facts.clone(),
        };
        for text in [format!("{facts:?}"), format!("{change:?}")] {
            assert!(text.contains("wifi") && !text.contains("hunter2"), "{text}");
        }
    }
}
