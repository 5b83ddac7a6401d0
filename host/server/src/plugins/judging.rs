//! An upload before its validators: those of this binary, and every binding that covers it.
//!
//! Knows nothing of what a payload means. Invariants: a bound plugin that cannot be asked is never
//! passed over in silence, its binding says what follows; only an upload is judged, so nothing that
//! hosts have is withdrawn by a later validator.

use mooring_mdm::finding::{Finding, Severity};
use mooring_mdm::plist::NodeRef;
use mooring_mdm::profile::Identified;
use mooring_plugin::{BreakerState, Context, Guard, Outcome, Subject, Terms};
use mooring_store::StoreError;

use super::asking::Asking;
use super::record::{self, BindingRecord};
use super::registry::{Bound, Installed};
use super::rules::stray;
use crate::api::OnFailure;
use crate::clock::day;
use crate::core::Core;
use crate::documents;
use crate::shelf::Shelf;
use mooring_drift::policy::Timestamp;

/// How a binding was answered.
pub(super) enum Answer {
    /// By its plugin.
    Findings(Vec<Finding>),
    /// It was not: this is to be said about the plugin.
    Failed(Finding),
    /// It was not even asked, since it failed before: this is to be said about it.
    NotAsked(Finding),
}

impl Core {
    /// Judges an upload.
    pub(crate) fn judge_upload(
        &self,
        asking: &Asking,
        candidate: &Identified,
        shelf: &Shelf,
    ) -> Vec<Finding> {
        if let Some(binding) = asking.set.maker(&candidate.identifier) {
            return vec![made_by_a_binding(candidate, binding)];
        }
        self.judge_by(asking, candidate, shelf)
    }

    /// The same wherever it comes from.
    pub(super) fn judge_by(
        &self,
        asking: &Asking,
        candidate: &Identified,
        shelf: &Shelf,
    ) -> Vec<Finding> {
        let assignment = shelf.scope.assignments.get(&candidate.identifier);
        let is_asked = |bound: &Bound| bound.record.judges(&candidate.identifier, assignment);
        let mut findings = self.judge.judge(candidate, &day(self.now()));
        findings.extend(self.judge_bound(asking, candidate, is_asked));
        findings
    }

    /// What the bindings say that are asked.
    pub(super) fn judge_bound(
        &self,
        asking: &Asking,
        candidate: &Identified,
        is_asked: impl Fn(&Bound) -> bool,
    ) -> Vec<Finding> {
        let set = &asking.set;
        let mut findings = Vec::new();
        for (name, bound) in &set.bindings {
            let plugin = set.plugins.get(&bound.record.wish.plugin);
            let is_off = plugin.is_some_and(|plugin| !plugin.record.is_enabled);
            if is_off || !is_asked(bound) {
                continue;
            }
            let answer = self.ask(plugin, bound, asking.guard(name, bound), candidate);
            if asking.is_live() {
                self.note_quarantine(name, bound);
                if let (Answer::Findings(findings), Some(plugin)) = (&answer, plugin) {
                    self.note_answer((name, bound), plugin, candidate, findings);
                }
            }
            findings.extend(settled(answer, name, bound, candidate));
        }
        findings
    }

    /// Asks one binding, as far as the breaker lets it.
    pub(super) fn ask(
        &self,
        plugin: Option<&Installed>,
        bound: &Bound,
        guard: &Guard,
        candidate: &Identified,
    ) -> Answer {
        let id = &bound.record.wish.plugin;
        let (installed, plugin) = match plugin.map(|one| (one, one.loaded.as_ref())) {
            Some((installed, Ok(plugin))) => (installed, plugin),
            Some((_, Err(problem))) => return Answer::Failed(not_loaded(id, problem)),
            None => return Answer::Failed(not_loaded(id, "it is not installed")),
        };
        let subject = Subject::new(&candidate.document, &candidate.raw, |node| {
            candidate.place(node)
        });
        let context = Context {
            settings: bound.record.settings(),
            ..Context::default()
        }
        .on(&day(self.now()));
        let terms = Terms {
            limits: &bound.record.limits(record::class(installed.record.class)),
            results: &self.plugins.results,
            guard,
            now_ms: self.now().0,
        };
        let call = plugin.validate_on(&subject, &context, &terms);
        match (call.complaint(plugin.id()), call.outcome) {
            (None, Outcome::Done(findings)) => match stray(plugin, findings.iter()) {
                None => Answer::Findings(findings),
                Some(complaint) => Answer::Failed(complaint),
            },
            (Some(complaint), Outcome::BackOff { .. } | Outcome::Quarantined { .. }) => {
                Answer::NotAsked(complaint)
            }
            (Some(complaint), _) => Answer::Failed(complaint),
            (None, _) => Answer::Failed(not_loaded(id, "it did not answer")),
        }
    }

