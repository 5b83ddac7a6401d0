//! What two versions of a set validator find in profiles together.
//!
//! Knows nothing of what they look for. Invariant: all the profiles are one set, as of one host that
//! would get them.

use mooring_author::sample::Sample;
use mooring_author::together;
use mooring_plugin::SetFinding;
use serde::Serialize;

use super::{Failed, Pair};
use crate::commands::check::Joint;
use crate::commands::plugin::run::joint;
use crate::text::count;

/// Findings that only one of the two has.
#[derive(Debug, Serialize)]
pub(super) struct Together {
    /// How many profiles there are.
    profiles: usize,
    added: Vec<Joint>,
    removed: Vec<Joint>,
}

/// Asks both, if both answer.
pub(super) fn compare(
    pair: &Pair,
    (names, samples): (&[String], &[Sample]),
    failed: &mut Vec<Failed>,
) -> Option<Together> {
    let (old, new) = pair.ask("the profiles together", failed, |plugin, limits| {
        together::judge((plugin, limits), samples, &pair.context)
    })?;
    let named = |found: Vec<SetFinding>| -> Vec<Joint> {
        let found = found.into_iter();
        found.map(|one| joint(names, samples, one)).collect()
    };
    let (added, removed) = difference(named(old), named(new));
    Some(Together {
        profiles: samples.len(),
        added,
        removed,
    })
}

/// The findings that are only new, and those that are only old. What moved to another place in the
/// same files is the same.
fn difference(old: Vec<Joint>, new: Vec<Joint>) -> (Vec<Joint>, Vec<Joint>) {
    let mut removed = old;
    let mut added = Vec::new();
    for joint in new {
        match removed.iter().position(|other| is_same(other, &joint)) {
            Some(at) => {
                removed.remove(at);
            }
            None => added.push(joint),
        }
    }
    (added, removed)
}

fn is_same(one: &Joint, other: &Joint) -> bool {
    let file = |joint: &Joint| joint.other.as_ref().map(|spot| spot.file.clone());
    let (a, b) = (&one.finding, &other.finding);
    (a.severity, &a.rule, &a.message) == (b.severity, &b.rule, &b.message)
        && one.file == other.file
        && file(one) == file(other)
}

impl Together {
    pub(super) fn render(&self) -> String {
        let line = |sign, joint: &Joint| format!("{sign} {}\n", joint.render());
        let added = self.added.iter().map(|joint| line('+', joint));
        let removed = self.removed.iter().map(|joint| line('-', joint));
        added.chain(removed).collect()
    }

    pub(super) fn summary(&self) -> String {
        let findings = count(self.added.len() + self.removed.len(), "finding");
        let profiles = count(self.profiles, "profile");
        format!("{profiles} together: {findings} of only one of them")
    }
}
