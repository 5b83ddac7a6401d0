//! Sending a profile once more: to one host, or to every host on which it failed.
//!
//! Knows nothing of commands: it only marks, the device gets the work when it connects. Invariants:
//! what is pending already is left as it is; a host that was counted is stored.

use mooring_drift::desired::Wish;
use mooring_drift::state::Target;
use mooring_drift::status::{ProfileStatus, Status, profile_states};
use mooring_drift::step::Event;
use mooring_mdm::ids::{Channel, EnrollmentId, HostId, PayloadIdentifier};
use mooring_store::{Change, EnrollmentRecord, HostRecord, ProfileRecord, StoreError};

use super::HostError;
use super::change::live;
use crate::api::{FailedResent, Resent};
use crate::core::Core;
use crate::fleet::FleetFilter;
use crate::limits::CONFLICT_RETRIES_MAX;
use crate::shelf::{Shelf, is_wanted};

/// Hosts that are marked in one commit.
const HOSTS_A_COMMIT: usize = 256;

/// Why a profile is not sent to a host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// There is no such profile.
    #[error("no profile has this identifier")]
    Unknown,
    /// It was deleted.
    #[error("it was deleted")]
    Deleted,
    /// It is disabled.
    #[error("it is disabled")]
    Disabled,
    /// Its assignment leaves the host out.
    #[error("its assignment leaves this host out")]
    Outside,
    /// Nobody knows whether it is for the host.
    #[error("it cannot be told whether it is for this host")]
    MembershipUnknown,
    /// Values of the host are missing.
    #[error("this host has no value for {}", names.join(", "))]
    ValuesMissing {
        /// The names of their placeholders.
        names: Vec<String>,
    },
    /// It is for a user, and none has enrolled.
    #[error("it is for a user, and no user of this host has enrolled")]
    NoUser,
}

impl Core {
    /// Sends a profile to a host once more, or tries once more what failed there.
    ///
    /// # Errors
    /// [`HostError`] if there is no such host, it checked out, or the profile is not for it.
    pub fn resend(&self, name: &str, identifier: &PayloadIdentifier) -> Result<Resent, HostError> {
        let mut resent = None;
        self.change_host(name, |host| {
            let shelf = self.shelf();
            let channels = self.channels_for(&shelf, host, identifier)?;
            let (marked, pending) = self.marked(&shelf, host, &channels, identifier, |state| {
                !matches!(state, ProfileStatus::Pending { .. })
            });
            resent = Some(Resent {
                host: host.id.clone(),
                identifier: identifier.clone(),
                resent: marked.iter().map(|record| record.id.clone()).collect(),
                pending,
            });
            Ok(marked.into_iter().map(Change::Enrollment).collect())
        })?;
        resent.ok_or_else(|| HostError::NotFound(name.to_owned()))
    }

    /// Tries a profile once more on every host on which it failed.
    ///
    /// # Errors
    /// [`HostError`] if there is no such profile, or a host cannot be changed; those before it in
    /// order of id are.
    pub fn resend_failed(&self, identifier: &PayloadIdentifier) -> Result<FailedResent, HostError> {
        if !self.shelf().profiles.contains_key(identifier) {
            return Err(HostError::NoProfile(identifier.clone()));
        }
        let mut failed = FleetFilter {
            profile: Some(identifier.clone()),
            status: Some(Status::Failed),
            after: None,
            limit: HOSTS_A_COMMIT,
        };
        let mut hosts = 0;
        loop {
            let page = self.fleet_page(&failed)?;
            hosts += self.resend_some(&page.hosts, identifier)?;
            failed.after = page.next;
            if failed.after.is_none() {
                break;
            }
        }
        tracing::info!(%identifier, hosts, "a failed profile is tried once more");
        Ok(FailedResent {
            identifier: identifier.clone(),
            hosts,
        })
    }

