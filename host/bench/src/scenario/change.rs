//! What administrators do with a large fleet: upload, count, list, plan, change a rule.
//!
//! Knows nothing of devices but one that asks all the while, to see how long it is kept waiting.
//! Invariant: after each change the counts have to be right before it counts as done.

mod rule;

use std::time::Instant;

use serde_json::Value;

use super::rollout::Summary;
use super::{Terms, bytes_each};
use crate::BenchError;
use crate::figure::Figure;
use crate::ground::Ground;
use crate::limits::naive;
use crate::sample::{float, median, quantile};
use crate::seed::profiles::identifier;
use crate::seed::{Fleet, Kind, push};
use crate::server::{Entrance, Site};

const UPLOAD_MS_MAX: f64 = 50.0;
/// For fleets with so many states at most.
const STATES_MAX: u32 = 10_000;
const TIMES_NAIVE_MAX: f64 = 3.0;
const BYTES_MAX: f64 = 65_536.0;
const LOOKS: u32 = 20;
/// The first edition that was not pushed when the fleet was made.
const NEXT_EDITION: u64 = 2;
/// A tree of a million hosts is two levels deeper than one of a thousand; what an upload writes does
/// not follow from it.
const TIMES_SMALL_MAX: f64 = 1.25;
const UPLOAD_BYTES: &str = "bytes written by an upload";
/// Hosts for which memory is set.
const HOSTS: f64 = 1_000_000.0;

/// What is held to what, by how alike the hosts are.
struct Bounds {
    count_ms: f64,
    page_ms: f64,
    /// Nothing is set for fleets of very many states that are still not all different.
    memory: Option<f64>,
}

impl Bounds {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Few | Kind::Many | Kind::Troubled => Self {
                count_ms: 1.0,
                page_ms: 1.0,
                memory: (kind != Kind::Many).then_some(200.0),
            },
            Kind::Unique => Self {
                count_ms: 150.0,
                page_ms: 25.0,
                memory: Some(500.0),
            },
        }
    }
}

pub(super) async fn run(ground: &mut Ground<'_>) -> Result<(), BenchError> {
    let small = ground.fleet(&ground.options.small_plan()).await?;
    ground.say("change, 1,000 hosts");
    let site = ground.serve(&small, Entrance::Proxy).await?;
    let few = Uploads::measure(&site, &small, ground.options.uploads).await?;
    site.stop().await?;
    let terms = Terms::of(&small, "small", Figure::UploadBytes);
    small.forget()?;
    let row = terms.at_most(UPLOAD_BYTES, (few.written, "B"), few.bytes_max());
    ground.add(row.noted("1,000 hosts, or as many as there are"));
    for kind in ground.options.kinds.clone() {
        let fleet = ground.fleet(&ground.options.change_plan(kind)).await?;
        ground.say(&format!("change, {} states", kind.as_str()));
        on(ground, &fleet, &few).await?;
        fleet.forget()?;
    }
    Ok(())
}

async fn on(ground: &mut Ground<'_>, fleet: &Fleet, few: &Uploads) -> Result<(), BenchError> {
    let part = fleet.plan.kind.as_str();
    let site = ground.serve(fleet, Entrance::Proxy).await?;
    looks(ground, &site, fleet).await?;
    let uploads = Uploads::measure(&site, fleet, ground.options.uploads).await?;
    uploaded(ground, fleet, &uploads, few);
    rule::run(ground, &site, fleet, ground.options.profiles / 2).await?;
    let memory = site.process().memory_at_rest().await?;
    site.stop().await?;
    let hosts = u64::from(fleet.plan.hosts);
    let scale = (HOSTS / float(hosts).max(1.0)).max(1.0);
    let each = bytes_each(memory.resident, hosts);
    let terms = Terms::of(fleet, part, Figure::Memory);
    let what = "memory of the process, each host";
    let row = match Bounds::of(fleet.plan.kind).memory {
        Some(most) => terms.at_most(what, (each, "B"), most * scale),
        None => terms.shown(what, (each, "B")),
    };
    let mib = |bytes: u64| float(bytes) / 1_048_576.0;
    ground.add(row.noted(format!(
        "{:.0} MiB in all at rest, {:.0} at most",
        mib(memory.resident),
        mib(memory.peak)
    )));
    let terms = Terms::of(fleet, part, Figure::Disk);
    let each = bytes_each(fleet.store_bytes()?, hosts);
    ground.add(terms.shown("disk, the whole store, each host", (each, "B")));
    Ok(())
}

/// The rows about uploads, beside those to a small fleet.
fn uploaded(ground: &mut Ground<'_>, fleet: &Fleet, uploads: &Uploads, few: &Uploads) {
    let part = fleet.plan.kind.as_str();
    let p99 = quantile(&uploads.right_ms, 0.99).unwrap_or_default();
    let most = upload_ms_max(ground, fleet);
    let terms = Terms::of(fleet, part, Figure::Upload);
    let row = terms.at_most("upload until every count is right, p99", (p99, "ms"), most);
    let p50 = median(&uploads.right_ms).unwrap_or_default();
    let durable = median(&uploads.durable_ms).unwrap_or_default();
    ground.add(row.noted(format!("p50 {p50:.1} ms, durable after {durable:.1} ms")));
    let terms = Terms::of(fleet, part, Figure::UploadBytes);
    let row = terms.at_most(UPLOAD_BYTES, (uploads.written, "B"), uploads.bytes_max());
    ground.add(row.noted("with the answers, of a kilobyte each"));
    let times = uploads.written / few.written.max(1.0);
    let row = terms.at_most("the same / on 1,000 hosts", (times, "x"), TIMES_SMALL_MAX);
    ground.add(row);
}

