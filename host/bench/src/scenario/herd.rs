//! Many devices that connect at the same moment, as after an outage of the network.
//!
//! Knows nothing of other parts. Invariant: every one of them is answered, or the run fails.

use std::time::Instant;

use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::task::JoinSet;

use crate::BenchError;
use crate::device::Device;
use crate::ground::Ground;
use crate::load::understood;
use crate::report::{Bound, Row};
use crate::sample::{Latencies, float};
use crate::seed::Fleet;
use crate::server::{Entrance, Site};
use crate::wire::Line;

const PART: &str = "herd";
/// Open files beside those of the devices.
const FILES_BESIDE: u64 = 200;

pub(super) async fn run(ground: &mut Ground<'_>, fleet: &Fleet) -> Result<(), BenchError> {
    let mut devices = fleet.idle();
    devices.truncate(ground.options.herd as usize);
    let count = devices.len();
    make_room(count as u64 + FILES_BESIDE)?;
    let site = ground.serve(fleet, Entrance::Proxy).await?;
    let before = site.process().memory()?;
    let cpu = site.process().cpu()?;
    let begun = Instant::now();
    let mut latencies = answered(&site, devices).await?;
    let took = begun.elapsed().as_secs_f64();
    let after = site.process().memory()?;
    let cpu = site.cpu_since(cpu)?;
    site.stop().await?;
    let (p50, p99) = (latencies.ms(0.5), latencies.ms(0.99));
    let words = format!(
        "{count} devices; p50 {:.0} ms, p99 {:.0} ms, server CPU {:.2} s",
        p50.unwrap_or_default(),
        p99.unwrap_or_default(),
        cpu.as_secs_f64()
    );
    ground.add(Row::new(PART, "all answered within", (took, "s"), Bound::Shown).noted(words));
    let mib = |bytes: u64| float(bytes) / 1_048_576.0;
    let row = Row::new(PART, "peak memory", (mib(after.peak), "MiB"), Bound::Shown);
    ground.add(row.noted(format!("{:.0} MiB before", mib(before.resident))));
    let row = Row::new(PART, "threads", (float(after.threads), ""), Bound::Shown);
    ground.add(row.noted(format!("{} before", before.threads)));
    Ok(())
}

/// Every device connects, asks once and hangs up, all at once.
async fn answered(site: &Site, devices: Vec<Device>) -> Result<Latencies, BenchError> {
    let address = site.device;
    let mut tasks = JoinSet::new();
    for device in devices {
        tasks.spawn(async move {
            let failed = |source| BenchError::Exchange { address, source };
            let begun = Instant::now();
            let mut line = Line::connect(address).await.map_err(failed)?;
            let mut request = Vec::new();
            device.idle(&mut request);
            understood(line.exchange(&request).await.map_err(failed)?)?;
            Ok::<_, BenchError>(begun.elapsed())
        });
    }
    let mut latencies = Latencies::default();
    while let Some(done) = tasks.join_next().await {
        latencies.note(done.map_err(|_| BenchError::Interrupted)??);
    }
    Ok(latencies)
}

/// Lets this process open as many files.
fn make_room(files: u64) -> Result<(), BenchError> {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= files) {
        return Ok(());
    }
    limit.current = Some(limit.maximum.map_or(files, |most| most.min(files)));
    let raised = setrlimit(Resource::Nofile, limit);
    raised.map_err(|error| crate::error::file("the limit of open files", "raised")(error.into()))
}
