//! New connections with TLS and a client certificate, one request on each, beside bare rustls.
//!
//! Knows nothing of other parts. Invariant: every handshake is a full one, of the same client with
//! the same certificates on both sides.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use crate::BenchError;
use crate::device::Device;
use crate::figure::Figure;
use crate::ground::Ground;
use crate::limits::{StandIn, certificate};
use crate::load::understood;
use crate::process::Process;
use crate::report::{Bound, Row};
use crate::sample::{Latencies, median, micros_each};
use crate::seed::{Fleet, files};
use crate::server::Entrance;
use crate::wire::Line;

const PART: &str = "mtls";
const TIMES_BARE_MAX: f64 = 1.10;
/// Devices that take turns, and connections that are made at once.
const DEVICES: usize = 256;
const AT_ONCE: usize = 16;
/// Connections of one run; each costs either side half a millisecond.
const CONNECTIONS: u32 = 3_000;

/// A device with what it shows.
struct Client {
    device: Device,
    connector: TlsConnector,
}

pub(super) async fn run(ground: &mut Ground<'_>, fleet: &Fleet) -> Result<(), BenchError> {
    let clients = Arc::new(clients(fleet)?);
    let connections = CONNECTIONS.min(ground.options.requests);
    let site = ground.serve(fleet, Entrance::Mtls).await?;
    let stand_in = StandIn::Handshake(fleet.folder.clone());
    let (bare, at) = stand_in.start(&ground.program, ground.folder()).await?;
    // The first time, the server notes the way by which a host comes.
    connect(&clients, site.device, DEVICES.try_into().unwrap_or(1)).await?;
    let (mut ours, mut limits, mut took) = (Vec::new(), Vec::new(), Latencies::default());
    for _ in 0..ground.options.runs {
        let (micros, latencies) =
            looked_at(site.process(), &clients, site.device, connections).await?;
        ours.push(micros);
        took.absorb(latencies);
        limits.push(
            looked_at(bare.process(), &clients, at, connections)
                .await?
                .0,
        );
    }
    site.stop().await?;
    drop(bare);
    let ours = median(&ours).unwrap_or_default();
    let limit = median(&limits).unwrap_or_default();
    let row = Row::new(
        PART,
        "server CPU, new connection and request",
        (ours, "us"),
        Bound::Shown,
    )
    .of(Figure::Mtls);
    let p99 = took.ms(0.99).unwrap_or_default();
    let p50 = took.ms(0.5).unwrap_or_default();
    ground.add(row.noted(format!(
        "{AT_ONCE} at once: p50 {p50:.2} ms, p99 {p99:.2} ms"
    )));
    let bound = Bound::AtMost(TIMES_BARE_MAX);
    let row = Row::new(
        PART,
        "the same / bare rustls handshake",
        (ours / limit, "x"),
        bound,
    )
    .of(Figure::Mtls);
    ground.add(row.noted(format!("rustls {limit:.0} us")));
    Ok(())
}

async fn looked_at(
    process: Process,
    clients: &Arc<Vec<Client>>,
    address: SocketAddr,
    connections: u32,
) -> Result<(f64, Latencies), BenchError> {
    let before = process.cpu()?;
    let latencies = connect(clients, address, connections).await?;
    let spent = process.cpu()?.saturating_sub(before);
    Ok((micros_each(spent, u64::from(connections)), latencies))
}

/// Makes so many connections, some at once, each with its handshake, a request and its answer.
async fn connect(
    clients: &Arc<Vec<Client>>,
    address: SocketAddr,
    connections: u32,
) -> Result<Latencies, BenchError> {
    let turn = Arc::new(AtomicU32::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (clients, turn) = (Arc::clone(clients), Arc::clone(&turn));
        tasks.spawn(async move {
            let mut latencies = Latencies::default();
            loop {
                let number = turn.fetch_add(1, Ordering::Relaxed);
                if number >= connections {
                    return Ok::<_, BenchError>(latencies);
                }
                let begun = std::time::Instant::now();
                clients[number as usize % clients.len()]
                    .ask(address)
                    .await?;
                latencies.note(begun.elapsed());
            }
        });
    }
    let mut latencies = Latencies::default();
    while let Some(done) = tasks.join_next().await {
        latencies.absorb(done.map_err(|_| BenchError::Interrupted)??);
    }
    Ok(latencies)
}

impl Client {
    async fn ask(&self, address: SocketAddr) -> Result<(), BenchError> {
        let failed = |source| BenchError::Exchange { address, source };
        let socket = TcpStream::connect(address).await.map_err(failed)?;
        socket.set_nodelay(true).map_err(failed)?;
        let name = ServerName::IpAddress(address.ip().into());
        let stream = self.connector.connect(name, socket).await.map_err(failed)?;
        let mut request = Vec::new();
        self.device.idle(&mut request);
        let mut line = Line::over(stream);
        understood(line.exchange(&request).await.map_err(failed)?)?;
        Ok(())
    }
}

fn clients(fleet: &Fleet) -> Result<Vec<Client>, BenchError> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate(&fleet.folder, files::CA)?)?;
    let roots = Arc::new(roots);
    let key = PrivatePkcs8KeyDer::from(fleet.device_key.clone());
    let all = fleet.idle_with_certificates().into_iter().take(DEVICES);
    all.map(|(device, leaf)| {
        let chain = vec![CertificateDer::from(leaf)];
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .with_root_certificates(Arc::clone(&roots));
        let key = PrivateKeyDer::Pkcs8(key.clone_key());
        let mut config = builder.with_client_auth_cert(chain, key)?;
        config.resumption = Resumption::disabled();
        let connector = TlsConnector::from(Arc::new(config));
        Ok(Client { device, connector })
    })
    .collect()
}
