//! What every generator must withstand, and what its profiles must be like.
//!
//! Knows nothing of what the plugin makes. Invariant: profiles are made with the settings of the
//! plugin's own self-tests, since no others make sense.

use std::collections::BTreeSet;
use std::path::Path;

use mooring_mdm::plist::NodeRef;
use mooring_mdm::profile::{Profile, ProfileLimits};
use mooring_plugin::{Class, Context, Failure, GeneratedProfile, Grade, Outcome, Plugin};

use super::settings::ODD;
use super::{Check, Trial, Verdict, is_error, misbehaved};
use crate::manifest::SelfTest;
use crate::sample::Sample;
use crate::workshop::limits_of;

const GROUP: &str = "generator";

/// The payload that would enroll a device elsewhere; no server takes it from a generator.
const MDM: &str = "com.apple.mdm";

/// Two seeds that a binding could have, and odd ones.
const SEEDS: (&str, &str) = ("3f2a7c", "b81e09");
const ODD_SEEDS: [(&str, &str); 3] = [
    ("an empty seed", ""),
    ("a seed that is no word", "\u{1f40b} \u{202e}<&>\n"),
    ("a number as seed", "0"),
];

pub(super) fn run(trial: &Trial<'_>, tests: &[SelfTest], checks: &mut Vec<Check>) {
    if trial.is_over(checks) {
        return;
    }
    checks.push(Check::new(
        GROUP,
        "takes the settings that it accepted",
        Verdict::of(inconsistent(trial)),
    ));
    let makes = |test: &&SelfTest| test.seed.is_some() && test.fails.is_none();
    let with_output =
        |test: &&SelfTest| makes(test) && test.makes.as_ref().is_none_or(|keys| !keys.is_empty());
    let best = tests.iter().find(with_output);
    let best = best.or_else(|| tests.iter().find(makes));
    let Some(context) = best.and_then(|test| test.context().ok()) else {
        let why = "no self-test with a `seed` makes profiles".to_owned();
        checks.push(Check::new(GROUP, "makes profiles", Verdict::Skipped(why)));
        return;
    };
    match (
        made(trial, SEEDS.0, &context),
        made(trial, SEEDS.0, &context),
        made(trial, SEEDS.1, &context),
    ) {
        (Ok(one), Ok(same), Ok(other)) => compare(trial, (&one, &same, &other), checks),
        (Err(why), _, _) | (_, Err(why), _) | (_, _, Err(why)) => {
            checks.push(Check::new(GROUP, "makes profiles", Verdict::Failed(why)));
            return;
        }
    }
    for (what, seed) in ODD_SEEDS {
        if trial.is_over(checks) {
            return;
        }
        let verdict = Verdict::of(made(trial, seed, &context).err());
        checks.push(Check::new(GROUP, format!("withstands {what}"), verdict));
    }
}

/// What was made of a seed, again of the same one, and of another.
type Made<'a> = (
    &'a [GeneratedProfile],
    &'a [GeneratedProfile],
    &'a [GeneratedProfile],
);

fn compare(trial: &Trial<'_>, (one, same, other): Made<'_>, checks: &mut Vec<Check>) {
    let differ = (one != same).then(|| "two equal calls make different profiles".to_owned());
    let readable = one.iter().find_map(|one| parse(one).err());
    let refused = match trial.structure {
        Some(structure) => Verdict::of(one.iter().find_map(|one| refused(structure, one))),
        None => Verdict::Skipped("there is no `structure` here".to_owned()),
    };
    let foreign = one.iter().find_map(|one| foreign(trial.plugin, one));
    let keys: BTreeSet<&str> = one.iter().map(|one| one.key.as_str()).collect();
    let repeated = (keys.len() < one.len()).then(|| "two profiles have one key".to_owned());
    for (name, verdict) in [
        ("makes profiles", nonempty(one)),
        ("makes the same of the same seed", Verdict::of(differ)),
        (
            "makes other uuids of another seed",
            Verdict::of(unseeded(one, other)),
        ),
        ("makes property lists", Verdict::of(readable)),
        ("makes profiles that pass `structure`", refused),
        ("makes what its manifest says", Verdict::of(foreign)),
        ("names each profile once", Verdict::of(repeated)),
    ] {
        checks.push(Check::new(GROUP, name, verdict));
    }
}

fn made(trial: &Trial<'_>, seed: &str, context: &Context) -> Result<Vec<GeneratedProfile>, String> {
    let plugin = trial.plugin;
    let call = plugin.generate(seed, context, trial.limits);
    let complaint = call.complaint(plugin.id());
    let message = complaint.map(|finding| finding.message);
    call.outcome
        .done()
        .ok_or_else(|| message.unwrap_or_default())
}

