//! One profile on one channel: how far the channel has come, what its last list shows, what is in
//! flight, what was tried.
//!
//! Knows nothing of assignments. Invariant: the status is the one that every other page shows.

use mooring_drift::command::Command;
use mooring_drift::desired::Wish;
use mooring_drift::drift::may_remove;
use mooring_drift::state::{Attempts, Begun, InFlight, Phase, SyncState, Target};
use mooring_drift::status::{ProfileState, ProfileStatus, profile_states};
use mooring_mdm::ids::PayloadUuid;
use mooring_store::EnrollmentRecord;

use super::next::{when, work};
use super::{Case, fact, words};
use crate::api::{WhyChannel, WhyFact, WhyTopic};
use crate::clock::rfc3339;

impl Case<'_> {
    pub(super) fn channel(&self, record: &EnrollmentRecord) -> WhyChannel {
        let context = self
            .core
            .context(self.shelf, self.host, record, self.circumstances);
        let (policy, now) = (context.policy, context.now);
        let mut states = if record.sync.phase == Phase::CheckedOut {
            std::collections::BTreeMap::new()
        } else {
            profile_states(&context.desired, &record.sync, policy, now)
        };
        let state = states.remove(self.identifier);
        WhyChannel {
            enrollment: Some(record.id.clone()),
            facts: self.channel_facts(record),
            outcome: self.outcome(record, state.as_ref()),
            next: self.next(record, &context, state.as_ref()),
            remark: state.as_ref().and_then(|state| state.remark.clone()),
            state: state.map(|state| state.status),
        }
    }

    fn channel_facts(&self, record: &EnrollmentRecord) -> Vec<WhyFact> {
        let sync = &record.sync;
        let mut facts = vec![fact(WhyTopic::Channel, self.phase_words(record))];
        if sync.phase == Phase::CheckedOut {
            return facts;
        }
        facts.push(fact(WhyTopic::List, self.list_words(record)));
        if let Some(in_flight) = &sync.in_flight {
            facts.push(fact(WhyTopic::Command, command_words(in_flight)));
        }
        if let Some(attempts) = sync.attempts.get(self.identifier) {
            facts.extend(self.attempts_words(attempts, record));
        }
        if let Some(times) = sync.contested.get(self.identifier) {
            let words = format!("it vanished {} without our doing", words::in_a_row(*times));
            facts.push(fact(WhyTopic::Contested, words));
        }
        facts
    }

    fn phase_words(&self, record: &EnrollmentRecord) -> String {
        let seen = rfc3339(self.core.last_seen(&record.id, record.last_seen_at));
        let phase = match record.sync.phase {
            Phase::Authenticated => "it authenticated and has not told its push token yet",
            Phase::Enrolled => "enrolled",
            Phase::CheckedOut => "it has checked out",
        };
        let busy = record.sync.not_now.map(|not_now| {
            let (times, at) = (words::in_a_row(not_now.tally), rfc3339(not_now.push_at));
            format!("; busy (NotNow) {times}, woken at {at} at the latest")
        });
        format!(
            "{phase}, last heard of at {seen}{}",
            busy.unwrap_or_default()
        )
    }

    /// What the last complete list shows of the profile.
    fn list_words(&self, record: &EnrollmentRecord) -> String {
        let Some(observed) = &record.sync.observed else {
            return match record.sync.begun {
                Begun::Enrolled => "no complete list came since it enrolled",
                Begun::Reenrolled => "no complete list came since it enrolled anew",
                Begun::Wiped => "no complete list came since it was erased and set up anew",
                Begun::Restored => "no complete list came since it was restored from a backup",
                Begun::Observed => "no complete list came since this server lost track of it",
            }
            .to_owned();
        };
        let at = rfc3339(observed.at);
        match record.sync.listed_uuid(self.identifier) {
            None => format!("the list of {at} does not show it"),
            Some(uuid) => format!(
                "the list of {at} shows it as {uuid}, {}",
                self.uuid_words(record, uuid)
            ),
        }
    }

    /// Whose copy a uuid is.
    fn uuid_words(&self, record: &EnrollmentRecord, uuid: &PayloadUuid) -> String {
        let context = self
            .core
            .context(self.shelf, self.host, record, self.circumstances);
        let wanted = context.desired.wanted(self.identifier);
        if let Some(wanted) = wanted.filter(|wanted| wanted.uuid == *uuid) {
            return format!("which is version {} as it should be", wanted.version);
        }
        let versions = self.profile.map_or(&[][..], |profile| &profile.versions);
        let plain = versions.iter().rev().find(|version| version.uuid == *uuid);
        if let Some(version) = plain {
            return format!("which is version {}", version.version);
        }
        let is_filled = |version: &&mooring_store::VersionRecord| {
            self.core.personal.is_made(&version.uuid, uuid)
        };
        if let Some(version) = versions.iter().find(is_filled) {
            return format!(
                "which is version {} with values of this host",
                version.version
            );
        }
        if may_remove(&context.desired, &record.sync, self.identifier, uuid) {
            return "which this server installed".to_owned();
        }
        "which this server neither made nor installed".to_owned()
    }

    fn attempts_words(&self, attempts: &Attempts, record: &EnrollmentRecord) -> Option<WhyFact> {
        if attempts.failed == 0 && attempts.lost == 0 {
            return None;
        }
        let context = self
            .core
            .context(self.shelf, self.host, record, self.circumstances);
        let wanted = context.desired.wanted(self.identifier);
        let target = match &attempts.target {
            Target::Present(revision) => format!("to install version {}", revision.version),
            Target::Absent => "to remove it".to_owned(),
        };
        let is_old = match &attempts.target {
            Target::Present(revision) => wanted != Some(revision),
            Target::Absent => wanted.is_some(),
        };
        let mut words = vec![format!("{} failed {target}", attempts.failed)];
        if attempts.lost > 0 {
            words.push(format!("{} without a report", attempts.lost));
        }
        if let Some(reason) = &attempts.reason {
            words.push(format!("the last: {}", words::failure(reason)));
        }
        if let Some(build) = &attempts.build_version {
            words.push(format!("on build {build}"));
        }
        words.push(if is_old {
            "that is no longer what is wanted".to_owned()
        } else {
            format!("the next: {}", when(attempts.next))
        });
        Some(fact(WhyTopic::Attempts, words.join("; ")))
    }

    fn outcome(&self, record: &EnrollmentRecord, state: Option<&ProfileState>) -> String {
        let Some(state) = state else {
            return self.outcome_of_nothing(&record.sync);
        };
        let context = self
            .core
            .context(self.shelf, self.host, record, self.circumstances);
        match (context.desired.wish(self.identifier), &state.status) {
            (Wish::Waiting, _) => "unknown: nobody knows whether it is for this host".to_owned(),
            (Wish::Lacking([]), _) => {
                "pending: none of this host's values for it are known".to_owned()
            }
            (Wish::Lacking(names), _) => {
                format!("pending: this host has no value for {}", names.join(", "))
            }
            (Wish::Present(_), ProfileStatus::Unknown) if record.sync.observed.is_some() => {
                "unknown: the last list is too old to say anything".to_owned()
            }
            (Wish::Present(_) | Wish::Absent, status) => {
                let removes =
                    matches!(status, ProfileStatus::Pending { .. }) && state.wanted.is_none();
                let of = work(record, &context, self.identifier);
                let of = of.filter(|_| removes).map(|of| format!(" ({of})"));
                words::status(status) + &of.unwrap_or_default()
            }
        }
    }

    /// It is neither wanted nor to be removed.
    fn outcome_of_nothing(&self, sync: &SyncState) -> String {
        if sync.phase == Phase::CheckedOut {
            return "not counted: the host has checked out".to_owned();
        }
        match (&sync.observed, sync.listed_uuid(self.identifier)) {
            (None, _) => "it should be absent, and no list tells whether it is".to_owned(),
            (Some(_), Some(_)) => "an unmanaged copy: it stays as it is".to_owned(),
            (Some(_), None) => "absent, as it should be".to_owned(),
        }
    }
}

fn command_words(in_flight: &InFlight) -> String {
    let at = rfc3339(in_flight.at);
    let what = match &in_flight.command {
        Command::ProfileList => "ProfileList".to_owned(),
        Command::DeviceInformation => "DeviceInformation".to_owned(),
        Command::InstallProfile {
            identifier,
            revision,
        } => {
            let version = revision.version;
            format!("InstallProfile of {identifier} version {version}")
        }
        Command::RemoveProfile { identifier } => format!("RemoveProfile of {identifier}"),
        Command::RenewIdentity { .. } => "the renewal of its identity".to_owned(),
        Command::Raw { request_type, .. } => format!("somebody else's {request_type}"),
    };
    format!("{what} was handed out at {at}; no report came yet")
}
