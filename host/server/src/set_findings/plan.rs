//! What a change would bring: findings in the sets that hosts would get by it, and do not in those
//! that they should have now.
//!
//! Knows nothing of removals or guards. Invariants: it changes nothing; where there is more to look
//! at than fits a moment, those of most hosts are looked at, and it is said that there are more.

use std::collections::{BTreeMap, BTreeSet};

use mooring_mdm::ids::HostId;
use mooring_store::{Change, HostFacts, StoreError};

use super::editions::{Editions, lost};
use super::judge::Together;
use super::report::{details, same};
use super::wanted::Wanted;
use crate::api::SetFindingDetail;
use crate::core::Core;
use crate::plugins::Asking;
use crate::scope::Known;
use crate::shelf::Shelf;

/// Hosts that are read at once.
const PAGE: usize = 2_000;

/// Longest look at who would get what, in ms.
const LOOK_MS: u64 = 1_000;

/// Pairs of sets that are judged.
const PAIRS_MAX: usize = 200;

/// Longest judging, in ms.
const JUDGE_MS: u64 = 2_000;

/// Findings that are told.
const TOLD_MAX: usize = 100;

/// A change of shelf and hosts.
pub(crate) struct SetProspect<'a> {
    /// The shelf of now.
    pub(crate) before: &'a Shelf,
    /// The shelf of then.
    pub(crate) after: &'a Shelf,
    /// What administrators would have said of hosts.
    pub(crate) facts: &'a BTreeMap<HostId, HostFacts>,
    /// The changes themselves.
    pub(crate) changes: &'a [Change],
}

/// What hosts get now and would get, with how many they are.
type Pairs = BTreeMap<Pair, u64>;

/// What a host gets now, and what it would get.
type Pair = (Vec<Wanted>, Vec<Wanted>);

impl Core {
    /// What would be wrong with sets, that is not now; and whether that is all.
    pub(crate) fn new_set_findings(
        &self,
        prospect: &SetProspect<'_>,
    ) -> Result<(Vec<SetFindingDetail>, bool), StoreError> {
        let (pairs, mut is_all) = self.pairs(prospect)?;
        let mut pairs: Vec<_> = pairs.into_iter().collect();
        pairs.sort_by_key(|(_, hosts)| std::cmp::Reverse(*hosts));
        is_all &= pairs.len() <= PAIRS_MAX;
        let mut editions = Editions::with(prospect.changes);
        let asking = self.asking(true);
        let mut sums: BTreeMap<String, SetFindingDetail> = BTreeMap::new();
        let begun = self.now();
        for ((now, then), hosts) in pairs.into_iter().take(PAIRS_MAX) {
            if self.now().0.abs_diff(begun.0) >= JUDGE_MS {
                is_all = false;
                break;
            }
            let sets = (now.as_slice(), then.as_slice());
            for finding in self.found_between((&asking, &mut editions), prospect, sets)? {
                let sum = sums.entry(same(&finding)).or_insert(finding);
                sum.hosts += hosts;
            }
        }
        let mut findings = self.settled_sets(sums.into_values().collect())?;
        findings.sort_by_key(|it| (std::cmp::Reverse(it.finding.severity), it.hosts));
        is_all &= findings.len() <= TOLD_MAX;
        findings.truncate(TOLD_MAX);
        Ok((findings, is_all))
    }

    fn found_between(
        &self,
        (asking, editions): (&Asking, &mut Editions),
        prospect: &SetProspect<'_>,
        (now, then): (&[Wanted], &[Wanted]),
    ) -> Result<Vec<SetFindingDetail>, StoreError> {
        let (store, after) = (&*self.store, prospect.after);
        let known = editions.members(store, prospect.before, now, |_| None)?;
        let known = Together {
            members: &known,
            gone: &[],
        };
        let found = details(self.judge_together(asking, known), known);
        let known: BTreeSet<String> = found.iter().map(same).collect();
        let replaced = |one: &Wanted| {
            let old = now.iter().find(|old| old.identifier == one.identifier)?;
            (old.version != one.version).then_some(old.version)
        };
        let members = editions.members(store, after, then, replaced)?;
        let mut gone = Vec::new();
        for one in lost(now, then) {
            gone.extend(editions.edition(store, prospect.before, one)?);
        }
        let together = Together {
            members: &members,
            gone: &gone,
        };
        let mut found = details(self.judge_together(asking, together), together);
        found.retain(|finding| !known.contains(&same(finding)));
        Ok(found)
    }

    /// Who gets what and would get what, as far as these differ; and whether everybody was looked at.
    fn pairs(&self, prospect: &SetProspect<'_>) -> Result<(Pairs, bool), StoreError> {
        let mut pairs = Pairs::new();
        for (id, facts) in prospect.facts {
            if let Some(host) = self.host(id)? {
                let known = Known::from(&host);
                let pair = self.pair(prospect, known, Some(facts));
                count(&mut pairs, pair, 1);
            }
        }
        if std::ptr::eq(prospect.before, prospect.after) {
            return Ok((pairs, true));
        }
        let groupings =
            [prospect.before, prospect.after].map(|shelf| (shelf, self.grouping(shelf)));
        let mut kinds: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
        let mut found: Vec<(Pair, u64)> = Vec::new();
        let begun = self.now();
        let (mut behind, mut key) = (None, Vec::new());
        let is_all = loop {
            let page = self.store.sketches(behind.as_ref(), PAGE)?;
            for host in page
                .iter()
                .filter(|it| !prospect.facts.contains_key(&it.id))
            {
                let known = Known::from(host);
                let mut kind = Vec::new();
                for (shelf, grouping) in &groupings {
                    grouping.key(self, shelf, known, &mut key);
                    kind.extend(key.len().to_le_bytes());
                    kind.extend(&key);
                }
                let at = *kinds.entry(kind).or_insert_with(|| {
                    found.push((self.pair(prospect, known, None), 0));
                    found.len() - 1
                });
                found[at].1 += 1;
            }
            if page.len() < PAGE {
                break true;
            }
            if self.now().0.abs_diff(begun.0) >= LOOK_MS {
                break false;
            }
            behind = page.last().map(|host| host.id.clone());
        };
        for (pair, hosts) in found {
            count(&mut pairs, pair, hosts);
        }
        Ok((pairs, is_all))
    }

    fn pair(&self, prospect: &SetProspect<'_>, host: Known<'_>, facts: Option<&HostFacts>) -> Pair {
        let then = Known {
            facts: facts.unwrap_or(host.facts),
            ..host
        };
        let now = self.wanted(prospect.before, host);
        (now, self.wanted(prospect.after, then))
    }
}

fn count(pairs: &mut Pairs, pair: Pair, hosts: u64) {
    if pair.0 != pair.1 {
        *pairs.entry(pair).or_default() += hosts;
    }
}
