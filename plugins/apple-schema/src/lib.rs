//! The validator `apple-schema`: is this what Apple says about its payloads?
//!
//! It holds the rules L007 to L009 (which payloads there are) and A001 to A019 (what is in them),
//! driven by a table of facts that comes with it, or by a newer one that the host hands over as
//! `schema`. It knows nothing of the envelope, of security or of other profiles. Invariants: the
//! findings depend on the profile and the context alone, and come payload by payload; of the table
//! only the types that occur are read.
//!
//! Two grades: `device-lenient` says what a device would accept (a 1 for true is a warning), in
//! `apple-strict` what Apple's own services refuse is an error (A002, and L007 for names of Apple's).

mod conditions;
mod domains;
mod errata;
mod keys;
mod near;
mod number;
mod packed;
mod pattern;
mod preferences;
mod profile_tree;
mod report;
mod successors;
mod support;
mod table;
mod target;
mod types;
mod values;
mod version;

use mooring_sdk::{Context, Failure, Finding, Profile, Validator};

use crate::keys::Settings;
use crate::packed::Unpacked;
use crate::profile_tree::{Payload, ProfileTree};
use crate::report::Report;
use crate::table::{PayloadType, Table, Variant};
use crate::target::Target;
use crate::types::Types;
use crate::values::What;

/// The plugin.
pub struct AppleSchema;

impl Validator for AppleSchema {
    fn check_settings(settings: &str) -> Vec<Finding> {
        mooring_sdk::no_settings(settings)
    }

    fn validate(profile: &Profile, context: &Context) -> Result<Vec<Finding>, Failure> {
        let damaged = || {
            let text = "the schema table is damaged; make it anew with `mooring schema update`";
            Failure::Other(text.to_owned())
        };
        let unpacked = Unpacked::default();
        let table = match context.extra("schema") {
            Some(text) => Table::read(text),
            None => Table::built_in(&unpacked),
        };
        let table = table.ok_or_else(damaged)?;
        let tree = ProfileTree::read(profile.document());
        let types = Types::read(table, &tree);
        let mut report = Report::new(context.grade, Target::of(context));
        envelope(table, &tree, &mut report);
        types::l009_single(&types, &tree, &mut report);
        for payload in &tree.payloads {
            judge(table, types.get(payload.type_name), *payload, &mut report);
        }
        Ok(report.into_findings())
    }
}

/// All rules but L009 on one payload.
fn judge(
    table: Table<'_>,
    found: Option<&PayloadType<'_>>,
    payload: Payload<'_>,
    report: &mut Report,
) {
    types::l007_l008_known(table, payload, report);
    common(table, payload, report);
    let Some(found) = found else { return };
    let label = payload.label();
    let is_manifest = found.variants.iter().all(|variant| variant.is_manifest);
    let settings = Settings {
        type_name: payload.type_name,
        label: &label,
        is_open: is_manifest,
        is_domain: domains::is_managed_domain(payload.type_name),
    };
    if let Some(variant) = keys::best(payload.node, &found.variants) {
        support::of_payload(payload, variant.support, report);
    }
    keys::judge(payload.node, &found.variants, settings, report);
    preferences::judge(table, payload, report);
    conditions::a018(payload, report);
}

/// A002 on the keys that every payload may have, those that other rules judge left out.
fn common(table: Table<'_>, payload: Payload<'_>, report: &mut Report) {
    const JUDGED: [&str; 3] = [
        "PayloadDescription",
        "PayloadDisplayName",
        "PayloadOrganization",
    ];
    let Some(found) = table.any_type("CommonPayloadKeys") else {
        return;
    };
    for key in found.variants.iter().flat_map(Variant::keys) {
        if JUDGED.contains(&key.name.as_ref())
            && let Some(node) = payload.node.get(&key.name)
        {
            let label = format!("{} of {}", key.name, payload.label());
            let what = What {
                label: &label,
                type_name: "",
            };
            values::judge(key, node, what, report);
        }
    }
}

/// A002 on the keys of the top level that no rule about the envelope judges.
fn envelope(table: Table<'_>, tree: &ProfileTree<'_>, report: &mut Report) {
    const JUDGED: [&str; 6] = [
        "ConsentText",
        "HasRemovalPasscode",
        "PayloadDescription",
        "PayloadDisplayName",
        "PayloadOrganization",
        "PayloadRemovalDisallowed",
    ];
    let Some(found) = table.any_type("TopLevel") else {
        return;
    };
    for key in found.variants.iter().flat_map(Variant::keys) {
        if JUDGED.contains(&key.name.as_ref())
            && let Some(node) = tree.root.get(&key.name)
        {
            let label = format!("{} of the profile", key.name);
            let what = What {
                label: &label,
                type_name: "",
            };
            values::judge(key, node, what, report);
        }
    }
}

mooring_sdk::export_validator!(AppleSchema, include_str!("../manifest.json"));
