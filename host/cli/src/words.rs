//! The words of the server's documents, for people.
//!
//! Reads the documents' JSON form, so that a word on the screen is the word in the API. Invariant:
//! nothing here decides anything; a member that is missing makes a shorter text.

use mooring_mdm::error_chain::ErrorEntry;
use serde::Serialize;
use serde_json::Value;

use crate::text::clean;

/// What `blocked` means, and what to do.
const BLOCKED: &str = "blocked: it holds secrets that others could read on the way; use mtls, or \
                       an RSA identity";

/// The name of a variant, such as `not_now`; empty for anything else.
pub(crate) fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        Ok(_) | Err(_) => String::new(),
    }
}

/// Why a profile is not applied: a pending profile's reason, a failed one's error.
pub(crate) fn reason<T: Serialize>(status: &T) -> String {
    let Ok(status) = serde_json::to_value(status) else {
        return String::new();
    };
    if let Some(reason) = status.get("reason").and_then(Value::as_str) {
        return match reason {
            "blocked" => BLOCKED.to_owned(),
            reason => clean(reason),
        };
    }
    let Some(error) = status.get("error") else {
        return String::new();
    };
    let next = match status.get("next_attempt") {
        Some(Value::String(next)) if next == "parked" => {
            "; parked until the profile, the OS build or a person changes it"
        }
        Some(Value::String(_)) => "; tried again at the next contact",
        Some(_) => "; tried again later",
        None => "",
    };
    failure(error) + next
}

/// What went wrong, with the device's error chain.
pub(crate) fn failure<T: Serialize>(error: &T) -> String {
    let Ok(error) = serde_json::to_value(error) else {
        return String::new();
    };
    let chain: Vec<ErrorEntry> = error
        .get("chain")
        .and_then(|chain| serde_json::from_value(chain.clone()).ok())
        .unwrap_or_default();
    let chain: Vec<String> = chain.iter().map(ErrorEntry::to_string).collect();
    match error.get("kind").and_then(Value::as_str) {
        Some("not_proven") => {
            "acknowledged, but the list asked for afterwards does not show it".to_owned()
        }
        Some("lost") => "no report came back, too often in a row".to_owned(),
        Some("incomplete_list") => {
            let detail = error
                .get("detail")
                .and_then(Value::as_str)
                .unwrap_or_default();
            clean(&format!(
                "the list of profiles cannot be taken as complete: {detail}"
            ))
        }
        Some("command_format_error") if chain.is_empty() => {
            "the device could not read the command".to_owned()
        }
        Some(kind) if chain.is_empty() => clean(kind),
        Some(_) | None => clean(&chain.join(" < ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Proves that reasons and error chains become one clean line.
    #[test]
    fn reasons() {
        assert_eq!(word(&mooring_mdm::ids::Channel::User), "user");
        assert_eq!(
            reason(&json!({"status": "pending", "reason": "not_now"})),
            "not_now"
        );
        let blocked = json!({"status": "pending", "reason": "blocked"});
        assert!(reason(&blocked).contains("use mtls"));
        assert_eq!(reason(&json!({"status": "applied"})), "");
        let failed = json!({"status": "failed", "next_attempt": "parked", "error": {
            "kind": "error", "chain": [
                {"code": 4001, "domain": "MCInstallationErrorDomain", "description": "no\u{1b}pe"},
                {"code": 1009, "domain": "MCProfileErrorDomain", "description": "bad"}]}});
        assert_eq!(
            reason(&failed),
            "MCInstallationErrorDomain 4001: nope < MCProfileErrorDomain 1009: bad; \
             parked until the profile, the OS build or a person changes it"
        );
        let waiting = json!({"error": {"kind": "lost"}, "next_attempt": {"at": 5}});
        assert!(reason(&waiting).ends_with("in a row; tried again later"));
    }
}
