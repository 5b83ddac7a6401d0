//! What of a sync state is as most hosts have it, so that few bytes tell it.
//!
//! Knows nothing of bytes. Invariant: what is not plain is told by the rest of a row, and what is
//! plain is not.

use mooring_drift::state::{Hardware, Periodic};

/// When it was answered, if that is all there is to say of it.
pub(super) fn answered(periodic: Periodic) -> Option<u64> {
    let is_plain = periodic.failed == 0 && periodic.retry_at.is_none();
    periodic.answered_at.filter(|_| is_plain).map(|at| at.0)
}

/// When it was answered and when it is asked for again, if that is all there is to say of it: a
/// renewal that succeeded.
pub(super) fn asked_again(periodic: Periodic) -> Option<(u64, u64)> {
    let times = periodic.answered_at.zip(periodic.retry_at);
    let times = times.filter(|_| periodic.failed == 0);
    times.map(|(answered, retry)| (answered.0, retry.0))
}

/// The serial number, if that is all that is known of the hardware.
pub(super) fn serial(hardware: &Hardware) -> Option<&str> {
    let is_plain = hardware.earlier.is_empty() && !hardware.is_contradicted;
    hardware.serial.as_deref().filter(|_| is_plain)
}
