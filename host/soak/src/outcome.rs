//! What is asked of a world, and what came of it.
//!
//! Knows nothing of how a world works.

use std::time::Duration;

use crate::check::Violation;
use crate::fault::FaultSet;
use crate::museum::Mistake;
use crate::weather::Tally;

/// What is asked of a world.
#[derive(Debug, Clone)]
pub struct WorldOptions {
    /// Hosts.
    pub hosts: u32,
    /// Days on which things go wrong; some days of calm follow.
    pub days: u32,
    /// What may go wrong.
    pub faults: FaultSet,
    /// Whether administrators change anything after the start.
    pub has_changes: bool,
    /// A mistake to put into the server.
    pub mistake: Option<Mistake>,
    /// Whether the world ends with the first violation.
    pub stops_early: bool,
}

impl Default for WorldOptions {
    fn default() -> Self {
        Self {
            hosts: 150,
            days: 60,
            faults: FaultSet::all(),
            has_changes: true,
            mistake: None,
            stops_early: false,
        }
    }
}

/// A violation and the way to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What is wrong.
    pub violation: Violation,
    /// The number of the entry after which it was found, counted from 1.
    pub entry: u64,
    /// The last entries that concern the channel's host, oldest first; only where they were asked
    /// for.
    pub history: Vec<String>,
}

/// What came of a world.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// Hosts times days on which things could go wrong. The days of calm are not counted.
    pub device_days: u64,
    /// Messages that reached the server.
    pub messages: u64,
    /// Commands that the server handed out, by kind.
    pub commands: Tally,
    /// Faults that struck, by kind.
    pub faults: Tally,
    /// How many violations there were, by rule.
    pub violations: Tally,
    /// Commands that were called for and never came.
    pub lost: u64,
    /// Installations and removals that the naive model would not have sent.
    pub spurious: u64,
    /// The first violations.
    pub found: Vec<Found>,
    /// Entries of the log.
    pub entries: u64,
    /// The digest of the log: the same in every run.
    pub trace: String,
    /// How long it took; not the same in every run.
    pub took: Duration,
}

impl Outcome {
    /// Whether nothing was wrong.
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }
}
