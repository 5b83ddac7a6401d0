//! The validator `security`: does this profile give away a secret, trust too much, or weaken a
//! device?
//!
//! It holds the rules X001 to X086, one function each or for a tight group, findable by id. It
//! knows nothing of what a profile must have: that is for `structure` and for validators that read
//! Apple's schema. Invariants: the findings depend on the profile and the context alone; a message
//! names keys and kinds of value and never repeats a value that may be secret, addresses included.
//!
//! What speaks of profiles installed by hand is only a remark under MDM delivery, which is how
//! Mooring delivers; the context's `enrollment` says otherwise with `local`. A rule looks at what
//! is written: what is left out counts only where the default is what the rule is about.

mod certificates;
mod consent;
mod enrollment_keys;
mod extensions;
mod filevault;
mod identities;
mod login;
mod management;
mod network;
mod passcode;
mod preferences;
mod profile_tree;
mod protections;
mod removal;
mod report;
mod requirement;
mod secrets;
mod sso;
mod vpn;
mod vpn_routes;
mod wifi;

use mooring_sdk::{Context, Failure, Finding, Profile, Validator};

use crate::profile_tree::ProfileTree;
use crate::report::Report;

/// A rule, or a tight group of rules: reads the profile, adds to the report.
type Rule = fn(&ProfileTree<'_>, &mut Report<'_>);

/// Every rule, in the order of the catalogue.
const RULES: &[Rule] = &[
    management::x001_x002_management,
    secrets::x003_clear_secret,
    identities::x004_x008_identity,
    identities::x004_private_key,
    certificates::x005_to_x007_certificates,
    consent::x020_to_x027_consent,
    wifi::x040_to_x042_encryption,
    wifi::x043_to_x045_eap,
    network::x046_proxy_address,
    network::x047_proxy_credentials,
    wifi::x048_fixed_address,
    vpn::x050_x051_kind,
    vpn::x052_to_x054_algorithms,
    vpn::x055_checks,
    vpn_routes::x056_on_demand,
    vpn_routes::x057_routes,
    network::x060_dns,
    network::x061_content_filter,
    network::x062_raw_address,
    removal::x070_removal,
    removal::x071_removal_password,
    passcode::x072_passcode,
    filevault::x073_escrow,
    protections::x074_protections,
    extensions::x075_kernel_extensions,
    extensions::x076_system_extensions,
    extensions::x077_background_items,
    login::x078_login,
    login::x079_remote_access,
    sso::x080_sign_on,
    sso::x081_web_clip,
    preferences::x082_frequency,
    preferences::x083_own_type,
    login::x084_scripts,
    enrollment_keys::x085_key,
    enrollment_keys::x086_attestation,
];

/// The plugin.
pub struct Security;

impl Validator for Security {
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

mooring_sdk::export_validator!(Security, include_str!("../manifest.json"));
