//! What administrators want, as they said it.
//!
//! Knows nothing of what hosts have. Invariants: an identifier that was ever pushed is never
//! forgotten; who cannot be told to be meant is neither meant nor not meant.

use std::collections::{BTreeMap, BTreeSet};

use mooring_mdm::ids::Channel;

use super::labels::{Labels, Meant, Subject};
use crate::log::{Action, Reach};

/// One profile.
#[derive(Debug, Clone)]
struct Profile {
    channel: Channel,
    uuid: String,
    /// Every uuid that it ever had.
    made: BTreeSet<String>,
    is_deleted: bool,
    is_enabled: bool,
    /// How often it was changed.
    edition: u32,
}

/// What is desired of one profile on one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wish {
    /// This content should be there.
    Present(String),
    /// Nothing should be there.
    Absent,
    /// Nobody can tell: nothing is to be done.
    Waiting,
    /// The server may take it for either, or wait: its clock jumped.
    Open(String),
}

/// Everything that administrators said.
#[derive(Debug, Clone, Default)]
pub(super) struct Wishes {
    profiles: BTreeMap<String, Profile>,
    reaches: BTreeMap<String, Reach>,
    labels: Labels,
    pub(super) is_paused: bool,
}

impl Wishes {
    /// Takes a change in. Those about a single host are not for here.
    pub(super) fn note(&mut self, action: &Action) {
        match action {
            Action::Pushed {
                identifier,
                uuid,
                channel,
            } => self.push(identifier, uuid, *channel),
            Action::Deleted { identifier } => self.change(identifier, |p| p.is_deleted = true),
            Action::Switched {
                identifier,
                is_enabled,
            } => self.change(identifier, |p| p.is_enabled = *is_enabled),
            Action::Assigned {
                identifier,
                assignment,
            } => {
                match assignment {
                    Some(reach) => self.reaches.insert(identifier.clone(), reach.clone()),
                    None => self.reaches.remove(identifier),
                };
                self.change(identifier, |_| {});
            }
            Action::Members {
                label,
                added,
                removed,
            } => {
                self.labels.move_members(label, added, removed);
                self.change_all();
            }
            Action::Labelled { label, kind } => {
                self.labels.define(label, kind);
                self.change_all();
            }
            Action::Paused => self.is_paused = true,
            Action::Resumed => self.is_paused = false,
            Action::RemovedHost { host } => self.labels.forget(*host),
            Action::Refreshed { .. } | Action::Resent { .. } | Action::Values { .. } => {}
        }
    }

    fn push(&mut self, identifier: &str, uuid: &str, channel: Channel) {
        let known = self.profiles.get_mut(identifier);
        let Some(profile) = known else {
            let profile = Profile {
                channel,
                uuid: uuid.to_owned(),
                made: BTreeSet::from([uuid.to_owned()]),
                is_deleted: false,
                is_enabled: true,
                edition: 0,
            };
            self.profiles.insert(identifier.to_owned(), profile);
            return;
        };
        if profile.is_deleted {
            (profile.is_deleted, profile.is_enabled) = (false, true);
        } else if profile.uuid == uuid {
            return;
        }
        uuid.clone_into(&mut profile.uuid);
        profile.made.insert(uuid.to_owned());
        profile.channel = channel;
        profile.edition += 1;
    }

    fn change(&mut self, identifier: &str, change: impl FnOnce(&mut Profile)) {
        if let Some(profile) = self.profiles.get_mut(identifier) {
            change(profile);
            profile.edition += 1;
        }
    }

    fn change_all(&mut self) {
        for profile in self.profiles.values_mut() {
            profile.edition += 1;
        }
    }

    /// What is desired of a profile; `None` if it was never pushed.
    pub(super) fn wish(
        &self,
        identifier: &str,
        channel: Channel,
        subject: &Subject<'_>,
    ) -> Option<Wish> {
        let profile = self.profiles.get(identifier)?;
        if profile.is_deleted || !profile.is_enabled || profile.channel != channel {
            return Some(Wish::Absent);
        }
        let uuid = profile.uuid.clone();
        let reach = self.reaches.get(identifier);
        let meant = reach.map_or(Meant::Yes, |reach| self.labels.meant(reach, subject));
        Some(match meant {
            Meant::Yes => Wish::Present(uuid),
            Meant::No => Wish::Absent,
            Meant::Unknown => Wish::Waiting,
            Meant::Either => Wish::Open(uuid),
        })
    }

    /// Whether this content of a profile was made here.
    pub(super) fn is_made(&self, identifier: &str, uuid: &str) -> bool {
        let profile = self.profiles.get(identifier);
        profile.is_some_and(|profile| profile.made.contains(uuid))
    }

    /// How often a profile was changed.
    pub(super) fn edition(&self, identifier: &str) -> u32 {
        let profile = self.profiles.get(identifier);
        profile.map_or(0, |profile| profile.edition)
    }

    /// Every identifier that was ever pushed.
    pub(super) fn identifiers(&self) -> impl Iterator<Item = &str> {
        self.profiles.keys().map(String::as_str)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.profiles.len()
    }
}
