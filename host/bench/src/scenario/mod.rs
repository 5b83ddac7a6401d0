//! The parts of a run, one file each.
//!
//! Knows nothing of how fleets are made. Invariant: a part leaves rows behind, and nothing that
//! another part could stumble over.

mod ack;
mod change;
mod herd;
mod idle;
mod mtls;
mod rollout;
mod start;

use std::time::Duration;

use crate::BenchError;
use crate::figure::Figure;
use crate::ground::Ground;
use crate::load::{Crowd, Outcome, Visit};
use crate::options::Part;
use crate::report::{Bound, Row};
use crate::sample::{float, median, micros_each};
use crate::seed::{Fleet, Kind};
use crate::server::Site;

#[cfg(test)]
pub(crate) use ack::measured as acknowledged;
#[cfg(test)]
pub(crate) use idle::measured as asked;

/// Runs the parts that are asked for.
pub(crate) async fn run(ground: &mut Ground<'_>) -> Result<(), BenchError> {
    let parts: Vec<Part> = Part::ALL
        .into_iter()
        .filter(|part| ground.options.parts.contains(part))
        .collect();
    let needs_main = |part: &&Part| !matches!(part, Part::Rollout | Part::Change);
    if parts.iter().any(|part| needs_main(&part)) {
        let fleet = ground.fleet(&ground.options.main_plan(Kind::Few)).await?;
        for part in parts.iter().filter(needs_main) {
            on_main(*part, ground, &fleet).await?;
        }
        fleet.forget()?;
    }
    let twice = |part: &&Part| matches!(part, Part::Idle | Part::Ack);
    let is_troubled = ground.options.kinds.contains(&Kind::Troubled);
    if is_troubled && parts.iter().any(|part| twice(&part)) {
        let plan = ground.options.main_plan(Kind::Troubled);
        let fleet = ground.fleet(&plan).await?;
        for part in parts.iter().filter(twice) {
            on_main(*part, ground, &fleet).await?;
        }
        fleet.forget()?;
    }
    if parts.contains(&Part::Rollout) {
        rollout::run(ground).await?;
    }
    if parts.contains(&Part::Change) {
        change::run(ground).await?;
    }
    Ok(())
}

async fn on_main(part: Part, ground: &mut Ground<'_>, fleet: &Fleet) -> Result<(), BenchError> {
    ground.say(part.as_str());
    match part {
        Part::Idle => idle::run(ground, fleet).await,
        Part::Ack => ack::run(ground, fleet).await,
        Part::Herd => herd::run(ground, fleet).await,
        Part::Mtls => mtls::run(ground, fleet).await,
        Part::Start => start::run(ground, fleet).await,
        Part::Rollout | Part::Change => Ok(()),
    }
}

/// What the rows about a fleet are called, and what they are held to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    part: &'static str,
    figure: Figure,
    /// Limits are so many times those of a fleet without failures.
    slack: f64,
}

impl Terms {
    /// Those of a part of the run on this fleet.
    pub(crate) fn of(fleet: &Fleet, part: &'static str, figure: Figure) -> Self {
        match fleet.plan.kind {
            Kind::Few | Kind::Many | Kind::Unique => Self {
                part,
                figure,
                slack: 1.0,
            },
            Kind::Troubled => Self {
                part: Kind::Troubled.as_str(),
                figure: Figure::Troubled,
                slack: 2.0,
            },
        }
    }

    pub(crate) fn at_most(&self, what: &str, value: (f64, &'static str), most: f64) -> Row {
        self.row(what, value, Bound::AtMost(most * self.slack))
    }

    pub(crate) fn at_least(&self, what: &str, value: (f64, &'static str), least: f64) -> Row {
        self.row(what, value, Bound::AtLeast(least / self.slack))
    }

    pub(crate) fn shown(&self, what: &str, value: (f64, &'static str)) -> Row {
        self.row(what, value, Bound::Shown)
    }

    fn row(&self, what: &str, value: (f64, &'static str), bound: Bound) -> Row {
        Row::new(self.part, what, value, bound).of(self.figure)
    }
}

/// What one run of a crowd cost the server.
#[derive(Debug, Clone)]
pub(crate) struct Cost {
    pub(crate) cpu: Duration,
    pub(crate) written: u64,
    pub(crate) outcome: Outcome,
}

impl Cost {
    /// Microseconds of the server's processors for each request.
    pub(crate) fn micros(&self) -> f64 {
        micros_each(self.cpu, self.outcome.requests)
    }
}

/// Lets a crowd visit and looks at the server before and after.
pub(crate) async fn cost(
    site: &Site,
    crowd: &std::sync::Arc<Crowd>,
    connections: usize,
    visit: &Visit,
) -> Result<Cost, BenchError> {
    let process = site.process();
    let (cpu, written) = (process.cpu()?, process.written()?);
    let outcome = crowd.visit(site.device, connections, visit).await?;
    Ok(Cost {
        cpu: site.cpu_since(cpu)?,
        written: process.written()?.since(written, outcome.received),
        outcome,
    })
}

/// The median of one figure over several runs.
pub(crate) fn of_all(costs: &mut [Cost], figure: impl Fn(&mut Cost) -> Option<f64>) -> f64 {
    let values: Vec<f64> = costs.iter_mut().filter_map(figure).collect();
    median(&values).unwrap_or_default()
}

/// Percentiles of several runs, in words.
pub(crate) fn latencies(costs: &mut [Cost]) -> String {
    let p50 = of_all(costs, |cost| cost.outcome.latencies.ms(0.5));
    let p99 = of_all(costs, |cost| cost.outcome.latencies.ms(0.99));
    let rate = of_all(costs, |cost| Some(cost.outcome.rate()));
    format!("p50 {p50:.2} ms, p99 {p99:.2} ms, {rate:.0}/s")
}

/// Bytes for each of so many.
pub(crate) fn bytes_each(bytes: u64, count: u64) -> f64 {
    float(bytes) / float(count.max(1))
}
