//! How a command ends: what its report, or the lack of one, says of the enrollment.
//!
//! Knows nothing of which command comes next. Invariants: a change is never known to have happened
//! before a list shows it; a device that cannot answer is not asked at every contact; a NotNow
//! costs no attempt.

use mooring_mdm::device::Attributes;
use mooring_mdm::error_chain::{says_not_found, says_not_managed};
use mooring_mdm::ids::PayloadIdentifier;
use mooring_mdm::report::{Answer, Outcome};

use crate::attempts::{count_failure, count_lost, postpone};
use crate::command::Command;
use crate::listing;
use crate::next::Context;
use crate::plan::plan;
use crate::raw;
use crate::state::{
    FailureReason, InFlight, LOST_MAX, Lost, NotNow, Periodic, SyncState, Target, Unproven,
};
use crate::step::{Closing, Step};

/// No report came. A list decides; so does another look at who answers.
pub(crate) fn close_as_lost(state: &mut SyncState, in_flight: &InFlight, context: &Context<'_>) {
    let sequence = in_flight.sequence;
    let (identifier, target) = match &in_flight.command {
        // A device that cannot answer this must not be asked at every contact.
        Command::DeviceInformation => return postpone(&mut state.attributes, context),
        Command::RenewIdentity { .. } => return postpone(&mut state.renewal, context),
        Command::Raw { request_type, .. } => return raw::may_have_run(state, request_type),
        Command::ProfileList => {
            state.last_lost = sequence;
            return;
        }
        Command::InstallProfile {
            identifier,
            revision,
        } => (identifier, Target::Present(revision.clone())),
        Command::RemoveProfile { identifier } => (identifier, Target::Absent),
    };
    state.last_lost = sequence;
    count_lost(state, identifier, &target, context);
    let attempts = state.attempts_for(identifier, &target);
    if attempts.is_some_and(|attempts| attempts.lost != 1) {
        // Another device under the same identity would leave commands unanswered too.
        state.attributes.answered_at = None;
    }
    state.lost.push(Lost {
        sequence,
        identifier: identifier.clone(),
        target,
    });
    if state.lost.len() > LOST_MAX {
        state.lost.remove(0);
    }
}

/// Learns from the report on the command in flight.
pub(crate) fn close_by_report(
    step: &mut Step,
    in_flight: &InFlight,
    outcome: Outcome,
    context: &Context<'_>,
) -> Closing {
    let state = &mut step.state;
    let reason = match outcome {
        Outcome::NotNow => {
            not_now(state, context);
            // It is a word about the command: it was not lost.
            let attempts = in_flight.command.identifier();
            let attempts = attempts.and_then(|identifier| state.attempts.get_mut(identifier));
            if let Some(attempts) = attempts {
                attempts.lost = 0;
            }
            return Closing::NotNow;
        }
        Outcome::Acknowledged(answer) => {
            if let (Command::ProfileList, Some(reason)) =
                (&in_flight.command, incompleteness(&answer))
            {
                postpone(&mut state.list, context);
                is_ready_again(state, &in_flight.command, context);
                return Closing::Failed(reason);
            }
            step.attributes = acknowledged(state, in_flight, answer, context);
            is_ready_again(state, &in_flight.command, context);
            return Closing::Acknowledged;
        }
        Outcome::Error(chain) => FailureReason::Error { chain },
        Outcome::CommandFormatError(chain) => FailureReason::CommandFormatError { chain },
    };
    let reason = failed(state, &in_flight.command, reason, context);
    is_ready_again(state, &in_flight.command, context);
    match reason {
        Some(reason) => Closing::Failed(reason),
        None => Closing::Acknowledged,
    }
}

