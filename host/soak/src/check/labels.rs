//! Who is meant by an assignment.
//!
//! Knows nothing of profiles. Invariant: what is not known makes nobody a member, and nobody none.

use std::collections::{BTreeMap, BTreeSet};

use super::bounds;
use super::history::Moment;
use crate::log::{LabelKind, Reach, Told};

/// Whether a host is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meant {
    /// It is not.
    No,
    /// Nobody can tell.
    Unknown,
    /// It is.
    Yes,
    /// The server may say any of these: its clock jumped.
    Either,
}

impl Meant {
    fn from(is_so: bool) -> Self {
        if is_so { Self::Yes } else { Self::No }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Either, _) | (_, Self::Either) => Self::Either,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Yes, Self::Yes) => Self::Yes,
        }
    }

    fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Yes => Self::No,
            Self::Unknown | Self::Either => self,
        }
    }
}

/// A host, as far as labels look at it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    /// Counts hosts from 0.
    pub(super) host: u32,
    /// What it told of itself, and when.
    pub(super) told: Option<(&'a Told, Moment)>,
    /// This moment.
    pub(super) now: Moment,
}

impl Subject<'_> {
    /// Judges what it told, if that still says anything.
    fn judge(&self, judge: impl Fn(&Told) -> bool) -> Meant {
        let Some((told, when)) = self.told else {
            return Meant::Unknown;
        };
        match when.until(self.now) {
            Some(age) if age < bounds::TOLD_MS => Meant::from(judge(told)),
            Some(_) => Meant::Unknown,
            None => Meant::Either,
        }
    }
}

/// Labels and who bears them.
#[derive(Debug, Clone, Default)]
pub(super) struct Labels {
    kinds: BTreeMap<String, LabelKind>,
    members: BTreeMap<String, BTreeSet<u32>>,
}

impl Labels {
    /// Makes or replaces a label.
    pub(super) fn define(&mut self, label: &str, kind: &LabelKind) {
        self.kinds.insert(label.to_owned(), kind.clone());
    }

    /// Gives a label to hosts, and takes it from others.
    pub(super) fn move_members(&mut self, label: &str, added: &[u32], removed: &[u32]) {
        let members = self.members.entry(label.to_owned()).or_default();
        members.extend(added);
        members.retain(|host| !removed.contains(host));
    }

    /// Takes every label from a host whose record is gone.
    pub(super) fn forget(&mut self, host: u32) {
        for members in self.members.values_mut() {
            members.remove(&host);
        }
    }

    /// Whether a host is meant.
    pub(super) fn meant(&self, reach: &Reach, subject: &Subject<'_>) -> Meant {
        let bears = |label: &String| self.bears(label, subject);
        let all = reach.include_all.iter().map(bears);
        let all = all.fold(Meant::Yes, Meant::and);
        let none = reach.exclude_any.iter().map(|label| bears(label).not());
        let none = none.fold(Meant::Yes, Meant::and);
        let any = if reach.include_any.is_empty() {
            Meant::Yes
        } else {
            let none = reach.include_any.iter().map(|label| bears(label).not());
            none.fold(Meant::Yes, Meant::and).not()
        };
        let min = reach.os_min.as_deref().map_or(Meant::Yes, |min| {
            subject.judge(|told| numbers(&told.os_version) >= numbers(min))
        });
        let max = reach.os_max.as_deref().map_or(Meant::Yes, |max| {
            subject.judge(|told| {
                // As many numbers as are written count: `15` is the last of all 15.x.
                let written = max.split('.').count();
                let first = |version: &str| {
                    let mut numbers = numbers(version);
                    numbers
                        .iter_mut()
                        .skip(written)
                        .for_each(|number| *number = 0);
                    numbers
                };
                first(&told.os_version) <= first(max)
            })
        });
        [none, any, min, max].into_iter().fold(all, Meant::and)
    }

    fn bears(&self, label: &str, subject: &Subject<'_>) -> Meant {
        match self.kinds.get(label) {
            None => Meant::Unknown,
            Some(LabelKind::Manual) => {
                let members = self.members.get(label);
                Meant::from(members.is_some_and(|members| members.contains(&subject.host)))
            }
            Some(LabelKind::OsAtLeast(min)) => {
                subject.judge(|told| numbers(&told.os_version) >= numbers(min))
            }
            Some(LabelKind::SerialEndsWith(end)) => {
                subject.judge(|told| told.serial.ends_with(end.as_str()))
            }
        }
    }
}

/// The numbers of a version; those that are not written are 0, so that `14` and `14.0` are one.
fn numbers(version: &str) -> [u32; 4] {
    let mut numbers = [0; 4];
    for (number, part) in numbers.iter_mut().zip(version.split('.')) {
        *number = part.parse().unwrap_or(0);
    }
    numbers
}
