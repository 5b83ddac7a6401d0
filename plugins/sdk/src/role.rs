//! What a plugin can be.
//!
//! Knows nothing of how it is called. Invariant: the functions take no `self`, since every call
//! runs in a fresh instance and nothing survives it.

use crate::{Context, Failure, Finding, Output, Profile, ProfileSet, SetFinding};

/// A plugin that judges profiles.
pub trait Validator {
    /// Judges the settings text when an administrator saves it; an error refuses them.
    fn check_settings(settings: &str) -> Vec<Finding> {
        let _ = settings;
        Vec::new()
    }

    /// Says what is wrong with `profile`. The same arguments must give the same findings.
    ///
    /// # Errors
    /// [`Failure`] if the profile could not be judged at all.
    fn validate(profile: &Profile, context: &Context) -> Result<Vec<Finding>, Failure>;
}

/// A plugin that makes profiles.
pub trait Generator {
    /// Judges the settings text when an administrator saves it; an error refuses them.
    fn check_settings(settings: &str) -> Vec<Finding>;

    /// Makes the profiles that the settings ask for. `seed` is a text that stays the same for the
    /// life of the binding: derive every uuid from it, since output that differs between two
    /// equal calls is refused.
    ///
    /// # Errors
    /// [`Failure`] if nothing could be made.
    fn generate(seed: &str, context: &Context) -> Result<Vec<Output>, Failure>;
}

/// A plugin that judges profiles together.
pub trait SetValidator {
    /// Judges the settings text when an administrator saves it; an error refuses them.
    fn check_settings(settings: &str) -> Vec<Finding> {
        let _ = settings;
        Vec::new()
    }

    /// Says what is wrong with the profiles that one host would get. The same arguments must give
    /// the same findings.
    ///
    /// # Errors
    /// [`Failure`] if the set could not be judged at all.
    fn validate_set(profiles: &ProfileSet, context: &Context) -> Result<Vec<SetFinding>, Failure>;
}

/// What a plugin without settings says of those that it is given, under the rule `settings`: nothing
/// of empty ones (blank, `{}` or `null`), an error of any other.
pub fn no_settings(settings: &str) -> Vec<Finding> {
    match settings.split_whitespace().collect::<String>().as_str() {
        "" | "{}" | "null" => Vec::new(),
        _ => vec![
            Finding::error_document("settings", "this plugin has no settings")
                .with_hint("leave the settings empty, or give {}"),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nothing, in each of its ways, is no settings; anything else is refused.
    #[test]
    fn settings() {
        for empty in ["", " \n", "{ }", "null"] {
            assert_eq!(no_settings(empty), [], "{empty:?}");
        }
        for wrong in ["0", "{\"a\": 1}", "[]"] {
            assert_eq!(no_settings(wrong).len(), 1, "{wrong}");
        }
    }
}
