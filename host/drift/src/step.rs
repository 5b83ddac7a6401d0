//! One event of one enrollment: from the stored state to the next one, and to the reply.
//!
//! Knows nothing of the store or the wire. Invariants: a report is judged by the command it
//! answers, and only while that command is in flight; duplicates, late and foreign reports change
//! no knowledge; the reply is chosen from the new state alone.

use mooring_mdm::device::Attributes;
use mooring_mdm::ids::{Channel, CommandUuid, EnrollmentId, PayloadIdentifier};
use mooring_mdm::report::Outcome;

use crate::closing::{close_as_lost, close_by_report};
use crate::command::{Command, CommandNames, Number};
use crate::desired::Wish;
use crate::next::{Context, is_paused, next_command};
use crate::raw;
use crate::state::{
    Begun, FailureReason, Hardware, InFlight, NextAttempt, Periodic, Phase, SyncState, Target,
};

/// Something that happened to an enrollment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The device authenticated: a new epoch. Sent to the host's user channels as well.
    Authenticate {
        /// The serial number that it told.
        serial: Option<String>,
    },
    /// The device may be pushed to and commanded.
    TokenUpdate(TokenUpdate),
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
    /// A person wants a profile installed once more, or another try of one that failed.
    ResendAsked {
        /// The profile.
        identifier: PayloadIdentifier,
    },
    /// A person made sure that one device alone speaks for the host.
    Settled,
}

/// What a `TokenUpdate` tells beside where to push to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TokenUpdate {
    /// Whether the push magic differs from the one known: every enrollment has its own.
    pub is_other_magic: bool,
    /// Whether the push token differs from the one known.
    pub is_other_token: bool,
    /// Whether the device is being set up.
    pub is_awaiting_configuration: bool,
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
    /// Whether the device proved that this server forgot a command, as one does whose store was
    /// rolled back.
    pub is_rolled_back: bool,
}

/// Takes one event.
pub fn step(state: &SyncState, event: Event, context: &Context<'_>) -> Step {
    let mut step = Step {
        state: state.clone(),
        reply: None,
        closed: None,
        attributes: None,
        is_rolled_back: false,
    };
    match event {
        Event::Authenticate { serial } => authenticate(&mut step.state, serial.as_deref(), context),
        Event::TokenUpdate(told) => token_update(&mut step.state, told),
        Event::CheckOut => {
            step.state.phase = Phase::CheckedOut;
            step.state.in_flight = None;
            step.state.not_now = None;
        }
        Event::Idle => idle(&mut step, context),
        Event::Result { uuid, outcome } => result(&mut step, &uuid, outcome, context),
        Event::RefreshAsked => refresh_asked(&mut step.state),
        Event::ResendAsked { identifier } => resend_asked(&mut step.state, &identifier, context),
        Event::Settled => {
            // What was listed, and what was delivered, may be what the other device has.
            step.state = state.observed_anew();
            step.state.hardware = Hardware::default();
        }
    }
    step
}

fn authenticate(state: &mut SyncState, serial: Option<&str>, context: &Context<'_>) {
    let phase = match context.enrollment.channel() {
        Channel::Device => Phase::Authenticated,
        Channel::User => Phase::CheckedOut,
    };
    // Epochs count from any number, so they do not tell. A device that authenticates once more before
    // it ever enrolled has not enrolled before.
    let is_first = state.phase == Phase::Authenticated
        && state.begun == Begun::Enrolled
        && state.sequence == 0;
    *state = state.next_epoch(phase);
    state.begun = if is_first {
        Begun::Enrolled
    } else {
        Begun::Reenrolled
    };
    if let (Channel::Device, Some(serial)) = (context.enrollment.channel(), serial) {
        state.hardware.told(serial, true);
    }
}

