//! What a run measures, and at what size.
//!
//! Knows nothing of command lines. Invariant: every size is made to fit the smallest run too.

use std::path::PathBuf;

use crate::seed::{Kind, Plan};

/// A part of a run; each can be run alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Devices in sync that ask for work over connections that stay open.
    Idle,
    /// Devices that acknowledge an installation and get the next.
    Ack,
    /// Many devices that connect at once.
    Herd,
    /// New connections with TLS and a client certificate.
    Mtls,
    /// A start after the power was lost; memory and disk.
    Start,
    /// One new profile for a whole fleet.
    Rollout,
    /// What administrators do with a large fleet.
    Change,
}

impl Part {
    /// All parts in the order in which they are run.
    pub const ALL: [Self; 7] = [
        Self::Idle,
        Self::Ack,
        Self::Herd,
        Self::Mtls,
        Self::Start,
        Self::Rollout,
        Self::Change,
    ];

    /// Its word in options and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Ack => "ack",
            Self::Herd => "herd",
            Self::Mtls => "mtls",
            Self::Start => "start",
            Self::Rollout => "rollout",
            Self::Change => "change",
        }
    }
}

/// What a run measures, and at what size.
#[derive(Debug, Clone)]
pub struct Options {
    /// The binary whose `serve` is measured.
    pub program: PathBuf,
    /// The binary whose `bench` stands in for limits; the same, unless an older one is measured.
    pub stand_in: PathBuf,
    /// The parts to run.
    pub parts: Vec<Part>,
    /// The fleets of [`Part::Change`]. With [`Kind::Troubled`], [`Part::Idle`] and [`Part::Ack`] are
    /// run on such a fleet as well.
    pub kinds: Vec<Kind>,
    /// Hosts of the large fleets.
    pub hosts: u32,
    /// Hosts of [`Part::Rollout`].
    pub rollout_hosts: u32,
    /// Devices of [`Part::Herd`].
    pub herd: u32,
    /// Runs of which the median is taken.
    pub runs: u32,
    /// Requests of one run of [`Part::Idle`].
    pub requests: u32,
    /// Uploads of which percentiles are taken.
    pub uploads: u32,
    /// Connections at once.
    pub connections: usize,
    /// Profiles, all of them for every host.
    pub profiles: usize,
    /// Where fleets are kept for the next run; without it they are made anew and removed.
    pub keep: Option<PathBuf>,
}

/// Devices that ask for work in turn, so that nothing is quick only because it was just done.
pub(crate) const IDLE_HOSTS: u32 = 2_048;
/// Devices of one run that lack everything.
const BEHIND_HOSTS: u32 = 1_024;
/// Devices in sync of the fleets that administrators change.
const PROBES: u32 = 16;
/// Hosts of the small fleet that the large one is compared with.
const SMALL_HOSTS: u32 = 1_000;

impl Options {
    /// The sizes for which figures are set.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        let program = program.into();
        Self {
            stand_in: program.clone(),
            program,
            parts: Part::ALL.to_vec(),
            kinds: vec![Kind::Few, Kind::Many, Kind::Unique, Kind::Troubled],
            hosts: 1_000_000,
            rollout_hosts: 100_000,
            herd: 10_000,
            runs: 3,
            requests: 50_000,
            uploads: 100,
            connections: 256,
            profiles: 20,
            keep: None,
        }
    }

    /// The fleet of all parts but two.
    pub(crate) fn main_plan(&self, kind: Kind) -> Plan {
        let behind = (BEHIND_HOSTS * (self.runs + 1)).min(self.hosts / 2);
        Plan {
            hosts: self.hosts,
            kind,
            profiles: self.profiles,
            idle: self.herd.max(IDLE_HOSTS).min(self.hosts - behind),
            behind,
        }
    }

    /// The fleet of [`Part::Rollout`].
    pub(crate) fn rollout_plan(&self) -> Plan {
        Plan {
            hosts: self.rollout_hosts,
            kind: Kind::Few,
            profiles: self.profiles,
            idle: self.rollout_hosts,
            behind: 0,
        }
    }

    /// A fleet that administrators change.
    pub(crate) fn change_plan(&self, kind: Kind) -> Plan {
        Plan {
            hosts: self.hosts,
            kind,
            profiles: self.profiles,
            idle: PROBES.min(self.hosts),
            behind: 0,
        }
    }

    /// The small fleet beside them.
    pub(crate) fn small_plan(&self) -> Plan {
        Plan {
            hosts: SMALL_HOSTS.min(self.hosts),
            ..self.change_plan(Kind::Few)
        }
    }
}