/// Where hosts are all different, and more than there are states elsewhere, an upload is held to a
/// plain loop over them.
fn upload_ms_max(ground: &mut Ground<'_>, fleet: &Fleet) -> f64 {
    if fleet.plan.kind != Kind::Unique || fleet.plan.hosts <= STATES_MAX {
        return UPLOAD_MS_MAX;
    }
    let hosts = naive::Hosts::unique(fleet.plan.hosts, fleet.plan.profiles);
    let wanted = naive::wanted(fleet.plan.profiles, 3);
    let runs: Vec<f64> = (0..ground.options.runs)
        .map(|_| {
            let (different, took) = hosts.differ(&wanted);
            // Looked at, so that the loop is not left out.
            took.as_secs_f64() * 1000.0 + if different == 0 { 0.001 } else { 0.0 }
        })
        .collect();
    let naive = median(&runs).unwrap_or_default();
    let terms = Terms::of(fleet, fleet.plan.kind.as_str(), Figure::Upload);
    ground.add(terms.shown("naive diff of every host", (naive, "ms")));
    naive * TIMES_NAIVE_MAX
}

/// Uploads of new versions of one profile.
struct Uploads {
    /// Until the answer, which promises that it is stored.
    durable_ms: Vec<f64>,
    /// Until the counts were read and found right.
    right_ms: Vec<f64>,
    /// Bytes to files, of one upload.
    written: f64,
    profile_bytes: f64,
}

impl Uploads {
    async fn measure(site: &Site, fleet: &Fleet, uploads: u32) -> Result<Self, BenchError> {
        let number = fleet.plan.profiles - 1;
        let (mut durable_ms, mut right_ms, mut written) = (Vec::new(), Vec::new(), Vec::new());
        for upload in 0..u64::from(uploads.max(1)) {
            let before = site.process().written()?;
            let begun = Instant::now();
            push(site, &[number], NEXT_EDITION + upload).await?;
            durable_ms.push(begun.elapsed().as_secs_f64() * 1000.0);
            let counts = Summary::of(site).await?;
            right_ms.push(begun.elapsed().as_secs_f64() * 1000.0);
            // What is written because of it a moment later counts as well. The answers are some
            // kilobytes, of which it is not known here how many: they are left in.
            written.push(float(site.process().written()?.since(before, 0)));
            check(&counts, fleet, &identifier(number))?;
        }
        Ok(Self {
            durable_ms,
            right_ms,
            written: median(&written).unwrap_or_default(),
            profile_bytes: float(crate::seed::profiles::file(number, 0).len() as u64),
        })
    }

    fn bytes_max(&self) -> f64 {
        BYTES_MAX + self.profile_bytes
    }
}

/// After an upload nobody has that version, and everybody is counted.
fn check(counts: &Summary, fleet: &Fleet, identifier: &str) -> Result<(), BenchError> {
    let tally = counts.profile(identifier);
    let all = tally.applied + tally.pending + tally.failed + tally.unknown;
    let hosts = u64::from(fleet.plan.hosts);
    if tally.applied == 0 && all == hosts && counts.hosts == hosts {
        return Ok(());
    }
    Err(BenchError::Wrong {
        doing: "an upload",
        wrong: format!("the counts of {hosts} hosts are {tally:?}"),
    })
}

/// Counts, a page, the plan of a deletion.
async fn looks(ground: &mut Ground<'_>, site: &Site, fleet: &Fleet) -> Result<(), BenchError> {
    let bounds = Bounds::of(fleet.plan.kind);
    let terms = Terms::of(fleet, fleet.plan.kind.as_str(), Figure::Looks);
    let first = identifier(0);
    let status = if fleet.plan.kind == Kind::Troubled {
        "failed"
    } else {
        "pending"
    };
    let page = format!("/api/v1/hosts?profile={first}&status={status}&limit=100");
    let plan = format!("/api/v1/profiles/{}?plan=true", identifier(1));
    for (what, method, path, most) in [
        ("all counts", "GET", "/api/v1/status", Some(bounds.count_ms)),
        (
            "page of 100 of a profile and status",
            "GET",
            &page,
            Some(bounds.page_ms),
        ),
        ("plan of a deletion", "DELETE", &plan, None),
    ] {
        let mut administrator = site.administrator().await?;
        let mut took = Vec::new();
        let process = site.process();
        let before = process.cpu()?;
        for _ in 0..LOOKS {
            let begun = Instant::now();
            let to = (method, path);
            let _: Value = administrator.send("looking at the fleet", to, None).await?;
            took.push(begun.elapsed().as_secs_f64() * 1000.0);
        }
        let cpu = site.cpu_since(before)?.as_secs_f64() * 1000.0 / f64::from(LOOKS);
        let worst = quantile(&took, 1.0).unwrap_or_default();
        let value = (median(&took).unwrap_or_default(), "ms");
        let row = match most {
            Some(most) => terms.at_most(what, value, most),
            None => terms.shown(what, value),
        };
        let words = format!("over HTTP; worst {worst:.1} ms, server CPU {cpu:.1} ms");
        ground.add(row.noted(words));
    }
    Ok(())
}
