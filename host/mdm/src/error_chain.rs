//! A device's own account of why a command failed, and what kind of remedy each error has.
//!
//! Knows nothing of attempts or schedules. Invariant: an error is classed by the innermost entry
//! of its chain, since the outer one is often just "installation failed" (4001).

use std::fmt;

use serde::{Deserialize, Serialize};

/// Most entries of a chain that are kept; devices send two or three.
pub const CHAIN_ENTRIES_MAX: usize = 8;
/// Longest description that is kept, in bytes.
pub const DESCRIPTION_BYTES_MAX: usize = 1024;

/// One entry of an `ErrorChain`, outermost first.
///
/// See <https://developer.apple.com/documentation/devicemanagement/errorchainitem>.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorEntry {
    /// `ErrorCode`, a number within the domain.
    pub code: i64,
    /// `ErrorDomain`, such as `MCInstallationErrorDomain`.
    pub domain: String,
    /// `USEnglishDescription`, else `LocalizedDescription`; at most [`DESCRIPTION_BYTES_MAX`].
    pub description: String,
}

impl fmt::Display for ErrorEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.domain, self.code, self.description)
    }
}

/// What can mend an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// Other content alone: the same profile will fail again.
    Content,
    /// Another try may do.
    Transient,
}

/// Classes the error of an install or removal, by the innermost entry of its chain.
///
/// The codes are those of Apple's archived MDM Protocol Reference, appendix "Error Codes". A code
/// that the table does not know is taken as transient, since attempts are bounded anyway.
pub fn classify(chain: &[ErrorEntry]) -> ErrorClass {
    let Some(inner) = chain.last() else {
        return ErrorClass::Transient;
    };
    let content = match inner.domain.as_str() {
        "MCProfileErrorDomain" => (1000..=1010).contains(&inner.code),
        "MCPayloadErrorDomain" => (2000..=2004).contains(&inner.code),
        "MCInstallationErrorDomain" => matches!(
            inner.code,
            4000 | 4002 | 4006..=4008 | 4010..=4012 | 4015 | 4017..=4023 | 4025 | 4026 | 4028..=4031
        ),
        "NSCocoaErrorDomain" => inner.code == 3840,
        _ => false,
    };
    if content {
        ErrorClass::Content
    } else {
        ErrorClass::Transient
    }
}

/// Whether the error of a `RemoveProfile` says that the profile is not there, which is success.
pub fn says_not_found(chain: &[ErrorEntry]) -> bool {
    chain.iter().any(|entry| match entry.domain.as_str() {
        "MDMClientError" => entry.code == 89,
        "MCInstallationErrorDomain" => entry.code == 4024,
        _ => false,
    })
}

/// Whether the error of a `RemoveProfile` says that the profile is not this server's to remove: no
/// further attempt will do better. Code 12013 of the archived reference, "Profile Not Managed".
pub fn says_not_managed(chain: &[ErrorEntry]) -> bool {
    chain.iter().any(|entry| {
        matches!(entry.domain.as_str(), "MCMDMErrorDomain" | "MDMErrorDomain")
            && entry.code == 12013
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(domain: &str, code: i64) -> ErrorEntry {
        ErrorEntry {
            code,
            domain: domain.to_owned(),
            description: String::new(),
        }
    }

    /// The innermost entry decides: an outer 4001 hides the reason.
    #[test]
    fn innermost_entry_decides() {
        let outer = entry("MCInstallationErrorDomain", 4001);
        let cases = [
            (vec![outer.clone()], ErrorClass::Transient),
            (
                vec![outer.clone(), entry("MCProfileErrorDomain", 1003)],
                ErrorClass::Content,
            ),
            (
                vec![outer.clone(), entry("MCPayloadErrorDomain", 2005)],
                ErrorClass::Transient,
            ),
            (
                vec![outer, entry("MCInstallationErrorDomain", 4009)],
                ErrorClass::Transient,
            ),
            (vec![entry("NSCocoaErrorDomain", 3840)], ErrorClass::Content),
            (vec![entry("SomeNewDomain", 1)], ErrorClass::Transient),
            (vec![], ErrorClass::Transient),
        ];
        for (chain, class) in cases {
            assert_eq!(classify(&chain), class, "{chain:?}");
        }
    }

    /// "Not found" on removal is told by code, never by text.
    #[test]
    fn not_found_is_success() {
        assert!(says_not_found(&[entry("MDMClientError", 89)]));
        assert!(says_not_found(&[entry("MCInstallationErrorDomain", 4024)]));
        assert!(!says_not_found(&[entry("MDMClientError", 12)]));
    }
}
