//! Whether there is something to do for an enrollment, and whether it can be pushed for it.
//!
//! Knows nothing of queues or connections. Invariants: what is to be done is asked of the same
//! engine that answers devices, so that nobody is woken for nothing; a reason does not change
//! while a device works through what it was woken for, so that it is woken once.

use std::hash::{DefaultHasher, Hash, Hasher};

use mooring_drift::next::{Context, next_command};
use mooring_drift::state::{Phase, SyncState};
use mooring_mdm::ids::EnrollmentId;
use mooring_store::{EnrollmentRecord, HostRecord, PushTarget, StoreError};

use crate::core::Core;
use crate::device::device_record;
use crate::shelf::Shelf;

/// A command without a report for so long has no session any more, in ms: the device went away
/// with it. No less than the wait before a push is repeated.
const AWAY_MS: u64 = 5 * 60 * 1000;

/// What a look at an enrollment finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// Nothing to do, or nothing now.
    None,
    /// It has a command and may be about to report: neither a reason to push nor an end.
    Settling,
    /// Something to do, for which it has to come.
    Due(Reason),
}

/// Tells one cause of pushes from another; equal ones need no second push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reason(pub(super) u32);

/// The profiles at the moment of a look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment<'a> {
    pub(super) shelf: &'a Shelf,
    /// Another number whenever something else is desired.
    pub(super) generation: u64,
}

/// Where to push an enrollment to, if it may be pushed at all.
pub(super) fn target_of<'a>(
    host: &HostRecord,
    record: &'a EnrollmentRecord,
) -> Option<&'a PushTarget> {
    let is_blocked = device_record(host).is_some_and(|device| device.access.is_blocked);
    let is_reachable = record.sync.phase == Phase::Enrolled && record.push_disabled_at.is_none();
    record.push.as_ref().filter(|_| is_reachable && !is_blocked)
}

/// The record of an enrollment.
pub(super) fn record_of<'a>(
    host: &'a HostRecord,
    enrollment: &EnrollmentId,
) -> Option<&'a EnrollmentRecord> {
    host.enrollments
        .iter()
        .find(|record| record.id == *enrollment)
}

/// What is to be done for an enrollment at this moment.
///
/// # Errors
/// [`StoreError`] if its queue of commands cannot be read.
pub(super) fn work_of(
    core: &Core,
    moment: Moment<'_>,
    host: &HostRecord,
    record: &EnrollmentRecord,
) -> Result<Work, StoreError> {
    let now = core.now();
    let state = &record.sync;
    // While nothing is sent, nobody has to come.
    if state.phase != Phase::Enrolled || core.is_paused() {
        return Ok(Work::None);
    }
    let queue = core.queue(&record.id)?;
    let newest = queue.commands().last().map(|(key, _)| key);
    let due = || Work::Due(reason(record, moment.generation, newest));
    if let Some(in_flight) = &state.in_flight {
        // A clock that was set back must not leave it settling for ever.
        let is_away = now.0.abs_diff(in_flight.at.0) >= AWAY_MS;
        return Ok(if is_away { due() } else { Work::Settling });
    }
    let not_now = state.not_now.filter(|not_now| not_now.is_contact_over);
    let is_put_off = not_now.is_some_and(|not_now| !core.policy.is_over(not_now.push_at, now));
    let mut waiting = queue.commands().map(|(_, command)| command);
    let has_command = waiting.any(|command| !is_put_off || command.put_off_at.is_none());
    if has_command {
        return Ok(due());
    }
    let renewal = core.renewal(host, record, now);
    let circumstances = core.circumstances(moment.shelf, host);
    let context = Context {
        renewal: renewal.as_ref(),
        ..core.context(moment.shelf, host, record, &circumstances)
    };
    let has_work = match not_now {
        Some(_) if is_put_off => false,
        // As if the device had come once more.
        Some(_) => {
            let state = SyncState {
                not_now: None,
                ..state.clone()
            };
            next_command(&state, &context).is_some()
        }
        None => next_command(state, &context).is_some(),
    };
    Ok(if has_work { due() } else { Work::None })
}

/// Of what somebody decided, and of nothing that the device's own progress changes. A new token
/// counts: the pushes before it may have gone nowhere.
fn reason(record: &EnrollmentRecord, generation: u64, newest: Option<&[u8]>) -> Reason {
    let state = &record.sync;
    let told_at = record.token_updated_at.map(|at| at.0);
    let mut hasher = DefaultHasher::new();
    (generation, state.epoch, state.list_asked, told_at, newest).hash(&mut hasher);
    let [a, b, c, d, ..] = hasher.finish().to_le_bytes();
    Reason(u32::from_le_bytes([a, b, c, d]))
}
