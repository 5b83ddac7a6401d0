//! A label's rule changes, and with it for whom a profile is.
//!
//! Knows nothing of how hosts are regrouped. Invariant: it is over only when the server says that
//! it regroups nobody and the counts are those of the new rule.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::Summary;
use crate::BenchError;
use crate::device::Device;
use crate::ground::Ground;
use crate::report::{Bound, Row};
use crate::seed::Fleet;
use crate::seed::profiles::identifier;
use crate::server::Site;
use crate::wire::Line;

const CPU_SECONDS_MAX: f64 = 5.0;
const HOSTS: f64 = 1_000_000.0;
const LABEL: &str = "/api/v1/labels/bench";
/// Between two looks at whether it is over.
const LOOK: Duration = Duration::from_millis(20);
/// Between two questions of the device that sees how long it waits.
const PROBE: Duration = Duration::from_millis(2);
const LONGEST: Duration = Duration::from_mins(10);

pub(super) async fn run(
    ground: &mut Ground<'_>,
    site: &Site,
    fleet: &Fleet,
    profile: usize,
    slack: f64,
) -> Result<(), BenchError> {
    let part = fleet.plan.kind.as_str();
    let assigned = format!("/api/v1/profiles/{}/assignment", identifier(profile));
    let mut administrator = site.administrator().await?;
    let rule = |rule: &str| json!({ "kind": "rule", "rule": rule });
    let first = rule("host.os_version >= \"14\"");
    let doing = "defining a label";
    let _: Value = administrator
        .send(doing, ("PUT", LABEL), Some(&first))
        .await?;
    let wish = json!({ "include_all": ["bench"] });
    let to = ("PUT", assigned.as_str());
    let _: Value = administrator
        .send("assigning a profile", to, Some(&wish))
        .await?;
    settled(site).await?;

    let device = fleet.idle().into_iter().next();
    let probe = device.map(|device| Probe::start(site, device));
    let cpu = site.process().cpu()?;
    let begun = Instant::now();
    let second = rule("host.os_version >= \"15\"");
    let _: Value = administrator
        .send(doing, ("PUT", LABEL), Some(&second))
        .await?;
    let answered = begun.elapsed();
    let has_progress = settled(site).await?;
    let took = begun.elapsed();
    let cpu = site.cpu_since(cpu)?.as_secs_f64();
    let (waited, asked) = match probe {
        Some(probe) => probe.stop().await?,
        None => (Duration::ZERO, 0),
    };
    // Asking is not what is looked at here; an idle connect takes some tens of microseconds.
    let scale = (f64::from(fleet.plan.hosts) / HOSTS).max(0.02);
    let bound = Bound::AtMost(CPU_SECONDS_MAX * slack * scale);
    let row = Row::new(part, "rule of a label, server CPU", (cpu, "s"), bound);
    ground.add(row.noted(format!(
        "answered in {:.0} ms, done in {:.2} s, progress {}; {asked} probes in between",
        answered.as_secs_f64() * 1000.0,
        took.as_secs_f64(),
        if has_progress { "shown" } else { "not seen" }
    )));
    let waited = waited.as_secs_f64() * 1000.0;
    let row = Row::new(
        part,
        "longest wait of a device meanwhile",
        (waited, "ms"),
        Bound::Shown,
    );
    ground.add(row.noted("a slice of 10 ms, and whatever else the server did"));
    Ok(())
}

/// Waits until the server regroups nobody; whether it ever did.
async fn settled(site: &Site) -> Result<bool, BenchError> {
    let begun = Instant::now();
    let mut has_progress = false;
    while Summary::of(site).await?.regrouping.is_some() {
        has_progress = true;
        if begun.elapsed() > LONGEST {
            return Err(BenchError::Wrong {
                doing: "a change of a rule",
                wrong: "it does not come to an end".to_owned(),
            });
        }
        tokio::time::sleep(LOOK).await;
    }
    Ok(has_progress)
}

/// A device that asks again and again.
struct Probe {
    stop: watch::Sender<bool>,
    asking: JoinHandle<Result<(Duration, u64), BenchError>>,
}

impl Probe {
    fn start(site: &Site, device: Device) -> Self {
        let (stop, stopped) = watch::channel(false);
        let address = site.device;
        #[expect(clippy::disallowed_methods, reason = "`stop` waits for it")]
        let asking = tokio::spawn(async move {
            let failed = |source| BenchError::Exchange { address, source };
            let mut line = Line::connect(address).await.map_err(failed)?;
            let mut request = Vec::new();
            device.idle(&mut request);
            let (mut longest, mut asked) = (Duration::ZERO, 0);
            while !*stopped.borrow() {
                let begun = Instant::now();
                line.exchange(&request).await.map_err(failed)?;
                longest = longest.max(begun.elapsed());
                asked += 1;
                tokio::time::sleep(PROBE).await;
            }
            Ok((longest, asked))
        });
        Self { stop, asking }
    }

    /// The longest that it waited, and how often it asked.
    async fn stop(self) -> Result<(Duration, u64), BenchError> {
        // It may have failed before, which the next line tells.
        let _ = self.stop.send(true);
        self.asking.await.map_err(|_| BenchError::Interrupted)?
    }
}
