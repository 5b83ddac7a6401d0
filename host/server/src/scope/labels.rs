//! Labels: defining them, removing them, and who has them.
//!
//! Knows nothing of assignments but which labels they name. Invariants: a rule that is stored was
//! read and names declared attributes only; a label that becomes manual has no members at first.

use std::ops::ControlFlow;

use mooring_drift::scope::{Label, LabelName, Truth};
use mooring_mdm::ids::{HostId, PayloadIdentifier};
use mooring_store::{HOSTS_PAGE_MAX, HostOutline, Space, StoreError};

use super::{ScopeError, attributes_of, subject};
use crate::api::{LabelDetail, LabelKind, LabelListing, LabelMember, LabelSummary};
use crate::change::{ChangeOptions, Changed};
use crate::core::Core;
use crate::documents;
use crate::shelf::Shelf;

/// Which members of a label to show.
#[derive(Debug, Clone, Default)]
pub struct MembersQuery {
    /// Only those behind this id.
    pub after: Option<HostId>,
    /// At most so many.
    pub limit: usize,
}

/// How many hosts have a label, and of how many nobody knows.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    yes: u64,
    unknown: u64,
}

impl Core {
    /// Defines a label, or defines it anew. A manual label that gets a rule loses its members, and
    /// the other way round.
    ///
    /// # Errors
    /// [`ScopeError`] if the rule names attributes that are not declared, or the change is held.
    pub fn set_label(
        &self,
        name: &LabelName,
        label: &Label,
        options: &ChangeOptions,
    ) -> Result<Changed<LabelSummary>, ScopeError> {
        let _change = self.change();
        let shelf = self.shelf();
        if let Label::Rule(rule) = label {
            let is_declared = |attribute: &_| super::is_attribute(&shelf, attribute);
            let named = rule.attributes().into_iter();
            let names: Vec<_> = named.filter(|name| !is_declared(name)).collect();
            if !names.is_empty() {
                return Err(ScopeError::UndeclaredAttributes { names });
            }
        }
        let was_manual = matches!(shelf.scope.labels.get(name), Some(Label::Manual));
        let is_manual = matches!(label, Label::Manual);
        if is_manual && !was_manual && !options.is_plan {
            // As long as the label is none of a person's they mean nothing.
            self.clear_members(name)?;
        }
        let put = documents::put(name.as_str().as_bytes(), label)?;
        if let Changed::Planned(impact) = self.commit_change(vec![put], options)? {
            return Ok(Changed::Planned(impact));
        }
        tracing::info!(label = %name, by = options.by, "a label was defined");
        if was_manual && !is_manual {
            self.clear_members(name)?;
        }
        let shelf = self.shelf();
        // In a large fleet counting would take longer than all else; who wants it asks for it.
        let tally = if self.is_fleet_small() {
            self.tally(&shelf, &[name])?.pop()
        } else {
            None
        };
        Ok(Changed::Done(summary(&shelf, name, label, tally)))
    }

    /// Removes a label, and takes it from the hosts that have it.
    ///
    /// # Errors
    /// [`ScopeError`] if there is none, or an assignment names it.
    pub fn remove_label(
        &self,
        name: &LabelName,
        options: &ChangeOptions,
    ) -> Result<Changed<()>, ScopeError> {
        let _change = self.change();
        let shelf = self.shelf();
        if !shelf.scope.labels.contains_key(name) {
            return Err(ScopeError::NoLabel(name.clone()));
        }
        let profiles = used_by(&shelf, name);
        if !profiles.is_empty() {
            let label = name.clone();
            return Err(ScopeError::LabelInUse { label, profiles });
        }
        if !options.is_plan {
            // No assignment names it, so nothing follows from who has it.
            self.clear_members(name)?;
        }
        let delete = documents::delete(Space::Label, name.as_str().as_bytes());
        let changed = self.commit_change(vec![delete], options)?;
        if let Changed::Done(()) = changed {
            tracing::info!(label = %name, by = options.by, "a label was removed");
        }
        Ok(changed)
    }

