//! What administrators do with a large fleet: upload, count, list, plan, change a rule.
//!
//! Knows nothing of devices but one that asks all the while, to see how long it is kept waiting.
//! Invariant: after each change the counts have to be right before it counts as done.

mod rule;

use std::time::Instant;

use serde_json::Value;

use super::bytes_each;
use super::rollout::Summary;
use crate::BenchError;
use crate::ground::Ground;
use crate::limits::naive;
use crate::report::{Bound, Row};
use crate::sample::{float, median, quantile};
use crate::seed::profiles::identifier;
use crate::seed::{Fleet, Kind, push};
use crate::server::{Entrance, Site};

const UPLOAD_MS_MAX: f64 = 50.0;
const TIMES_NAIVE_MAX: f64 = 3.0;
const BYTES_MAX: f64 = 65_536.0;
const LOOKS: u32 = 20;
/// The first edition that was not pushed when the fleet was made.
const NEXT_EDITION: u64 = 2;
/// A fleet with failures may be so much slower.
const TROUBLED: f64 = 2.0;
/// Hosts for which memory is set.
const HOSTS: f64 = 1_000_000.0;

/// What is held to what, by how alike the hosts are.
struct Bounds {
    count_ms: f64,
    page_ms: f64,
    memory: f64,
    slack: f64,
}

impl Bounds {
    fn of(kind: Kind) -> Self {
        let typical = Self {
            count_ms: 1.0,
            page_ms: 1.0,
            memory: 200.0,
            slack: 1.0,
        };
        match kind {
            Kind::Few | Kind::Many => typical,
            Kind::Unique => Self {
                count_ms: 150.0,
                page_ms: 25.0,
                memory: 500.0,
                slack: 1.0,
            },
            Kind::Troubled => Self {
                slack: TROUBLED,
                ..typical
            },
        }
    }

    fn most(&self, figure: f64) -> Bound {
        Bound::AtMost(figure * self.slack)
    }
}

pub(super) async fn run(ground: &mut Ground<'_>) -> Result<(), BenchError> {
    let small = ground.fleet(&ground.options.small_plan()).await?;
    ground.say("change, 1,000 hosts");
    let site = ground.serve(&small, Entrance::Proxy).await?;
    let few = Uploads::measure(&site, &small, ground.options.uploads).await?;
    site.stop().await?;
    small.forget()?;
    let row = Row::new(
        "small",
        "bytes written by an upload",
        (few.written, "B"),
        few.bound(),
    );
    ground.add(row.noted("1,000 hosts, or as many as there are"));
    for kind in ground.options.kinds.clone() {
        let fleet = ground.fleet(&ground.options.change_plan(kind)).await?;
        ground.say(&format!("change, {} states", kind.as_str()));
        on(ground, &fleet).await?;
        fleet.forget()?;
    }
    Ok(())
}

async fn on(ground: &mut Ground<'_>, fleet: &Fleet) -> Result<(), BenchError> {
    let (part, bounds) = (fleet.plan.kind.as_str(), Bounds::of(fleet.plan.kind));
    let site = ground.serve(fleet, Entrance::Proxy).await?;
    // A start may go on with its work after the first answer.
    Summary::of(&site).await?;
    let memory = site.process().memory()?.resident;
    let hosts = u64::from(fleet.plan.hosts);
    let each = bytes_each(memory, hosts);
    let scale = (HOSTS / float(hosts).max(1.0)).max(1.0);
    let bound = bounds.most(bounds.memory * scale);
    let row = Row::new(part, "memory of the process, each host", (each, "B"), bound);
    ground.add(row.noted(format!("{:.0} MiB in all", float(memory) / 1_048_576.0)));
    looks(ground, &site, fleet, &bounds).await?;
    let uploads = Uploads::measure(&site, fleet, ground.options.uploads).await?;
    let p99 = quantile(&uploads.took_ms, 0.99).unwrap_or_default();
    let p50 = median(&uploads.took_ms).unwrap_or_default();
    let counted = median(&uploads.counted_ms).unwrap_or_default();
    let row = Row::new(
        part,
        "upload of a version, p99",
        (p99, "ms"),
        upload_bound(ground, fleet, &bounds),
    );
    ground.add(row.noted(format!(
        "p50 {p50:.1} ms; counts right {counted:.1} ms later"
    )));
    let bound = uploads.bound();
    ground.add(Row::new(
        part,
        "bytes written by an upload",
        (uploads.written, "B"),
        bound,
    ));
    let written = ground.options.profiles / 2;
    rule::run(ground, &site, fleet, written, bounds.slack).await?;
    site.stop().await?;
    let each = bytes_each(fleet.store_bytes()?, hosts);
    ground.add(Row::new(
        part,
        "disk, the whole store, each host",
        (each, "B"),
        Bound::Shown,
    ));
    Ok(())
}

