//! What generators make: checked like an upload, and held to what their binding grants.
//!
//! Knows nothing of what profiles contain. Invariants: all of it is taken or none; a profile of
//! somebody else is never touched; what hosts have stays until something was taken in its place.

use std::collections::BTreeMap;

use mooring_mdm::finding::{Finding, Severity};
use mooring_mdm::ids::PayloadIdentifier;
use mooring_mdm::profile::{Identified, Profile, ProfileLimits};
use mooring_plugin::{Context, GeneratedProfile, Outcome};
use mooring_store::Change;

use super::PluginError;
use super::bind::{Makes, loaded};
use super::record::{self, BindingRecord};
use super::registry::{Installed, Set};
use crate::api::PushOutcome;
use crate::core::Core;
use crate::profiles::candidate::check_candidate;
use crate::profiles::{Manner, Upload, accept};

/// Most profiles that one binding makes.
const PROFILES_MAX: usize = 200;

/// Longest key of a profile that a generator makes, in bytes.
const KEY_BYTES_MAX: usize = 200;

impl Core {
    /// Has a plugin make the profiles of a binding, twice, and takes them if everything is in
    /// order. What it makes no more is deleted.
    pub(super) fn made_for(
        &self,
        set: &Set,
        name: &str,
        record: &BindingRecord,
        installed: &Installed,
    ) -> Result<(Makes, Vec<Change>), PluginError> {
        let plugin = loaded(installed, &record.wish.plugin)?;
        let refused = |findings| PluginError::Output {
            binding: name.to_owned(),
            findings,
        };
        let context = Context {
            settings: record.settings(),
            ..Context::default()
        };
        let limits = record.limits(record::class(installed.record.class));
        let call = plugin.generate_twice(&record.seed, &context, &limits);
        let complaint = call.complaint(plugin.id());
        let (None, Outcome::Done(outputs)) = (&complaint, call.outcome) else {
            return Err(refused(complaint.into_iter().collect()));
        };
        let taken = self.taken(set, name, record, outputs).map_err(refused)?;
        let mut makes = Makes::new();
        let mut changes = Vec::new();
        let shelf = self.shelf();
        let by = format!("binding {name}");
        let manner = Manner {
            accepts_uuid_changes: true,
            by: &by,
            now: self.now(),
        };
        for (key, candidate) in taken {
            let identifier = candidate.identifier.clone();
            let upload = Upload {
                name: format!("{} {}: {key}", plugin.id(), installed.record.version),
                bytes: Vec::new(),
            };
            let known = shelf.profiles.get(&identifier);
            let result = accept(&upload, candidate, known, &manner, &mut changes);
            if matches!(result.outcome, PushOutcome::Refused | PushOutcome::Held) {
                return Err(refused(result.findings));
            }
            makes.insert(key, identifier);
        }
        let gone = record.makes.values();
        let gone = gone.filter(|old| !makes.values().any(|new| new == *old));
        changes.extend(self.unmade(gone));
        Ok((makes, changes))
    }

    /// The changes that delete profiles.
    pub(super) fn unmade<'a>(
        &self,
        identifiers: impl IntoIterator<Item = &'a PayloadIdentifier>,
    ) -> Vec<Change> {
        let shelf = self.shelf();
        let live = identifiers.into_iter().filter_map(|identifier| {
            let mut record = shelf.profiles.get(identifier)?.clone();
            record.deleted_at.is_none().then(|| {
                record.deleted_at = Some(self.now());
                record.versions.clear();
                Change::Profile(record)
            })
        });
        live.collect()
    }

    /// The profiles, if all of them may be taken.
    fn taken(
        &self,
        set: &Set,
        name: &str,
        record: &BindingRecord,
        outputs: Vec<GeneratedProfile>,
    ) -> Result<BTreeMap<String, Identified>, Vec<Finding>> {
        if outputs.len() > PROFILES_MAX {
            let what = format!(
                "it makes {} profiles; {PROFILES_MAX} are the most",
                outputs.len()
            );
            return Err(vec![complaint(record, &what)]);
        }
        let shelf = self.shelf();
        let mut taken: BTreeMap<String, Identified> = BTreeMap::new();
        for output in outputs {
            let key = output.key;
            let about = |finding: Finding| vec![of(record, &key, finding)];
            if key.is_empty() || key.len() > KEY_BYTES_MAX || key.contains(char::is_control) {
                return Err(vec![complaint(
                    record,
                    "it makes a profile without a usable key",
                )]);
            }
            let candidate = Profile::parse(&output.profile, &ProfileLimits::default())
                .and_then(|profile| profile.identify(None))
                .map_err(about)?;
            let identifier = &candidate.identifier;
            self.check_owner(set, name, record, identifier)
                .map_err(|what| vec![complaint(record, &what)])?;
            check_candidate(&candidate, &shelf).map_err(about)?;
            if taken.values().any(|other| other.identifier == *identifier) {
                let what = format!("it makes two profiles {identifier}");
                return Err(vec![complaint(record, &what)]);
            }
            let findings = self.judge_by(set, &candidate, &shelf);
            if findings.iter().any(|it| it.severity == Severity::Error) {
                let findings = findings.into_iter().map(|it| of(record, &key, it));
                return Err(findings.collect());
            }
            if taken.insert(key, candidate).is_some() {
                return Err(vec![complaint(
                    record,
                    "it makes two profiles with one key",
                )]);
            }
        }
        Ok(taken)
    }

    /// Whether the binding may make a profile of this name.
    fn check_owner(
        &self,
        set: &Set,
        name: &str,
        record: &BindingRecord,
        identifier: &PayloadIdentifier,
    ) -> Result<(), String> {
        let mut prefixes = record.wish.prefixes.iter();
        if !prefixes.any(|prefix| identifier.as_str().starts_with(prefix.as_str())) {
            return Err(format!(
                "it makes {identifier}, which has none of the prefixes that the binding grants"
            ));
        }
        match set.maker(identifier) {
            Some(maker) if maker != name => {
                return Err(format!(
                    "it makes {identifier}, which is the binding {maker}'s"
                ));
            }
            Some(_) => return Ok(()),
            None => {}
        }
        let shelf = self.shelf();
        let is_there = shelf.profiles.get(identifier);
        if is_there.is_some_and(|known| known.deleted_at.is_none()) {
            return Err(format!(
                "it makes {identifier}, which is a profile that was pushed"
            ));
        }
        Ok(())
    }
}

fn complaint(record: &BindingRecord, what: &str) -> Finding {
    let id = &record.wish.plugin;
    let message = format!("the plugin {id} is held to its binding: {what}");
    Finding {
        source: id.clone(),
        ..Finding::host(Severity::Error, "plugin-output", (0, 0), message)
    }
}

/// A finding about one of the profiles that were made.
fn of(record: &BindingRecord, key: &str, finding: Finding) -> Finding {
    let id = &record.wish.plugin;
    Finding {
        message: format!("{} (in {key}, made by {id})", finding.message),
        ..finding
    }
}
