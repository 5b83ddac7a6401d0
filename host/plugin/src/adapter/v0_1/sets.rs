//! Hands a set of profiles to a plugin, and takes its findings.
//!
//! Knows nothing of calls. Invariants: a set is over its limits by all of its profiles together;
//! a finding about a profile that is not in the set is one about the whole of it.

use mooring_mdm::plist::{Document, NodeRef};

use super::bindings::exports::mooring::plugin::set_validator as contract;
use super::bindings::mooring::plugin::types;
use super::{lift, lower};
use crate::outcome::Outcome;
use crate::set::{ProfileSet, SetEdition, SetFinding, SetPart, SetSpot};
use crate::{Limits, PluginId};

/// The trees of a set in the contract's shape.
pub(super) struct Trees<'a> {
    set: &'a ProfileSet<'a>,
    /// Of each member as it is now and as it was, then of those that are gone.
    trees: Vec<lower::Tree<'a>>,
}

impl<'a> Trees<'a> {
    pub(super) fn new(set: &'a ProfileSet<'a>) -> Self {
        let trees = editions(set).map(|edition| lower::Tree::new(edition.document));
        Self {
            set,
            trees: trees.collect(),
        }
    }

    /// The outcome if all of it is over the input limit.
    pub(super) fn over<T>(&self, limits: &Limits) -> Option<Outcome<T>> {
        let bytes = self.trees.iter().map(lower::Tree::bytes).sum();
        let limit_bytes = limits.input_bytes;
        (bytes > limit_bytes).then_some(Outcome::InputTooLarge { bytes, limit_bytes })
    }

    /// The limits with the time that handing all of it over may take.
    pub(super) fn with_handover(&self, limits: &Limits) -> Limits {
        let trees = self.trees.iter();
        trees.fold(*limits, |limits, tree| tree.with_handover(&limits))
    }

    pub(super) fn texts(&self) -> Vec<Vec<&str>> {
        self.trees.iter().map(lower::Tree::texts).collect()
    }

    /// The records of the members, and of those that are gone.
    pub(super) fn records<'t>(
        &'t self,
        texts: &'t [Vec<&'t str>],
    ) -> (Vec<contract::Member<'t>>, Vec<contract::Edition<'t>>) {
        let mut trees = self.trees.iter().zip(texts);
        let mut record = |edition: &SetEdition<'t>| {
            let (tree, texts) = trees.next()?;
            Some(contract::Edition {
                identifier: edition.identifier,
                uuid: edition.uuid,
                version: edition.version,
                channel: edition.channel,
                origin: edition.origin,
                document: tree.document(texts),
                extra: &[],
            })
        };
        let mut members = Vec::with_capacity(self.set.members.len());
        for member in &self.set.members {
            let now = record(&member.now);
            let before = member.before.as_ref().and_then(&mut record);
            members.extend(now.map(|now| contract::Member { now, before }));
        }
        let gone = self.set.gone.iter().filter_map(&mut record);
        let gone = gone.collect();
        (members, gone)
    }
}

/// Every version in the set, in the order of its trees.
fn editions<'s, 'a>(set: &'s ProfileSet<'a>) -> impl Iterator<Item = &'s SetEdition<'a>> {
    let members = set.members.iter();
    let members = members.flat_map(|member| std::iter::once(&member.now).chain(&member.before));
    members.chain(&set.gone)
}

/// The answer's findings.
pub(super) fn findings(
    findings: Vec<contract::SetFinding>,
    plugin: &PluginId,
    set: &ProfileSet<'_>,
    limits: &Limits,
) -> Outcome<Vec<SetFinding>> {
    if findings.len() > limits.findings {
        return Outcome::OutputTooLarge {
            limit: format!("{} findings", limits.findings),
        };
    }
    let findings = findings.into_iter();
    Outcome::Done(findings.map(|found| lifted(found, plugin, set)).collect())
}

fn lifted(found: contract::SetFinding, plugin: &PluginId, set: &ProfileSet<'_>) -> SetFinding {
    let about = spot(&found.about, set);
    let other = found.other.map(|other| spot(&other, set));
    let finding = types::Finding {
        severity: found.severity,
        rule: found.rule,
        message: found.message,
        place: types::Place::Document,
        hint: found.hint,
        extra: found.extra,
    };
    SetFinding {
        finding: lift::unplaced(finding, plugin),
        about,
        other,
    }
}

fn spot(spot: &contract::Spot, set: &ProfileSet<'_>) -> SetSpot {
    let (part, document) = match spot.subject {
        contract::Subject::Set => (SetPart::Whole, None),
        contract::Subject::Member(index) => {
            let member = set.members.get(index as usize);
            let document = member.map(|member| member.now.document);
            (SetPart::Member(index as usize), document)
        }
        contract::Subject::Gone(index) => {
            let gone = set.gone.get(index as usize);
            let document = gone.map(|gone| gone.document);
            (SetPart::Gone(index as usize), document)
        }
    };
    let Some(document) = document else {
        return SetSpot {
            part: SetPart::Whole,
            node: None,
        };
    };
    SetSpot {
        part,
        node: node(&spot.place, document),
    }
}

fn node(place: &types::Place, document: &Document) -> Option<u32> {
    match place {
        types::Place::Document => None,
        types::Place::Node(index) => document.node(*index).map(NodeRef::id),
        types::Place::Path(path) => Some(lift::nearest(document.root(), path).id()),
    }
}
