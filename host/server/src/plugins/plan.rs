//! What a change of plugins or bindings would alter, before it is made.
//!
//! Knows nothing of HTTP. Invariants: nothing here changes anything, and nobody waits for it; every
//! stored profile that the change could touch is judged, or counted if time runs out, the plugin
//! keeps failing or the profile cannot be read; no failure here counts against a binding.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use mooring_mdm::finding::Finding;
use mooring_mdm::ids::PayloadIdentifier;
use mooring_mdm::profile::{Identified, Profile, ProfileLimits};
use mooring_plugin::Guard;
use mooring_store::{Change, ProfileRecord, StoreError};

use super::install::has_role;
use super::judging::Answer;
use super::record::BindingRecord;
use super::registry::{Bound, Installed, Set};
use super::{PluginChange, PluginError};
use crate::api::{
    BindingLimits, BindingWish, FindingsChange, GeneratedChange, OnFailure, PluginPlan, PluginRole,
};
use crate::change::{ChangeOptions, Changed};
use crate::core::Core;
use crate::impact::Weight;
use crate::limits::PLUGIN_CHECKS_TIME_MAX;
use crate::shelf::latest;

/// What plugins say of stored profiles.
#[derive(Default)]
struct Survey {
    /// Each with its latest version.
    said: BTreeMap<PayloadIdentifier, (u32, Vec<Finding>)>,
    /// Those for which there was no time, or of which a plugin was not asked any more.
    left_out: BTreeSet<PayloadIdentifier>,
}

impl Core {
    /// What would follow from another version of a plugin, or a new one.
    pub(super) fn plan_install<T>(
        &self,
        set: &Set,
        id: &str,
        installed: &Installed,
        rebound: &BTreeMap<String, (BindingRecord, Vec<Change>)>,
        options: &ChangeOptions,
    ) -> Result<PluginChange<T>, PluginError> {
        let before: Vec<_> = set.bindings_of(id).map(|(_, bound)| bound).collect();
        let before = self.survey(set.plugins.get(id), &before)?;
        let records = rebound.values().map(|(record, _)| record.clone());
        let mut after: Vec<Bound> = records.map(Bound::new).collect();
        let is_validator = installed
            .loaded
            .as_ref()
            .is_ok_and(|plugin| has_role(plugin, PluginRole::Validator));
        // Unbound it says nothing; that is no help to somebody who wonders whether to bind it.
        if after.is_empty() && is_validator {
            after.push(Bound::new(bound_to_all(id)));
        }
        let after = self.survey(Some(installed), &after.iter().collect::<Vec<_>>())?;
        let made = rebound.values().flat_map(|(_, made)| made.iter().cloned());
        self.plan(before, after, made.collect(), options)
    }

    /// What would follow if a binding were this one, or were no more.
    pub(super) fn plan_binding<T>(
        &self,
        set: &Set,
        name: &str,
        after: Option<&Bound>,
        changes: Vec<Change>,
        options: &ChangeOptions,
    ) -> Result<PluginChange<T>, PluginError> {
        let survey = |bound: Option<&Bound>| match bound {
            Some(bound) => self.survey(set.plugins.get(&bound.record.wish.plugin), &[bound]),
            None => Ok(Survey::default()),
        };
        let (before, after) = (survey(set.bindings.get(name))?, survey(after)?);
        self.plan(before, after, changes, options)
    }

    /// What would follow if a plugin were switched on or off.
    pub(super) fn plan_switch<T>(
        &self,
        (set, id): (&Set, &str),
        (before, after): (&Installed, &Installed),
        changes: Vec<Change>,
        options: &ChangeOptions,
    ) -> Result<PluginChange<T>, PluginError> {
        let bindings: Vec<_> = set.bindings_of(id).map(|(_, bound)| bound).collect();
        let before = self.survey(Some(before), &bindings)?;
        let after = self.survey(Some(after), &bindings)?;
        self.plan(before, after, changes, options)
    }

    fn plan<T>(
        &self,
        before: Survey,
        after: Survey,
        changes: Vec<Change>,
        options: &ChangeOptions,
    ) -> Result<PluginChange<T>, PluginError> {
        let generated = self.generated(&changes);
        let hosts = if changes.is_empty() {
            None
        } else {
            match self.commit_weighed(changes, options, Weight::Output)? {
                Changed::Planned(impact) => Some(*impact),
                Changed::Done(()) => None,
            }
        };
        let left_out: BTreeSet<_> = before.left_out.union(&after.left_out).cloned().collect();
        let (mut before, mut after) = (before.said, after.said);
        before.retain(|identifier, _| !left_out.contains(identifier));
        after.retain(|identifier, _| !left_out.contains(identifier));
        let gone = before.keys().filter(|id| !after.contains_key(*id)).count();
        let judged = u64::try_from(after.len() + gone).unwrap_or(u64::MAX);
        let mut profiles = Vec::new();
        for (identifier, (version, new)) in after {
            let old = before.remove(&identifier).map(|(_, old)| old);
            profiles.extend(change(identifier, version, old.unwrap_or_default(), new));
        }
        for (identifier, (version, old)) in before {
            profiles.extend(change(identifier, version, old, Vec::new()));
        }
        profiles.sort_by(|a, b| a.identifier.cmp(&b.identifier));
        Ok(PluginChange::Planned(Box::new(PluginPlan {
            judged,
            left_out: u64::try_from(left_out.len()).unwrap_or(u64::MAX),
            profiles,
            generated,
            hosts,
            signer: None,
        })))
    }

