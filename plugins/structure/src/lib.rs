//! The validator `structure`: is this a profile that a device can take at all?
//!
//! It holds the rules T001 to T025 (the envelope), L001 to L006 and L010 (the payloads) and R001 to
//! R004 (what payloads name of each other), one function each or for a tight group, findable by id.
//! It knows nothing of what a payload's other keys mean, nor which types there are: that is for
//! validators that read Apple's schema. Invariant: the findings depend on the profile and the context alone,
//! and come in the order of the rules, then of the file.
//!
//! Two grades: `device-lenient` says what a Mac would accept; in `apple-strict` some warnings become
//! errors (T005, T024, R002). The rules about a missing identifier or uuid are the same in both: an
//! upload never meets them, since the host fills those two in first.

mod common_keys;
mod document_keys;
mod envelope;
mod leftovers;
mod lifetime;
mod overlap;
mod payloads;
mod profile_tree;
mod references;
mod report;
mod scope;
mod variables;

use mooring_sdk::{Context, Failure, Finding, Profile, Validator};

use crate::profile_tree::ProfileTree;
use crate::report::Report;

/// A rule, or a tight group of rules: reads the profile, adds to the report.
type Rule = fn(&ProfileTree<'_>, &mut Report<'_>);

/// Every rule, in the order of the catalogue.
const RULES: &[Rule] = &[
    envelope::t001_type,
    envelope::t002_version,
    envelope::t003_identifier,
    envelope::t004_uuid,
    envelope::t005_canonical_uuid,
    envelope::t006_to_t008_content,
    scope::t009_scope,
    scope::t010_no_scope,
    document_keys::t011_case,
    document_keys::t012_t013_extra_keys,
    envelope::t014_reverse_dns,
    document_keys::t015_display_name,
    document_keys::t016_description,
    lifetime::t017_dates,
    lifetime::t018_duration,
    scope::t019_target,
    lifetime::t020_consent,
    lifetime::t021_encryption,
    lifetime::t022_removal_passcode,
    leftovers::t023_placeholders,
    variables::t024_unknown,
    variables::t025_misplaced,
    payloads::l001_required,
    payloads::l002_version,
    payloads::l003_unique_uuid,
    payloads::l004_unique_identifier,
    payloads::l005_l006_identifier,
    overlap::l010_same_key,
    references::r001_to_r004_references,
];

/// The plugin.
pub struct Structure;

impl Validator for Structure {
    fn check_settings(settings: &str) -> Vec<Finding> {
        mooring_sdk::no_settings(settings)
    }

    fn validate(profile: &Profile, context: &Context) -> Result<Vec<Finding>, Failure> {
        let tree = ProfileTree::read(profile.document());
        let mut report = Report::new(context);
        for rule in RULES {
            rule(&tree, &mut report);
        }
        Ok(report.into_findings())
    }
}

mooring_sdk::export_validator!(Structure, include_str!("../manifest.json"));
