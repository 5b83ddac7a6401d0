//! One event of one enrollment: from the stored state to the next one, and to the reply.
//!
//! Knows nothing of the store or the wire. Invariants: a report is judged by the command it
//! answers, and only while that command is in flight; duplicates, late and foreign reports change
//! no knowledge; the reply is chosen from the new state alone.

use mooring_mdm::device::Attributes;
use mooring_mdm::error_chain::says_not_found;
use mooring_mdm::ids::{Channel, CommandUuid, EnrollmentId, PayloadIdentifier};
use mooring_mdm::report::{Answer, Outcome};

use crate::attempts::{count_failure, count_lost, postpone};
use crate::command::{Command, CommandNames};
use crate::listing;
use crate::next::{Context, next_command};
use crate::raw;
use crate::state::{
    FailureReason, InFlight, LOST_MAX, Lost, NextAttempt, NotNow, Periodic, Phase, SyncState,
    Target, Unproven,
};

/// Something that happened to an enrollment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The device authenticated: a new epoch. Sent to the host's user channels as well.
    Authenticate,
    /// The device may be pushed to and commanded.
    TokenUpdate,
    /// The device left. Sent to the host's user channels as well.
    CheckOut,
    /// The device asks for work.
    Idle,
    /// The device reports the outcome of a command.
    Result {
        /// The command's uuid, as the device repeats it.
        uuid: CommandUuid,
        /// The outcome.
        outcome: Outcome,
    },
    /// A person asked for a refresh of this host.
    RefreshAsked,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closing {
    /// The device did it.
    Acknowledged,
    /// The device could not, for the reason given.
    Failed(FailureReason),
    /// The device was busy; the work is chosen anew at a later contact.
    NotNow,
    /// No report came; a list decides.
    Lost,
}

/// The outcome of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The state to store, durably, before the reply leaves.
    pub state: SyncState,
    /// The command to reply with, in flight from now on (or again).
    pub reply: Option<(CommandUuid, Command)>,
    /// The command that ended, if one did.
    pub closed: Option<(InFlight, Closing)>,
    /// Attributes that the device told.
    pub attributes: Option<Attributes>,
}

/// Takes one event.
pub fn step(state: &SyncState, event: Event, context: &Context<'_>) -> Step {
    let mut step = Step {
        state: state.clone(),
        reply: None,
        closed: None,
        attributes: None,
    };
    match event {
        Event::Authenticate => {
            let phase = match context.enrollment.channel() {
                Channel::Device => Phase::Authenticated,
                Channel::User => Phase::CheckedOut,
            };
            step.state = state.next_epoch(phase);
        }
        Event::TokenUpdate => token_update(&mut step.state),
        Event::CheckOut => {
            step.state.phase = Phase::CheckedOut;
            step.state.in_flight = None;
            step.state.not_now = None;
        }
        Event::Idle => idle(&mut step, context),
        Event::Result { uuid, outcome } => result(&mut step, &uuid, outcome, context),
        Event::RefreshAsked => refresh_asked(&mut step.state),
    }
    step
}

fn token_update(state: &mut SyncState) {
    match state.phase {
        Phase::Enrolled => {}
        Phase::Authenticated => state.phase = Phase::Enrolled,
        // Whatever happened while it was away is unknown.
        Phase::CheckedOut => *state = state.next_epoch(Phase::Enrolled),
    }
}

/// A person asked: a list answers, and everything that was parked or waits may be tried again.
/// What failed stays shown as failed until it succeeds.
fn refresh_asked(state: &mut SyncState) {
    state.list_asked = Some(state.sequence);
    state.list = Periodic {
        answered_at: state.list.answered_at,
        ..Periodic::default()
    };
    for attempts in state.attempts.values_mut() {
        (attempts.next, attempts.failed, attempts.lost) = (NextAttempt::Now, 0, 0);
    }
}

fn idle(step: &mut Step, context: &Context<'_>) {
    if step.state.phase != Phase::Enrolled {
        return;
    }
    if let Some(not_now) = &mut step.state.not_now {
        not_now.is_contact_over = false;
    }
    if raw::hand_out_again(step, context) {
        return;
    }
    if let Some(in_flight) = step.state.in_flight.take() {
        close_as_lost(&mut step.state, &in_flight, context);
        step.closed = Some((in_flight, Closing::Lost));
    }
    hand_out(step, None, context);
}

fn close_as_lost(state: &mut SyncState, in_flight: &InFlight, context: &Context<'_>) {
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
    state.lost.push(Lost {
        sequence,
        identifier: identifier.clone(),
        target,
    });
    if state.lost.len() > LOST_MAX {
        state.lost.remove(0);
    }
}

