//! The log of a world: every entry is digested, judged, counted and shown to whoever listens.
//!
//! Knows nothing of devices or the server. Invariant: entries are noted in the order in which the
//! server saw things, and listeners change nothing.

use std::collections::BTreeMap;

use crate::check::{Checker, Violation};
use crate::digest::TraceDigest;
use crate::log::{Answered, DeviceTruth, Entry, Heard, Ordered, Setup};
use crate::outcome::Found;
use crate::weather::Tally;

/// Violations that are kept in full; the others are counted.
const FOUND_MAX: usize = 8;

/// Who is shown every entry.
pub(crate) type Listener<'a> = &'a mut dyn FnMut(&Entry);

/// The log of a world.
pub(crate) struct Book<'a> {
    digest: TraceDigest,
    checker: Checker,
    listener: Option<Listener<'a>>,
    /// The world's names for uuids of commands.
    names: BTreeMap<String, String>,
    handed_out: u32,
    strangers: u32,
    pub(crate) messages: u64,
    pub(crate) commands: Tally,
    pub(crate) violations: Tally,
    pub(crate) lost: u64,
    pub(crate) spurious: u64,
    pub(crate) found: Vec<Found>,
}

impl<'a> Book<'a> {
    pub(crate) fn new(setup: &Setup, listener: Option<Listener<'a>>) -> Self {
        Self {
            digest: TraceDigest::default(),
            checker: Checker::new(setup),
            listener,
            names: BTreeMap::new(),
            handed_out: 0,
            strangers: 0,
            messages: 0,
            commands: Tally::new(),
            violations: Tally::new(),
            lost: 0,
            spurious: 0,
            found: Vec::new(),
        }
    }

    /// Notes what happened.
    pub(crate) fn note(&mut self, entry: &Entry) {
        self.digest.note(entry);
        match entry {
            Entry::Heard { .. } => self.messages += 1,
            Entry::Answered {
                answer: Answered::Command { command, .. },
                ..
            } => *self.commands.entry(kind(command)).or_default() += 1,
            Entry::Answered { .. }
            | Entry::Admin { .. }
            | Entry::Server { .. }
            | Entry::Phase { .. } => {}
        }
        if let Some(listener) = &mut self.listener {
            listener(entry);
        }
        let violations = self.checker.note(entry);
        self.keep(violations);
    }

    /// Has the end judged.
    pub(crate) fn settle(&mut self, devices: &[DeviceTruth]) {
        let violations = self.checker.settle(devices);
        self.keep(violations);
    }

    /// Keeps what is wrong.
    pub(crate) fn keep(&mut self, violations: Vec<Violation>) {
        for violation in violations {
            let rule = violation.rule;
            *self.violations.entry(rule.as_str()).or_default() += 1;
            self.lost += u64::from(rule.is_lost());
            self.spurious += u64::from(rule.is_spurious());
            if self.found.len() < FOUND_MAX {
                self.found.push(Found {
                    violation,
                    entry: self.digest.entries(),
                    history: Vec::new(),
                });
            }
        }
    }

    /// What a device said, with the world's names in place of uuids.
    pub(crate) fn named(&mut self, heard: &Heard) -> Heard {
        let mut heard = heard.clone();
        if let Heard::Result { uuid, .. } = &mut heard {
            let Some(name) = self.names.get(uuid) else {
                self.strangers += 1;
                let name = format!("x{}", self.strangers);
                self.names.insert(std::mem::take(uuid), name.clone());
                *uuid = name;
                return heard;
            };
            uuid.clone_from(name);
        }
        heard
    }

    /// The world's name for the uuid of a command that the server hands out.
    pub(crate) fn name(&mut self, uuid: &str) -> String {
        if let Some(name) = self.names.get(uuid) {
            return name.clone();
        }
        self.handed_out += 1;
        let name = format!("c{}", self.handed_out);
        self.names.insert(uuid.to_owned(), name.clone());
        name
    }

    /// How many entries there are, and their digest.
    pub(crate) fn close(&self) -> (u64, String) {
        (self.digest.entries(), self.digest.clone().finish())
    }
}

fn kind(command: &Ordered) -> &'static str {
    match command {
        Ordered::List => "ProfileList",
        Ordered::Information => "DeviceInformation",
        Ordered::Install { .. } => "InstallProfile",
        Ordered::Remove { .. } => "RemoveProfile",
        Ordered::Other(_) => "other",
    }
}