    /// Marks hosts in one commit, or in smaller ones if they change all the time.
    fn resend_some(
        &self,
        ids: &[HostId],
        identifier: &PayloadIdentifier,
    ) -> Result<u64, HostError> {
        for _ in 0..CONFLICT_RETRIES_MAX {
            let (shelf, mut marked, mut hosts) = (self.shelf(), Vec::new(), 0);
            for id in ids {
                let host = self.host(id)?;
                let of_host = host.map(|host| self.failed_marked(&shelf, &host, identifier));
                let of_host = of_host.unwrap_or_default();
                hosts += u64::from(!of_host.is_empty());
                marked.extend(of_host);
            }
            if marked.is_empty() {
                return Ok(0);
            }
            let wanted: Vec<_> = marked.iter().map(|record| record.id.clone()).collect();
            let changes = marked.into_iter().map(Change::Enrollment).collect();
            match self.commit(changes) {
                Ok(()) => {
                    for id in &wanted {
                        self.contacts.want(id);
                    }
                    return Ok(hosts);
                }
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        match ids {
            [] => Ok(0),
            [one] => Err(HostError::Busy(one.to_string())),
            _ => {
                let (first, second) = ids.split_at(ids.len() / 2);
                let hosts = self.resend_some(first, identifier)?;
                Ok(hosts + self.resend_some(second, identifier)?)
            }
        }
    }

    fn failed_marked(
        &self,
        shelf: &Shelf,
        host: &HostRecord,
        identifier: &PayloadIdentifier,
    ) -> Vec<EnrollmentRecord> {
        let channels: Vec<_> = live(host).collect();
        let is_failed = |status: &ProfileStatus| matches!(status, ProfileStatus::Failed { .. });
        let (marked, _) = self.marked(shelf, host, &channels, identifier, is_failed);
        marked
    }

    /// The channels on which the profile is to be sent again, as they would be stored, and those
    /// on which it is on its way already.
    fn marked(
        &self,
        shelf: &Shelf,
        host: &HostRecord,
        channels: &[&EnrollmentRecord],
        identifier: &PayloadIdentifier,
        is_meant: impl Fn(&ProfileStatus) -> bool,
    ) -> (Vec<EnrollmentRecord>, Vec<EnrollmentId>) {
        let circumstances = self.circumstances(shelf, host);
        let (mut marked, mut others) = (Vec::new(), Vec::new());
        for record in channels {
            let desired = shelf.catalog.desired(record.id.channel(), &circumstances);
            let states = profile_states(&desired, &record.sync, &self.policy, self.now());
            let state = states.get(identifier);
            let step = state.filter(|state| is_meant(&state.status)).map(|_| {
                let identifier = identifier.clone();
                self.step(host, record, Event::ResendAsked { identifier })
            });
            match step {
                Some(step) if step.state != record.sync => {
                    let mut record = (*record).clone();
                    record.sync = step.state;
                    marked.push(record);
                }
                Some(_) | None => others.push(record.id.clone()),
            }
        }
        (marked, others)
    }

    /// The channels that should have the profile, or should lose it and did not.
    fn channels_for<'a>(
        &self,
        shelf: &Shelf,
        host: &'a HostRecord,
        identifier: &PayloadIdentifier,
    ) -> Result<Vec<&'a EnrollmentRecord>, HostError> {
        let not_sent = |reason| HostError::NotSent {
            identifier: identifier.clone(),
            host: host.id.to_string(),
            reason,
        };
        let profile = shelf.profiles.get(identifier);
        let profile = profile.ok_or_else(|| not_sent(NotSent::Unknown))?;
        let circumstances = self.circumstances(shelf, host);
        let (mut channels, mut reason) = (Vec::new(), None);
        if live(host).next().is_none() {
            return Err(HostError::CheckedOut(host.id.to_string()));
        }
        for record in live(host) {
            let desired = shelf.catalog.desired(record.id.channel(), &circumstances);
            match desired.wish(identifier) {
                Wish::Present(_) => channels.push(record),
                Wish::Absent => {
                    let target = Target::Absent;
                    if record.sync.attempts_for(identifier, &target).is_some() {
                        channels.push(record);
                    }
                }
                Wish::Waiting => reason = Some(NotSent::MembershipUnknown),
                Wish::Lacking(names) => {
                    let names = names.to_vec();
                    reason = Some(NotSent::ValuesMissing { names });
                }
            }
        }
        if channels.is_empty() {
            let is_outside = circumstances.outside.contains(identifier);
            let reason = reason.unwrap_or_else(|| absence(profile, is_outside));
            return Err(not_sent(reason));
        }
        Ok(channels)
    }
}

/// Why no channel should have the profile.
fn absence(profile: &ProfileRecord, is_outside: bool) -> NotSent {
    if profile.deleted_at.is_some() {
        NotSent::Deleted
    } else if !is_wanted(profile) {
        NotSent::Disabled
    } else if is_outside || profile.channel == Channel::Device {
        NotSent::Outside
    } else {
        NotSent::NoUser
    }
}
