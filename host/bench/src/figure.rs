//! The figures that this server is held to, by name, whatever rows were measured for them.
//!
//! Knows nothing of how they are measured. Invariant: a figure is met only if every row of it is;
//! one without a row that has a limit was not measured, and is said to be so.

use serde::Serialize;

use crate::report::{Bound, Row, Verdict};

/// A figure that is set for the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    /// A profile is uploaded, and all counts are right.
    Upload,
    /// What that writes.
    UploadBytes,
    /// All counts, and a page of hosts.
    Looks,
    /// Memory for each host.
    Memory,
    /// Sync state on the disk for each host.
    Disk,
    /// A connect of a device in sync.
    Idle,
    /// A result that is durable before the next command leaves.
    Ack,
    /// A new connection with a client certificate.
    Mtls,
    /// One profile for a whole fleet.
    Rollout,
    /// A rule of a label is another one.
    Rule,
    /// The same with hosts that fail or have no time.
    Troubled,
    /// A start after the power was lost.
    Start,
}

impl Figure {
    /// All of them, in order.
    pub const ALL: [Self; 12] = [
        Self::Upload,
        Self::UploadBytes,
        Self::Looks,
        Self::Memory,
        Self::Disk,
        Self::Idle,
        Self::Ack,
        Self::Mtls,
        Self::Rollout,
        Self::Rule,
        Self::Troubled,
        Self::Start,
    ];

    /// What it is of.
    pub fn name(self) -> &'static str {
        match self {
            Self::Upload => "a profile uploaded, every count right, durable",
            Self::UploadBytes => "bytes written for that change",
            Self::Looks => "all counts; a page of 100 hosts",
            Self::Memory => "memory of the whole process, each host",
            Self::Disk => "disk for sync state, each host",
            Self::Idle => "keep-alive connect, idle and in sync",
            Self::Ack => "acknowledge and next command, durable",
            Self::Mtls => "mTLS connect with one request",
            Self::Rollout => "whole rollout of one profile",
            Self::Rule => "a dynamic label's rule changed",
            Self::Troubled => "30 % failing, 10 % NotNow",
            Self::Start => "ready after kill -9",
        }
    }

    /// What it is held to, for the sizes for which it is set.
    pub fn limit(self) -> &'static str {
        match self {
            Self::Upload => "p99 <= 50 ms; unique <= 3 x one naive diff",
            Self::UploadBytes => "<= 64 KiB and the profile, the same at any size",
            Self::Looks => "<= 1 ms; unique <= 150 ms, 25 ms",
            Self::Memory => "<= 200 B; unique <= 500 B",
            Self::Disk => "<= 150 B folded, <= 400 B at any time",
            Self::Idle => "<= 35 us of CPU, <= 2.5 x bare hyper",
            Self::Ack => "<= 65 us of CPU; >= half of the raw log or 20,000/s",
            Self::Mtls => "<= 1.10 x bare rustls",
            Self::Rollout => "<= 30 s of CPU, <= 6 x idle connects",
            Self::Rule => "<= 5 s of CPU in slices of <= 10 ms",
            Self::Troubled => "within twice of every figure",
            Self::Start => "<= 2 s",
        }
    }

    /// What came of it in these rows.
    pub fn standing(self, rows: &[Row]) -> Standing {
        let of_it = rows.iter().filter(|row| row.figure == Some(self));
        let held: Vec<&Row> = of_it.filter(|row| row.bound != Bound::Shown).collect();
        let missed = held
            .iter()
            .filter(|row| row.verdict == Some(Verdict::Missed));
        let missed: Vec<String> = missed
            .map(|row| format!("{}: {}", row.part, row.what))
            .collect();
        Standing {
            figure: self,
            name: self.name(),
            limit: self.limit(),
            verdict: match (held.is_empty(), missed.is_empty()) {
                (true, _) => None,
                (false, true) => Some(Verdict::Met),
                (false, false) => Some(Verdict::Missed),
            },
            missed,
        }
    }
}

/// What came of a figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Which.
    pub figure: Figure,
    /// What it is of.
    pub name: &'static str,
    /// What it is held to.
    pub limit: &'static str,
    /// Whether it was reached; `None` if it was not measured.
    pub verdict: Option<Verdict>,
    /// The rows that missed it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missed: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that one row that misses misses the figure, and that none is no verdict.
    #[test]
    fn standings() {
        let row = |value| {
            let bound = Bound::AtMost(35.0);
            Row::new("idle", "time", (value, "us"), bound).of(Figure::Idle)
        };
        let shown = Row::new("idle", "more", (1.0, "us"), Bound::Shown).of(Figure::Idle);
        let of = |rows: &[Row]| Figure::Idle.standing(rows).verdict;
        assert_eq!(of(&[]), None);
        assert_eq!(of(std::slice::from_ref(&shown)), None);
        assert_eq!(of(&[row(1.0), shown]), Some(Verdict::Met));
        let both = [row(1.0), row(36.0)];
        assert_eq!(of(&both), Some(Verdict::Missed));
        assert_eq!(Figure::Idle.standing(&both).missed, ["idle: time"]);
        assert_eq!(Figure::Ack.standing(&both).verdict, None);
    }
}
