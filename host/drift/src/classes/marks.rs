//! What tells a channel from others, as bytes: whoever places many hosts compares these, and places
//! one of each kind.
//!
//! Knows nothing of numbers. Invariant: hosts of one group whose channels have the same marks are in
//! the same class; two that are in one class may have other marks all the same.

use std::io::Write;

use crate::command::Command;
use crate::desired::Catalog;
use crate::state::{Target, Unproven};

use super::exception::{is_special, next_of};
use super::judge::Bits;
use super::seen::Seen;

const LISTED: u8 = 1;
const INSTALLED: u8 = 2;
const REMOVED: u8 = 3;
const RESEND: u8 = 4;
const LOST: u8 = 5;
const CHANGING: u8 = 6;
const TRIED: u8 = 7;
const TRIED_TO_REMOVE: u8 = 8;
const UPGRADED: u8 = 9;
const END: u8 = 0;

impl Seen<'_> {
    /// Appends the marks of the channel, under the catalog that the classes have. Says whether
    /// others may be like it: not while it has copies of its own.
    pub fn mark(&self, catalog: &Catalog, marks: &mut Vec<u8>) -> bool {
        if !self.is_live() {
            return true;
        }
        let state = self.state;
        marks.extend(Bits::of(self).0.to_le_bytes());
        marks.extend(state.delivered.id().0);
        if let Some(observed) = &state.observed {
            marks.extend(observed.set.id().0);
            for listed in &observed.unmanaged {
                // Of others it does not matter what is there.
                if catalog.is_ours(&listed.identifier) {
                    put(LISTED, listed.identifier.as_str(), marks);
                    text(listed.uuid.as_str(), marks);
                }
            }
        }
        if is_special(self) {
            self.mark_changes(marks);
            self.mark_attempts(marks);
            self.mark_upgrades(marks);
        }
        marks.push(END);
        self.own.is_empty()
    }

    fn mark_changes(&self, marks: &mut Vec<u8>) {
        let state = self.state;
        for (identifier, open) in &state.unproven {
            match open {
                Unproven::Installed(revision) => {
                    put(INSTALLED, identifier.as_str(), marks);
                    text(revision.uuid.as_str(), marks);
                    marks.extend(revision.version.to_le_bytes());
                }
                Unproven::Removed => put(REMOVED, identifier.as_str(), marks),
            }
        }
        for identifier in &state.resend {
            put(RESEND, identifier.as_str(), marks);
        }
        let listed = state.observed.as_ref().map_or(0, |last| last.sequence);
        for lost in state.lost.iter().filter(|lost| lost.sequence > listed) {
            put(LOST, lost.identifier.as_str(), marks);
        }
        let in_flight = state.in_flight.as_ref();
        if let Some(identifier) = in_flight.and_then(|open| Command::identifier(&open.command)) {
            put(CHANGING, identifier.as_str(), marks);
        }
    }

    fn mark_attempts(&self, marks: &mut Vec<u8>) {
        for (identifier, attempts) in &self.state.attempts {
            let next = next_of(attempts, self);
            if attempts.reason.is_none() && next == 0 {
                continue;
            }
            match &attempts.target {
                Target::Present(revision) => {
                    put(TRIED, identifier.as_str(), marks);
                    text(revision.uuid.as_str(), marks);
                    marks.extend(revision.version.to_le_bytes());
                }
                Target::Absent => put(TRIED_TO_REMOVE, identifier.as_str(), marks),
            }
            marks.push(u8::from(attempts.reason.is_some()));
            marks.extend(next.to_le_bytes());
        }
    }

    fn mark_upgrades(&self, marks: &mut Vec<u8>) {
        let Some(system) = self.system else {
            return;
        };
        for (identifier, installed_on) in &self.state.installed_on {
            if *installed_on < system.version {
                put(UPGRADED, identifier.as_str(), marks);
                marks.push(system.platform as u8);
                // Nothing fails that is written to memory.
                let written = write!(marks, "{installed_on} {}", system.version);
                drop(written);
                marks.push(END);
            }
        }
    }
}

fn put(mark: u8, identifier: &str, marks: &mut Vec<u8>) {
    marks.push(mark);
    text(identifier, marks);
}

fn text(text: &str, marks: &mut Vec<u8>) {
    // No identifier or uuid has more bytes than this can say.
    marks.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
    marks.extend(text.as_bytes());
}
