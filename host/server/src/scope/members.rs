//! Who has a manual label: giving it and taking it, in batches.
//!
//! Knows nothing of rules. Invariants: nothing is done unless every host that was named is known;
//! what would follow is judged for all of them at once; each batch is stored whole or not at all.

use std::collections::{BTreeMap, BTreeSet};

use mooring_drift::scope::{Label, LabelName};
use mooring_mdm::ids::HostId;
use mooring_store::{Change, HostFacts, StoreError};

use super::ScopeError;
use crate::api::MembersChange;
use crate::change::{ChangeError, ChangeOptions, Changed};
use crate::core::Core;
use crate::impact::Weight;
use crate::limits::CONFLICT_RETRIES_MAX;

/// Hosts whose facts are written in one commit.
pub const FACTS_BATCH_MAX: usize = 256;

impl Core {
    /// Gives a manual label to hosts and takes it from others; each is named by id or serial
    /// number. Up to [`FACTS_BATCH_MAX`] hosts are changed in one commit; of more, each batch of
    /// that size is whole, and what was stored stays if a later one fails.
    ///
    /// # Errors
    /// [`ScopeError`] if the label has a rule, a host is not known, or the change is held.
    pub fn change_members(
        &self,
        name: &LabelName,
        add: &[String],
        remove: &[String],
        options: &ChangeOptions,
    ) -> Result<Changed<MembersChange>, ScopeError> {
        let _change = self.change();
        match self.shelf().scope.labels.get(name) {
            Some(Label::Manual) => {}
            Some(Label::Rule(_)) => return Err(ScopeError::FollowsRule(name.clone())),
            None => return Err(ScopeError::NoLabel(name.clone())),
        }
        let wanted = self.named_hosts(add, remove)?;
        let edit = |host: &HostId, facts: &mut HostFacts| {
            if wanted.get(host) == Some(&true) {
                facts.labels.insert(name.clone());
            } else {
                facts.labels.remove(name);
            }
        };
        let hosts: Vec<_> = wanted.keys().cloned().collect();
        let changed = self.edit_facts(&hosts, &edit, options)?;
        Ok(match changed {
            Changed::Planned(impact) => Changed::Planned(impact),
            Changed::Done(changed) => {
                let added = changed
                    .iter()
                    .filter(|host| wanted.get(*host) == Some(&true));
                let added = added.count();
                tracing::info!(label = %name, by = options.by, hosts = changed.len(), "a label was given or taken");
                Changed::Done(MembersChange {
                    label: name.clone(),
                    added: added as u64,
                    removed: (changed.len() - added) as u64,
                })
            }
        })
    }

    /// Takes a label that means nothing now from every host.
    pub(super) fn clear_members(&self, name: &LabelName) -> Result<(), ScopeError> {
        let mut members = Vec::new();
        self.each_sketch(|host| {
            if host.facts.labels.contains(name) {
                members.push(host.id.clone());
            }
        })?;
        let edit = |_: &HostId, facts: &mut HostFacts| {
            facts.labels.remove(name);
        };
        self.edit_facts(&members, &edit, &ChangeOptions::default())?;
        Ok(())
    }

    /// Edits what administrators said of hosts. Says which hosts were changed.
    pub(super) fn edit_facts(
        &self,
        hosts: &[HostId],
        edit: &impl Fn(&HostId, &mut HostFacts),
        options: &ChangeOptions,
    ) -> Result<Changed<Vec<HostId>>, ScopeError> {
        if options.is_plan {
            let (_, changes) = self.edited(hosts, edit)?;
            return Ok(match self.commit_change(changes, options)? {
                Changed::Planned(impact) => Changed::Planned(impact),
                Changed::Done(()) => Changed::Done(Vec::new()),
            });
        }
        if hosts.len() <= FACTS_BATCH_MAX {
            let commit = |changes| self.commit_change(changes, options).map(drop);
            return Ok(Changed::Done(self.commit_facts(hosts, edit, &commit)?));
        }
        let (_, changes) = self.edited(hosts, edit)?;
        if let Some(impact) = self.guarded(&self.shelf(), &changes, options, Weight::Removals)? {
            return Err(ChangeError::Held(Box::new(impact)).into());
        }
        drop(changes);
        let committed = self.commit_batches(hosts, edit);
        // Also after an error: some of the batches may be stored.
        self.restock().map_err(ChangeError::Store)?;
        committed.map(Changed::Done)
    }

