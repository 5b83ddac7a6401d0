//! Declaring values, and setting those of one host.
//!
//! Knows nothing of profiles but which values they have places for. Invariants: a value that a
//! profile or a rule uses stays declared as what it is; a host has declared values only; a secret
//! goes in and is never shown again.

use std::collections::BTreeMap;

use mooring_drift::scope::{Label, LabelName};
use mooring_mdm::ids::PayloadIdentifier;
use mooring_mdm::profile::placeholder::{Placeholder, ValueName, check_value};
use mooring_store::{HostFacts, HostRecord, Space, StoreError};

use super::{DeclaredValue, ScopeError, ValueKind};
use crate::api::{HostValue, HostValues, HostValuesWish, ValueListing, ValueSummary};
use crate::change::{ChangeOptions, Changed};
use crate::core::Core;
use crate::documents;
use crate::shelf::{Shelf, latest};

impl Core {
    /// Declares a value, or gives one another default. What is not said of it is not so.
    ///
    /// # Errors
    /// [`ScopeError`] if it is declared as another kind, no profile could be filled with its
    /// default, or the change is held.
    pub fn declare_value(
        &self,
        name: &ValueName,
        value: &DeclaredValue,
        options: &ChangeOptions,
    ) -> Result<Changed<ValueSummary>, ScopeError> {
        let _change = self.change();
        if let Some(declared) = self.shelf().values.get(name)
            && declared.kind != value.kind
        {
            return Err(ScopeError::OtherKind {
                name: name.clone(),
                kind: declared.kind,
            });
        }
        check(name, value.default.as_deref())?;
        let put = documents::put(name.as_str().as_bytes(), value)?;
        if let Changed::Planned(impact) = self.commit_change(vec![put], options)? {
            return Ok(Changed::Planned(impact));
        }
        tracing::info!(value = %name, by = options.by, "a value was declared");
        let shelf = self.shelf();
        let hosts = self.hosts_with_values()?;
        Ok(Changed::Done(summary(&shelf, name, value, &hosts)))
    }

    /// Takes a declaration back, and the value from the hosts that have it.
    ///
    /// # Errors
    /// [`ScopeError`] if there is none, or a profile or a rule uses it.
    pub fn withdraw_value(
        &self,
        name: &ValueName,
        options: &ChangeOptions,
    ) -> Result<Changed<()>, ScopeError> {
        let _change = self.change();
        let shelf = self.shelf();
        let declared = shelf.values.get(name);
        let declared = declared.ok_or_else(|| ScopeError::NoValue(name.clone()))?;
        let (profiles, labels) = users(&shelf, name, declared.kind);
        if !profiles.is_empty() || !labels.is_empty() {
            return Err(ScopeError::ValueInUse {
                name: name.clone(),
                profiles,
                labels,
            });
        }
        if !options.is_plan {
            // Nothing uses it, so nothing follows from which hosts have it.
            self.clear_values(name)?;
        }
        let delete = documents::delete(Space::Value, name.as_str().as_bytes());
        let changed = self.commit_change(vec![delete], options)?;
        if let Changed::Done(()) = changed {
            tracing::info!(value = %name, by = options.by, "a value is no longer declared");
        }
        Ok(changed)
    }

    /// Sets values of a host, and takes others from it.
    ///
    /// # Errors
    /// [`ScopeError`] if there is no such host, a value is not declared or not fit for a profile,
    /// the host would have too many, or the change is held.
    pub fn set_host_values(
        &self,
        host: &str,
        wish: &HostValuesWish,
        options: &ChangeOptions,
    ) -> Result<Changed<HostValues>, ScopeError> {
        let _change = self.change();
        let shelf = self.shelf();
        check_wish(&shelf, wish)?;
        let id = self.find_host(host)?.id;
        let edit = |_: &_, facts: &mut HostFacts| {
            for name in &wish.unset {
                facts.attributes.remove(name);
                facts.secrets.remove(name);
            }
            for (name, value) in &wish.set {
                let kept = match shelf.values.get(name).map(|declared| declared.kind) {
                    Some(ValueKind::Attribute) => &mut facts.attributes,
                    Some(ValueKind::Secret) => &mut facts.secrets,
                    None => continue,
                };
                kept.insert(name.clone(), value.clone());
            }
        };
        match self.edit_facts(&[id], &edit, options)? {
            Changed::Planned(impact) => Ok(Changed::Planned(impact)),
            Changed::Done(changed) => {
                let is_changed = !changed.is_empty();
                tracing::info!(
                    host,
                    by = options.by,
                    is_changed,
                    "values of a host were set"
                );
                Ok(Changed::Done(self.host_values(host)?))
            }
        }
    }

    /// Every declared value.
    ///
    /// # Errors
    /// [`StoreError`] if a host cannot be read.
    pub fn values(&self) -> Result<ValueListing, StoreError> {
        let shelf = self.shelf();
        let hosts = self.hosts_with_values()?;
        let values = shelf.values.iter();
        Ok(ValueListing {
            values: values
                .map(|(name, value)| summary(&shelf, name, value, &hosts))
                .collect(),
        })
    }

