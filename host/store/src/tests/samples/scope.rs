//! What administrators said of hosts, and what profiles ask of them, drawn from a number.

use std::collections::{BTreeMap, BTreeSet};

use mooring_drift::scope::LabelName;
use mooring_mdm::os::{OsVersion, Platform};
use mooring_mdm::profile::introduced::Introduction;
use mooring_mdm::profile::placeholder::{HostField, Placeholder, ValueName};

use super::Draw;
use crate::HostFacts;

pub(crate) fn facts(revision: u64, seed: u64) -> HostFacts {
    let mut draw = Draw(seed);
    let labels = draw.many(|d| LabelName::parse(&d.text("label-")).unwrap());
    HostFacts {
        labels: labels.into_iter().collect(),
        attributes: draw.values(),
        secrets: draw.values(),
        revision,
    }
}

impl Draw {
    fn value_name(&mut self) -> ValueName {
        ValueName::parse(&self.text("value_")).unwrap()
    }

    fn values(&mut self) -> BTreeMap<ValueName, String> {
        let value = |d: &mut Self| (d.value_name(), d.text("välue "));
        self.many(value).into_iter().collect()
    }

    pub(super) fn os_version(&mut self) -> OsVersion {
        OsVersion::parse(&self.text("15.")).unwrap()
    }

    pub(super) fn placeholders(&mut self) -> BTreeSet<Placeholder> {
        let placeholder = |d: &mut Self| match d.below(3) {
            0 => Placeholder::Host(HostField::Serial),
            1 => Placeholder::Attribute(d.value_name()),
            _ => Placeholder::Secret(d.value_name()),
        };
        self.many(placeholder).into_iter().collect()
    }

    pub(super) fn introduced(&mut self) -> BTreeSet<Introduction> {
        let introduction = |d: &mut Self| Introduction {
            platform: match d.below(2) {
                0 => Platform::MacOs,
                _ => Platform::VisionOs,
            },
            version: d.os_version(),
        };
        self.many(introduction).into_iter().collect()
    }
}
