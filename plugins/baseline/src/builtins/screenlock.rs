//! The screen lock: `com.apple.screensaver`.
//!
//! Apple's schema has `idleTime` under `com.apple.screensaver.user` only, which goes to one user. The
//! domain is the same, macOS takes the key for all users from the device's payload as well, and
//! without it an idle session would never lock; so it is here. `moduleName` is here because the
//! schema demands one. Knows nothing of passcodes. Invariant: the profile always asks for the
//! password.

use super::Builtin;
use crate::fields::Fields;
use crate::profile::{Naming, Payload};
use mooring_sdk::plist::Value;

/// A day: longer times are mistakes.
const SECONDS_MAX: i64 = 86_400;

pub(super) const BUILTIN: Builtin = Builtin {
    key: "screenlock",
    identifier: "com.mooring.builtin.screenlock",
    name: "Screen lock",
    description: "Locks an idle screen and asks for the password.",
    payloads,
    notes: Vec::new,
};

fn payloads(fields: &mut Fields<'_>, _: &Naming<'_>) -> Vec<Payload> {
    let idle = fields.integer("idle_seconds", 60..=SECONDS_MAX, 600);
    let delay = fields.integer("password_delay_seconds", 0..=SECONDS_MAX, 5);
    let login_window = fields.integer("login_window_idle_seconds", 0..=SECONDS_MAX, 1200);
    let settings = vec![
        ("askForPassword", Value::Boolean(true)),
        ("askForPasswordDelay", Value::Integer(delay)),
        ("idleTime", Value::Integer(idle)),
        ("loginWindowIdleTime", Value::Integer(login_window)),
        (
            "moduleName",
            Value::Text(fields.line("module_name", "Flurry")),
        ),
    ];
    vec![Payload {
        slot: "screensaver",
        kind: "com.apple.screensaver",
        name: "Screen lock",
        settings,
    }]
}