fn token_update(state: &mut SyncState, told: TokenUpdate) {
    match state.phase {
        // The magic changes with the enrollment alone: this is another one, or an older one.
        Phase::Enrolled if told.is_other_magic => {
            *state = state.next_epoch(Phase::Enrolled);
            state.begun = Begun::Restored;
        }
        // A token changes by itself, and when a device is restored from a backup of its own.
        Phase::Enrolled if told.is_other_token => state.list_asked = Some(state.sequence),
        Phase::Enrolled => {}
        Phase::Authenticated => {
            state.phase = Phase::Enrolled;
            if state.begun == Begun::Reenrolled && told.is_awaiting_configuration {
                state.begun = Begun::Wiped;
            }
        }
        // Whatever happened while it was away is unknown.
        Phase::CheckedOut => {
            *state = state.next_epoch(Phase::Enrolled);
            state.begun = Begun::Reenrolled;
        }
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
    state.attributes = Periodic::default();
    state.contested.clear();
    for attempts in state.attempts.values_mut() {
        (attempts.next, attempts.failed, attempts.lost) = (NextAttempt::Now, 0, 0);
    }
}

/// A person asked for one profile: what failed is tried anew, what is there is installed once more,
/// and what is on its way already is on its way.
fn resend_asked(state: &mut SyncState, identifier: &PayloadIdentifier, context: &Context<'_>) {
    state.contested.remove(identifier);
    // A list that could not be had may hold everything up.
    state.list.retry_at = None;
    let wanted = context.desired.wanted(identifier);
    let target = wanted.map_or(Target::Absent, |revision| Target::Present(revision.clone()));
    if let Some(attempts) = state.attempts.get_mut(identifier)
        && attempts.target == target
    {
        (attempts.next, attempts.failed, attempts.lost) = (NextAttempt::Now, 0, 0);
        return;
    }
    let is_there = wanted.is_some_and(|wanted| state.uuid_of(identifier) == Some(&wanted.uuid));
    let is_on_its_way = state.unproven.contains_key(identifier)
        || state
            .in_flight
            .as_ref()
            .is_some_and(|in_flight| in_flight.command.identifier() == Some(identifier));
    if is_there && !is_on_its_way {
        state.resend.insert(identifier.clone());
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

fn result(step: &mut Step, uuid: &CommandUuid, outcome: Outcome, context: &Context<'_>) {
    if step.state.phase == Phase::Enrolled && raw::result(step, uuid, &outcome, context) {
        return;
    }
    let (enrollment, epoch) = (context.enrollment, step.state.epoch);
    let Some(number) = context.names.number_of(enrollment, epoch, uuid) else {
        raw::repeated(step, uuid, context);
        return;
    };
    if step.state.phase != Phase::Enrolled {
        return;
    }
    let Number { era, sequence } = number;
    if era != step.state.era {
        // What of an earlier era is late was given up with it. One that is as late as this one began
        // at the same old copy, and is over too.
        if number.is_later_than(step.state.era) && number.place() > step.state.sequence {
            rolled_back(step, number.place(), context);
        }
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
        rolled_back(step, sequence, context);
    } else if let Some(in_flight) = &state.in_flight
        && in_flight.in_reply_to == Some(sequence)
        && is_still_meant(&in_flight.command, context)
    {
        // The device did not get our reply and reports again: it gets the same reply.
        step.reply = self::in_flight(state, context.enrollment, context.names);
    }
}

/// Only a store that was rolled back does not know a genuine uuid: observe again, and count on from
/// `sequence`, so that the same report proves nothing twice.
fn rolled_back(step: &mut Step, sequence: u32, context: &Context<'_>) {
    step.state = step.state.observed_anew();
    step.state.sequence = sequence;
    step.is_rolled_back = true;
    hand_out(step, None, context);
}

/// Whether a command that was handed out may be handed out once more: the desired state still asks
/// for it, and nothing holds it back.
pub fn is_still_meant(command: &Command, context: &Context<'_>) -> bool {
    if is_paused(context) {
        return false;
    }
    let is_held = context.desired.circumstances.hold.is_some();
    match command {
        Command::ProfileList
        | Command::DeviceInformation
        | Command::RenewIdentity { .. }
        | Command::Raw { .. } => true,
        Command::InstallProfile {
            identifier,
            revision,
        } => !is_held && context.desired.wish(identifier) == Wish::Present(revision),
        Command::RemoveProfile { identifier } => {
            !is_held && context.desired.is_unwanted(identifier)
        }
    }
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
        | Command::RenewIdentity { .. } => {
            let number = Number {
                era: state.era,
                sequence: in_flight.sequence,
            };
            names.name(enrollment, state.epoch, number)
        }
    };
    Some((uuid, in_flight.command.clone()))
}
