//! What happens next with one profile on one channel, and what to do if that is nothing.
//!
//! Knows nothing of what led there. Invariant: it is read from the engine's own plan and next
//! command, so it is what would happen.

use mooring_drift::command::Command;
use mooring_drift::desired::{Hold, Wish};
use mooring_drift::drift::{Change, drift};
use mooring_drift::next::{Context, next_command};
use mooring_drift::plan::plan;
use mooring_drift::state::{NextAttempt, Phase};
use mooring_drift::status::ProfileState;
use mooring_mdm::ids::PayloadIdentifier;
use mooring_store::EnrollmentRecord;

use super::Case;
use crate::clock::rfc3339;
use crate::device::device_record;

/// When a next attempt is allowed, in words.
pub(super) fn when(next: NextAttempt) -> String {
    match next {
        NextAttempt::Now => "at the next contact".to_owned(),
        NextAttempt::At(at) => format!("at the first contact after {}", rfc3339(at)),
        NextAttempt::Parked => "none, parked".to_owned(),
    }
}

/// The command that the drift of a profile asks for, if there is any.
pub(super) fn work(
    record: &EnrollmentRecord,
    context: &Context<'_>,
    identifier: &PayloadIdentifier,
) -> Option<String> {
    let change = change(record, context, identifier)?;
    Some(command(&change))
}

fn change(
    record: &EnrollmentRecord,
    context: &Context<'_>,
    identifier: &PayloadIdentifier,
) -> Option<Change> {
    let changes = drift(&context.desired, &record.sync).unwrap_or_default();
    changes
        .into_iter()
        .find(|change| change.identifier() == identifier)
}

fn command(change: &Change) -> String {
    match change {
        Change::Install { revision, .. } => {
            format!("InstallProfile of version {}", revision.version)
        }
        Change::Remove { .. } => "RemoveProfile".to_owned(),
    }
}

impl Case<'_> {
    pub(super) fn next(
        &self,
        record: &EnrollmentRecord,
        context: &Context<'_>,
        state: Option<&ProfileState>,
    ) -> String {
        let sync = &record.sync;
        match sync.phase {
            Phase::CheckedOut => return "nothing: it has to enroll again first".to_owned(),
            Phase::Authenticated => {
                return "nothing until the device tells its push token (TokenUpdate)".to_owned();
            }
            Phase::Enrolled => {}
        }
        if device_record(self.host).is_some_and(|device| device.access.is_blocked) {
            let id = &self.host.id;
            return format!(
                "nothing: the host is blocked and told to leave; mooring host unblock {id}"
            );
        }
        let in_flight = sync.in_flight.as_ref().map(|in_flight| &in_flight.command);
        if in_flight.and_then(Command::identifier) == Some(self.identifier) {
            return "the device's report on the command, then a list that proves it".to_owned();
        }
        if self.circumstances.hold == Some(Hold::Paused) {
            return "nothing until sending goes on: mooring resume".to_owned();
        }
        match context.desired.wish(self.identifier) {
            Wish::Waiting => return self.until_known(),
            Wish::Lacking(names) => return self.until_set(names),
            Wish::Present(_) | Wish::Absent => {}
        }
        if state.is_none() && sync.observed.is_some() {
            return "nothing".to_owned();
        }
        // A list comes first, and the device could not give one.
        let waits = sync
            .list
            .retry_at
            .filter(|at| !self.core.policy.is_over(*at, context.now));
        if let (true, Some(at)) = (sync.observed.is_none() || sync.list_asked.is_some(), waits) {
            return format!(
                "nothing before a complete list: the last one was refused or damaged (see the \
                 commands of mooring host show {}), and is asked for again after {}; mooring host \
                 refresh asks at once",
                self.host.id,
                rfc3339(at)
            );
        }
        if next_command(sync, context) == Some(Command::ProfileList) {
            return "ProfileList at the next contact, which decides what follows".to_owned();
        }
        match change(record, context, self.identifier) {
            Some(change) => self.with_change(record, context, &change),
            None if sync.unproven.contains_key(self.identifier) => {
                "a list, which proves it or not".to_owned()
            }
            None if sync.observed.is_none() => "a list, which decides what follows".to_owned(),
            None => "nothing".to_owned(),
        }
    }

    fn until_known(&self) -> String {
        if self.core.fresh_attributes(self.host).is_none() {
            return "nothing until the device tells its attributes (DeviceInformation, asked for \
                    with the next list)"
                .to_owned();
        }
        "nothing until the rules above can tell; what is there stays".to_owned()
    }

    fn until_set(&self, names: &[String]) -> String {
        let declared = names.iter().filter_map(|name| {
            let (kind, name) = name.split_once('.')?;
            (kind != "host").then(|| name.to_owned())
        });
        let declared: Vec<_> = declared.collect();
        if declared.is_empty() {
            return "nothing until the device tells what is missing".to_owned();
        }
        format!(
            "nothing until the host has a value for {}: mooring host set {}",
            declared.join(", "),
            self.host.id
        )
    }

    fn with_change(
        &self,
        record: &EnrollmentRecord,
        context: &Context<'_>,
        change: &Change,
    ) -> String {
        let sync = &record.sync;
        let work = command(change);
        if self.circumstances.hold == Some(Hold::Duplicate) {
            return format!(
                "nothing until it is settled which device this host is: mooring host settle {}; then {work}",
                self.host.id
            );
        }
        if plan(sync, context).contains(change) {
            return match sync.not_now {
                Some(not_now) if not_now.is_contact_over => format!(
                    "{work} once the device is no longer busy; it is woken at {} at the latest",
                    rfc3339(not_now.push_at)
                ),
                Some(_) | None if sync.in_flight.is_some() => {
                    format!("{work} after the command that is in flight")
                }
                Some(_) | None => format!("{work} at the next contact"),
            };
        }
        if context.desired.is_blocked(self.identifier) {
            return "nothing: its secrets could be read by others on the way; use mtls, or an \
                    RSA identity"
                .to_owned();
        }
        let attempts = sync.attempts_for(self.identifier, &change.target());
        match attempts.map(|attempts| attempts.next) {
            Some(next @ (NextAttempt::Now | NextAttempt::At(_))) => {
                format!("{work} {}", when(next))
            }
            Some(NextAttempt::Parked) => format!(
                "nothing: parked until the content, the OS build or a person changes it: mooring \
                 resend {} --host {}",
                self.identifier, self.host.id
            ),
            None => format!("{work} at a coming contact"),
        }
    }
}
