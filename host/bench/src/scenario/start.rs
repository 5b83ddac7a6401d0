//! A start after the power was lost, and what a large fleet takes of memory and disk.
//!
//! Knows nothing of other parts. Invariant: the server is ended without a warning while devices
//! speak, and the first answer to one of them is what counts as ready.

use std::time::Instant;

use super::ack::spare;
use super::{Terms, bytes_each};
use crate::BenchError;
use crate::figure::Figure;
use crate::ground::Ground;
use crate::load::{Crowd, Visit};
use crate::sample::{float, median};
use crate::seed::Fleet;
use crate::server::Entrance;

const PART: &str = "start";
/// For a million hosts.
const SECONDS_MAX: f64 = 2.0;
const MEMORY_MAX: f64 = 200.0;
/// Bytes of sync state on the disk for each host, also while much was just written, and once all of
/// it is in its place.
const BUSY_BYTES_MAX: f64 = 400.0;
const FOLDED_BYTES_MAX: f64 = 150.0;
/// The share of memory that a fleet of any size needs; the figure is set for this many hosts.
const HOSTS: f64 = 1_000_000.0;

pub(super) async fn run(ground: &mut Ground<'_>, fleet: &Fleet) -> Result<(), BenchError> {
    let options = ground.options;
    let speaks = Crowd::new(fleet.idle().into_iter().take(1).collect());
    let once = Visit::Idle { rounds: 1 };
    let mut seconds = Vec::new();
    let mut site = ground.serve(fleet, Entrance::Proxy).await?;
    speaks.visit(site.device, 1, &once).await?;
    let memory = site.process().memory_at_rest().await?;
    for devices in spare(fleet, options.runs) {
        let others = Crowd::new(devices);
        others
            .visit(site.device, options.connections, &Visit::Ask)
            .await?;
        site.kill()?;
        let begun = Instant::now();
        site = ground.serve_openly(fleet).await?;
        speaks.visit(site.device, 1, &once).await?;
        seconds.push(begun.elapsed().as_secs_f64());
    }
    // Devices that were just answered: whatever is not brought to its place yet is there now.
    let once = Visit::Ask;
    let others = Crowd::new(fleet.behind());
    others
        .visit(site.device, options.connections, &once)
        .await?;
    site.kill()?;
    let busy = fleet.sync_bytes()?;
    ground.serve(fleet, Entrance::Proxy).await?.stop().await?;
    let folded = fleet.sync_bytes()?;
    let hosts = u64::from(fleet.plan.hosts);
    let seconds = median(&seconds).unwrap_or_default();
    let terms = Terms::of(fleet, PART, Figure::Start);
    let row = terms.at_most("kill -9 until an answer", (seconds, "s"), SECONDS_MAX);
    ground.add(row.noted(format!("{hosts} hosts")));
    let each = bytes_each(memory.resident, hosts);
    let most = MEMORY_MAX * (HOSTS / float(hosts).max(1.0)).max(1.0);
    let terms = Terms::of(fleet, PART, Figure::Memory);
    let row = terms.at_most("memory of the process, each host", (each, "B"), most);
    let mib = |bytes| float(bytes) / 1_048_576.0;
    let (rest, peak) = (mib(memory.resident), mib(memory.peak));
    ground.add(row.noted(format!("{rest:.0} MiB in all at rest, {peak:.0} at most")));
    let terms = Terms::of(fleet, PART, Figure::Disk);
    for (what, bytes, most) in [
        ("disk for sync state, at any time", busy, BUSY_BYTES_MAX),
        ("disk for sync state, folded", folded, FOLDED_BYTES_MAX),
    ] {
        ground.add(terms.at_most(what, (bytes_each(bytes, hosts), "B"), most));
    }
    let each = bytes_each(fleet.store_bytes()?, hosts);
    let row = terms.shown("disk, the whole store, each host", (each, "B"));
    ground.add(row.noted("records, tokens and sync state together"));
    Ok(())
}
