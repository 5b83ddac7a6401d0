//! What generators make: checked like an upload, and held to what their binding grants.
//!
//! Knows nothing of what profiles contain. Invariants: all of it is taken or none; a profile of
//! somebody else is never touched; what hosts have stays until something was taken in its place.

use std::collections::{BTreeMap, BTreeSet};

use mooring_mdm::finding::{Finding, Severity};
use mooring_mdm::ids::PayloadIdentifier;
use mooring_mdm::profile::{Identified, Profile, ProfileLimits};
use mooring_plugin::{Context, GeneratedProfile, Outcome, Plugin};
use mooring_store::Change;

use super::PluginError;
use super::asking::Asking;
use super::bind::{Makes, loaded};
use super::grant::{self, Grant, folded};
use super::record::{self, BindingRecord};
use super::registry::Installed;
use super::rules::stray;
use crate::api::PushOutcome;
use crate::core::Core;
use crate::findings::refuses;
use crate::profiles::candidate::check_candidate;
use crate::profiles::{Manner, Upload, accept};
use crate::shelf::Shelf;

/// Most profiles that one binding makes.
const PROFILES_MAX: usize = 200;

/// Longest key of a profile that a generator makes, in bytes.
const KEY_BYTES_MAX: usize = 200;

/// For which binding profiles are made.
pub(super) struct Making<'a> {
    pub(super) asking: &'a Asking,
    pub(super) name: &'a str,
    pub(super) record: &'a BindingRecord,
}

impl Making<'_> {
    fn refused(&self, findings: Vec<Finding>) -> PluginError {
        PluginError::Output {
            binding: self.name.to_owned(),
            findings,
        }
    }

    /// It is refused, for more than one of its profiles.
    fn held_to(&self, what: &str) -> PluginError {
        self.refused(vec![complaint(self.record, what)])
    }
}

impl Core {
    /// Has a plugin make the profiles of a binding, twice, and takes them if everything is in
    /// order. What it makes no more is deleted.
    pub(super) fn made_for(
        &self,
        making: &Making<'_>,
        installed: &Installed,
    ) -> Result<(Makes, Vec<Change>), PluginError> {
        let Making { name, record, .. } = *making;
        let plugin = loaded(installed, &record.wish.plugin)?;
        let context = Context {
            settings: record.settings(),
            ..Context::default()
        };
        let limits = record.limits(record::class(installed.record.class));
        let call = plugin.generate_twice(&record.seed, &context, &limits);
        let complaint = call.complaint(plugin.id());
        let (None, Outcome::Done(outputs)) = (&complaint, call.outcome) else {
            return Err(making.refused(complaint.into_iter().collect()));
        };
        let taken = self.taken(making, plugin, outputs)?;
        let mut makes = Makes::new();
        let mut changes = Vec::new();
        let shelf = self.shelf();
        let by = grant::by(name);
        let manner = Manner {
            accepts_uuid_changes: true,
            keeps_switch: true,
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
                return Err(making.refused(result.findings));
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
        making: &Making<'_>,
        plugin: &Plugin,
        outputs: Vec<GeneratedProfile>,
    ) -> Result<BTreeMap<String, Identified>, PluginError> {
        if outputs.len() > PROFILES_MAX {
            let what = format!(
                "it makes {} profiles; {PROFILES_MAX} are the most",
                outputs.len()
            );
            return Err(making.held_to(&what));
        }
        let shelf = self.shelf();
        let mut taken: BTreeMap<String, Identified> = BTreeMap::new();
        let mut looks = BTreeSet::new();
        for output in outputs {
            let key = output.key.clone();
            if key.is_empty() || key.len() > KEY_BYTES_MAX || key.contains(char::is_control) {
                return Err(making.held_to("it makes a profile without a usable key"));
            }
            let candidate = self.candidate(making, plugin, &shelf, output)?;
            if !looks.insert(folded(candidate.identifier.as_str())) {
                let what = format!("it makes two profiles {}", candidate.identifier);
                return Err(making.held_to(&what));
            }
            if taken.insert(key, candidate).is_some() {
                return Err(making.held_to("it makes two profiles with one key"));
            }
        }
        Ok(taken)
    }

    /// One of them, judged. What its plugin remarked on it weighs as what validators say.
    fn candidate(
        &self,
        making: &Making<'_>,
        plugin: &Plugin,
        shelf: &Shelf,
        output: GeneratedProfile,
    ) -> Result<Identified, PluginError> {
        let Making {
            asking,
            name,
            record,
        } = *making;
        let key = output.key.as_str();
        let about = |finding: Finding| making.refused(vec![of(record, key, finding)]);
        if let Some(complaint) = stray(plugin, output.notes.iter()) {
            return Err(about(complaint));
        }
        let mut candidate = Profile::parse(&output.profile, &ProfileLimits::default())
            .and_then(|profile| profile.identify(None))
            .map_err(about)?;
        let grant = Grant {
            name,
            record,
            set: &asking.set,
            shelf,
        };
        grant
            .check(&candidate)
            .map_err(|what| making.held_to(&what))?;
        check_candidate(&candidate, shelf).map_err(about)?;
        let mut judged = self.judge_by(asking, &candidate, shelf);
        judged.extend(output.notes);
        candidate.notices = self.said_of(&candidate, judged)?;
        if refuses(&candidate.notices) {
            let findings = candidate.notices.into_iter();
            let findings = findings.map(|it| of(record, key, it));
            return Err(making.refused(findings.collect()));
        }
        Ok(candidate)
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
