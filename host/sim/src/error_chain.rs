//! The error chain of a device's report, with the codes that Macs use.
//!
//! Knows nothing of commands. Invariant: a chain has at least one link, the outermost first.
//! See <https://developer.apple.com/documentation/devicemanagement/commandresponse/errorchainitem>.

use plist::{Dictionary, Value};
use serde::{Deserialize, Serialize};

/// One error of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainLink {
    /// Such as 4001.
    pub code: i64,
    /// Such as `MCInstallationErrorDomain`.
    pub domain: String,
    /// The text, which a Mac gives in two languages and this one in one.
    pub text: String,
}

/// Why a command failed: the outer error first, its cause last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorChain(Vec<ChainLink>);

impl ErrorChain {
    /// A chain of one error.
    pub fn new(domain: &str, code: i64, text: impl Into<String>) -> Self {
        Self(vec![ChainLink {
            code,
            domain: domain.to_owned(),
            text: text.into(),
        }])
    }

    /// A failed installation with its cause, as the profile installer reports it: 4001 outside.
    pub fn installation(profile: &str, domain: &str, code: i64, text: impl Into<String>) -> Self {
        let outer = format!("The profile \u{201c}{profile}\u{201d} could not be installed.");
        let mut chain = Self::new("MCInstallationErrorDomain", 4001, outer);
        chain.0.push(ChainLink {
            code,
            domain: domain.to_owned(),
            text: text.into(),
        });
        chain
    }

    /// The profile channel does not match the channel it came by.
    pub(crate) fn wrong_channel(wanted: &str) -> Self {
        let text = format!("The profile must be installed as a {wanted} profile.");
        Self::new("NSPOSIXErrorDomain", 1, text)
    }

    /// `RemoveProfile` of a profile that is not there.
    pub(crate) fn profile_not_found(identifier: &str) -> Self {
        Self::new(
            "MDMClientError",
            89,
            format!("Profile with identifier {identifier} not found."),
        )
    }

    /// `RemoveProfile` of a profile that MDM did not install.
    pub(crate) fn not_managed(identifier: &str) -> Self {
        let text = format!("The profile {identifier} is not managed.");
        Self::new("MCMDMErrorDomain", 12013, text)
    }

    /// The links, outermost first.
    pub fn links(&self) -> &[ChainLink] {
        &self.0
    }

    /// The innermost error, which tells the cause.
    pub fn cause(&self) -> Option<&ChainLink> {
        self.0.last()
    }

    /// As the `ErrorChain` array of a report.
    pub(crate) fn to_value(&self) -> Value {
        let links = self.0.iter().map(|link| {
            let mut entry = Dictionary::new();
            entry.insert("ErrorCode".to_owned(), link.code.into());
            entry.insert("ErrorDomain".to_owned(), link.domain.as_str().into());
            entry.insert("LocalizedDescription".to_owned(), link.text.as_str().into());
            entry.insert("USEnglishDescription".to_owned(), link.text.as_str().into());
            Value::Dictionary(entry)
        });
        Value::Array(links.collect())
    }
}
