//! Declarative management: answered, so that a device that speaks it is content, with nothing
//! declared.
//!
//! Knows nothing of enrollments. Invariant: the same declarations (none) always have the same
//! token, so a device asks once and then is silent.
//!
//! See <https://developer.apple.com/documentation/devicemanagement/leveraging-the-declarative-management-data-model-to-scale-devices>.

use super::reply::DeviceReply;

/// The token of the empty set of declarations.
const TOKEN: &str = "mooring-declarations-0";
/// The empty set never changes, so its time is that of its invention.
const SINCE: &str = "2026-01-01T00:00:00Z";

/// Answers `Endpoint`.
pub(super) fn answer(endpoint: &str) -> DeviceReply {
    let document = match endpoint {
        "tokens" => serde_json::json!({
            "SyncTokens": { "Timestamp": SINCE, "DeclarationsToken": TOKEN },
        }),
        "declaration-items" => serde_json::json!({
            "Declarations": {
                "Activations": [],
                "Assets": [],
                "Configurations": [],
                "Management": [],
            },
            "DeclarationsToken": TOKEN,
        }),
        // What the device tells of itself is not used yet.
        "status" => return DeviceReply::Empty,
        _ => return DeviceReply::NoSuchDeclaration,
    };
    DeviceReply::Json(document.to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each endpoint has its answer, and every single declaration is unknown.
    #[test]
    fn endpoints() {
        for (endpoint, status) in [
            ("tokens", 200),
            ("declaration-items", 200),
            ("status", 200),
            ("declaration/configuration/x", 404),
            ("../tokens", 404),
        ] {
            assert_eq!(answer(endpoint).status(), status, "{endpoint}");
        }
        let DeviceReply::Json(items) = answer("declaration-items") else {
            panic!("a document");
        };
        let items: serde_json::Value = serde_json::from_slice(&items).unwrap();
        assert_eq!(items["DeclarationsToken"], TOKEN);
    }
}
