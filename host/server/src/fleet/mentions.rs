//! What the definitions of this moment look at in a host, so that hosts that are alike in that are
//! judged once.
//!
//! Knows nothing of classes. Invariant: two hosts with the same key are in the same circumstances,
//! but for their own copies of profiles.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mooring_drift::scope::{Label, LabelName, Truth, place};
use mooring_mdm::device::Attributes;
use mooring_mdm::ids::{PayloadIdentifier, PayloadUuid};
use mooring_mdm::os::{OsVersion, Platform};
use mooring_mdm::profile::placeholder::{Placeholder, ValueName};

use super::recount::can_have_user;
use crate::scope::{DeclaredValue, Known, attributes_of, has_value, subject};
use crate::shelf::{Shelf, is_wanted, latest};

/// A version of a profile that is filled with values of each host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filling {
    pub(super) uuid: PayloadUuid,
    pub(super) places: BTreeSet<Placeholder>,
}

/// The definitions of one moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules {
    pub(super) shelf: Arc<Shelf>,
    pub(super) mentions: Arc<Mentions>,
}

impl Rules {
    pub(super) fn of(shelf: Arc<Shelf>) -> Self {
        Self {
            mentions: Arc::new(Mentions::of(&shelf)),
            shelf,
        }
    }

    /// What tells a host from others, in `key`: of two hosts neither is how the other begins.
    pub(super) fn key(&self, host: Known<'_>, fresh: Option<&Attributes>, key: &mut Vec<u8>) {
        self.mentions.key(&self.shelf, host, fresh, key);
    }
}

/// What the definitions look at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Mentions {
    /// Whom profiles are for, as far as it is not for everybody.
    assignments: BTreeMap<PayloadIdentifier, mooring_drift::scope::Assignment>,
    /// The labels that they name; one that is not defined is unknown.
    labels: BTreeMap<LabelName, Option<Label>>,
    has_systems: bool,
    has_values: bool,
    shares: Vec<(PayloadIdentifier, u8)>,
    /// The wanted profiles that are filled. Of others a group does not know what a host lacks.
    filled: BTreeSet<PayloadIdentifier>,
    /// Their places.
    places: BTreeSet<Placeholder>,
    values: BTreeMap<ValueName, DeclaredValue>,
    /// Every version of a profile that ever was filled, newest first.
    pub(super) fillings: BTreeMap<PayloadIdentifier, Vec<Filling>>,
}

impl Mentions {
    pub(super) fn of(shelf: &Shelf) -> Self {
        let mut mentions = Self {
            assignments: shelf.scope.assignments.clone(),
            ..Self::default()
        };
        for (identifier, assignment) in &shelf.scope.assignments {
            for name in assignment.labels() {
                let label = shelf.scope.labels.get(name).cloned();
                mentions.labels.insert(name.clone(), label);
            }
            mentions.has_systems |= !assignment.platforms.is_empty()
                || assignment.os_min.is_some()
                || assignment.os_max.is_some();
            let share = assignment.percent;
            mentions
                .shares
                .extend(share.map(|percent| (identifier.clone(), percent)));
        }
        mentions.has_values = mentions.labels.values().flatten().any(|label| match label {
            Label::Manual => false,
            Label::Rule(rule) => !rule.attributes().is_empty(),
        });
        mentions.add_personal(shelf);
        // Which values matter is not told apart: they change rarely.
        if mentions.has_values || !mentions.fillings.is_empty() {
            mentions.values.clone_from(&shelf.values);
        }
        mentions
    }

    fn add_personal(&mut self, shelf: &Shelf) {
        for identifier in &shelf.personal {
            let wanted = shelf.profiles.get(identifier).filter(|p| is_wanted(p));
            self.filled.extend(wanted.map(|_| identifier.clone()));
            let newest = wanted.and_then(latest);
            let places = newest.iter().flat_map(|version| &version.placeholders);
            self.places.extend(places.cloned());
        }
        for (identifier, profile) in &shelf.profiles {
            let filled = profile.versions.iter().rev();
            let filled = filled.filter(|version| !version.placeholders.is_empty());
            let fillings: Vec<_> = filled
                .map(|version| Filling {
                    uuid: version.uuid.clone(),
                    places: version.placeholders.clone(),
                })
                .collect();
            if !fillings.is_empty() {
                self.fillings.insert(identifier.clone(), fillings);
            }
        }
    }

    /// Whether a host may have copies of its own.
    pub(super) fn has_fillings(&self) -> bool {
        !self.fillings.is_empty()
    }

    /// What tells a host from others, in `key`.
    pub(super) fn key(
        &self,
        shelf: &Shelf,
        host: Known<'_>,
        fresh: Option<&Attributes>,
        key: &mut Vec<u8>,
    ) {
        key.clear();
        key.push(host.transport as u8);
        key.push(u8::from(can_have_user(host.attributes.model.as_deref())));
        if self.has_systems {
            push_system(fresh, key);
        }
        if !self.labels.is_empty() {
            self.push_labels(shelf, host, fresh, key);
        }
        for (identifier, percent) in &self.shares {
            key.push(u8::from(place(identifier, host.id) < *percent));
        }
        for place in &self.places {
            key.push(u8::from(has_value(shelf, host, place)));
        }
    }

    fn push_labels(
        &self,
        shelf: &Shelf,
        host: Known<'_>,
        fresh: Option<&Attributes>,
        key: &mut Vec<u8>,
    ) {
        let values = if self.has_values {
            attributes_of(shelf, host)
        } else {
            BTreeMap::new()
        };
        let subject = subject(host, fresh, &values);
        for (name, label) in &self.labels {
            let truth = match label {
                None => Truth::Unknown,
                Some(Label::Manual) => Truth::from(host.facts.labels.contains(name)),
                Some(Label::Rule(rule)) => rule.truth(&subject),
            };
            key.push(match truth {
                Truth::No => 0,
                Truth::Unknown => 1,
                Truth::Yes => 2,
            });
        }
    }
}

/// The platform and the version, each as far as it is known; texts as they were told.
fn push_system(fresh: Option<&Attributes>, key: &mut Vec<u8>) {
    let model = fresh.and_then(|told| told.model.as_deref());
    let platform = model.and_then(Platform::from_model);
    key.push(platform.map_or(0, |platform| 1 + platform as u8));
    let version = fresh.and_then(|told| told.os_version.as_deref());
    let version = version.and_then(|text| OsVersion::parse(text).ok());
    let text = version
        .map(|version| version.to_string())
        .unwrap_or_default();
    key.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
    key.extend(text.as_bytes());
}
