//! The words for a profile's status and for what went wrong.
//!
//! Knows nothing of hosts. Invariant: every status has words of its own.

use mooring_drift::state::FailureReason;
use mooring_drift::status::{PendingReason, ProfileStatus};
use mooring_mdm::error_chain::ErrorEntry;

/// A status as people read it.
pub(super) fn status(status: &ProfileStatus) -> String {
    match status {
        ProfileStatus::Applied => "applied: a list asked for after the change shows it".to_owned(),
        ProfileStatus::Unknown => "unknown: nothing tells what is there".to_owned(),
        ProfileStatus::Pending { reason } => format!("pending: {}", pending(*reason)),
        ProfileStatus::Failed { error, .. } => format!("failed: {}", failure(error)),
    }
}

fn pending(reason: PendingReason) -> &'static str {
    match reason {
        PendingReason::Acknowledged => "the device acknowledged it, and no list has proven it yet",
        PendingReason::Sent => "a command was handed to the device",
        PendingReason::NotNow => "the device was busy",
        PendingReason::Waiting => "it is dealt with at a coming contact",
        PendingReason::Held => "nothing is sent to this host for now",
        PendingReason::Blocked => "it may not be sent as it is",
    }
}

/// Why something did not work, with the device's own account.
pub(super) fn failure(reason: &FailureReason) -> String {
    match reason {
        FailureReason::Error { chain } => with_chain("the device reported an error", chain),
        FailureReason::CommandFormatError { chain } => {
            with_chain("the device could not read the command", chain)
        }
        FailureReason::NotManaged { chain } => with_chain(
            "the device does not remove it, since this server does not manage it there",
            chain,
        ),
        FailureReason::NotProven => {
            "acknowledged, but the list asked for afterwards does not show it".to_owned()
        }
        FailureReason::Lost => "no report came back, too often in a row".to_owned(),
        FailureReason::NoUserChannel => {
            "it is for a user, and this kind of device has no user channel".to_owned()
        }
        FailureReason::IncompleteList { detail } => {
            format!("the list of profiles cannot be taken as complete: {detail}")
        }
    }
}

/// How often something happened, one time after the other.
pub(super) fn in_a_row(times: u8) -> String {
    match times {
        1 => "once".to_owned(),
        2 => "twice in a row".to_owned(),
        _ => format!("{times} times in a row"),
    }
}

fn with_chain(what: &str, chain: &[ErrorEntry]) -> String {
    let chain: Vec<String> = chain.iter().map(ToString::to_string).collect();
    if chain.is_empty() {
        return what.to_owned();
    }
    format!("{what}: {}", chain.join(" < "))
}
