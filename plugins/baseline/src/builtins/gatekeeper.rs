//! Gatekeeper: `com.apple.systempolicy.control`.
//!
//! Knows nothing of single apps. Invariant: the profile always turns Gatekeeper on.

use super::Builtin;
use crate::fields::Fields;
use crate::profile::{Naming, Payload};
use mooring_sdk::plist::Value;

pub(super) const BUILTIN: Builtin = Builtin {
    key: "gatekeeper",
    identifier: "com.mooring.builtin.gatekeeper",
    name: "Gatekeeper",
    description: "Lets only apps from the App Store and identified developers open.",
    payloads,
    notes: Vec::new,
};

fn payloads(fields: &mut Fields<'_>, _: &Naming<'_>) -> Vec<Payload> {
    let developers = fields.boolean("allow_identified_developers", true);
    let mut settings = vec![
        ("EnableAssessment", Value::Boolean(true)),
        ("AllowIdentifiedDevelopers", Value::Boolean(developers)),
    ];
    if let Some(upload) = fields.optional_boolean("xprotect_malware_upload") {
        settings.push(("EnableXProtectMalwareUpload", Value::Boolean(upload)));
    }
    vec![Payload {
        slot: "control",
        kind: "com.apple.systempolicy.control",
        name: "Gatekeeper",
        settings,
    }]
}
