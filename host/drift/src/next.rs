//! The next command for an enrollment: a function of stored and desired state, nothing else.
//!
//! Knows nothing of messages or replies. Invariants: no change before a complete list of this
//! epoch; nothing at all in a contact that the device ended with NotNow; nothing while a command
//! is in flight.

use mooring_mdm::ids::{Channel, CommandUuid, EnrollmentId, PayloadIdentifier};

use crate::command::{Command, CommandNames};
use crate::desired::{Desired, Hold};
use crate::drift::Change;
use crate::plan::plan;
use crate::policy::{Policy, Timestamp};
use crate::state::{Periodic, Phase, SyncState};

/// What a decision depends on beside the state.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Whose state it is.
    pub enrollment: &'a EnrollmentId,
    /// What should be installed on its channel.
    pub desired: Desired<'a>,
    /// Intervals and bounds.
    pub policy: &'a Policy,
    /// Names commands and recognises them.
    pub names: &'a CommandNames,
    /// The host's OS build, if known.
    pub build_version: Option<&'a str>,
    /// Commands that somebody else made and that wait for this enrollment.
    pub raw: RawQueue<'a>,
    /// The enrollment profile, if the device should renew its identity now.
    pub renewal: Option<&'a PayloadIdentifier>,
    /// The moment of the decision.
    pub now: Timestamp,
}

/// The commands of others that wait, as far as a decision looks at them. The one in flight is not
/// among them.
#[derive(Debug, Clone, Copy, Default)]
pub struct RawQueue<'a> {
    /// The oldest.
    pub first: Option<&'a QueuedCommand>,
    /// The oldest that the device has not put off.
    pub fresh: Option<&'a QueuedCommand>,
}

/// A command that somebody else made, waiting for its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedCommand {
    /// The uuid that its maker chose.
    pub uuid: CommandUuid,
    /// Apple's name of it.
    pub request_type: String,
}

/// The command of ours that the enrollment should get next, if any.
pub fn next_command(state: &SyncState, context: &Context<'_>) -> Option<Command> {
    if state.phase != Phase::Enrolled || state.in_flight.is_some() || is_paused(context) {
        return None;
    }
    if state.not_now.is_some_and(|not_now| not_now.is_contact_over) {
        return None;
    }
    if let Some(identifier) = context.renewal
        && may_try(&state.renewal, context)
    {
        let identifier = identifier.clone();
        return Some(Command::RenewIdentity { identifier });
    }
    let may_list = may_try(&state.list, context);
    if is_list_due_first(state, context) {
        // While a due list may not be asked for yet, no change may be made either.
        return may_list.then_some(Command::ProfileList);
    }
    if is_attributes_due(state, context) {
        return Some(Command::DeviceInformation);
    }
    if let Some(change) = plan(state, context).into_iter().next() {
        return Some(match change {
            Change::Install {
                identifier,
                revision,
                ..
            } => Command::InstallProfile {
                identifier,
                revision,
            },
            Change::Remove { identifier, .. } => Command::RemoveProfile { identifier },
        });
    }
    (may_list && !state.unproven.is_empty()).then_some(Command::ProfileList)
}

/// Whether nothing at all may be sent.
pub(crate) fn is_paused(context: &Context<'_>) -> bool {
    context.desired.circumstances.hold == Some(Hold::Paused)
}

/// Whether a list must come before any change: none in this epoch, too old, asked for, or an
/// outcome was lost after it was requested.
pub(crate) fn is_list_due_first(state: &SyncState, context: &Context<'_>) -> bool {
    let Some(observed) = &state.observed else {
        return true;
    };
    state.list_asked.is_some()
        || state.last_lost > observed.sequence
        || context
            .policy
            .is_refresh_due(context.enrollment, observed.at, context.now)
}

/// Attributes are asked once per epoch and with every periodic refresh, on the device channel; the
/// list says when: they need no contact of their own.
pub(crate) fn is_attributes_due(state: &SyncState, context: &Context<'_>) -> bool {
    context.enrollment.channel() == Channel::Device
        && may_try(&state.attributes, context)
        && state.attributes.answered_at.is_none()
}

pub(crate) fn may_try(periodic: &Periodic, context: &Context<'_>) -> bool {
    periodic
        .retry_at
        .is_none_or(|until| context.policy.is_over(until, context.now))
}
