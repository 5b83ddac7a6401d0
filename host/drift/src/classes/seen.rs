//! One channel of a host as the index sees it.
//!
//! Knows nothing of classes. Invariant: everything that depends on the time is judged here or by the
//! caller, at one moment; nothing behind this has a clock.

use mooring_mdm::ids::{Channel, PayloadIdentifier, PayloadUuid};

use crate::desired::System;
use crate::next::{Context, is_attributes_due, is_list_due_first, may_try};
use crate::policy::{Policy, Timestamp};
use crate::state::{Phase, SyncState};

/// One live channel of a host at one moment.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Seen<'a> {
    /// Which channel.
    pub channel: Channel,
    /// What is stored of it.
    pub state: &'a SyncState,
    /// Whether its last list still says anything.
    pub is_known: bool,
    /// Whether a list must come before any change.
    pub is_list_due: bool,
    /// Whether a list may be asked for now.
    pub may_list: bool,
    /// Whether it gets nothing now: a command is in flight, or it said that it is busy.
    pub is_busy: bool,
    /// Whether there is work beside profiles and lists: a renewal, attributes.
    pub has_errand: bool,
    /// Whether it has to come even while it is busy: a command of others waits, or the device went
    /// away with one.
    pub is_called: bool,
    /// Whether no change is sent, since two devices speak for the host in turn.
    pub is_stopped: bool,
    /// The host's OS build, if that is known.
    pub build: Option<&'a str>,
    /// The host's system, if that is known.
    pub system: Option<&'a System>,
    /// The host's own copies.
    pub own: &'a OwnCopies,
    /// Says which waits are over.
    pub policy: &'a Policy,
    /// The moment.
    pub now: Timestamp,
}

impl<'a> Seen<'a> {
    /// The channel as [`next_command`](crate::next::next_command) would see it in this context: it
    /// has work if, and only if, that finds a command. Not for a context in which everything is
    /// paused: whoever pauses has to remember it.
    pub fn at(state: &'a SyncState, context: &Context<'a>, own: &'a OwnCopies) -> Self {
        let is_list_due = is_list_due_first(state, context);
        let may_list = may_try(&state.list, context);
        let has_renewal = context.renewal.is_some() && may_try(&state.renewal, context);
        let asks_attributes = !is_list_due && is_attributes_due(state, context);
        let circumstances = context.desired.circumstances;
        let is_over = state.not_now.is_some_and(|not_now| not_now.is_contact_over);
        Self {
            channel: context.enrollment.channel(),
            state,
            is_known: crate::listing::is_known(state, context.policy, context.now),
            is_list_due,
            may_list,
            is_busy: state.in_flight.is_some() || is_over,
            has_errand: has_renewal || asks_attributes,
            is_called: false,
            is_stopped: circumstances.hold.is_some() || state.hardware.is_contradicted,
            build: context.build_version,
            system: circumstances.system.as_ref(),
            own,
            policy: context.policy,
            now: context.now,
        }
    }

    /// Whether the channel counts: it did not check out.
    pub(super) fn is_live(&self) -> bool {
        self.state.phase != Phase::CheckedOut
    }
}

/// The copies that a host would have under its own values, each with the version that it is made
/// of, so that values do not make classes: of every version that the host may still have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnCopies(Vec<OwnCopy>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct OwnCopy {
    identifier: PayloadIdentifier,
    uuid: PayloadUuid,
    version: PayloadUuid,
}

impl OwnCopies {
    /// None: for a host without values, or while no profile has places for any.
    pub const NONE: Self = Self(Vec::new());

    /// Adds the copy `uuid` that is made of `version` with the host's values of this moment.
    pub fn insert(
        &mut self,
        identifier: PayloadIdentifier,
        uuid: PayloadUuid,
        version: PayloadUuid,
    ) {
        self.0.push(OwnCopy {
            identifier,
            uuid,
            version,
        });
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The version that `uuid` is made of, if it is the host's own copy.
    pub(super) fn version_of(
        &self,
        identifier: &PayloadIdentifier,
        uuid: &PayloadUuid,
    ) -> Option<&PayloadUuid> {
        let mut all = self.0.iter();
        let own = all.find(|own| own.uuid == *uuid && own.identifier == *identifier)?;
        Some(&own.version)
    }
}
