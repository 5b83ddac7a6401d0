//! Labels, assignments and rules: tables that an administrator can read, and properties over
//! random rules and hosts.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod cases;
mod documents;
mod properties;
mod random;
mod refused;
mod rules;
mod share;
mod truth;

use std::collections::{BTreeMap, BTreeSet};

use mooring_drift::scope::{Assignment, Label, LabelName, Rule, Scope, Subject};
use mooring_mdm::device::Attributes;
use mooring_mdm::ids::{HostId, PayloadIdentifier};
use mooring_mdm::profile::placeholder::ValueName;

/// A host with everything that a rule can ask for.
#[derive(Debug, Clone)]
struct Host {
    id: HostId,
    attributes: Option<Attributes>,
    labels: BTreeSet<LabelName>,
    values: BTreeMap<ValueName, String>,
}

impl Host {
    /// A Mac on 15.1 with a site.
    fn known() -> Self {
        Self {
            id: HostId::parse("HOST-1").unwrap(),
            attributes: Some(Attributes {
                serial_number: Some("C02ABC".to_owned()),
                model: Some("MacBookPro18,3".to_owned()),
                device_name: Some("Ada's Mac".to_owned()),
                os_version: Some("15.1".to_owned()),
                build_version: Some("24B83".to_owned()),
                is_supervised: Some(true),
            }),
            labels: BTreeSet::new(),
            values: BTreeMap::from([(value("site"), "berlin".to_owned())]),
        }
    }

    /// A host that never told anything and has no attributes.
    fn silent() -> Self {
        Self {
            attributes: None,
            values: BTreeMap::new(),
            ..Self::known()
        }
    }

    fn on(version: &str) -> Self {
        let mut host = Self::known();
        host.attributes.as_mut().unwrap().os_version = Some(version.to_owned());
        host
    }

    fn labelled(mut self, labels: &[&str]) -> Self {
        self.labels = names(labels);
        self
    }

    fn subject(&self) -> Subject<'_> {
        Subject {
            host: &self.id,
            attributes: self.attributes.as_ref(),
            labels: &self.labels,
            values: &self.values,
        }
    }
}

fn value(text: &str) -> ValueName {
    ValueName::parse(text).unwrap()
}

fn name(text: &str) -> LabelName {
    LabelName::parse(text).unwrap()
}

fn names(texts: &[&str]) -> BTreeSet<LabelName> {
    texts.iter().map(|text| name(text)).collect()
}

fn rule(text: &str) -> Label {
    Label::Rule(Rule::parse(text).unwrap())
}

fn profile() -> PayloadIdentifier {
    PayloadIdentifier::parse("com.example.wifi").unwrap()
}

/// One profile under `assignment`, and these labels.
fn scope(labels: &[(&str, Label)], assignment: Assignment) -> Scope {
    let defined = labels.iter();
    Scope {
        labels: defined
            .map(|(text, label)| (name(text), label.clone()))
            .collect(),
        assignments: BTreeMap::from([(profile(), assignment)]),
    }
}

/// The cases of a table: each a line, and below it an indented line with what is expected.
fn pairs(table: &str) -> Vec<(&str, &str)> {
    let lines: Vec<&str> = table.trim().lines().collect();
    let (pairs, rest) = lines.as_chunks::<2>();
    assert!(rest.is_empty(), "a case without its second line");
    pairs
        .iter()
        .map(|[case, expected]| (*case, expected.trim()))
        .collect()
}