    /// A quarantine holds over a restart; if it cannot be stored, it begins anew there.
    pub(crate) fn note_quarantine(&self, name: &str, bound: &Bound) {
        let BreakerState::Quarantined { since_ms } = bound.guard.state() else {
            return;
        };
        if bound.record.quarantined_at.is_some() {
            return;
        }
        let mut record = bound.record.clone();
        record.quarantined_at = Some(Timestamp(since_ms));
        match self.store_over(name, &bound.record, &record) {
            Ok(true) => {}
            // Somebody changed the binding meanwhile: what it did before is none of the new one's.
            Ok(false) => return,
            Err(error) => {
                tracing::error!(binding = name, %error, "a quarantine could not be stored");
                return;
            }
        }
        tracing::error!(
            binding = name,
            plugin = record.wish.plugin,
            "the plugin failed again and again; it is not asked here until somebody lifts that"
        );
        self.plugins.publish(|set| {
            let known = set.bindings.get_mut(name);
            if let Some(known) = known.filter(|known| known.record == bound.record) {
                known.record = record;
            }
        });
    }

    /// Puts a record in the place of the one that was read, if it still is that one.
    fn store_over(
        &self,
        name: &str,
        old: &BindingRecord,
        new: &BindingRecord,
    ) -> Result<bool, StoreError> {
        let read = documents::read::<BindingRecord>(self.store.as_ref(), name.as_bytes())?;
        let Some(read) = read.filter(|read| read.document == *old) else {
            return Ok(false);
        };
        self.store
            .commit(vec![read.replaced_by(name.as_bytes(), new)?])?;
        Ok(true)
    }

    /// What was answered may count later; if it cannot be stored, it counts until a restart.
    fn note_answer(
        &self,
        (name, bound): (&str, &Bound),
        plugin: &Installed,
        candidate: &Identified,
        findings: &[Finding],
    ) {
        let whose = (name, &bound.record, plugin.record.digest.as_str());
        let kept = bound
            .last_known
            .keep(whose, &candidate.identifier, findings);
        let stored = kept.and_then(|changes| match changes.as_slice() {
            [] => Ok(()),
            [_, ..] => self.store.commit(changes).map(drop),
        });
        if let Err(error) = stored {
            tracing::error!(binding = name, %error, "what a plugin said could not be stored");
        }
    }
}

/// What an answer comes to, as the binding says it.
fn settled(answer: Answer, name: &str, bound: &Bound, candidate: &Identified) -> Vec<Finding> {
    let complaint = match answer {
        Answer::Findings(findings) => return findings,
        Answer::Failed(complaint) | Answer::NotAsked(complaint) => complaint,
    };
    let as_warning = |complaint: Finding, what: &str| Finding {
        severity: Severity::Warning,
        message: format!("{}; {what} (binding {name})", complaint.message),
        ..complaint
    };
    match bound.record.wish.on_failure {
        OnFailure::Block => vec![complaint],
        OnFailure::Warn => vec![as_warning(complaint, "the profile is taken without it")],
        OnFailure::LastKnown => match bound.last_known.find(&candidate.identifier) {
            Some(mut known) => {
                known.push(as_warning(complaint, "what it said last counts"));
                known
            }
            None => vec![complaint],
        },
    }
}

/// What is said where a plugin cannot be asked at all.
pub(crate) fn not_loaded(id: &str, problem: &str) -> Finding {
    let message = format!("the plugin {id} cannot be asked: {problem}");
    Finding {
        source: id.to_owned(),
        ..Finding::host(Severity::Error, "plugin-not-loaded", (0, 0), message)
    }
    .with_hint("upgrade it, disable it, or change what its binding does on a failure")
}

fn made_by_a_binding(candidate: &Identified, binding: &str) -> Finding {
    let node = candidate.document.root().get("PayloadIdentifier");
    let place = candidate.place(node.map_or(0, NodeRef::id));
    let message = format!(
        "{} is made by the plugin of the binding {binding}",
        candidate.identifier
    );
    Finding::host(Severity::Error, "owned", place, message)
        .with_hint("choose another PayloadIdentifier, or remove the binding")
}
