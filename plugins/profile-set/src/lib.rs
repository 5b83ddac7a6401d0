//! The set validator `profile-set`: do the profiles that one host would get go together?
//!
//! It holds the rules R005 to R014, one function each, findable by id. It knows nothing of hosts,
//! assignments or the server. Invariant: the findings depend on the set and the context alone, and
//! come in the order of the rules, then of the profiles.
//!
//! Some rules compare two profiles, others a profile with the version before it, where one is known.
//! What the host itself refuses at upload (another scope under a known identifier, a signed file
//! with a known uuid) carries the ids R009 and R006 as well: it is the same fault, seen earlier.

mod change;
mod facts;
mod reach;
mod report;
mod settings;
mod sharing;
mod single;
mod surface;
mod view;

use mooring_sdk::{Context, Failure, Finding, ProfileSet, SetFinding, SetValidator};

use crate::report::Report;
use crate::view::Set;

/// A rule: reads the set, adds to the report.
type Rule = fn(&Set<'_>, &mut Report<'_>);

/// Every rule, in the order of the catalogue.
const RULES: &[Rule] = &[
    sharing::r005_identifier,
    sharing::r006_uuid,
    single::r007_single,
    settings::r008_same_key,
    sharing::r009_scope,
    change::r010_uuid_changed,
    reach::r011_cut_off,
    change::r012_order,
    surface::r013_broadened,
    single::r014_exclusive,
];

/// The plugin.
pub struct ProfileSetRules;

impl SetValidator for ProfileSetRules {
    fn check_settings(settings: &str) -> Vec<Finding> {
        mooring_sdk::no_settings(settings)
    }

    fn validate_set(profiles: &ProfileSet, context: &Context) -> Result<Vec<SetFinding>, Failure> {
        let set = Set::read(profiles);
        let mut report = Report::new(context);
        for rule in RULES {
            rule(&set, &mut report);
        }
        Ok(report.into_findings())
    }
}

mooring_sdk::export_set_validator!(ProfileSetRules, include_str!("../manifest.json"));
