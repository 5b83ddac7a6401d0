//! Passcode rules: `com.apple.mobiledevice.passwordpolicy`.
//!
//! Knows nothing of passcodes already set: a device asks for a new one by itself when the rules get
//! stricter. Invariant: the profile always demands a passcode.

use super::Builtin;
use crate::fields::Fields;
use crate::profile::{Naming, Payload};
use mooring_sdk::plist::{Dictionary, Value};

pub(super) const BUILTIN: Builtin = Builtin {
    key: "passcode",
    identifier: "com.mooring.builtin.passcode",
    name: "Passcode",
    description: "Demands a passcode of a certain strength.",
    payloads,
    notes: Vec::new,
};

fn payloads(fields: &mut Fields<'_>, _: &Naming<'_>) -> Vec<Payload> {
    let alphanumeric = fields.boolean("require_alphanumeric", true);
    let mut settings: Dictionary = vec![
        ("forcePIN", Value::Boolean(true)),
        (
            "allowSimple",
            Value::Boolean(fields.boolean("allow_simple", false)),
        ),
        ("requireAlphanumeric", Value::Boolean(alphanumeric)),
        (
            "minLength",
            Value::Integer(fields.integer("min_length", 4..=16, 10)),
        ),
        (
            "minComplexChars",
            Value::Integer(fields.integer("min_complex_characters", 0..=4, 0)),
        ),
        (
            "maxFailedAttempts",
            Value::Integer(fields.integer("max_failed_attempts", 2..=11, 11)),
        ),
        (
            "pinHistory",
            Value::Integer(fields.integer("history", 1..=50, 5)),
        ),
    ];
    // Apple's own default has no reset, so that a locked Mac would stay locked.
    let reset = fields.integer("minutes_until_failed_login_reset", 1..=1440, 15);
    settings.push(("minutesUntilFailedLoginReset", Value::Integer(reset)));
    // Absent means no limit; the screen lock has a profile of its own.
    for (setting, range, key) in [
        ("max_age_days", 1..=730, "maxPINAgeInDays"),
        ("max_inactivity_minutes", 1..=15, "maxInactivity"),
    ] {
        if let Some(number) = fields.optional_integer(setting, range) {
            settings.push((key, Value::Integer(number)));
        }
    }
    vec![Payload {
        slot: "policy",
        kind: "com.apple.mobiledevice.passwordpolicy",
        name: "Passcode",
        settings,
    }]
}
