//! The sum of what a change would do to hosts.
//!
//! Knows nothing of how that was found. Invariants: every host counts, whether its page was asked
//! for or not; hosts are named in order of id and whole, with all their channels.

use std::collections::BTreeMap;

use mooring_drift::drift::{Change, InstallReason};
use mooring_mdm::ids::{HostId, PayloadIdentifier};

use super::compare::Channel;
use crate::api::{HostImpact, Impact, ImpactChange, ProfileImpact};
use crate::change::AffectedPage;

/// What was found so far.
pub(super) struct Tally<'a> {
    impact: Impact,
    profiles: BTreeMap<PayloadIdentifier, ProfileImpact>,
    page: &'a AffectedPage,
    /// Hosts on the page so far, and the last of them.
    named: usize,
    last: Option<HostId>,
}

impl<'a> Tally<'a> {
    pub(super) fn new(page: &'a AffectedPage) -> Self {
        Self {
            impact: Impact::default(),
            profiles: BTreeMap::new(),
            page,
            named: 0,
            last: None,
        }
    }

    /// Behind which host the page begins, and how many hosts are on it.
    pub(super) fn page(&self) -> (Option<&'a HostId>, usize) {
        (self.page.after.as_ref(), self.page.limit)
    }

    /// Adds a host; `None` if it does not count.
    pub(super) fn add(&mut self, host: &HostId, channels: Option<Vec<Channel>>) {
        let Some(channels) = channels else {
            return;
        };
        if self.count(&channels, 1) {
            self.name(host, channels);
        }
    }

    /// Adds `hosts` hosts of which this is true; says whether they would be named.
    pub(super) fn count(&mut self, channels: &[Channel], hosts: u64) -> bool {
        self.impact.hosts_of += hosts;
        let (mut is_losing, mut is_changed, mut is_unknown) = (0, 0, 0);
        for channel in channels {
            is_unknown |= u64::from(channel.is_unknown);
            self.impact.cancels += count(channel.cancels) * hosts;
            if !channel.changes.is_empty() {
                self.impact.commands += (count(channel.changes.len()) + 1) * hosts;
            }
            for change in &channel.changes {
                let is_removal = matches!(change, Change::Remove { .. });
                is_losing |= u64::from(is_removal);
                is_changed |= u64::from(is_removal | is_replacement(change));
                self.add_change(change, hosts);
            }
        }
        self.impact.hosts_losing += is_losing * hosts;
        self.impact.hosts_changed += is_changed * hosts;
        self.impact.hosts_unknown += is_unknown * hosts;
        let is_named = is_named(channels);
        self.impact.hosts += u64::from(is_named) * hosts;
        is_named
    }

    fn add_change(&mut self, change: &Change, hosts: u64) {
        let profile = self
            .profiles
            .entry(change.identifier().clone())
            .or_insert_with(|| ProfileImpact {
                identifier: change.identifier().clone(),
                installs: 0,
                replaces: 0,
                removes: 0,
            });
        let (own, all) = match change {
            Change::Remove { .. } => (&mut profile.removes, &mut self.impact.removes),
            Change::Install { .. } if is_replacement(change) => {
                (&mut profile.replaces, &mut self.impact.replaces)
            }
            Change::Install { .. } => (&mut profile.installs, &mut self.impact.installs),
        };
        *own += hosts;
        *all += hosts;
    }

    /// Whether a host is still to be named, or to be noted as the first behind the page.
    pub(super) fn has_room(&self, host: &HostId) -> bool {
        let is_behind = self.page.after.as_ref().is_none_or(|after| host > after);
        is_behind && self.impact.next.is_none()
    }

    /// Puts a host on the page, if it belongs there. Hosts come in order of id.
    pub(super) fn name(&mut self, host: &HostId, channels: Vec<Channel>) {
        if self.page.after.as_ref().is_some_and(|after| host <= after) {
            return;
        }
        if self.named == self.page.limit {
            self.impact.next = self.last.take().or(self.impact.next.take());
            return;
        }
        self.named += 1;
        self.last = Some(host.clone());
        let concerned = channels.into_iter().filter(|c| !c.changes.is_empty());
        let affected = concerned.map(|channel| HostImpact {
            host: host.clone(),
            enrollment: channel.enrollment,
            changes: channel.changes.into_iter().map(shown).collect(),
        });
        self.impact.affected.extend(affected);
    }

    /// The sum.
    pub(super) fn finish(mut self) -> Impact {
        self.impact.profiles = self.profiles.into_values().collect();
        self.impact
    }
}

/// Whether a host with these channels is named: something would be done to it.
pub(super) fn is_named(channels: &[Channel]) -> bool {
    channels.iter().any(|channel| !channel.changes.is_empty())
}

/// Whether something that is there gives way to it.
fn is_replacement(change: &Change) -> bool {
    match change {
        Change::Install { reason, .. } => match reason {
            InstallReason::Missing => false,
            InstallReason::Outdated | InstallReason::Asked | InstallReason::NewerSystem => true,
        },
        Change::Remove { .. } => false,
    }
}

fn shown(change: Change) -> ImpactChange {
    match change {
        Change::Install {
            identifier,
            revision,
            reason,
        } => ImpactChange::Install {
            identifier,
            version: revision.version,
            reason,
        },
        Change::Remove { identifier, .. } => ImpactChange::Remove { identifier },
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
