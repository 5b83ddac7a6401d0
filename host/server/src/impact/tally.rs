//! The sum of what a change would do to hosts.
//!
//! Knows nothing of how that was found. Invariants: every host counts, whether its page was asked
//! for or not; hosts are named in order of id and whole, with all their channels.

use std::collections::BTreeMap;

use mooring_drift::drift::{Change, InstallReason};
use mooring_mdm::ids::{HostId, PayloadIdentifier};
use mooring_store::HostRecord;

use super::compare::Channel;
use crate::api::{HostImpact, Impact, ImpactChange, ProfileImpact};
use crate::change::AffectedPage;

/// What was found so far. Hosts come in order of id.
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

    /// Adds a host; `None` if it does not count.
    pub(super) fn add(&mut self, host: &HostRecord, channels: Option<Vec<Channel>>) {
        let Some(channels) = channels else {
            return;
        };
        self.impact.hosts_of += 1;
        let (mut is_losing, mut is_changed, mut is_unknown) = (false, false, false);
        for channel in &channels {
            is_unknown |= channel.is_unknown;
            self.impact.cancels += count(channel.cancels);
            if !channel.changes.is_empty() {
                self.impact.commands += count(channel.changes.len()) + 1;
            }
            for change in &channel.changes {
                let is_removal = matches!(change, Change::Remove { .. });
                is_losing |= is_removal;
                is_changed |= is_removal | is_replacement(change);
                self.add_change(change);
            }
        }
        self.impact.hosts_losing += u64::from(is_losing);
        self.impact.hosts_changed += u64::from(is_changed);
        self.impact.hosts_unknown += u64::from(is_unknown);
        if channels.iter().any(|channel| !channel.changes.is_empty()) {
            self.impact.hosts += 1;
            self.name(&host.id, channels);
        }
    }

    fn add_change(&mut self, change: &Change) {
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
        *own += 1;
        *all += 1;
    }

    /// Puts a host on the page, if it belongs there.
    fn name(&mut self, host: &HostId, channels: Vec<Channel>) {
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
