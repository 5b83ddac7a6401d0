//! One new profile for a whole fleet: every device asks, installs it, and shows its list.
//!
//! Knows nothing of pushes: devices come when they are told to here. Invariant: it counts only if
//! the server's own counts say that every host has the profile.

use std::sync::Arc;

use serde::Deserialize;

use super::{cost, idle};
use crate::BenchError;
use crate::figure::Figure;
use crate::ground::Ground;
use crate::load::{Crowd, Visit};
use crate::report::{Bound, Row};
use crate::sample::float;
use crate::seed::push;
use crate::server::{Entrance, Site};

const PART: &str = "rollout";
const SECONDS_MAX: f64 = 30.0;
/// The fleet for which the seconds are set.
const HOSTS: f64 = 100_000.0;
const TIMES_IDLE_MAX: f64 = 6.0;

/// How many hosts have a profile.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Tally {
    pub(super) identifier: String,
    pub(super) applied: u64,
    pub(super) pending: u64,
    pub(super) failed: u64,
    pub(super) unknown: u64,
}

/// The counts of the server.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Summary {
    pub(super) hosts: u64,
    pub(super) profiles: Vec<Tally>,
    pub(super) regrouping: Option<serde_json::Value>,
}

impl Summary {
    /// Asks for them.
    pub(super) async fn of(site: &Site) -> Result<Self, BenchError> {
        let mut administrator = site.administrator().await?;
        let to = ("GET", "/api/v1/status");
        administrator.send("reading the counts", to, None).await
    }

    /// Those of one profile.
    pub(super) fn profile(&self, identifier: &str) -> Tally {
        let found = self
            .profiles
            .iter()
            .find(|one| one.identifier == identifier);
        found.cloned().unwrap_or_default()
    }
}

pub(super) async fn run(ground: &mut Ground<'_>) -> Result<(), BenchError> {
    ground.say(PART);
    let options = ground.options;
    let fleet = ground.fleet(&options.rollout_plan()).await?;
    let crowd = Crowd::new(fleet.idle());
    let hosts = crowd.len() as u64;
    let site = ground.serve(&fleet, Entrance::Proxy).await?;
    idle::warm_up(&site, &crowd, options.connections).await?;
    let once = Visit::Idle { rounds: 1 };
    let idle = cost(&site, &crowd, options.connections, &once).await?;
    let number = options.profiles;
    let pushed = push(&site, &[number], 1).await?;
    let more: Vec<_> = pushed
        .iter()
        .map(|(identifier, uuid)| (number, identifier.as_str(), uuid.as_str()))
        .collect();
    let list: Arc<str> = fleet.full_list(&more).into();
    let finish = Visit::Finish { list };
    let whole = cost(&site, &crowd, options.connections, &finish).await?;
    let counts = Summary::of(&site).await?;
    site.stop().await?;
    fleet.forget()?;
    for (identifier, _) in &pushed {
        let tally = counts.profile(identifier);
        if tally.applied != hosts {
            return Err(BenchError::Wrong {
                doing: "a rollout",
                wrong: format!("{} of {hosts} hosts have the profile", tally.applied),
            });
        }
    }
    let (spent, beside) = (whole.cpu.as_secs_f64(), idle.cpu.as_secs_f64());
    let most = SECONDS_MAX * float(hosts) / HOSTS;
    let words = format!(
        "{hosts} hosts, {} requests, {:.1} us each, {:.0}/s",
        whole.outcome.requests,
        whole.micros(),
        whole.outcome.rate()
    );
    let row = Row::new(
        PART,
        "server CPU, one new profile",
        (spent, "s"),
        Bound::AtMost(most),
    )
    .of(Figure::Rollout);
    ground.add(row.noted(words));
    let each = whole.micros() / idle.micros().max(f64::EPSILON);
    let row = Row::new(
        PART,
        "the same / as many idle connects",
        (each, "x"),
        Bound::AtMost(TIMES_IDLE_MAX),
    )
    .of(Figure::Rollout);
    let micros = idle.micros();
    let of_hosts = spent / beside.max(f64::EPSILON);
    ground.add(row.noted(format!(
        "idle {micros:.1} us; {of_hosts:.1} x one idle connect of each host"
    )));
    Ok(())
}
