//! Turns a plugin's answers into the host's types.
//!
//! Knows nothing of calls. Invariant: nothing of an answer is trusted: indices are looked up, texts
//! are cleaned and cut, counts are limited.

use mooring_mdm::finding::{Finding, Severity};
use mooring_mdm::plist::{Document, NodeRef};

use super::bindings::exports::mooring::plugin::generator;
use super::bindings::mooring::plugin::types;
use crate::outcome::{Failure, GeneratedProfile, Outcome};
use crate::results::Located;
use crate::text::{MESSAGE_BYTES_MAX, RULE_BYTES_MAX, clean};
use crate::{Limits, PluginId, Role};

/// Under which of a finding's extra keys its one safe answer stands.
const FIX_KEY: &str = "fix";

pub(super) fn no_role<T>(role: Role) -> Outcome<T> {
    Outcome::Incompatible {
        text: format!("it is no {role}"),
    }
}

pub(super) fn failed<T>(answer: Result<T, types::Failure>) -> Outcome<T> {
    let text = |text: String| clean(text, MESSAGE_BYTES_MAX);
    match answer {
        Ok(answer) => Outcome::Done(answer),
        Err(types::Failure::BadSettings(t)) => Outcome::Failed(Failure::BadSettings(text(t))),
        Err(types::Failure::Unsupported(t)) => Outcome::Failed(Failure::Unsupported(text(t))),
        Err(types::Failure::Other(t)) => Outcome::Failed(Failure::Other(text(t))),
    }
}

/// The answer's findings, each made by `one`.
pub(super) fn findings<T>(
    findings: Vec<types::Finding>,
    limits: &Limits,
    one: &dyn Fn(types::Finding) -> T,
) -> Outcome<Vec<T>> {
    if findings.len() > limits.findings {
        return Outcome::OutputTooLarge {
            limit: format!("{} findings", limits.findings),
        };
    }
    Outcome::Done(findings.into_iter().map(one).collect())
}

pub(super) fn outputs(
    outputs: Vec<generator::Output>,
    plugin: &PluginId,
    limits: &Limits,
) -> Outcome<Vec<GeneratedProfile>> {
    let notes: usize = outputs.iter().map(|output| output.notes.len()).sum();
    if notes > limits.findings {
        return Outcome::OutputTooLarge {
            limit: format!("{} findings", limits.findings),
        };
    }
    let profile = |output: generator::Output| GeneratedProfile {
        key: output.key,
        profile: output.profile,
        notes: output
            .notes
            .into_iter()
            .map(|note| unplaced(note, plugin))
            .collect(),
    };
    Outcome::Done(outputs.into_iter().map(profile).collect())
}

/// A finding with the value that it is about. The profile as a whole is no value.
pub(super) fn located(finding: types::Finding, plugin: &PluginId, document: &Document) -> Located {
    let node = match &finding.place {
        types::Place::Document => None,
        types::Place::Node(index) => document.node(*index),
        types::Place::Path(path) => Some(nearest(document.root(), path)),
    };
    Located {
        node: node.map(NodeRef::id),
        // A way may end where something is missing; a node is there or is not.
        is_misplaced: node.is_none() && !matches!(finding.place, types::Place::Document),
        finding: unplaced(finding, plugin),
    }
}

/// The value at the end of `path`, or the last one on the way that exists.
pub(super) fn nearest<'a>(root: NodeRef<'a>, path: &[types::Segment]) -> NodeRef<'a> {
    let mut node = root;
    for segment in path {
        let next = match segment {
            types::Segment::Key(key) => node.get(key),
            types::Segment::Index(index) => node.items().nth(*index as usize),
        };
        match next {
            Some(next) => node = next,
            None => break,
        }
    }
    node
}

/// A finding at no place in a file.
pub(super) fn unplaced(finding: types::Finding, plugin: &PluginId) -> Finding {
    let severity = match finding.severity {
        types::Severity::Info => Severity::Info,
        types::Severity::Warning => Severity::Warning,
        types::Severity::Error => Severity::Error,
    };
    let rule = clean(finding.rule, RULE_BYTES_MAX);
    let message = clean(finding.message, MESSAGE_BYTES_MAX);
    let fix = finding.extra.into_iter().find(|(key, _)| key == FIX_KEY);
    Finding {
        hint: finding.hint.map(|hint| clean(hint, MESSAGE_BYTES_MAX)),
        // One that is cut would be another one.
        fix: fix
            .map(|(_, fix)| fix)
            .filter(|fix| clean(fix, MESSAGE_BYTES_MAX) == *fix),
        source: plugin.to_string(),
        ..Finding::host(severity, &rule, (0, 0), message)
    }
}
