//! What every generator must withstand, and what its profiles must be like.
//!
//! Knows nothing of what the plugin makes. Invariant: profiles are made with the settings of the
//! plugin's own self-tests, since no others make sense.

use std::collections::BTreeSet;
use std::path::Path;

use mooring_mdm::plist::NodeRef;
use mooring_mdm::profile::{Profile, ProfileLimits};
use mooring_plugin::{Context, Failure, GeneratedProfile, Grade, Outcome};

use super::settings::ODD;
use super::{Check, Verdict, is_error, misbehaved};
use crate::manifest::SelfTest;
use crate::sample::Sample;
use crate::workshop::{OpenError, Workshop};

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

pub(super) fn run(workshop: &Workshop, tests: &[SelfTest]) -> Result<Vec<Check>, OpenError> {
    let mut checks = vec![Check::new(
        GROUP,
        "takes the settings that it accepted",
        Verdict::of(inconsistent(workshop)),
    )];
    let makes = |test: &&SelfTest| test.seed.is_some() && test.fails.is_none();
    let Some(context) = tests
        .iter()
        .find(makes)
        .and_then(|test| test.context().ok())
    else {
        let why = "no self-test with a `seed` makes profiles".to_owned();
        checks.push(Check::new(GROUP, "makes profiles", Verdict::Skipped(why)));
        return Ok(checks);
    };
    let (one, same, other) = (
        made(workshop, SEEDS.0, &context),
        made(workshop, SEEDS.0, &context),
        made(workshop, SEEDS.1, &context),
    );
    let (one, same, other) = match (one, same, other) {
        (Ok(one), Ok(same), Ok(other)) => (one, same, other),
        (Err(why), _, _) | (_, Err(why), _) | (_, _, Err(why)) => {
            checks.push(Check::new(GROUP, "makes profiles", Verdict::Failed(why)));
            return Ok(checks);
        }
    };
    checks.push(Check::new(GROUP, "makes profiles", nonempty(&one)));
    let differ = (one != same).then(|| "two equal calls make different profiles".to_owned());
    checks.push(Check::new(
        GROUP,
        "makes the same of the same seed",
        Verdict::of(differ),
    ));
    let seeded = Verdict::of(unseeded(&one, &other));
    checks.push(Check::new(
        GROUP,
        "makes other uuids of another seed",
        seeded,
    ));
    checks.extend(forms(workshop, &one)?);
    for (what, seed) in ODD_SEEDS {
        let verdict = Verdict::of(made(workshop, seed, &context).err());
        checks.push(Check::new(GROUP, format!("withstands {what}"), verdict));
    }
    Ok(checks)
}

/// The profiles themselves: that a server takes them.
fn forms(workshop: &Workshop, made: &[GeneratedProfile]) -> Result<Vec<Check>, OpenError> {
    let structure = Workshop::of_program(mooring_builtin::STRUCTURE.component)?;
    let readable = made.iter().find_map(|one| parse(one).err());
    let refused = made.iter().find_map(|one| refused(&structure, one));
    let foreign = made.iter().find_map(|one| foreign(workshop, one));
    let keys: BTreeSet<&str> = made.iter().map(|one| one.key.as_str()).collect();
    let repeated = (keys.len() < made.len()).then(|| "two profiles have one key".to_owned());
    Ok(vec![
        Check::new(GROUP, "makes property lists", Verdict::of(readable)),
        Check::new(
            GROUP,
            "makes profiles that pass `structure`",
            Verdict::of(refused),
        ),
        Check::new(GROUP, "makes what its manifest says", Verdict::of(foreign)),
        Check::new(GROUP, "names each profile once", Verdict::of(repeated)),
    ])
}

fn made(
    workshop: &Workshop,
    seed: &str,
    context: &Context,
) -> Result<Vec<GeneratedProfile>, String> {
    let plugin = workshop.plugin();
    let call = plugin.generate(seed, context, workshop.limits());
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
fn refused(structure: &Workshop, made: &GeneratedProfile) -> Option<String> {
    let name = Path::new(&made.key);
    let sample = match Sample::read(name, &made.profile, Grade::DeviceLenient) {
        Ok(sample) => sample,
        Err(finding) => return Some(format!("`{}`: {finding}", made.key)),
    };
    let plugin = structure.plugin();
    let context = Context::default();
    let call = plugin.validate(&sample.subject(), &context, structure.limits());
    let found = call.findings(plugin.id());
    let error = found.iter().find(|finding| is_error(finding))?;
    Some(format!("`{}`: {error}", made.key))
}

/// What a profile is that the manifest does not announce.
fn foreign(workshop: &Workshop, made: &GeneratedProfile) -> Option<String> {
    let profile = parse(made).ok()?;
    let manifest = workshop.plugin().manifest();
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
fn inconsistent(workshop: &Workshop) -> Option<String> {
    let plugin = workshop.plugin();
    ODD.iter().find_map(|(what, text)| {
        let checked = plugin.check_settings(text, workshop.limits());
        let Outcome::Done(found) = checked.outcome else {
            return None;
        };
        let context = Context {
            settings: (*text).to_owned(),
            ..Context::default()
        };
        let call = plugin.generate(SEEDS.0, &context, workshop.limits());
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
