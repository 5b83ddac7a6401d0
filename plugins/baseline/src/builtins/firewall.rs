//! The application firewall: `com.apple.security.firewall`.
//!
//! Knows nothing of packet filters. Invariant: the profile always turns the firewall on.

use super::Builtin;
use crate::fields::Fields;
use crate::profile::{Naming, Payload};
use mooring_sdk::plist::Value;

pub(super) const BUILTIN: Builtin = Builtin {
    key: "firewall",
    identifier: "com.mooring.builtin.firewall",
    name: "Firewall",
    description: "Turns the application firewall on.",
    payloads,
    notes: Vec::new,
};

fn payloads(fields: &mut Fields<'_>, _: &Naming<'_>) -> Vec<Payload> {
    let settings = vec![
        ("EnableFirewall", Value::Boolean(true)),
        (
            "BlockAllIncoming",
            Value::Boolean(fields.boolean("block_all_incoming", false)),
        ),
        (
            "EnableStealthMode",
            Value::Boolean(fields.boolean("stealth_mode", true)),
        ),
        (
            "AllowSigned",
            Value::Boolean(fields.boolean("allow_builtin_signed", true)),
        ),
        (
            "AllowSignedApp",
            Value::Boolean(fields.boolean("allow_downloaded_signed", true)),
        ),
    ];
    vec![Payload {
        slot: "firewall",
        kind: "com.apple.security.firewall",
        name: "Firewall",
        settings,
    }]
}