/// Counts an error that the device reported; none is left if it says that the work is done.
fn failed(
    state: &mut SyncState,
    command: &Command,
    mut reason: FailureReason,
    context: &Context<'_>,
) -> Option<FailureReason> {
    match command {
        Command::ProfileList => postpone(&mut state.list, context),
        Command::DeviceInformation => postpone(&mut state.attributes, context),
        Command::RenewIdentity { .. } => postpone(&mut state.renewal, context),
        // Its maker gets the report; nothing is decided from it.
        Command::Raw { .. } => {}
        Command::InstallProfile {
            identifier,
            revision,
        } => {
            let target = Target::Present(revision.clone());
            count_failure(state, identifier, &target, reason.clone(), context);
        }
        Command::RemoveProfile { identifier } => {
            if let FailureReason::Error { chain } = &reason {
                if says_not_found(chain) {
                    removed(state, identifier);
                    return None;
                }
                if says_not_managed(chain) {
                    let chain = chain.clone();
                    reason = FailureReason::NotManaged { chain };
                }
            }
            count_failure(state, identifier, &Target::Absent, reason.clone(), context);
            return Some(reason);
        }
    }
    Some(reason)
}

/// A device that did, or tried, a change is no longer busy. One that only told something may still
/// be, unless nothing else is to be done: a locked device answers lists all day.
fn is_ready_again(state: &mut SyncState, command: &Command, context: &Context<'_>) {
    let is_change = match command {
        Command::InstallProfile { .. } | Command::RemoveProfile { .. } => true,
        Command::ProfileList
        | Command::DeviceInformation
        | Command::RenewIdentity { .. }
        | Command::Raw { .. } => false,
    };
    if is_change || (state.not_now.is_some() && plan(state, context).is_empty()) {
        state.not_now = None;
    }
}

/// Why an acknowledged list says nothing, if it does not.
fn incompleteness(answer: &Answer) -> Option<FailureReason> {
    let detail = match &answer.profiles {
        Some(Ok(_)) => return None,
        Some(Err(incomplete)) => incomplete.to_string(),
        None => "the answer has no ProfileList".to_owned(),
    };
    Some(FailureReason::IncompleteList { detail })
}

fn acknowledged(
    state: &mut SyncState,
    in_flight: &InFlight,
    answer: Answer,
    context: &Context<'_>,
) -> Option<Attributes> {
    match &in_flight.command {
        Command::ProfileList => {
            if let Some(Ok(profiles)) = answer.profiles {
                listing::adopt(state, in_flight.sequence, profiles, context);
            }
        }
        Command::DeviceInformation => {
            state.attributes = Periodic {
                answered_at: Some(context.now),
                ..Periodic::default()
            };
            let serial = answer
                .attributes
                .as_ref()
                .and_then(|told| told.serial_number.as_deref());
            if let Some(serial) = serial {
                state.hardware.told(serial, false);
            }
            return answer.attributes;
        }
        Command::InstallProfile {
            identifier,
            revision,
        } => {
            let change = Unproven::Installed(revision.clone());
            state.unproven.insert(identifier.clone(), change);
            state.delivered = state.delivered.with(identifier, &revision.uuid);
            state.resend.remove(identifier);
            match context.desired.system_to_outgrow(identifier) {
                Some(system) => drop(state.installed_on.insert(identifier.clone(), *system)),
                None => drop(state.installed_on.remove(identifier)),
            }
            if let Some(attempts) = state.attempts.get_mut(identifier) {
                attempts.lost = 0;
            }
        }
        Command::RemoveProfile { identifier } => removed(state, identifier),
        Command::RenewIdentity { .. } => {
            state.renewal = Periodic {
                answered_at: Some(context.now),
                failed: 0,
                retry_at: Some(context.now.plus_ms(context.policy.renewal_wait_ms)),
            };
        }
        Command::Raw { request_type, .. } => raw::may_have_run(state, request_type),
    }
    None
}

fn removed(state: &mut SyncState, identifier: &PayloadIdentifier) {
    state.unproven.insert(identifier.clone(), Unproven::Removed);
    if let Some(attempts) = state.attempts.get_mut(identifier) {
        attempts.lost = 0;
    }
}

fn not_now(state: &mut SyncState, context: &Context<'_>) {
    let tally = state
        .not_now
        .map_or(0, |before| before.tally)
        .saturating_add(1);
    let push_at = context.now.plus_ms(context.policy.not_now_wait_ms(tally));
    state.not_now = Some(NotNow {
        is_contact_over: true,
        tally,
        push_at,
    });
}
