//! Devices that acknowledge one installation after the other, each result durable before the next
//! command leaves, beside what the disk gives.
//!
//! Knows nothing of other parts. Invariant: only acknowledgements that are answered with another
//! command are counted.

use std::sync::Arc;
use std::time::Duration;

use super::{Cost, Terms, bytes_each, cost, latencies, of_all};
use crate::BenchError;
use crate::device::Device;
use crate::figure::Figure;
use crate::ground::Ground;
use crate::limits::{GROUP, rows_per_second};
use crate::load::{Crowd, Visit};
use crate::sample::median;
use crate::seed::Fleet;
use crate::server::Site;

const PART: &str = "ack";
const MICROS_MAX: f64 = 65.0;
const SHARE_OF_LOG_MIN: f64 = 0.5;
const RATE_MIN: f64 = 20_000.0;
/// How long the disk is looked at, each time.
const LOG_SPAN: Duration = Duration::from_secs(1);

pub(super) async fn run(ground: &mut Ground<'_>, fleet: &Fleet) -> Result<(), BenchError> {
    let options = ground.options;
    // Two processors are what the rate is set for: one of them alone could not reach it.
    let site = ground.serve_openly(fleet).await?;
    let list: Arc<str> = fleet.full_list(&[]).into();
    let mut costs = Vec::new();
    let mut rows = Vec::new();
    for devices in groups(fleet, options.runs) {
        let folder = ground.folder().to_owned();
        let log = tokio::task::spawn_blocking(move || rows_per_second(&folder, LOG_SPAN));
        rows.push(log.await.map_err(|_| BenchError::Interrupted)??);
        let crowd = Crowd::new(devices);
        costs.push(measured(&site, &crowd, options.connections, &list).await?);
    }
    site.stop().await?;
    let micros = of_all(&mut costs, |cost| Some(cost.micros()));
    let words = latencies(&mut costs);
    let rate = of_all(&mut costs, |cost| Some(cost.outcome.rate()));
    let written = of_all(&mut costs, |cost| {
        Some(bytes_each(cost.written, cost.outcome.requests))
    });
    let limit = median(&rows).unwrap_or_default();
    let terms = Terms::of(fleet, PART, Figure::Ack);
    let what = "server CPU, acknowledge and next command";
    let row = terms.at_most(what, (micros, "us"), MICROS_MAX);
    ground.add(row.noted(format!("{} connections: {words}", options.connections)));
    let least = (SHARE_OF_LOG_MIN * limit).min(RATE_MIN);
    let row = terms.at_least("durable results", (rate, "/s"), least);
    let share = rate / limit.max(1.0);
    ground.add(row.noted(format!(
        "all processors; raw log in groups of {GROUP}: {limit:.0} rows/s, {share:.2} of it"
    )));
    ground.add(terms.shown("bytes written, each result", (written, "B")));
    Ok(())
}

/// The devices of each run; those of one more are left for others.
pub(super) fn groups(fleet: &Fleet, runs: u32) -> Vec<Vec<Device>> {
    let devices = fleet.behind();
    let each = (devices.len() / (runs as usize + 1)).max(1);
    devices
        .chunks(each)
        .take(runs as usize)
        .map(<[Device]>::to_vec)
        .collect()
}

/// Devices that lack everything and belong to no run, in so many parts.
pub(super) fn spare(fleet: &Fleet, runs: u32) -> Vec<Vec<Device>> {
    let taken: usize = groups(fleet, runs).iter().map(Vec::len).sum();
    let left: Vec<Device> = fleet.behind().into_iter().skip(taken).collect();
    let each = left.len().div_ceil(runs.max(1) as usize).max(1);
    left.chunks(each).map(<[Device]>::to_vec).collect()
}

/// One run: everybody asks, everybody works (this is what is looked at), everybody comes to rest.
pub(crate) async fn measured(
    site: &Site,
    crowd: &Arc<Crowd>,
    connections: usize,
    list: &Arc<str>,
) -> Result<Cost, BenchError> {
    crowd.visit(site.device, connections, &Visit::Ask).await?;
    let cost = cost(site, crowd, connections, &Visit::Install).await?;
    let rest = Visit::Finish {
        list: Arc::clone(list),
    };
    crowd.visit(site.device, connections, &rest).await?;
    Ok(cost)
}
