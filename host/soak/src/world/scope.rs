//! What administrators say of whom profiles are for: labels, their members, assignments.
//!
//! Knows nothing of who is meant in the end. Invariant: the log says exactly what the server was
//! told; a label stays of one kind.

use std::collections::BTreeSet;

use mooring_drift::scope::{Assignment, Label, LabelName, Rule};
use mooring_mdm::os::OsVersion;

use super::{World, identifier};
use crate::device::udid;
use crate::log::{Action, LabelKind, Reach};
use crate::random::Random;
use crate::server::SoakError;

/// Labels that administrators give by hand.
const MANUAL: [&str; 2] = ["lab", "early"];
/// A label of hosts with a new system.
const BY_SYSTEM: &str = "new-system";
/// A label of some hosts that never lose it.
const BY_SERIAL: &str = "serial";
/// Versions from which a system may count as new.
const VERSIONS: [&str; 4] = ["14", "14.7", "15.0", "15.1"];

fn wrong(what: &'static str) -> SoakError {
    SoakError::Change { what }
}

fn name_of(label: &str) -> Result<LabelName, SoakError> {
    LabelName::parse(label).map_err(|_| wrong("name of a label"))
}

fn version_of(text: &str) -> Result<OsVersion, SoakError> {
    OsVersion::parse(text).map_err(|_| wrong("version"))
}

impl World<'_> {
    /// Defines every label.
    pub(super) fn define_labels(&mut self) -> Result<(), SoakError> {
        for label in MANUAL {
            self.define(label, LabelKind::Manual)?;
        }
        let end = LabelKind::SerialEndsWith("7".to_owned());
        self.define(BY_SERIAL, end)?;
        self.define_by_system()
    }

    /// Says anew which systems are new.
    pub(super) fn define_by_system(&mut self) -> Result<(), SoakError> {
        let random = &mut self.administrator.random;
        let version = VERSIONS[random.place(VERSIONS.len())];
        self.define(BY_SYSTEM, LabelKind::OsAtLeast(version.to_owned()))
    }

    fn define(&mut self, label: &str, kind: LabelKind) -> Result<(), SoakError> {
        let rule = |text: String| {
            let rule = Rule::parse(&text).map_err(|_| wrong("rule"));
            rule.map(Label::Rule)
        };
        let meaning = match &kind {
            LabelKind::Manual => Label::Manual,
            LabelKind::OsAtLeast(version) => rule(format!("host.os_version >= \"{version}\""))?,
            LabelKind::SerialEndsWith(end) => rule(format!("host.serial.endsWith(\"{end}\")"))?,
        };
        let name = name_of(label)?;
        let verdict = self.insist(|core, options| core.set_label(&name, &meaning, options));
        if verdict.expected("label")?.is_some() {
            let label = label.to_owned();
            self.note_action(Action::Labelled { label, kind });
        }
        Ok(())
    }

    /// Gives a label to some hosts and takes it from others.
    pub(super) fn move_members(&mut self) -> Result<(), SoakError> {
        let hosts = self.options.hosts;
        let random = &mut self.administrator.random;
        let label = MANUAL[random.place(MANUAL.len())];
        let (mut added, mut removed) = (some_hosts(hosts, random), some_hosts(hosts, random));
        // A host that is not known yet cannot be named.
        added.retain(|host| self.is_known(*host));
        removed.retain(|host| self.is_known(*host) && !added.contains(host));
        let name = name_of(label)?;
        let named = |hosts: &BTreeSet<u32>| hosts.iter().copied().map(udid).collect::<Vec<_>>();
        let (add, remove) = (named(&added), named(&removed));
        let verdict =
            self.insist(|core, options| core.change_members(&name, &add, &remove, options));
        if verdict.expected("members of a label")?.is_some() {
            self.note_action(Action::Members {
                label: label.to_owned(),
                added: added.into_iter().collect(),
                removed: removed.into_iter().collect(),
            });
        }
        Ok(())
    }

    fn is_known(&self, host: u32) -> bool {
        self.server.core().host_detail(&udid(host)).is_ok()
    }

    /// Says anew whom a profile is for.
    pub(super) fn assign(&mut self, number: u32) -> Result<(), SoakError> {
        let reach = some_reach(&mut self.administrator.random);
        let assignment = reach.as_ref().map(assignment_of).transpose()?;
        let name = identifier(number);
        let id = super::administrator::parsed(&name)?;
        let verdict =
            self.insist(|core, options| core.set_assignment(&id, assignment.as_ref(), options));
        // There may be nothing to take back.
        let done = if reach.is_none() {
            verdict.done()
        } else {
            verdict.expected("assignment")?
        };
        if done.is_some() {
            self.note_action(Action::Assigned {
                identifier: name,
                assignment: reach,
            });
        }
        Ok(())
    }
}

fn some_hosts(hosts: u32, random: &mut Random) -> BTreeSet<u32> {
    let number = random.below(u64::from(hosts / 4).max(2));
    let draw = |_| u32::try_from(random.below(u64::from(hosts))).unwrap_or(0);
    (0..number).map(draw).collect()
}

/// For everybody again, or for those with some labels and a range of systems.
fn some_reach(random: &mut Random) -> Option<Reach> {
    if random.chance(300_000) {
        return None;
    }
    let mut reach = Reach::default();
    for label in [MANUAL[0], MANUAL[1], BY_SYSTEM, BY_SERIAL] {
        let part = match random.below(10) {
            0..2 => &mut reach.include_all,
            2..4 => &mut reach.include_any,
            4..6 => &mut reach.exclude_any,
            _ => continue,
        };
        part.insert(label.to_owned());
    }
    let version = VERSIONS[random.place(VERSIONS.len())].to_owned();
    match random.below(6) {
        0 => reach.os_min = Some(version),
        1 => reach.os_max = Some(version),
        _ => {}
    }
    Some(reach)
}

fn assignment_of(reach: &Reach) -> Result<Assignment, SoakError> {
    let names = |labels: &BTreeSet<String>| {
        let names = labels.iter().map(|label| name_of(label));
        names.collect::<Result<BTreeSet<_>, _>>()
    };
    let version = |text: &Option<String>| text.as_deref().map(version_of).transpose();
    Ok(Assignment {
        include_all: names(&reach.include_all)?,
        include_any: names(&reach.include_any)?,
        exclude_any: names(&reach.exclude_any)?,
        os_min: version(&reach.os_min)?,
        os_max: version(&reach.os_max)?,
        ..Assignment::default()
    })
}
