//! Devices in sync that ask for work over connections that stay open, beside bare HTTP.
//!
//! Knows nothing of other parts. Invariant: the stand-in gets the very bytes that the server gets.

use std::sync::Arc;

use super::{Cost, Terms, bytes_each, cost, latencies, of_all};
use crate::BenchError;
use crate::figure::Figure;
use crate::ground::Ground;
use crate::limits::StandIn;
use crate::load::{Crowd, Visit};
use crate::options::IDLE_HOSTS;
use crate::sample::micros_each;
use crate::seed::Fleet;
use crate::server::{Entrance, Site};

const PART: &str = "idle";
const MICROS_MAX: f64 = 35.0;
const TIMES_ECHO_MAX: f64 = 2.5;

pub(super) async fn run(ground: &mut Ground<'_>, fleet: &Fleet) -> Result<(), BenchError> {
    let options = ground.options;
    let mut devices = fleet.idle();
    devices.truncate(IDLE_HOSTS as usize);
    let crowd = Crowd::new(devices);
    let site = ground.serve(fleet, Entrance::Proxy).await?;
    let echo = StandIn::Echo
        .start(&ground.program, ground.folder())
        .await?;
    let mut costs = Vec::new();
    let mut bare = Vec::new();
    warm_up(&site, &crowd, options.connections).await?;
    for _ in 0..options.runs {
        let one = measured(&site, &crowd, options.connections, options.requests).await?;
        costs.push(one);
        bare.push(echoed(&echo, &crowd, options.connections, options.requests).await?);
    }
    site.stop().await?;
    let micros = of_all(&mut costs, |cost| Some(cost.micros()));
    let limit = crate::sample::median(&bare).unwrap_or_default();
    let words = latencies(&mut costs);
    let written = of_all(&mut costs, |cost| {
        Some(bytes_each(cost.written, cost.outcome.requests))
    });
    let (hosts, lines) = (crowd.len(), options.connections);
    let terms = Terms::of(fleet, PART, Figure::Idle);
    let value = (micros, "us");
    let row = terms.at_most("server CPU, connect in sync", value, MICROS_MAX);
    ground.add(row.noted(format!("{hosts} hosts over {lines} connections: {words}")));
    let value = (micros / limit, "x");
    let row = terms.at_most("the same / bare hyper echo", value, TIMES_ECHO_MAX);
    ground.add(row.noted(format!("echo {limit:.1} us")));
    ground.add(terms.shown("bytes written, each connect", (written, "B")));
    Ok(())
}

/// Lets every device speak once: who they are is remembered from then on.
pub(super) async fn warm_up(
    site: &Site,
    crowd: &Arc<Crowd>,
    connections: usize,
) -> Result<(), BenchError> {
    let once = Visit::Idle { rounds: 1 };
    crowd.visit(site.device, connections, &once).await?;
    Ok(())
}

/// One run of about so many requests.
pub(crate) async fn measured(
    site: &Site,
    crowd: &Arc<Crowd>,
    connections: usize,
    requests: u32,
) -> Result<Cost, BenchError> {
    cost(site, crowd, connections, &rounds(crowd, requests)).await
}

fn rounds(crowd: &Crowd, requests: u32) -> Visit {
    let rounds = (requests as usize).div_ceil(crowd.len().max(1));
    Visit::Idle { rounds }
}

/// The same against bare HTTP, in microseconds each.
async fn echoed(
    (echo, address): &(crate::child::Running, std::net::SocketAddr),
    crowd: &Arc<Crowd>,
    connections: usize,
    requests: u32,
) -> Result<f64, BenchError> {
    let before = echo.process().cpu()?;
    let visit = rounds(crowd, requests);
    let outcome = crowd.visit(*address, connections, &visit).await?;
    let spent = echo.process().cpu()?.saturating_sub(before);
    Ok(micros_each(spent, outcome.requests))
}
