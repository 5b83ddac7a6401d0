//! A stored profile before the validators that judge it only under another assignment.
//!
//! Knows nothing of who gets it. Invariants: a validator that judged it when it was pushed is not
//! asked again, so nothing that was taken is refused for being assigned within the same bindings; a
//! profile that nobody judged under a label does not come under it unjudged.

use mooring_drift::scope::Assignment;
use mooring_mdm::finding::Finding;
use mooring_mdm::ids::PayloadIdentifier;
use mooring_store::{Origin, StoreError};

use super::asking::Asking;
use super::registry::Bound;
use crate::core::Core;
use crate::findings::measure;
use crate::shelf::Shelf;

impl Core {
    /// What the validators say of a profile that would judge it under an assignment and do not under
    /// the one that it has, as it counts here. Nothing of one that is not there yet: it is judged when
    /// it is pushed.
    ///
    /// # Errors
    /// [`StoreError`] if the profile or the policy cannot be read.
    pub(crate) fn judge_assigned(
        &self,
        asking: &Asking,
        shelf: &Shelf,
        identifier: &PayloadIdentifier,
        assignment: Option<&Assignment>,
    ) -> Result<Vec<Finding>, StoreError> {
        let profile = shelf.profiles.get(identifier);
        let profile = profile.filter(|it| it.deleted_at.is_none() && it.origin == Origin::Uploaded);
        let now = shelf.scope.assignments.get(identifier);
        let comes_to = |bound: &Bound| {
            let record = &bound.record;
            record.judges(identifier, assignment) && !record.judges(identifier, now)
        };
        let Some(profile) = profile.filter(|_| asking.set.bindings.values().any(comes_to)) else {
            return Ok(Vec::new());
        };
        let Some(candidate) = self.stored(profile)? else {
            tracing::error!(profile = %identifier, "a stored profile cannot be judged");
            return Ok(Vec::new());
        };
        let mut findings = self.judge_bound(asking, &candidate, comes_to);
        let place = |node| candidate.place(node);
        measure(&mut findings, candidate.document.nodes(), place);
        self.settled(identifier, findings)
    }
}
