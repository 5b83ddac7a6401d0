//! The policy and what is accepted, as of one moment, put to findings.
//!
//! Knows nothing of who found what, or of when it is shown. Invariant: whatever is weighed by the
//! same scales is weighed alike, and each acceptance is read once.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use mooring_mdm::finding::Finding;
use mooring_mdm::ids::PayloadIdentifier;
use mooring_store::StoreError;

use super::weigh;
use crate::api::Level;
use crate::core::Core;

/// What findings are weighed by.
pub(crate) struct Scales<'a> {
    core: &'a Core,
    levels: BTreeMap<String, Level>,
    /// Reasons by rule of each profile that was asked for.
    accepted: BTreeMap<PayloadIdentifier, BTreeMap<String, String>>,
}

impl Core {
    /// The scales of this moment.
    ///
    /// # Errors
    /// [`StoreError`] if the policy cannot be read.
    pub(crate) fn scales(&self) -> Result<Scales<'_>, StoreError> {
        Ok(Scales {
            core: self,
            levels: self.policy_kept()?.levels(),
            accepted: BTreeMap::new(),
        })
    }

    /// What validators found in a profile, as it counts here: by the policy, and by what is
    /// accepted for this profile.
    ///
    /// # Errors
    /// [`StoreError`] if either cannot be read.
    pub(crate) fn settled(
        &self,
        identifier: &PayloadIdentifier,
        findings: Vec<Finding>,
    ) -> Result<Vec<Finding>, StoreError> {
        if findings.is_empty() {
            return Ok(findings);
        }
        self.scales()?.settled(&[identifier], findings)
    }
}

impl Scales<'_> {
    /// Findings about these profiles: what is accepted in any of them counts, that of the first one
    /// first. Without a profile the policy alone does.
    ///
    /// # Errors
    /// [`StoreError`] if what is accepted cannot be read.
    pub(crate) fn settled(
        &mut self,
        profiles: &[&PayloadIdentifier],
        findings: Vec<Finding>,
    ) -> Result<Vec<Finding>, StoreError> {
        let findings = findings.into_iter();
        let weighed = findings.filter_map(|one| self.weighed(profiles, one).transpose());
        weighed.collect()
    }

    /// One of them; none if its rule is off.
    ///
    /// # Errors
    /// As of [`Self::settled`].
    pub(crate) fn weighed(
        &mut self,
        profiles: &[&PayloadIdentifier],
        finding: Finding,
    ) -> Result<Option<Finding>, StoreError> {
        let mut reason = None;
        for profile in profiles {
            reason = reason.or(self.reasons(profile)?.get(&finding.rule).cloned());
        }
        Ok(weigh(finding, &self.levels, reason.as_deref()))
    }

    fn reasons(
        &mut self,
        profile: &PayloadIdentifier,
    ) -> Result<&BTreeMap<String, String>, StoreError> {
        match self.accepted.entry(profile.clone()) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(place) => Ok(place.insert(self.core.reasons(profile)?)),
        }
    }
}