    /// Batch after batch of what was judged as a whole, so that no part of it is held, nor looked
    /// at again. The caller restocks.
    fn commit_batches(
        &self,
        hosts: &[HostId],
        edit: &impl Fn(&HostId, &mut HostFacts),
    ) -> Result<Vec<HostId>, ScopeError> {
        let mut changed = Vec::new();
        for batch in hosts.chunks(FACTS_BATCH_MAX) {
            let commit = |changes| Ok(self.commit(changes)?);
            changed.extend(self.commit_facts(batch, edit, &commit)?);
        }
        Ok(changed)
    }

    /// One batch, decided anew if somebody removed one of its hosts meanwhile.
    fn commit_facts(
        &self,
        hosts: &[HostId],
        edit: &impl Fn(&HostId, &mut HostFacts),
        commit: &impl Fn(Vec<Change>) -> Result<(), ChangeError>,
    ) -> Result<Vec<HostId>, ScopeError> {
        let mut tries = 1;
        loop {
            let (changed, changes) = self.edited(hosts, edit)?;
            if changes.is_empty() {
                return Ok(changed);
            }
            match commit(changes) {
                Ok(()) => return Ok(changed),
                Err(ChangeError::Store(StoreError::Conflict { .. }))
                    if tries < CONFLICT_RETRIES_MAX =>
                {
                    tries += 1;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// What an edit changes, and of which hosts. A host that is gone is none of them.
    fn edited(
        &self,
        hosts: &[HostId],
        edit: &impl Fn(&HostId, &mut HostFacts),
    ) -> Result<(Vec<HostId>, Vec<Change>), ScopeError> {
        let (mut changed, mut changes) = (Vec::new(), Vec::new());
        for id in hosts {
            let Some(host) = self.host(id)? else {
                continue;
            };
            let mut facts = host.facts.clone();
            edit(id, &mut facts);
            if facts == host.facts {
                continue;
            }
            facts.check_size(id).map_err(ScopeError::Bounds)?;
            changed.push(id.clone());
            changes.push(Change::Facts {
                id: id.clone(),
                facts,
            });
        }
        Ok((changed, changes))
    }

    /// Hosts by the names under which they were given: whether each gets the label.
    fn named_hosts(
        &self,
        add: &[String],
        remove: &[String],
    ) -> Result<BTreeMap<HostId, bool>, ScopeError> {
        let found = self.find_hosts(add.iter().chain(remove))?;
        let ids = |names: &[String]| -> BTreeSet<HostId> {
            let ids = names.iter().filter_map(|name| found.get(name.as_str()));
            ids.cloned().collect()
        };
        let (added, removed) = (ids(add), ids(remove));
        let both = |name: &&String| {
            let id = found.get(name.as_str());
            id.is_some_and(|id| added.contains(id) && removed.contains(id))
        };
        let hosts: Vec<_> = add.iter().filter(both).cloned().collect();
        if !hosts.is_empty() {
            return Err(ScopeError::AddedAndRemoved { hosts });
        }
        let added = added.into_iter().map(|id| (id, true));
        Ok(added
            .chain(removed.into_iter().map(|id| (id, false)))
            .collect())
    }

    /// Hosts by id or serial number, all of them found in one walk.
    fn find_hosts<'a>(
        &self,
        names: impl Iterator<Item = &'a String>,
    ) -> Result<BTreeMap<&'a str, HostId>, ScopeError> {
        let mut found = BTreeMap::new();
        let mut serials: BTreeMap<&str, Vec<HostId>> = BTreeMap::new();
        for name in names {
            match HostId::parse(name).ok().map(|id| self.host(&id)) {
                Some(host) => match host? {
                    Some(host) => drop(found.insert(name.as_str(), host.id)),
                    None => drop(serials.entry(name).or_default()),
                },
                None => drop(serials.entry(name).or_default()),
            }
        }
        if !serials.is_empty() {
            self.each_sketch(|host| {
                let serial = host.attributes.serial_number.as_deref();
                if let Some(hosts) = serial.and_then(|serial| serials.get_mut(serial)) {
                    hosts.push(host.id.clone());
                }
            })?;
        }
        let (mut unknown, mut ambiguous) = (Vec::new(), Vec::new());
        for (name, mut hosts) in serials {
            match (hosts.pop(), hosts.len()) {
                (None, _) => unknown.push(name.to_owned()),
                (Some(host), 0) => drop(found.insert(name, host)),
                (Some(_), _) => ambiguous.push(name.to_owned()),
            }
        }
        if unknown.is_empty() && ambiguous.is_empty() {
            return Ok(found);
        }
        Err(ScopeError::Hosts { unknown, ambiguous })
    }
}
