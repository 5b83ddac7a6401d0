//! What is said of a request for many enrollments: NanoMDM's `APIResult`.
//!
//! Knows nothing of how results come to be. Invariant: a member that has nothing to say is absent.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What became of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiResult {
    /// By enrollment id; those of which there is nothing to say are left out.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub status: BTreeMap<String, EnrollmentResult>,
    /// Whether pushing was not wanted.
    #[serde(skip_serializing_if = "is_false", default)]
    pub no_push: bool,
    /// Whether an administrator stopped all sending: what was taken waits, and nobody is pushed.
    #[serde(skip_serializing_if = "is_false", default)]
    pub is_paused: bool,
    /// Why nothing at all was pushed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub push_error: Option<String>,
    /// Why the command was taken for nobody.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub command_error: Option<String>,
    /// The command's `CommandUUID`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub command_uuid: Option<String>,
    /// Its `RequestType`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub request_type: Option<String>,
}

/// What became of it for one enrollment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrollmentResult {
    /// Why it was not pushed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub push_error: Option<String>,
    /// Apple's name for the push.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub push_result: Option<String>,
    /// Why it does not get the command.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub command_error: Option<String>,
}

impl ApiResult {
    /// The HTTP status for a request that named `ids` enrollments: 200 if all went well, 207 if
    /// some failed, 500 if all did.
    pub fn code(&self, ids: usize) -> u16 {
        if self.push_error.is_some() || self.command_error.is_some() {
            return 500;
        }
        let has_failed =
            |one: &&EnrollmentResult| one.push_error.is_some() || one.command_error.is_some();
        match self.status.values().filter(has_failed).count() {
            0 => 200,
            failed if failed < ids => 207,
            _ => 500,
        }
    }

    /// The result of one enrollment, to be filled in.
    pub(crate) fn of(&mut self, id: &impl ToString) -> &mut EnrollmentResult {
        self.status.entry(id.to_string()).or_default()
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes every member by reference"
)]
fn is_false(flag: &bool) -> bool {
    !flag
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves the statuses, and that an empty result is an empty object.
    #[test]
    fn codes() {
        let mut result = ApiResult::default();
        assert_eq!(result.code(2), 200);
        assert_eq!(serde_json::to_string(&result).unwrap(), "{}");
        result.of(&"A").push_result = Some("id".to_owned());
        result.of(&"B").push_error = Some("no".to_owned());
        assert_eq!(result.code(2), 207);
        result.of(&"A").command_error = Some("no".to_owned());
        assert_eq!(result.code(2), 500);
        result.status.clear();
        result.command_error = Some("no".to_owned());
        assert_eq!(result.code(2), 500);
    }
}