    /// Which profiles the changes would make, replace or delete.
    fn generated(&self, changes: &[Change]) -> Vec<GeneratedChange> {
        let shelf = self.shelf();
        let version = |record: &ProfileRecord| {
            let is_live = record.deleted_at.is_none();
            let version = latest(record).filter(|_| is_live);
            version.map(|version| version.version)
        };
        let records = changes.iter().filter_map(|change| {
            if let Change::Profile(record) = change {
                Some(record)
            } else {
                None
            }
        });
        let mut generated: Vec<_> = records
            .map(|record| GeneratedChange {
                identifier: record.identifier.clone(),
                from: shelf.profiles.get(&record.identifier).and_then(version),
                to: version(record),
            })
            .filter(|change| change.from != change.to)
            .collect();
        generated.sort_by(|a, b| a.identifier.cmp(&b.identifier));
        generated
    }

    /// What a plugin says in these bindings of the profiles that they cover, as it counts here.
    fn survey(
        &self,
        installed: Option<&Installed>,
        bindings: &[&Bound],
    ) -> Result<Survey, PluginError> {
        let shelf = self.shelf();
        let until = Instant::now() + PLUGIN_CHECKS_TIME_MAX / 2;
        let mut survey = Survey::default();
        let mut scales = self.scales()?;
        if installed.is_some_and(|it| !it.record.is_enabled) {
            return Ok(survey);
        }
        let bound = bindings.iter().map(|bound| (*bound, bound.guard_of_plan()));
        let bound: Vec<_> = bound.collect();
        let live = shelf.profiles.values().filter(|it| it.deleted_at.is_none());
        for profile in live {
            let identifier = &profile.identifier;
            let assignment = shelf.scope.assignments.get(identifier);
            let judges = |bound: &Bound| bound.record.judges(identifier, assignment);
            let covering = bound.iter().filter(|(bound, _)| judges(bound));
            let covering: Vec<_> = covering.collect();
            if covering.is_empty() {
                continue;
            }
            let is_late = Instant::now() >= until;
            let candidate = if is_late { None } else { self.stored(profile)? };
            let Some(said) = candidate.and_then(|it| self.said_by(installed, &covering, &it))
            else {
                survey.left_out.insert(identifier.clone());
                continue;
            };
            let version = latest(profile).map_or(0, |version| version.version);
            let said = scales.settled(&[identifier], said)?;
            survey.said.insert(identifier.clone(), (version, said));
        }
        Ok(survey)
    }

    /// What bindings say of a profile; none if one of them is not asked any more because it failed
    /// too often in this plan.
    fn said_by(
        &self,
        installed: Option<&Installed>,
        covering: &[&(&Bound, Guard)],
        candidate: &Identified,
    ) -> Option<Vec<Finding>> {
        let mut said = Vec::new();
        for (bound, guard) in covering {
            match self.ask(installed, bound, guard, candidate) {
                Answer::Findings(findings) => said.extend(findings),
                Answer::Failed(complaint) => said.push(complaint),
                // In quarantine that is what it says of every profile.
                Answer::NotAsked(complaint) if bound.is_quarantined() => said.push(complaint),
                Answer::NotAsked(_) => return None,
            }
        }
        Some(said)
    }

    /// The latest version of a profile, as it would be judged.
    pub(super) fn stored(&self, profile: &ProfileRecord) -> Result<Option<Identified>, StoreError> {
        let Some(version) = latest(profile) else {
            return Ok(None);
        };
        let raw = self.store.raw(&profile.identifier, version.version)?;
        let read = raw.and_then(|raw| {
            let profile = Profile::parse(&raw, &ProfileLimits::default());
            profile.and_then(|profile| profile.identify(None)).ok()
        });
        Ok(read)
    }
}

fn bound_to_all(id: &str) -> BindingRecord {
    BindingRecord {
        wish: BindingWish {
            plugin: id.to_owned(),
            role: Some(PluginRole::Validator),
            profiles: [].into(),
            labels: [].into(),
            settings: None,
            limits: BindingLimits::default(),
            on_failure: OnFailure::default(),
            prefixes: [].into(),
            values: [].into(),
            allow_untrusted: false,
        },
        seed: String::new(),
        makes: BTreeMap::new(),
        quarantined_at: None,
    }
}

/// How the findings about one profile differ, if they do.
fn change(
    identifier: PayloadIdentifier,
    version: u32,
    old: Vec<Finding>,
    new: Vec<Finding>,
) -> Option<FindingsChange> {
    let (added, removed) = difference(old, new);
    (!added.is_empty() || !removed.is_empty()).then_some(FindingsChange {
        identifier,
        version,
        added,
        removed,
    })
}

/// The findings that are only new, errors first, and those that are only old. What moved to another
/// place is the same.
pub fn difference(old: Vec<Finding>, new: Vec<Finding>) -> (Vec<Finding>, Vec<Finding>) {
    let mut removed = old;
    let mut added = Vec::new();
    for finding in new {
        let same = |other: &Finding| {
            (other.severity, &other.rule, &other.message)
                == (finding.severity, &finding.rule, &finding.message)
        };
        match removed.iter().position(same) {
            Some(at) => {
                removed.remove(at);
            }
            None => added.push(finding),
        }
    }
    added.sort_by_key(|it| std::cmp::Reverse(it.severity));
    (added, removed)
}
