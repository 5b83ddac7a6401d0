//! What there is to say of a profile on a host, in words.
//!
//! Knows nothing of documents. Invariant: no value of a host is among the words.

use mooring_drift::drift::InstallReason;
use mooring_drift::status::Remark;

/// A remark as people read it.
pub(super) fn remark_words(remark: &Remark) -> String {
    match remark {
        Remark::MembershipUnknown => {
            "it cannot be told whether it is for this host; nothing is done about it".to_owned()
        }
        Remark::ValuesMissing { names } if names.is_empty() => {
            "it has places for this host's values, and none are known".to_owned()
        }
        Remark::ValuesMissing { names } => {
            format!("this host has no value for {}", names.join(", "))
        }
        Remark::NoUser => "it is for a user, and no user of this host has enrolled".to_owned(),
        Remark::Contested { times } => {
            format!("contested: it vanished from the host {times} times without our doing")
        }
        Remark::Reinstalling {
            reason: InstallReason::NewerSystem,
        } => "it is installed once more: the host's system has come to know more of its keys"
            .to_owned(),
        Remark::Reinstalling {
            reason: InstallReason::Asked | InstallReason::Missing | InstallReason::Outdated,
        } => "it is installed once more, since somebody asked for it".to_owned(),
    }
}
