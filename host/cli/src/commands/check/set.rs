//! Files together, as the profiles that one host would get.
//!
//! Knows nothing of rules. Invariants: a file that cannot be read is no part of the set, and its own
//! findings say why; a rule that is accepted for either of two profiles is accepted for both.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use mooring_mdm::profile::{Profile, ProfileLimits};
use mooring_server::findings::settle;
use mooring_server::set_findings::{SetEdition, SetMember, SetSaid, SetSaidOf};

use super::Bench;
use super::report::{Joint, Report, Spot};
use crate::exit::UsageError;
use crate::findings;
use crate::paths;

/// Judges the files of a report together; `before` names what they take the place of.
///
/// # Errors
/// [`UsageError`] if one of those, or a file of accepted rules, cannot be read.
pub(super) fn judge(
    bench: &mut Bench,
    report: &Report,
    before: &[PathBuf],
) -> Result<Vec<Joint>, UsageError> {
    let mut earlier = earlier(before)?;
    let mut names: Vec<&str> = Vec::new();
    let mut members: Vec<SetMember> = Vec::new();
    let mut seen = BTreeSet::new();
    for file in &report.files {
        // A file that is named in two ways is one profile.
        let path = Path::new(&file.file);
        if !seen.insert(fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())) {
            continue;
        }
        let Ok(profile) = Profile::parse(&file.bytes, &ProfileLimits::default()) else {
            continue;
        };
        let mut now = SetEdition::of_file(profile);
        let before = earlier.remove(&now.identifier);
        if now.identifier.is_empty() {
            // A push gives each of these an identifier of its own.
            now.identifier.clone_from(&file.file);
        }
        names.push(&file.file);
        members.push(SetMember { now, before });
    }
    let said = bench.judge.judge_set(&members).into_iter();
    let mut joints = Vec::new();
    for said in said {
        joints.extend(joint(bench, &names, &members, said)?);
    }
    Ok(joints)
}

/// One statement with the names of its files; nothing if nobody wants to know it.
fn joint(
    bench: &mut Bench,
    names: &[&str],
    members: &[SetMember],
    said: SetSaid,
) -> Result<Option<Joint>, UsageError> {
    let about = member(said.about);
    let other = said.other.and_then(|(of, line, column)| {
        let at = member(of)?;
        Some((at, line, column))
    });
    let mut accepted = bench.accepted.of(Path::new(""), None)?;
    for at in about.into_iter().chain(other.map(|(at, ..)| at)) {
        if let (Some(name), Some(member)) = (names.get(at), members.get(at)) {
            let of = bench
                .accepted
                .of(Path::new(name), Some(&member.now.identifier))?;
            accepted.extend(of);
        }
    }
    let mut settled = settle(vec![said.finding], &BTreeMap::new(), &accepted);
    let name = |at: usize| names.get(at).map(|name| (*name).to_owned());
    Ok(settled.pop().map(|mut finding| {
        // One file alone does not tell what is right.
        finding.fix = None;
        Joint {
            file: about.and_then(name),
            finding,
            other: other.and_then(|(at, line, column)| {
                let file = name(at)?;
                Some(Spot { file, line, column })
            }),
        }
    }))
}

/// Nothing is gone from a set of files, so what is no member is the set as a whole.
fn member(of: SetSaidOf) -> Option<usize> {
    match of {
        SetSaidOf::Member(at) => Some(at),
        SetSaidOf::Whole | SetSaidOf::Gone(_) => None,
    }
}

/// The versions before, by identifier.
fn earlier(named: &[PathBuf]) -> Result<BTreeMap<String, SetEdition>, UsageError> {
    let gathered = paths::gather(named);
    if let Some((path, error)) = gathered.unreadable.first() {
        return Err(unreadable(path, &error.to_string()));
    }
    let mut editions = BTreeMap::new();
    for path in &gathered.files {
        let bytes = paths::read(path).map_err(|error| unreadable(path, &error.to_string()))?;
        let profile = Profile::parse(&bytes, &ProfileLimits::default())
            .map_err(|finding| unreadable(path, &findings::render("", &finding)))?;
        let edition = SetEdition::of_file(profile);
        if edition.identifier.is_empty() {
            continue;
        }
        let identifier = edition.identifier.clone();
        if editions.insert(identifier.clone(), edition).is_some() {
            let message =
                format!("two of the profiles of --before have the identifier {identifier}");
            return Err(UsageError::new(message).with_hint("name one version of each profile"));
        }
    }
    if editions.is_empty() && !named.is_empty() {
        let error = UsageError::new("--before names no profile with an identifier");
        return Err(error.with_hint("name the files themselves if theirs end otherwise"));
    }
    Ok(editions)
}

fn unreadable(path: &Path, why: &str) -> UsageError {
    UsageError::new(format!(
        "--before: {} cannot be read: {why}",
        path.display()
    ))
}
