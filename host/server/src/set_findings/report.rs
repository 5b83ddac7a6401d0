//! What was found, as documents of the API.
//!
//! Knows nothing of how it is found. Invariant: what is shown of a profile names every profile that
//! it is about, and how many hosts would get it so.

use std::collections::BTreeMap;

use mooring_mdm::ids::PayloadIdentifier;
use mooring_store::{HostRecord, StoreError};

use super::judge::{SetSaid, SetSaidOf, Together};
use super::tend::For;
use crate::api::{SetFindingDetail, SetPlace, SetReport};
use crate::clock::rfc3339;
use crate::core::Core;

/// Findings that a report of one profile has.
const SHOWN_MAX: usize = 200;

impl Core {
    /// What is wrong with a profile together with others, on any host.
    pub(crate) fn set_report(
        &self,
        identifier: &PayloadIdentifier,
    ) -> Result<SetReport, StoreError> {
        self.tend_sets_for(For::People)?;
        let (mut report, found) = self.gathered(identifier);
        let mut findings = self.settled_sets(found)?;
        findings.sort_by(|a, b| {
            let order = |it: &SetFindingDetail| {
                (
                    std::cmp::Reverse(it.finding.severity),
                    it.finding.rule.clone(),
                )
            };
            order(a).cmp(&order(b))
        });
        report.is_complete &= findings.len() <= SHOWN_MAX;
        findings.truncate(SHOWN_MAX);
        Ok(SetReport { findings, ..report })
    }

    /// What is known of a profile in any set, each finding once, and the report without them.
    fn gathered(&self, identifier: &PayloadIdentifier) -> (SetReport, Vec<SetFindingDetail>) {
        let table = self.sets.table();
        let mut sums: BTreeMap<String, SetFindingDetail> = BTreeMap::new();
        let mut is_complete = table.left == 0 && table.as_of.is_some();
        for judged in table.in_use() {
            is_complete &= !judged.is_cut;
            for finding in judged.findings.iter().filter(|it| it.names(identifier)) {
                let sum = sums.entry(same(finding)).or_insert_with(|| finding.clone());
                sum.hosts += judged.hosts;
            }
        }
        let report = SetReport {
            as_of: table.as_of.map(rfc3339),
            is_complete,
            findings: Vec::new(),
        };
        (report, sums.into_values().collect())
    }

    /// What is wrong with the profiles that one host would get together.
    pub(crate) fn set_findings_of(
        &self,
        host: &HostRecord,
    ) -> Result<Vec<SetFindingDetail>, StoreError> {
        let shelf = self.shelf();
        let wanted = self.wanted(&shelf, host);
        let (found, _) = self.found_for(&shelf, &wanted)?;
        self.settled_sets(found.to_vec())
    }

    /// What was found in sets, as it counts at this moment: by the policy, and by what is accepted in
    /// either of two profiles. Whatever is kept is kept as it was found.
    pub(super) fn settled_sets(
        &self,
        found: Vec<SetFindingDetail>,
    ) -> Result<Vec<SetFindingDetail>, StoreError> {
        if found.is_empty() {
            return Ok(found);
        }
        let mut scales = self.scales()?;
        let mut settled = Vec::with_capacity(found.len());
        for detail in found {
            let places = detail.about.iter().chain(&detail.other);
            let profiles: Vec<_> = places.map(|place| &place.identifier).collect();
            if let Some(finding) = scales.weighed(&profiles, detail.finding)? {
                settled.push(SetFindingDetail { finding, ..detail });
            }
        }
        Ok(settled)
    }
}

/// What makes two findings one.
pub(super) fn same(finding: &SetFindingDetail) -> String {
    let name = |place: Option<&SetPlace>| {
        let place = place.map(|place| place.identifier.as_str());
        place.unwrap_or_default().to_owned()
    };
    let SetFindingDetail {
        finding: own,
        about,
        other,
        ..
    } = finding;
    let (about, other) = (name(about.as_ref()), name(other.as_ref()));
    format!("{} {about} {other} {}", own.rule, own.message)
}

/// What was said of a set, with the profiles by name.
pub(super) fn details(said: Vec<SetSaid>, together: Together<'_>) -> Vec<SetFindingDetail> {
    let place = |of: SetSaidOf, line, column| {
        let edition = match of {
            SetSaidOf::Whole => None,
            SetSaidOf::Member(at) => together.members.get(at).map(|member| &member.now),
            SetSaidOf::Gone(at) => together.gone.get(at),
        }?;
        Some(SetPlace {
            identifier: PayloadIdentifier::parse(&edition.identifier).ok()?,
            version: edition.version,
            line,
            column,
        })
    };
    let detail = |said: SetSaid| SetFindingDetail {
        about: place(said.about, said.finding.line, said.finding.column),
        other: said
            .other
            .and_then(|(of, line, column)| place(of, line, column)),
        finding: said.finding,
        hosts: 0,
    };
    said.into_iter().map(detail).collect()
}
