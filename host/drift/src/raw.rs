//! Commands that somebody else made: passed on in order, beside the server's own.
//!
//! Knows nothing of what they do, but for those that change profiles, after which the last list
//! says nothing. Invariants: one of them is in flight until its report comes or it was handed out
//! [`crate::policy::Policy::raw_deliveries_max`] times; a device that puts one off gets those that
//! it has not put off, each once in a contact.

use mooring_mdm::ids::CommandUuid;
use mooring_mdm::report::Outcome;

use crate::closing::close_by_report;
use crate::command::Command;
use crate::next::{Context, is_paused};
use crate::state::{InFlight, Phase, SyncState};
use crate::step::{Closing, Step, hand_out, in_flight as in_flight_again, is_still_meant};

/// The command of others that comes next, if one may be handed out.
pub(crate) fn next(step: &Step, context: &Context<'_>) -> Option<Command> {
    if step.state.phase != Phase::Enrolled || step.state.in_flight.is_some() || is_paused(context) {
        return None;
    }
    let is_put_off = matches!(step.closed, Some((_, Closing::NotNow)));
    let queued = if is_put_off {
        context.raw.fresh
    } else {
        context.raw.first
    };
    queued.map(|queued| Command::Raw {
        uuid: queued.uuid.clone(),
        request_type: queued.request_type.clone(),
        deliveries: 1,
    })
}

/// The device asks for work without a word about the command that it has: it gets it again, as
/// its maker expects, until that was tried often enough. Says whether it did.
pub(crate) fn hand_out_again(step: &mut Step, context: &Context<'_>) -> bool {
    let Some(in_flight) = &mut step.state.in_flight else {
        return false;
    };
    let Command::Raw {
        uuid, deliveries, ..
    } = &mut in_flight.command
    else {
        return false;
    };
    // It stays in flight: its maker still waits for it.
    if is_paused(context) {
        return true;
    }
    if *deliveries >= context.policy.raw_deliveries_max {
        return false;
    }
    *deliveries += 1;
    in_flight.at = context.now;
    in_flight.in_reply_to = None;
    in_flight.in_reply_to_raw = None;
    step.reply = Some((uuid.clone(), in_flight.command.clone()));
    true
}

/// A report that is about the raw command in flight. Says whether it was.
pub(crate) fn result(
    step: &mut Step,
    uuid: &CommandUuid,
    outcome: &Outcome,
    context: &Context<'_>,
) -> bool {
    let is_this = |in_flight: &mut InFlight| match &in_flight.command {
        Command::Raw { uuid: own, .. } => own == uuid,
        Command::ProfileList
        | Command::DeviceInformation
        | Command::InstallProfile { .. }
        | Command::RemoveProfile { .. }
        | Command::RenewIdentity { .. } => false,
    };
    let Some(in_flight) = step.state.in_flight.take_if(is_this) else {
        return false;
    };
    let closing = match outcome {
        // Its maker's affair: this server's own work is not put off by it.
        Outcome::NotNow => Closing::NotNow,
        Outcome::Acknowledged(_) | Outcome::Error(_) | Outcome::CommandFormatError(_) => {
            let not_now = step.state.not_now;
            let closing = close_by_report(step, &in_flight, outcome.clone(), context);
            step.state.not_now = not_now;
            closing
        }
    };
    let sequence = in_flight.sequence;
    step.closed = Some((in_flight, closing));
    hand_out(step, Some(sequence), context);
    if let Some(next) = &mut step.state.in_flight {
        next.in_reply_to_raw = Some(uuid.clone());
    }
    true
}

/// A report about a raw command that is not in flight: if it is the one that was answered last, the
/// device did not get the reply, and gets it again.
pub(crate) fn repeated(step: &mut Step, uuid: &CommandUuid, context: &Context<'_>) {
    let Some(in_flight) = &step.state.in_flight else {
        return;
    };
    if in_flight.in_reply_to_raw.as_ref() == Some(uuid)
        && is_still_meant(&in_flight.command, context)
    {
        step.reply = in_flight_again(&step.state, context.enrollment, context.names);
    }
}

/// A command that may have changed profiles behind the engine's back: a list has to tell.
pub(crate) fn may_have_run(state: &mut SyncState, request_type: &str) {
    if matches!(request_type, "InstallProfile" | "RemoveProfile") {
        state.list_asked = Some(state.sequence);
    }
}
