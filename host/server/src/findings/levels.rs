//! The policy: how much each rule weighs on this server.
//!
//! Knows nothing of profiles. Invariants: only rules that exist, and that are not the host's own
//! refusals, are in it; a version that is stored keeps the findings with which it was taken, and what
//! is found in sets of profiles is weighed by the policy of the moment at which it is shown.

use std::collections::BTreeMap;

use mooring_drift::policy::Timestamp;
use mooring_store::{Space, StoreError};
use serde::{Deserialize, Serialize};

use super::rules::Rule;
use super::{FindingsError, nearest};
use crate::api::{Level, PolicyListing, PolicyRule};
use crate::clock::rfc3339;
use crate::core::Core;
use crate::documents::{self, Document};
use crate::limits::POLICY_RULES_MAX;

const KEY: &[u8] = b"policy";

/// The levels that differ from the rules' own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Policy {
    rules: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    level: Level,
    at: Timestamp,
    by: String,
}

impl Document for Policy {
    const SPACE: Space = Space::Setting;
}

impl Policy {
    pub(super) fn levels(&self) -> BTreeMap<String, Level> {
        let rules = self.rules.iter();
        rules.map(|(id, entry)| (id.clone(), entry.level)).collect()
    }
}

impl Core {
    pub(super) fn policy_kept(&self) -> Result<Policy, StoreError> {
        let read = documents::read::<Policy>(&*self.store, KEY)?;
        Ok(read.map(|read| read.document).unwrap_or_default())
    }

    /// Every rule that a finding of this server can name: the host's, those of its own plugins, and
    /// of those that are installed.
    pub fn rules(&self) -> BTreeMap<String, Rule> {
        let mut rules = self.judge.rules();
        for (id, installed) in &self.plugins.set().plugins {
            let manifest = installed
                .loaded
                .as_ref()
                .map(mooring_plugin::Plugin::manifest);
            for entry in manifest.map(|it| it.rules.as_slice()).unwrap_or_default() {
                let rule = || Rule::of(id, entry);
                rules.entry(entry.id.clone()).or_insert_with(rule);
            }
        }
        rules
    }

    /// The rule with this id, if its weight can be changed.
    pub(super) fn adjustable(&self, id: &str) -> Result<Rule, FindingsError> {
        let mut rules = self.rules();
        match rules.remove(id) {
            Some(rule) if rule.is_fixed => Err(FindingsError::Fixed { rule: rule.id }),
            Some(rule) => Ok(rule),
            None => Err(FindingsError::NoRule {
                rule: id.chars().take(100).collect(),
                nearest: nearest(id, rules.keys().map(String::as_str)).map(str::to_owned),
            }),
        }
    }

    /// The rules whose level was changed, in order.
    ///
    /// # Errors
    /// [`FindingsError::Store`] if they cannot be read.
    pub fn policy_listing(&self) -> Result<PolicyListing, FindingsError> {
        let rules = self.rules();
        let kept = self.policy_kept()?.rules.into_iter();
        let rules = kept.map(|(id, entry)| detail(rules.get(&id), id, &entry));
        Ok(PolicyListing {
            rules: rules.collect(),
        })
    }

    /// Gives a rule another level on this server, from the next upload on.
    ///
    /// # Errors
    /// [`FindingsError`] if there is no such rule, or it is one of the host's own refusals.
    pub fn set_level(&self, id: &str, level: Level, by: &str) -> Result<PolicyRule, FindingsError> {
        let _change = self.change();
        let rule = self.adjustable(id)?;
        let mut policy = self.policy_kept()?;
        let entry = Entry {
            level,
            at: self.now(),
            by: by.to_owned(),
        };
        policy.rules.insert(rule.id.clone(), entry.clone());
        if policy.rules.len() > POLICY_RULES_MAX {
            return Err(FindingsError::TooMany(POLICY_RULES_MAX));
        }
        self.store.commit(vec![documents::put(KEY, &policy)?])?;
        tracing::warn!(rule = rule.id, %level, by, "a rule has another level");
        Ok(detail(Some(&rule), rule.id.clone(), &entry))
    }

    /// Gives a rule its own level back; nothing happens if it has that.
    ///
    /// # Errors
    /// [`FindingsError`] if there is no such rule and none was ever changed under this id.
    pub fn reset_level(&self, id: &str, by: &str) -> Result<(), FindingsError> {
        let _change = self.change();
        let mut policy = self.policy_kept()?;
        if policy.rules.remove(id).is_none() {
            // A typo is told; a rule that has its own level already is no error.
            return self.adjustable(id).map(|_| ());
        }
        self.store.commit(vec![documents::put(KEY, &policy)?])?;
        tracing::warn!(rule = id, by, "a rule has its own level again");
        Ok(())
    }
}

fn detail(rule: Option<&Rule>, id: String, entry: &Entry) -> PolicyRule {
    PolicyRule {
        rule: id,
        level: entry.level,
        own: rule.map(|rule| rule.severity),
        text: rule.map(|rule| rule.text.clone()),
        at: rfc3339(entry.at),
        by: entry.by.clone(),
    }
}