fn result(step: &mut Step, uuid: &CommandUuid, outcome: Outcome, context: &Context<'_>) {
    if step.state.phase == Phase::Enrolled && raw::result(step, uuid, &outcome, context) {
        return;
    }
    let (enrollment, epoch) = (context.enrollment, step.state.epoch);
    let Some(sequence) = context.names.sequence_of(enrollment, epoch, uuid) else {
        raw::repeated(step, uuid, context);
        return;
    };
    if step.state.phase != Phase::Enrolled {
        return;
    }
    match step.state.in_flight.take() {
        Some(in_flight) if in_flight.sequence == sequence => {
            let closing = close_by_report(step, &in_flight, outcome, context);
            step.closed = Some((in_flight, closing));
            hand_out(step, Some(sequence), context);
        }
        other => {
            step.state.in_flight = other;
            late_result(step, sequence, &outcome, context);
        }
    }
}

/// A report that is not about the command in flight: repeated, late, or from a future that this
/// store has forgotten.
fn late_result(step: &mut Step, sequence: u32, outcome: &Outcome, context: &Context<'_>) {
    let state = &mut step.state;
    if let Some(at) = state.lost.iter().position(|lost| lost.sequence == sequence) {
        let lost = state.lost.remove(at);
        if *outcome == Outcome::NotNow {
            return;
        }
        if let (Outcome::Acknowledged(_), Target::Present(revision)) = (outcome, &lost.target) {
            state.delivered = state.delivered.with(&lost.identifier, &revision.uuid);
        }
        // It was carried out (or refused) at a moment that no list is known to follow. It is
        // compared by a fresh list, never adopted.
        state.list_asked = Some(state.sequence);
        hand_out(step, None, context);
    } else if sequence > state.sequence {
        // Only a store that was rolled back does not know a genuine uuid: observe again.
        let mut anew = state.next_epoch(Phase::Enrolled);
        anew.epoch = state.epoch;
        anew.sequence = sequence;
        *state = anew;
        hand_out(step, None, context);
    } else if let Some(in_flight) = &state.in_flight
        && in_flight.in_reply_to == Some(sequence)
        && is_still_meant(&in_flight.command, context)
    {
        // The device did not get our reply and reports again: it gets the same reply.
        step.reply = self::in_flight(state, context.enrollment, context.names);
    }
}

/// Whether the desired state still asks for a command that was handed out.
pub(crate) fn is_still_meant(command: &Command, context: &Context<'_>) -> bool {
    match command {
        Command::ProfileList
        | Command::DeviceInformation
        | Command::RenewIdentity { .. }
        | Command::Raw { .. } => true,
        Command::InstallProfile {
            identifier,
            revision,
        } => context.desired.wanted(identifier) == Some(revision),
        Command::RemoveProfile { identifier } => context.desired.wanted(identifier).is_none(),
    }
}

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
            return Closing::NotNow;
        }
        Outcome::Acknowledged(answer) => {
            state.not_now = None;
            if let (Command::ProfileList, Some(reason)) =
                (&in_flight.command, incompleteness(&answer))
            {
                postpone(&mut state.list, context);
                return Closing::Failed(reason);
            }
            step.attributes = acknowledged(state, in_flight, answer, context);
            return Closing::Acknowledged;
        }
        Outcome::Error(chain) => FailureReason::Error { chain },
        Outcome::CommandFormatError(chain) => FailureReason::CommandFormatError { chain },
    };
    state.not_now = None;
    match &in_flight.command {
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
            if let FailureReason::Error { chain } = &reason
                && says_not_found(chain)
            {
                removed(state, identifier);
                return Closing::Acknowledged;
            }
            count_failure(state, identifier, &Target::Absent, reason.clone(), context);
        }
    }
    Closing::Failed(reason)
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
            return answer.attributes;
        }
        Command::InstallProfile {
            identifier,
            revision,
        } => {
            let change = Unproven::Installed(revision.clone());
            state.unproven.insert(identifier.clone(), change);
            state.delivered = state.delivered.with(identifier, &revision.uuid);
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

/// What somebody else asked for goes before what this server wants by itself.
pub(crate) fn hand_out(step: &mut Step, in_reply_to: Option<u32>, context: &Context<'_>) {
    let next = || next_command(&step.state, context);
    let Some(command) = raw::next(step, context).or_else(next) else {
        return;
    };
    let sequence = step.state.sequence.saturating_add(1);
    step.state.sequence = sequence;
    step.state.in_flight = Some(InFlight {
        sequence,
        command,
        at: context.now,
        in_reply_to,
        in_reply_to_raw: None,
    });
    step.reply = in_flight(&step.state, context.enrollment, context.names);
}

/// The command in flight under its uuid, as it was handed out.
pub fn in_flight(
    state: &SyncState,
    enrollment: &EnrollmentId,
    names: &CommandNames,
) -> Option<(CommandUuid, Command)> {
    let in_flight = state.in_flight.as_ref()?;
    let uuid = match &in_flight.command {
        Command::Raw { uuid, .. } => uuid.clone(),
        Command::ProfileList
        | Command::DeviceInformation
        | Command::InstallProfile { .. }
        | Command::RemoveProfile { .. }
        | Command::RenewIdentity { .. } => names.name(enrollment, state.epoch, in_flight.sequence),
    };
    Some((uuid, in_flight.command.clone()))
}
