//! Assignments: whom each profile is for.
//!
//! Knows nothing of what a label means. Invariant: an assignment names labels that are defined;
//! its profile need not be there yet.

use mooring_drift::scope::Assignment;
use mooring_mdm::ids::PayloadIdentifier;
use mooring_store::Space;

use super::ScopeError;
use crate::api::{AssignmentDetail, AssignmentListing};
use crate::change::{ChangeOptions, Changed};
use crate::core::Core;
use crate::documents;
use crate::findings::refuses;
use crate::shelf::Shelf;

impl Core {
    /// Says whom a profile is for; without an assignment it is for every host. The profile may be
    /// pushed later.
    ///
    /// # Errors
    /// [`ScopeError`] if labels are not defined, there is nothing to take back, validators that judge
    /// the profile only now refuse it, or the change is held.
    pub fn set_assignment(
        &self,
        identifier: &PayloadIdentifier,
        assignment: Option<&Assignment>,
        options: &ChangeOptions,
    ) -> Result<Changed<AssignmentDetail>, ScopeError> {
        let _change = self.change();
        let shelf = self.shelf();
        let key = identifier.as_str().as_bytes();
        let change = if let Some(assignment) = assignment {
            let defined = &shelf.scope.labels;
            let labels = assignment.labels().into_iter();
            let labels: Vec<_> = labels.filter(|l| !defined.contains_key(*l)).collect();
            if !labels.is_empty() {
                let labels = labels.into_iter().cloned().collect();
                return Err(ScopeError::UndefinedLabels { labels });
            }
            documents::put(key, assignment)?
        } else {
            self.known(&shelf, identifier)?;
            documents::delete(Space::Assignment, key)
        };
        let is_same = shelf.scope.assignments.get(identifier) == assignment;
        let changes = if is_same { Vec::new() } else { vec![change] };
        let asking = self.asking(options.is_plan);
        let findings = self.judge_assigned(&asking, &shelf, identifier, assignment)?;
        if refuses(&findings) && !options.is_plan {
            let identifier = identifier.clone();
            return Err(ScopeError::Judged {
                identifier,
                findings,
            });
        }
        if let Changed::Planned(mut impact) = self.commit_change(changes, options)? {
            impact.findings = findings;
            return Ok(Changed::Planned(impact));
        }
        tracing::info!(profile = %identifier, by = options.by, "a profile was assigned");
        let detail = self.detail(&self.shelf(), identifier);
        Ok(Changed::Done(AssignmentDetail { findings, ..detail }))
    }

    /// Every assignment.
    pub fn assignments(&self) -> AssignmentListing {
        let shelf = self.shelf();
        let identifiers = shelf.scope.assignments.keys();
        AssignmentListing {
            assignments: identifiers.map(|id| self.detail(&shelf, id)).collect(),
        }
    }

    /// Whom one profile is for.
    ///
    /// # Errors
    /// [`ScopeError::NoProfile`] if there is neither such a profile nor an assignment for one.
    pub fn assignment(
        &self,
        identifier: &PayloadIdentifier,
    ) -> Result<AssignmentDetail, ScopeError> {
        let shelf = self.shelf();
        self.known(&shelf, identifier)?;
        Ok(self.detail(&shelf, identifier))
    }

    fn known(&self, shelf: &Shelf, identifier: &PayloadIdentifier) -> Result<(), ScopeError> {
        let is_assigned = shelf.scope.assignments.contains_key(identifier);
        if is_assigned || self.is_profile(shelf, identifier) {
            return Ok(());
        }
        Err(ScopeError::NoProfile(identifier.clone()))
    }

    /// Whether there is such a profile, built-ins that were never enabled included.
    pub(super) fn is_profile(&self, shelf: &Shelf, identifier: &PayloadIdentifier) -> bool {
        shelf.profiles.contains_key(identifier) || self.judge.builtin(identifier).is_some()
    }

    fn detail(&self, shelf: &Shelf, identifier: &PayloadIdentifier) -> AssignmentDetail {
        AssignmentDetail {
            identifier: identifier.clone(),
            is_profile_known: self.is_profile(shelf, identifier),
            assignment: shelf.scope.assignments.get(identifier).cloned(),
            findings: Vec::new(),
        }
    }
}
