//! Settings that are no settings: what every plugin must withstand, whatever its roles.
//!
//! Knows nothing of the plugin's own settings. Invariant: a plugin may take or refuse any of these,
//! but it has to answer.

use super::{Check, Trial, Verdict, misbehaved, unlisted};

const GROUP: &str = "settings";

/// What is odd, and the text.
pub(super) const ODD: [(&str, &str); 7] = [
    ("no text at all", ""),
    ("no JSON", "{ \"a\": "),
    ("a list", "[1, 2, 3]"),
    ("a number", "18446744073709551616"),
    ("null", "null"),
    (
        "unknown members",
        "{\"\\u0000\": {\"x\": [null, true, 1e400]}}",
    ),
    ("deep nesting", DEEP),
];

/// As deep as readers of JSON commonly go, and deeper.
const DEEP: &str = concat!(
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
);

pub(super) fn run(trial: &Trial<'_>, checks: &mut Vec<Check>) {
    for (what, text) in ODD {
        if trial.is_over(checks) {
            return;
        }
        checks.push(Check::new(GROUP, what, one(trial, text)));
    }
}

fn one(trial: &Trial<'_>, text: &str) -> Verdict {
    let plugin = trial.plugin;
    let call = plugin.check_settings(text, trial.limits);
    if let Some(complaint) = misbehaved(&call, plugin.id()) {
        return Verdict::Failed(complaint);
    }
    let findings = call.outcome.done().unwrap_or_default();
    let strange = unlisted(&findings, plugin);
    let unlisted =
        |rule: String| format!("it reports the rule `{rule}`, which the manifest does not list");
    Verdict::of(strange.into_iter().map(unlisted))
}
