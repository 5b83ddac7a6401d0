//! Rules that an administrator accepted for one profile.
//!
//! Knows nothing of what a rule says. Invariants: every acceptance has a reason, a moment and a
//! name; it counts for one identifier and one rule, for stored versions from the next upload on; the
//! profile need not be there yet.

use std::collections::BTreeMap;

use mooring_drift::policy::Timestamp;
use mooring_mdm::ids::PayloadIdentifier;
use mooring_store::{Space, StoreError};
use serde::{Deserialize, Serialize};

use super::FindingsError;
use crate::api::{AcceptedListing, AcceptedRule};
use crate::clock::rfc3339;
use crate::core::Core;
use crate::documents::{self, Document};
use crate::limits::{ACCEPT_REASON_BYTES_MAX, ACCEPTED_RULES_MAX};

/// What is accepted for one profile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Accepted {
    rules: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    reason: String,
    at: Timestamp,
    by: String,
}

impl Document for Accepted {
    const SPACE: Space = Space::Setting;
}

fn key(identifier: &PayloadIdentifier) -> Vec<u8> {
    format!("accepted:{identifier}").into_bytes()
}

impl Core {
    fn accepted_kept(&self, identifier: &PayloadIdentifier) -> Result<Accepted, StoreError> {
        let read = documents::read::<Accepted>(&*self.store, &key(identifier))?;
        Ok(read.map(|read| read.document).unwrap_or_default())
    }

    /// The reasons for which rules are accepted in a profile, by rule.
    pub(super) fn reasons(
        &self,
        identifier: &PayloadIdentifier,
    ) -> Result<BTreeMap<String, String>, StoreError> {
        let rules = self.accepted_kept(identifier)?.rules.into_iter();
        Ok(rules.map(|(rule, entry)| (rule, entry.reason)).collect())
    }

    /// What is accepted for a profile, in order of rule.
    ///
    /// # Errors
    /// [`FindingsError::Store`] if it cannot be read.
    pub fn accepted_listing(
        &self,
        identifier: &PayloadIdentifier,
    ) -> Result<AcceptedListing, FindingsError> {
        let kept = self.accepted_kept(identifier)?.rules.into_iter();
        Ok(AcceptedListing {
            identifier: identifier.clone(),
            accepted: kept.map(|(rule, entry)| detail(rule, entry)).collect(),
        })
    }

    /// Accepts a rule for a profile: from its next upload on its findings refuse nothing there, and
    /// where profiles are judged together they are shown as accepted at once.
    ///
    /// # Errors
    /// [`FindingsError`] if there is no such rule, it is one of the host's own refusals, or there
    /// is no reason.
    pub fn accept_rule(
        &self,
        identifier: &PayloadIdentifier,
        rule: &str,
        reason: &str,
        by: &str,
    ) -> Result<AcceptedRule, FindingsError> {
        let reason = reason.trim();
        if reason.is_empty() || reason.len() > ACCEPT_REASON_BYTES_MAX {
            return Err(FindingsError::Reason(ACCEPT_REASON_BYTES_MAX));
        }
        let _change = self.change();
        let rule = self.adjustable(rule)?.id;
        let mut accepted = self.accepted_kept(identifier)?;
        let entry = Entry {
            reason: reason.to_owned(),
            at: self.now(),
            by: by.to_owned(),
        };
        accepted.rules.insert(rule.clone(), entry.clone());
        if accepted.rules.len() > ACCEPTED_RULES_MAX {
            return Err(FindingsError::TooMany(ACCEPTED_RULES_MAX));
        }
        let change = documents::put(&key(identifier), &accepted)?;
        self.store.commit(vec![change])?;
        tracing::warn!(profile = %identifier, rule, by, reason, "a rule is accepted for a profile");
        Ok(detail(rule, entry))
    }

    /// Takes that back.
    ///
    /// # Errors
    /// [`FindingsError::NotAccepted`] if there is nothing to take back.
    pub fn revoke_rule(
        &self,
        identifier: &PayloadIdentifier,
        rule: &str,
        by: &str,
    ) -> Result<(), FindingsError> {
        let _change = self.change();
        let mut accepted = self.accepted_kept(identifier)?;
        if accepted.rules.remove(rule).is_none() {
            return Err(FindingsError::NotAccepted(rule.chars().take(100).collect()));
        }
        let key = key(identifier);
        let change = if accepted.rules.is_empty() {
            documents::delete(Space::Setting, &key)
        } else {
            documents::put(&key, &accepted)?
        };
        self.store.commit(vec![change])?;
        tracing::warn!(profile = %identifier, rule, by, "a rule is not accepted any more");
        Ok(())
    }
}

fn detail(rule: String, entry: Entry) -> AcceptedRule {
    AcceptedRule {
        rule,
        reason: entry.reason,
        at: rfc3339(entry.at),
        by: entry.by,
    }
}
