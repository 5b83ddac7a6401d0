//! What two versions of a generator make of the same settings and the same seed.
//!
//! Knows nothing of what a server thinks of the profiles. Invariant: values that may be secret are
//! not shown.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use mooring_author::difference::{self, Change, ProfileChange, ValueChange};
use mooring_mdm::finding::Finding;
use mooring_plugin::GeneratedProfile;
use serde::Serialize;

use super::{Difference, Failed, Pair};
use crate::commands::plugin::run::SEED;
use crate::text::{clean, count};

/// What differs.
#[derive(Debug, Serialize)]
pub(super) struct Made {
    /// How many profiles the old one makes.
    old: usize,
    /// How many the new one makes.
    new: usize,
    /// Those that are new, gone or others.
    profiles: Vec<ProfileChange>,
    /// What they remark on their profiles, by the profiles' keys.
    notes: Vec<Difference>,
}

/// Asks both, if both answer.
pub(super) fn compare(pair: &Pair, failed: &mut Vec<Failed>) -> Option<Made> {
    let (old, new) = pair.ask("making profiles", failed, |plugin, limits| {
        plugin.generate_twice(SEED, &pair.context, limits)
    })?;
    let (before, after) = (notes(&old), notes(&new));
    let keys: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
    let of = |notes: &BTreeMap<&str, Vec<Finding>>, key| notes.get(key).cloned();
    let differing = keys.into_iter().filter_map(|key| {
        let (before, after) = (of(&before, key), of(&after, key));
        Difference::of(key, before.unwrap_or_default(), after.unwrap_or_default())
    });
    Some(Made {
        profiles: difference::made(&old, &new),
        notes: differing.collect(),
        old: old.len(),
        new: new.len(),
    })
}

fn notes(made: &[GeneratedProfile]) -> BTreeMap<&str, Vec<Finding>> {
    let mut notes: BTreeMap<&str, Vec<Finding>> = BTreeMap::new();
    for profile in made {
        let all = notes.entry(&profile.key).or_default();
        all.extend_from_slice(&profile.notes);
    }
    notes
}

impl Made {
    pub(super) fn render(&self) -> String {
        let profiles = self.profiles.iter().map(profile);
        let notes = self.notes.iter().map(Difference::render);
        profiles.chain(notes).collect()
    }

    /// Whether neither made anything.
    pub(super) fn is_nothing(&self) -> bool {
        self.old == 0 && self.new == 0
    }

    pub(super) fn summary(&self) -> String {
        if self.is_nothing() {
            return "neither makes anything of these settings".to_owned();
        }
        let number = |change| {
            let profiles = self.profiles.iter();
            profiles.filter(|it| it.change == change).count()
        };
        format!(
            "{} made, {} before: {} new, {} gone, {} changed",
            count(self.new, "profile"),
            self.old,
            number(Change::New),
            number(Change::Gone),
            number(Change::Changed)
        )
    }
}

fn profile(profile: &ProfileChange) -> String {
    let change = match profile.change {
        Change::New => "new",
        Change::Gone => "gone",
        Change::Changed => "changed",
    };
    let mut text = format!("made {}: {change}\n", clean(&profile.key));
    for value in &profile.values {
        text += &line(value);
    }
    if profile.left_out > 0 {
        let _ = writeln!(text, "  and {}", count(profile.left_out, "more value"));
    }
    if let Some(problem) = &profile.problem {
        let _ = writeln!(text, "  {}", clean(problem));
    } else if profile.change == Change::Changed && profile.values.is_empty() {
        text += "  the values are the same, and the text is another\n";
    }
    text
}

fn line(value: &ValueChange) -> String {
    let sign = match value.change {
        Change::New => '+',
        Change::Gone => '-',
        Change::Changed => '~',
    };
    let told = match (&value.was, &value.becomes) {
        (None, None) => String::new(),
        (Some(was), Some(becomes)) => format!(": {was} to {becomes}"),
        (Some(one), None) | (None, Some(one)) => format!(": {one}"),
    };
    format!("  {sign} {}\n", clean(&format!("{}{told}", value.path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every change is told by its sign and its way, with no more of values than may be told.
    #[test]
    fn rendered() {
        let value = |change, was: Option<&str>, becomes: Option<&str>| ValueChange {
            path: "PayloadContent[a].X".to_owned(),
            change,
            was: was.map(str::to_owned),
            becomes: becomes.map(str::to_owned),
        };
        let values = vec![
            value(Change::Changed, Some("1"), Some("2")),
            value(Change::Changed, None, None),
            value(Change::New, None, Some("3\u{1b}")),
        ];
        let mut changed = ProfileChange {
            key: "wifi".to_owned(),
            change: Change::Changed,
            values,
            left_out: 2,
            problem: None,
        };
        let expected = "made wifi: changed\n  ~ PayloadContent[a].X: 1 to 2\n  \
            ~ PayloadContent[a].X\n  + PayloadContent[a].X: 3\n  and 2 more values\n";
        assert_eq!(profile(&changed), expected);
        (changed.values, changed.left_out) = (Vec::new(), 0);
        assert!(profile(&changed).contains("the text is another"));
        changed.change = Change::Gone;
        assert_eq!(profile(&changed), "made wifi: gone\n");
    }
}
