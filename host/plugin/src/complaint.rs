//! Says what a plugin did wrong, in words for an administrator.
//!
//! Knows nothing of bindings: whether a complaint blocks is decided elsewhere. Invariant: every
//! outcome but the clean one has a rule id, a sentence that names the plugin, and a way out.

use mooring_mdm::finding::{Finding, Severity};

use crate::PluginId;
use crate::outcome::{Failure, Outcome, size};

const SETTINGS_HINT: &str = "change the settings of its binding";
const BINDING_HINT: &str = "bind it to other profiles, or turn it off";
const AUTHOR_HINT: &str = "this is a fault of the plugin: tell its author, or turn it off";
const LIMIT_HINT: &str = "raise the limit in its binding, or tell its author";
const AGAIN_HINT: &str = "try again in a few minutes, or see what it failed with before";
const QUARANTINE_HINT: &str = "see what it failed with, mend it, and lift the quarantine";
const HOST_HINT: &str = "this is a fault of the server: see its log";

/// Rule id, what the plugin did, and what to do about it.
pub(crate) type Words = (&'static str, String, &'static str);

/// The finding about `plugin` whose call ended with `outcome`.
pub(crate) fn about<T>(outcome: &Outcome<T>, plugin: &PluginId) -> Option<Finding> {
    let (rule, what, hint) = words(outcome)?;
    let message = format!("the plugin {plugin} {what}");
    Some(Finding {
        source: plugin.to_string(),
        ..Finding::host(Severity::Error, rule, (0, 0), message).with_hint(hint)
    })
}

/// The words for an outcome that is not clean.
pub(crate) fn words<T>(outcome: &Outcome<T>) -> Option<Words> {
    Some(match outcome {
        Outcome::Done(_) => return None,
        Outcome::Failed(failure) => failed(failure),
        Outcome::Panicked { text } => ("plugin-panic", format!("panicked at {text}"), AUTHOR_HINT),
        Outcome::TimedOut { elapsed, limit } => {
            let (elapsed, limit) = (elapsed.as_millis(), limit.as_millis());
            let what = format!("was stopped after {elapsed} ms; its limit is {limit} ms");
            ("plugin-timeout", what, LIMIT_HINT)
        }
        Outcome::OutOfMemory { limit_bytes } => {
            let what = format!(
                "asked for more memory than its limit of {}",
                size(*limit_bytes)
            );
            ("plugin-memory", what, LIMIT_HINT)
        }
        Outcome::Trapped { text } => ("plugin-trap", format!("was stopped: {text}"), AUTHOR_HINT),
        Outcome::OutputTooLarge { limit } => (
            "plugin-output",
            format!("answered with more than {limit}"),
            AUTHOR_HINT,
        ),
        Outcome::Unsteady => {
            let what = "gave different answers to two equal calls".to_owned();
            ("plugin-output", what, AUTHOR_HINT)
        }
        Outcome::InputTooLarge { bytes, limit_bytes } => {
            let (bytes, limit) = (size(*bytes), size(*limit_bytes));
            let what = format!("was not asked: {bytes} are over its limit of {limit}");
            ("plugin-input", what, LIMIT_HINT)
        }
        Outcome::Incompatible { text } => (
            "plugin-incompatible",
            format!("cannot be called: {text}"),
            AUTHOR_HINT,
        ),
        Outcome::BackOff { .. } => {
            let what = "failed too often lately and was not asked".to_owned();
            ("plugin-back-off", what, AGAIN_HINT)
        }
        Outcome::Quarantined { .. } => {
            let what = "failed again and again, and is in quarantine".to_owned();
            ("plugin-quarantined", what, QUARANTINE_HINT)
        }
        Outcome::Unavailable { text } => (
            "plugin-unavailable",
            format!("could not be started: {text}"),
            HOST_HINT,
        ),
    })
}

fn failed(failure: &Failure) -> Words {
    let (what, hint) = match failure {
        Failure::BadSettings(text) => (format!("rejects its settings: {text}"), SETTINGS_HINT),
        Failure::Unsupported(text) => (format!("does not handle this: {text}"), BINDING_HINT),
        Failure::Other(text) => (format!("failed: {text}"), AUTHOR_HINT),
    };
    ("plugin-failure", what, hint)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::Call;

    /// A complaint names the plugin, what it did, the limit and a way out.
    #[test]
    fn complaints() {
        let id = PluginId::parse("com.example.slow").unwrap();
        let call = Call::<()>::not_made(Outcome::TimedOut {
            elapsed: Duration::from_millis(261),
            limit: Duration::from_millis(250),
        });
        assert_eq!(
            call.complaint(&id).unwrap().to_string(),
            "0:0 error plugin-timeout the plugin com.example.slow was stopped after 261 ms; its \
             limit is 250 ms (raise the limit in its binding, or tell its author)"
        );
        let memory = Outcome::<()>::OutOfMemory {
            limit_bytes: 32 << 20,
        };
        assert!(
            about(&memory, &id)
                .unwrap()
                .message
                .ends_with("its limit of 32 MiB")
        );
        assert!(Call::not_made(Outcome::Done(())).complaint(&id).is_none());
    }
}
