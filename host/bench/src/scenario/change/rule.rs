//! A label's rule changes, and with it for whom a profile is.
//!
//! Knows nothing of how hosts are regrouped. Invariant: it is over only when the server says that
//! it regroups nobody and the counts are those of the new rule.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{Summary, Terms};
use crate::BenchError;
use crate::device::Device;
use crate::figure::Figure;
use crate::ground::Ground;
use crate::sample::Latencies;
use crate::seed::Fleet;
use crate::seed::profiles::identifier;
use crate::server::Site;
use crate::wire::Line;

const CPU_SECONDS_MAX: f64 = 5.0;
const HOSTS: f64 = 1_000_000.0;
/// Nobody waits for longer than a slice of the work.
const SLICE_MS_MAX: f64 = 10.0;
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
) -> Result<(), BenchError> {
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
    let mut waited = match probe {
        Some(probe) => probe.stop().await?,
        None => Latencies::default(),
    };
    // Asking is not what is looked at here; an idle connect takes some tens of microseconds.
    let scale = (f64::from(fleet.plan.hosts) / HOSTS).max(0.02);
    let terms = Terms::of(fleet, fleet.plan.kind.as_str(), Figure::Rule);
    let most = CPU_SECONDS_MAX * scale;
    let row = terms.at_most("rule of a label, server CPU", (cpu, "s"), most);
    ground.add(row.noted(format!(
        "answered in {:.0} ms, done in {:.2} s, progress {}",
        answered.as_secs_f64() * 1000.0,
        took.as_secs_f64(),
        if has_progress { "shown" } else { "not seen" }
    )));
    let (p99, longest) = (waited.ms(0.99), waited.ms(1.0));
    let value = (p99.unwrap_or_default(), "ms");
    let row = terms.at_most("wait of a device meanwhile, p99", value, SLICE_MS_MAX);
    let (asked, longest) = (waited.len(), longest.unwrap_or_default());
    ground.add(row.noted(format!("of {asked}; the longest {longest:.1} ms")));
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
    asking: JoinHandle<Result<Latencies, BenchError>>,
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
            let mut waited = Latencies::default();
            while !*stopped.borrow() {
                let begun = Instant::now();
                line.exchange(&request).await.map_err(failed)?;
                waited.note(begun.elapsed());
                tokio::time::sleep(PROBE).await;
            }
            Ok(waited)
        });
        Self { stop, asking }
    }

    /// How long it waited each time.
    async fn stop(self) -> Result<Latencies, BenchError> {
        // It may have failed before, which the next line tells.
        let _ = self.stop.send(true);
        self.asking.await.map_err(|_| BenchError::Interrupted)?
    }
}