    /// Every label with how many hosts have it.
    ///
    /// # Errors
    /// [`StoreError`] if a host cannot be read.
    pub fn labels(&self) -> Result<LabelListing, StoreError> {
        let shelf = self.shelf();
        let names: Vec<_> = shelf.scope.labels.keys().collect();
        let tallies = self.tally(&shelf, &names)?;
        let labels = shelf.scope.labels.iter().zip(tallies);
        let labels = labels.map(|((name, label), tally)| summary(&shelf, name, label, Some(tally)));
        Ok(LabelListing {
            labels: labels.collect(),
        })
    }

    /// One label with a page of the hosts that have it. Only the first page has the counts: for
    /// those every host is looked at.
    ///
    /// # Errors
    /// [`ScopeError`] if there is none, or a host cannot be read.
    pub fn label(&self, name: &LabelName, query: &MembersQuery) -> Result<LabelDetail, ScopeError> {
        let shelf = self.shelf();
        let label = shelf.scope.labels.get(name);
        let label = label.ok_or_else(|| ScopeError::NoLabel(name.clone()))?;
        let limit = query.limit.clamp(1, HOSTS_PAGE_MAX);
        let mut tally = query.after.is_none().then(Tally::default);
        let (mut members, mut next) = (Vec::new(), None);
        self.outlines_behind(query.after.as_ref(), |host| {
            let truth = self.has_label(&shelf, name, host);
            if let Some(tally) = &mut tally {
                tally.count(truth);
            }
            if truth == Truth::Yes && members.len() < limit {
                members.push(member(host));
            } else if truth == Truth::Yes && next.is_none() {
                next = members.last().map(|last: &LabelMember| last.id.clone());
            }
            if next.is_some() && tally.is_none() {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        Ok(LabelDetail {
            summary: summary(&shelf, name, label, tally),
            members,
            next,
        })
    }

    fn has_label(&self, shelf: &Shelf, name: &LabelName, host: &HostOutline) -> Truth {
        let values = attributes_of(shelf, host);
        let subject = subject(host, self.fresh_attributes(host), &values);
        shelf.scope.has_label(name, &subject)
    }

    /// How many hosts have each of these labels, in their order.
    fn tally(&self, shelf: &Shelf, names: &[&LabelName]) -> Result<Vec<Tally>, StoreError> {
        let mut tallies = vec![Tally::default(); names.len()];
        self.each_sketch(|host| {
            let values = attributes_of(shelf, host);
            let subject = subject(host, self.fresh_attributes(host), &values);
            for (name, tally) in names.iter().zip(&mut tallies) {
                tally.count(shelf.scope.has_label(name, &subject));
            }
        })?;
        Ok(tallies)
    }
}

impl Tally {
    fn count(&mut self, truth: Truth) {
        self.yes += u64::from(truth == Truth::Yes);
        self.unknown += u64::from(truth == Truth::Unknown);
    }
}

/// The profiles whose assignments name a label.
fn used_by(shelf: &Shelf, name: &LabelName) -> Vec<PayloadIdentifier> {
    let assignments = shelf.scope.assignments.iter();
    let using = assignments.filter(|(_, assignment)| assignment.labels().contains(name));
    using.map(|(identifier, _)| identifier.clone()).collect()
}

fn summary(shelf: &Shelf, name: &LabelName, label: &Label, tally: Option<Tally>) -> LabelSummary {
    let (kind, rule) = match label {
        Label::Manual => (LabelKind::Manual, None),
        Label::Rule(rule) => (LabelKind::Rule, Some(rule.as_str().to_owned())),
    };
    LabelSummary {
        name: name.clone(),
        kind,
        rule,
        hosts: tally.map(|tally| tally.yes),
        hosts_unknown: tally.map(|tally| tally.unknown),
        used_by: used_by(shelf, name),
    }
}

fn member(host: &HostOutline) -> LabelMember {
    LabelMember {
        id: host.id.clone(),
        serial_number: host.attributes.serial_number.clone(),
        device_name: host.attributes.device_name.clone(),
    }
}
