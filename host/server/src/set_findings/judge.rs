//! Asks set validators about one set.
//!
//! Knows nothing of hosts or of the store: `mooring check --set` asks about files. Invariants: a
//! plugin that fails is told of as a finding about the whole set; every place that is told is one in
//! a profile of the set.

use std::sync::Arc;
use std::time::Duration;

use mooring_mdm::finding::Finding;
use mooring_mdm::ids::Channel;
use mooring_mdm::plist::LineIndex;
use mooring_mdm::profile::{Profile, Scope};
use mooring_plugin::{
    Context, Guard, Limits, Plugin, ProfileSet, Role, SetFinding, SetPart, SetSpot,
};

use crate::core::Core;
use crate::judge::Judge;
use crate::plugins::{Asking, class_of, not_loaded, stray};

/// What a call about a set may cost: a set is as large as some hundred profiles.
const SET_LIMITS: Limits = Limits {
    timeout: Duration::from_secs(1),
    memory_bytes: 64 << 20,
    input_bytes: 24 << 20,
    findings: 10_000,
    output_bytes: 4 << 20,
    log_bytes: 64 << 10,
};

/// One version of a profile, read.
#[derive(Debug, Clone)]
pub struct SetEdition {
    /// `PayloadIdentifier`; empty if a file has none.
    pub identifier: String,
    /// `PayloadUUID` as a device would list it.
    pub uuid: String,
    /// Counted 1, 2, 3, ... for an identifier; 0 for a file that no server has.
    pub version: u32,
    /// The channel it would be delivered on.
    pub channel: Channel,
    /// `uploaded`, `generated`, `built-in` or `file`.
    pub origin: &'static str,
    /// Its tree and its text.
    pub profile: Arc<Profile>,
}

impl SetEdition {
    /// A file that no server has.
    pub fn of_file(profile: Profile) -> Self {
        let identifier = profile.identifier().map(|id| id.to_string());
        let uuid = profile.uuid().map(|uuid| uuid.to_string());
        Self {
            identifier: identifier.unwrap_or_default(),
            uuid: uuid.unwrap_or_default(),
            version: 0,
            channel: match profile.scope() {
                Some(Scope::User) => Channel::User,
                Some(Scope::System) | None => Channel::Device,
            },
            origin: "file",
            profile: Arc::new(profile),
        }
    }

    fn record(&self) -> mooring_plugin::SetEdition<'_> {
        mooring_plugin::SetEdition {
            identifier: &self.identifier,
            uuid: &self.uuid,
            version: self.version,
            channel: match self.channel {
                Channel::Device => "device",
                Channel::User => "user",
            },
            origin: self.origin,
            document: self.profile.document(),
        }
    }
}

/// A profile that a host would get.
#[derive(Debug, Clone)]
pub struct SetMember {
    /// As it would be.
    pub now: SetEdition,
    /// The version that it takes the place of.
    pub before: Option<SetEdition>,
}

/// One statement about a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetSaid {
    /// What is wrong, with line and column in the profile that it is about.
    pub finding: Finding,
    /// Whether it is the host's word on a plugin that failed.
    pub is_failure: bool,
    /// Which profile it is about.
    pub about: SetSaidOf,
    /// The other of two profiles that do not go together, with line and column there.
    pub other: Option<(SetSaidOf, u32, u32)>,
}

/// A profile of a set that was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SetSaidOf {
    /// None of them: the set as a whole, or a plugin.
    Whole,
    /// A member, by its index.
    Member(usize),
    /// One that is gone, by its index.
    Gone(usize),
}

/// Profiles together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Together<'a> {
    pub(super) members: &'a [SetMember],
    pub(super) gone: &'a [SetEdition],
}

/// A plugin that is asked, and how.
struct Asked<'a> {
    plugin: &'a Plugin,
    settings: String,
    limits: Limits,
    /// With the time in ms.
    guard: Option<(&'a Guard, u64)>,
}

impl Judge {
    /// Judges profiles that one host would get together, by the plugins of this binary. Blocks for
    /// some milliseconds.
    pub fn judge_set(&self, members: &[SetMember]) -> Vec<SetSaid> {
        let together = Together { members, gone: &[] };
        own(self)
            .flat_map(|asked| answer(&asked, together))
            .collect()
    }
}

