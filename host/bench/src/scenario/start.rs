//! A start after the power was lost, and what a large fleet takes of memory and disk.
//!
//! Knows nothing of other parts. Invariant: the server is ended without a warning while devices
//! speak, and the first answer to one of them is what counts as ready.

use std::time::Instant;

use super::ack::spare;
use super::bytes_each;
use crate::BenchError;
use crate::ground::Ground;
use crate::load::{Crowd, Visit};
use crate::report::{Bound, Row};
use crate::sample::{float, median};
use crate::seed::Fleet;
use crate::server::Entrance;

const PART: &str = "start";
/// For a million hosts.
const SECONDS_MAX: f64 = 2.0;
const MEMORY_MAX: f64 = 200.0;
/// The share of memory that a fleet of any size needs; the figure is set for this many hosts.
const HOSTS: f64 = 1_000_000.0;

pub(super) async fn run(ground: &mut Ground<'_>, fleet: &Fleet) -> Result<(), BenchError> {
    let options = ground.options;
    let speaks = Crowd::new(fleet.idle().into_iter().take(1).collect());
    let once = Visit::Idle { rounds: 1 };
    let mut seconds = Vec::new();
    let mut site = ground.serve(fleet, Entrance::Proxy).await?;
    for devices in spare(fleet, options.runs) {
        let others = Crowd::new(devices);
        others
            .visit(site.device, options.connections, &Visit::Ask)
            .await?;
        site.kill()?;
        let begun = Instant::now();
        site = ground.serve(fleet, Entrance::Proxy).await?;
        speaks.visit(site.device, 1, &once).await?;
        seconds.push(begun.elapsed().as_secs_f64());
    }
    let memory = site.process().memory()?;
    site.stop().await?;
    let hosts = fleet.plan.hosts;
    let seconds = median(&seconds).unwrap_or_default();
    let row = Row::new(
        PART,
        "kill -9 until an answer",
        (seconds, "s"),
        Bound::AtMost(SECONDS_MAX),
    );
    ground.add(row.noted(format!("{hosts} hosts")));
    let each = bytes_each(memory.resident, u64::from(hosts));
    let most = MEMORY_MAX * (HOSTS / float(u64::from(hosts)).max(1.0)).max(1.0);
    let row = Row::new(
        PART,
        "memory of the process, each host",
        (each, "B"),
        Bound::AtMost(most),
    );
    let mib = float(memory.resident) / 1_048_576.0;
    ground.add(row.noted(format!("{mib:.0} MiB in all after the start")));
    let each = bytes_each(fleet.store_bytes()?, u64::from(hosts));
    let row = Row::new(
        PART,
        "disk, the whole store, each host",
        (each, "B"),
        Bound::Shown,
    );
    ground.add(row.noted("records, tokens and sync state together"));
    Ok(())
}
