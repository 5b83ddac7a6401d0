//! What is said where a plugin fails, explained like rules.
//!
//! Knows nothing of how it fails. Invariant: everything that a plugin can be blamed for is here; no
//! policy reaches it, since the plugin's binding says what follows.

use super::rules::Row;

/// How the ids of complaints begin; no rule of a plugin does.
pub const COMPLAINT_PREFIX: &str = "plugin-";

/// In order of id.
pub(super) const COMPLAINTS: [Row; 12] = [
    (
        "plugin-back-off",
        "A plugin that is asked did not fail five times in a row just before.",
        "It is left alone for a second, then for longer, so that its failures cost others nothing.",
        "See what it failed with before (`mooring plugin show ID`), and try again in a few minutes.",
    ),
    (
        "plugin-failure",
        "A plugin that is asked answers.",
        "It said that it could not, and why: most often for its settings, or for a profile that it \
         does not handle.",
        "Change the settings of its binding, or bind it to other profiles.",
    ),
    (
        "plugin-incompatible",
        "A plugin fits the contract that it was made for.",
        "It exports something else than its manifest says, so it cannot be called.",
        "Build it again against the contract that this server runs.",
    ),
    (
        "plugin-input",
        "A profile is no larger than what a plugin may be handed.",
        "The plugin was not asked at all, so nobody knows what it would say.",
        "Make the profile smaller, or bind the plugin to other profiles.",
    ),
    (
        "plugin-memory",
        "A plugin gets along with the memory that it is given.",
        "It was stopped when it asked for more; one call must not take what all others need.",
        "Raise the limit in its binding (`--memory-bytes`), or tell its author.",
    ),
    (
        "plugin-not-loaded",
        "A plugin that is bound loads.",
        "What is stored of it is damaged, was made for another version of the server, or is gone; a \
         judge that is missing is never passed over.",
        "Upgrade or disable it, or change what its binding does on a failure.",
    ),
    (
        "plugin-output",
        "A plugin answers with no more than it may, alike each time, under rules of its own manifest \
         and within what its binding grants.",
        "An answer beyond that is not used in part: nobody knows what the rest would have been.",
        "See the message. Grant it what it needs if that is meant, or tell its author.",
    ),
    (
        "plugin-panic",
        "A plugin does not panic.",
        "It met something that its author thought impossible; the message has the place.",
        "This is a fault of the plugin: tell its author, or turn it off.",
    ),
    (
        "plugin-quarantined",
        "A plugin does not fail again and again for an hour.",
        "It is not asked any more until a person has looked at it.",
        "See what it failed with, mend it, and let it be asked again with `mooring plugin lift ID`.",
    ),
    (
        "plugin-timeout",
        "A plugin answers within its time.",
        "It was stopped, since somebody waits for every call; a loop without an end looks the same.",
        "Raise the limit in its binding (`--timeout-ms`), or tell its author; `mooring plugin bench` \
         shows how far it is off.",
    ),
    (
        "plugin-trap",
        "A plugin does nothing that WebAssembly forbids.",
        "It was stopped: endless recursion, a division by zero or a place outside of its memory.",
        "This is a fault of the plugin: tell its author, or turn it off.",
    ),
    (
        "plugin-unavailable",
        "The server can start a plugin.",
        "It had no room or no time for one more call; that is not the plugin's fault.",
        "Try again, and see the log of the server.",
    ),
];

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mooring_plugin::{Call, Failure, Outcome, PluginId};

    use crate::findings::host_rules;

    /// Proves that whatever is said of a failed call can be looked up.
    #[test]
    fn every_complaint_is_explained() {
        let id = PluginId::parse("com.example.x").unwrap();
        let text = String::new;
        let outcomes: [Outcome<()>; 14] = [
            Outcome::Failed(Failure::Other(text())),
            Outcome::Failed(Failure::BadSettings(text())),
            Outcome::Panicked { text: text() },
            Outcome::TimedOut {
                elapsed: Duration::ZERO,
                limit: Duration::ZERO,
            },
            Outcome::OutOfMemory { limit_bytes: 1 },
            Outcome::Trapped { text: text() },
            Outcome::OutputTooLarge { limit: text() },
            Outcome::Unsteady,
            Outcome::InputTooLarge {
                bytes: 1,
                limit_bytes: 1,
            },
            Outcome::Incompatible { text: text() },
            Outcome::BackOff { until_ms: 1 },
            Outcome::Quarantined { since_ms: 1 },
            Outcome::Unavailable { text: text() },
            Outcome::Failed(Failure::Unsupported(text())),
        ];
        let rules = host_rules();
        for outcome in outcomes {
            let call = Call {
                outcome,
                duration: Duration::ZERO,
                peak_memory_bytes: 0,
                instructions: None,
                log: Vec::new(),
                log_lines_dropped: 0,
            };
            let complaint = call.complaint(&id).unwrap();
            assert!(rules[&complaint.rule].is_fixed, "{complaint}");
        }
        assert!(rules.contains_key("plugin-not-loaded"));
    }
}