impl Core {
    /// The same by these and by the plugins that are bound.
    pub(super) fn judge_together(&self, asking: &Asking, together: Together<'_>) -> Vec<SetSaid> {
        let set = &asking.set;
        let mut said: Vec<_> = own(&self.judge)
            .flat_map(|asked| answer(&asked, together))
            .collect();
        for (name, bound) in &set.bindings {
            if !bound.record.judges_sets() {
                continue;
            }
            let id = &bound.record.wish.plugin;
            let installed = set.plugins.get(id);
            let (installed, plugin) = match installed.map(|it| (it, it.loaded.as_ref())) {
                Some((installed, _)) if !installed.record.is_enabled => continue,
                Some((installed, Ok(plugin))) => (installed, plugin),
                Some((_, Err(problem))) => {
                    said.push(failed(not_loaded(id, problem), together));
                    continue;
                }
                None => {
                    said.push(failed(not_loaded(id, "it is not installed"), together));
                    continue;
                }
            };
            let limits = bound.record.limits(class_of(installed.record.class));
            said.extend(answer(
                &Asked {
                    plugin,
                    settings: bound.record.settings(),
                    limits: Limits {
                        input_bytes: SET_LIMITS.input_bytes,
                        ..limits
                    },
                    guard: Some((asking.guard(name, bound), self.now().0)),
                },
                together,
            ));
            if asking.is_live() {
                self.note_quarantine(name, bound);
            }
        }
        said
    }
}

/// The plugins of this binary that judge sets.
fn own(judge: &Judge) -> impl Iterator<Item = Asked<'_>> {
    let plugins = judge.plugins().iter();
    let own = plugins.filter(|plugin| plugin.manifest().roles.contains(&Role::SetValidator));
    own.map(|plugin| Asked {
        plugin,
        settings: String::new(),
        limits: SET_LIMITS,
        guard: None,
    })
}

fn answer(asked: &Asked<'_>, together: Together<'_>) -> Vec<SetSaid> {
    let set = ProfileSet {
        members: together
            .members
            .iter()
            .map(|member| mooring_plugin::SetMember {
                now: member.now.record(),
                before: member.before.as_ref().map(SetEdition::record),
            })
            .collect(),
        gone: together.gone.iter().map(SetEdition::record).collect(),
    };
    let context = Context {
        settings: asked.settings.clone(),
        ..Context::default()
    };
    let ask = || asked.plugin.validate_set(&set, &context, &asked.limits);
    let call = match asked.guard {
        Some((guard, now_ms)) => guard.call(now_ms, ask),
        None => ask(),
    };
    if let Some(complaint) = call.complaint(asked.plugin.id()) {
        return vec![failed(complaint, together)];
    }
    let findings = call.outcome.done().unwrap_or_default();
    if let Some(complaint) = stray(asked.plugin, findings.iter().map(|it| &it.finding)) {
        return vec![failed(complaint, together)];
    }
    findings
        .into_iter()
        .map(|finding| said(finding, together))
        .collect()
}

/// What a plugin did that did not answer, about the set as a whole.
fn failed(complaint: Finding, together: Together<'_>) -> SetSaid {
    SetSaid {
        is_failure: true,
        ..said(SetFinding::of_set(complaint), together)
    }
}

fn said(found: SetFinding, together: Together<'_>) -> SetSaid {
    let (about, (line, column)) = place(found.about, together);
    let other = found.other.map(|other| {
        let (other, (line, column)) = place(other, together);
        (other, line, column)
    });
    SetSaid {
        finding: Finding {
            line,
            column,
            ..found.finding
        },
        is_failure: false,
        about,
        other,
    }
}

/// Which profile, and where in its text.
fn place(spot: SetSpot, together: Together<'_>) -> (SetSaidOf, (u32, u32)) {
    let (of, edition) = match spot.part {
        SetPart::Whole => (SetSaidOf::Whole, None),
        SetPart::Member(at) => {
            let member = together.members.get(at);
            (SetSaidOf::Member(at), member.map(|member| &member.now))
        }
        SetPart::Gone(at) => (SetSaidOf::Gone(at), together.gone.get(at)),
    };
    let position = edition.zip(spot.node).and_then(|(edition, node)| {
        let profile = &edition.profile;
        let node = profile.document().nodes().get(node as usize)?;
        Some(LineIndex::new(profile.text()).position(node.start() as usize))
    });
    (of, position.unwrap_or((0, 0)))
}
