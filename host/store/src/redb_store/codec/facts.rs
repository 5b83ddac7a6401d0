//! Rows of what administrators said of hosts.
//!
//! Knows nothing of tables. Invariant: what a row was made from is what it turns back into.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use mooring_drift::scope::LabelName;
use mooring_mdm::profile::placeholder::ValueName;

use crate::RowError;
use crate::record::HostFacts;

/// What administrators said of one host; its revision stands outside the row.
#[derive(Encode, Decode)]
pub(in super::super) struct FactsRow {
    #[n(0)]
    labels: Vec<String>,
    #[n(1)]
    attributes: BTreeMap<String, String>,
    #[n(2)]
    secrets: BTreeMap<String, String>,
}

impl From<&HostFacts> for FactsRow {
    fn from(facts: &HostFacts) -> Self {
        let texts = |values: &BTreeMap<ValueName, String>| {
            let values = values.iter();
            values
                .map(|(name, value)| (name.as_str().to_owned(), value.clone()))
                .collect()
        };
        let labels = facts.labels.iter();
        Self {
            labels: labels.map(|label| label.as_str().to_owned()).collect(),
            attributes: texts(&facts.attributes),
            secrets: texts(&facts.secrets),
        }
    }
}

impl FactsRow {
    /// The facts, with the revision that stands outside the row.
    pub(in super::super) fn into_facts(self, revision: u64) -> Result<HostFacts, RowError> {
        let label = |text: &String| LabelName::parse(text).map_err(RowError::content);
        Ok(HostFacts {
            labels: self.labels.iter().map(label).collect::<Result<_, _>>()?,
            attributes: named(self.attributes)?,
            secrets: named(self.secrets)?,
            revision,
        })
    }
}

fn named(values: BTreeMap<String, String>) -> Result<BTreeMap<ValueName, String>, RowError> {
    let value = |(name, value): (String, String)| {
        let name = ValueName::parse(&name).map_err(RowError::content)?;
        Ok((name, value))
    };
    values.into_iter().map(value).collect()
}