/// Where hosts are all different, an upload is held to a plain loop over them.
fn upload_bound(ground: &mut Ground<'_>, fleet: &Fleet, bounds: &Bounds) -> Bound {
    if fleet.plan.kind != Kind::Unique {
        return bounds.most(UPLOAD_MS_MAX);
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
    let row = Row::new(
        fleet.plan.kind.as_str(),
        "naive diff of every host",
        (naive, "ms"),
        Bound::Shown,
    );
    ground.add(row);
    Bound::AtMost(naive * TIMES_NAIVE_MAX)
}

/// Uploads of new versions of one profile.
struct Uploads {
    took_ms: Vec<f64>,
    counted_ms: Vec<f64>,
    written: f64,
    profile_bytes: f64,
}

impl Uploads {
    async fn measure(site: &Site, fleet: &Fleet, uploads: u32) -> Result<Self, BenchError> {
        let number = fleet.plan.profiles - 1;
        let (mut took_ms, mut counted_ms, mut written) = (Vec::new(), Vec::new(), Vec::new());
        for upload in 0..u64::from(uploads.max(1)) {
            let before = site.process().written()?;
            let begun = Instant::now();
            push(site, &[number], NEXT_EDITION + upload).await?;
            let pushed = begun.elapsed();
            written.push(float(site.process().written()?.saturating_sub(before)));
            let counts = Summary::of(site).await?;
            took_ms.push(pushed.as_secs_f64() * 1000.0);
            counted_ms.push(begun.elapsed().saturating_sub(pushed).as_secs_f64() * 1000.0);
            check(&counts, fleet, &identifier(number))?;
        }
        Ok(Self {
            took_ms,
            counted_ms,
            written: median(&written).unwrap_or_default(),
            profile_bytes: float(crate::seed::profiles::file(number, 0).len() as u64),
        })
    }

    fn bound(&self) -> Bound {
        Bound::AtMost(BYTES_MAX + self.profile_bytes)
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
async fn looks(
    ground: &mut Ground<'_>,
    site: &Site,
    fleet: &Fleet,
    bounds: &Bounds,
) -> Result<(), BenchError> {
    let part = fleet.plan.kind.as_str();
    let first = identifier(0);
    let status = if fleet.plan.kind == Kind::Troubled {
        "failed"
    } else {
        "pending"
    };
    let page = format!("/api/v1/hosts?profile={first}&status={status}&limit=100");
    let plan = format!("/api/v1/profiles/{}?plan=true", identifier(1));
    for (what, method, path, bound) in [
        (
            "all counts",
            "GET",
            "/api/v1/status",
            bounds.most(bounds.count_ms),
        ),
        (
            "page of 100 of a profile and status",
            "GET",
            &page,
            bounds.most(bounds.page_ms),
        ),
        ("plan of a deletion", "DELETE", &plan, Bound::Shown),
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
        let row = Row::new(part, what, (median(&took).unwrap_or_default(), "ms"), bound);
        let words = format!("over HTTP; worst {worst:.1} ms, server CPU {cpu:.1} ms");
        ground.add(row.noted(words));
    }
    Ok(())
}