    /// What administrators said of a host.
    ///
    /// # Errors
    /// [`ScopeError`] if there is no such host.
    pub fn host_values(&self, host: &str) -> Result<HostValues, ScopeError> {
        let host = self.find_host(host)?;
        let shelf = self.shelf();
        let values = shelf.values.iter();
        Ok(HostValues {
            id: host.id.clone(),
            labels: host.facts.labels.clone(),
            values: values
                .map(|(name, declared)| host_value(&host, name, declared))
                .collect(),
        })
    }

    fn clear_values(&self, name: &ValueName) -> Result<(), ScopeError> {
        let mut having = Vec::new();
        self.each_sketch(|host| {
            let (attributes, secrets) = (&host.facts.attributes, &host.facts.secrets);
            if attributes.contains_key(name) || secrets.contains_key(name) {
                having.push(host.id.clone());
            }
        })?;
        let edit = |_: &_, facts: &mut HostFacts| {
            facts.attributes.remove(name);
            facts.secrets.remove(name);
        };
        self.edit_facts(&having, &edit, &ChangeOptions::default())?;
        Ok(())
    }

    /// How many hosts have a value of their own.
    fn hosts_with_values(&self) -> Result<BTreeMap<ValueName, u64>, StoreError> {
        let mut hosts = BTreeMap::new();
        self.each_sketch(|host| {
            let (attributes, secrets) = (host.facts.attributes.keys(), host.facts.secrets.keys());
            for name in attributes.chain(secrets) {
                match hosts.get_mut(name) {
                    Some(count) => *count += 1,
                    None => drop(hosts.insert(name.clone(), 1)),
                }
            }
        })?;
        Ok(hosts)
    }
}

fn check(name: &ValueName, value: Option<&str>) -> Result<(), ScopeError> {
    let unfit = |source| ScopeError::Unfit {
        name: name.clone(),
        source,
    };
    value.map_or(Ok(()), |value| check_value(value).map_err(unfit))
}

fn check_wish(shelf: &Shelf, wish: &HostValuesWish) -> Result<(), ScopeError> {
    let undeclared = |name: &&ValueName| !shelf.values.contains_key(*name);
    let names: Vec<_> = wish.set.keys().filter(undeclared).cloned().collect();
    if !names.is_empty() {
        return Err(ScopeError::Undeclared { names });
    }
    let both = |name: &&ValueName| wish.set.contains_key(*name);
    let names: Vec<_> = wish.unset.iter().filter(both).cloned().collect();
    if !names.is_empty() {
        return Err(ScopeError::SetAndUnset { names });
    }
    let mut all = wish.set.iter();
    all.try_for_each(|(name, value)| check(name, Some(value)))
}

/// The profiles that have a place for a value in their latest version, and the labels whose rules
/// name it.
fn users(
    shelf: &Shelf,
    name: &ValueName,
    kind: ValueKind,
) -> (Vec<PayloadIdentifier>, Vec<LabelName>) {
    let placeholder = match kind {
        ValueKind::Attribute => Placeholder::Attribute(name.clone()),
        ValueKind::Secret => Placeholder::Secret(name.clone()),
    };
    let live = shelf.profiles.values().filter(|p| p.deleted_at.is_none());
    let using = live.filter(|profile| {
        latest(profile).is_some_and(|version| version.placeholders.contains(&placeholder))
    });
    let profiles = using.map(|profile| profile.identifier.clone()).collect();
    let naming = shelf.scope.labels.iter().filter(|(_, label)| match label {
        Label::Manual => false,
        Label::Rule(rule) => kind == ValueKind::Attribute && rule.attributes().contains(name),
    });
    (profiles, naming.map(|(label, _)| label.clone()).collect())
}

fn summary(
    shelf: &Shelf,
    name: &ValueName,
    value: &DeclaredValue,
    hosts: &BTreeMap<ValueName, u64>,
) -> ValueSummary {
    let (profiles, labels) = users(shelf, name, value.kind);
    ValueSummary {
        name: name.clone(),
        kind: value.kind,
        has_default: value.default.is_some(),
        default: shown(value.kind, value.default.as_ref()),
        hosts: hosts.get(name).copied().unwrap_or_default(),
        profiles,
        labels,
    }
}

fn host_value(host: &HostRecord, name: &ValueName, declared: &DeclaredValue) -> HostValue {
    let own = match declared.kind {
        ValueKind::Attribute => host.facts.attributes.get(name),
        ValueKind::Secret => host.facts.secrets.get(name),
    };
    let value = own.or(declared.default.as_ref());
    HostValue {
        name: name.clone(),
        kind: declared.kind,
        is_set: value.is_some(),
        is_default: own.is_none() && value.is_some(),
        value: shown(declared.kind, value),
    }
}

/// A value, unless it is a secret.
fn shown(kind: ValueKind, value: Option<&String>) -> Option<String> {
    match kind {
        ValueKind::Attribute => value.cloned(),
        ValueKind::Secret => None,
    }
}
