//! Groups of hosts by what the definitions look at, so that each is made out once.
//!
//! Knows nothing of hosts' states. Invariant: a group is known only as long as the definitions are
//! the ones that it was made by.

use std::collections::BTreeMap;

use mooring_drift::classes::GroupId;
use mooring_drift::desired::Circumstances;
use mooring_drift::policy::Timestamp;
use mooring_mdm::device::Attributes;

use super::mentions::Rules;
use super::recount::can_have_user;
use crate::core::Core;
use crate::scope::Known;

/// Groups by what the definitions look at.
#[derive(Debug, Default)]
pub(super) struct GroupsByKey {
    known: BTreeMap<Vec<u8>, GroupId>,
    key: Vec<u8>,
}

impl GroupsByKey {
    /// The group of a host; `make` makes one.
    pub(super) fn of(
        &mut self,
        core: &Core,
        rules: &Rules,
        known: Known<'_>,
        fresh: Option<&Attributes>,
        now: Timestamp,
        make: impl FnOnce(&Circumstances, bool) -> GroupId,
    ) -> GroupId {
        rules.key(known, fresh, &mut self.key);
        if let Some(group) = self.known.get(&self.key) {
            return *group;
        }
        let circumstances = core.circumstances_at(&rules.shelf, known, now);
        let has_users = can_have_user(known.attributes.model.as_deref());
        let group = make(&circumstances, has_users);
        self.known.insert(self.key.clone(), group);
        group
    }

    /// Forgets all, since something else is looked at now.
    pub(super) fn clear(&mut self) {
        self.known.clear();
    }
}