fn nonempty(made: &[GeneratedProfile]) -> Verdict {
    match made {
        [] => Verdict::Failed("it makes nothing of the settings of its own self-test".to_owned()),
        [_, ..] => Verdict::Passed,
    }
}

fn parse(made: &GeneratedProfile) -> Result<Profile, String> {
    Profile::parse(&made.profile, &ProfileLimits::default())
        .map_err(|finding| format!("`{}` is no profile: {finding}", made.key))
}

/// Every `PayloadUUID` of a profile.
fn uuids(made: &GeneratedProfile) -> BTreeSet<String> {
    let Ok(profile) = parse(made) else {
        return BTreeSet::new();
    };
    let mut uuids = BTreeSet::new();
    let mut open = vec![profile.document().root()];
    while let Some(node) = open.pop() {
        let uuid = node.get("PayloadUUID").and_then(NodeRef::as_str);
        uuids.extend(uuid.map(str::to_owned));
        open.extend(node.items());
        open.extend(node.entries().map(|(_, child)| child));
    }
    uuids
}

/// What two seeds have in common that they should not, or not in common that they should.
fn unseeded(one: &[GeneratedProfile], other: &[GeneratedProfile]) -> Option<String> {
    let keys = |made: &[GeneratedProfile]| -> Vec<String> {
        made.iter().map(|profile| profile.key.clone()).collect()
    };
    if keys(one) != keys(other) {
        return Some("another seed makes profiles with other keys".to_owned());
    }
    one.iter().zip(other).find_map(|(one, other)| {
        let identifier = |made| parse(made).ok().and_then(|profile| profile.identifier());
        if identifier(one) != identifier(other) {
            return Some(format!(
                "another seed gives `{}` another identifier",
                one.key
            ));
        }
        let shared = uuids(one).intersection(&uuids(other)).next().cloned();
        shared.map(|uuid| {
            format!(
                "`{}` has the uuid {uuid} for two seeds: derive it from the seed",
                one.key
            )
        })
    })
}

/// What the host's own validator has against a profile.
fn refused(structure: &Plugin, made: &GeneratedProfile) -> Option<String> {
    let name = Path::new(&made.key);
    let sample = match Sample::read(name, &made.profile, Grade::DeviceLenient) {
        Ok(sample) => sample,
        Err(finding) => return Some(format!("`{}`: {finding}", made.key)),
    };
    let context = Context::default();
    let limits = limits_of(structure, Class::Compiled);
    let call = structure.validate(&sample.subject(), &context, &limits);
    let found = call.findings(structure.id());
    let error = found.iter().find(|finding| is_error(finding))?;
    Some(format!("`{}`: {error}", made.key))
}

/// What a profile is that the manifest does not announce.
fn foreign(plugin: &Plugin, made: &GeneratedProfile) -> Option<String> {
    let profile = parse(made).ok()?;
    let manifest = plugin.manifest();
    if profile.payload_types().iter().any(|name| name == MDM) {
        return Some(format!("`{}` has a payload of type {MDM}", made.key));
    }
    let Some(identifier) = profile.identifier() else {
        return Some(format!("`{}` has no PayloadIdentifier", made.key));
    };
    let is_listed = manifest
        .profiles
        .iter()
        .any(|entry| entry.identifier == identifier.as_str());
    (!manifest.profiles.is_empty() && !is_listed).then(|| {
        format!(
            "`{}` has the identifier {identifier}, which the manifest does not list",
            made.key
        )
    })
}

/// Settings that were accepted when they were saved and then refused when they were needed.
fn inconsistent(trial: &Trial<'_>) -> Option<String> {
    let plugin = trial.plugin;
    ODD.iter().find_map(|(what, text)| {
        let checked = plugin.check_settings(text, trial.limits);
        let Outcome::Done(found) = checked.outcome else {
            return None;
        };
        let context = Context {
            settings: (*text).to_owned(),
            ..Context::default()
        };
        let call = plugin.generate(SEEDS.0, &context, trial.limits);
        if let Some(complaint) = misbehaved(&call, plugin.id()) {
            return Some(format!("with settings that are {what}: {complaint}"));
        }
        let Outcome::Failed(Failure::BadSettings(why)) = call.outcome else {
            return None;
        };
        (!found.iter().any(is_error)).then(|| {
            format!(
                "`check_settings` accepts settings that are {what}, and `generate` does not: {why}"
            )
        })
    })
}
