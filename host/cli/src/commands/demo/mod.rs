//! `mooring demo`: a server, simulated hosts and profiles in one process, brought in sync.
//!
//! All of it goes over HTTP as with real devices and administrators, and hosts are woken by pushes
//! through a stand-in for Apple's service. Invariant: whatever way it
//! ends, the hosts are stopped first, then the server, and the folder with its data is removed.

mod report;
mod stage;
mod view;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use mooring_server::device::DeviceAuth;
use mooring_server::serve::TOKEN_FILE;
use mooring_server::{ServeOptions, Server};
use mooring_sim::apns::ApnsServer;
use mooring_sim::{Behaviour, Fleet, FleetOptions};

use super::serve::Ready;
use super::sim::behaviours;
use crate::duration;
use crate::exit::{Exit, UsageError};
use crate::logging;
use crate::output::{self, OutputError};
use crate::paths;
use crate::signal;
use crate::upload::{self, Loaded};
use report::failures;
use stage::Stage;

/// How old a list may get while the demo stays up: so short that a lost profile is soon back.
const LIVE_REFRESH: Duration = Duration::from_mins(1);
/// The same in a run that ends by itself, where asking again would only blur the counts.
const RUN_REFRESH: Duration = Duration::from_hours(24);
/// Waits between attempts: people watch, so seconds instead of the usual minutes and hours.
const RETRY_FIRST_MS: u64 = 1_000;
const RETRY_MAX_MS: u64 = 10_000;

/// Time over which the hosts' first contacts are spread, in milliseconds.
const ENROLLING_MS: u64 = 500;

/// What `demo` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = behaviours())]
pub(crate) struct DemoArgs {
    /// How many simulated hosts
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    hosts: u32,
    /// A folder that is searched for *.mobileconfig; without, built-in profiles alone are used
    #[arg(long, value_name = "DIR")]
    profiles: Option<PathBuf>,
    /// End once every host is applied; without, it stays up until Ctrl-C
    #[arg(long)]
    exit_when_applied: bool,
    /// With --exit-when-applied: give up after this time
    #[arg(long, value_name = "SPAN", default_value = "10m", value_parser = duration::parse)]
    timeout: Duration,
    /// Makes the hosts who they are; the same seed makes the same hosts
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Let some hosts misbehave; may be given several times, see below
    #[arg(long, value_name = "TEXT")]
    behaviour: Vec<Behaviour>,
    /// Time after which a host connects by itself, in milliseconds; it does so at once when it is
    /// pushed
    #[arg(long, value_name = "MS", default_value_t = 5_000)]
    poll_ms: u64,
    /// How old a host's list of profiles may get [default: 1m, with --exit-when-applied 24h]
    #[arg(long, value_name = "SPAN", value_parser = duration::parse)]
    refresh_interval: Option<Duration>,
    /// Print JSON: one line when ready if it stays up, one object at the end
    #[arg(long)]
    json: bool,
}

/// Runs the demo.
pub(crate) async fn run(args: DemoArgs) -> anyhow::Result<Exit> {
    // That nobody is authenticated is as it should be here: nothing leaves this process.
    logging::start("error,mooring=warn,mooring_server::serve=error");
    let started = Instant::now();
    let stop = signal::stop();
    let loaded = load(args.profiles.as_deref())?;
    let folder = tempfile::Builder::new().prefix("mooring-demo-").tempdir();
    let folder = folder.context("cannot create a folder for the demo")?;
    let apns = ApnsServer::start().context("the demo's push service cannot start")?;
    let server = Server::start(serve_options(&args, folder.path(), &apns))
        .await
        .context("the demo's server cannot start")?;
    let played = async {
        if !args.exit_when_applied {
            announce(&server, folder.path(), args.json)?;
        }
        let stage = Stage::new(&server, &args, started)?;
        stage.let_push(&apns).await?;
        let mut fleet = Fleet::new(fleet_options(&args, &server, &apns))?;
        let mut report = stage.play(&mut fleet, loaded, stop).await?;
        report.pushes = apns.accepted();
        if report.failed > 0 {
            let core = Arc::clone(server.core());
            report.failures = tokio::task::spawn_blocking(move || failures(&core)).await??;
        }
        Ok::<_, anyhow::Error>(report)
    }
    .await;
    tokio::select! {
        () = server.stop() => {}
        () = signal::stop() => output::note("ended without waiting for open requests"),
    }
    let report = played?;
    for failure in &report.failures {
        output::note(&failure.to_string());
    }
    if args.json {
        output::json(&report)?;
    } else {
        output::data(&report.render())?;
    }
    Ok(if report.is_applied() || !args.exit_when_applied {
        Exit::Fine
    } else {
        Exit::Failed
    })
}

fn fleet_options(args: &DemoArgs, server: &Server, apns: &ApnsServer) -> FleetOptions {
    let mut options = FleetOptions::new(server.device_url(), args.hosts);
    options.seed = args.seed;
    options.poll_ms = args.poll_ms;
    options.first_ms = Some(args.poll_ms.min(ENROLLING_MS));
    options.wake = Some(apns.handle());
    options.behaviours.clone_from(&args.behaviour);
    options
}

fn load(folder: Option<&Path>) -> Result<Loaded, UsageError> {
    let Some(folder) = folder else {
        return Ok(Loaded::default());
    };
    let gathered = paths::gather(&[folder.to_owned()]);
    if gathered.files.is_empty() {
        let name = folder.display();
        let error = UsageError::new(match gathered.unreadable.first() {
            Some((path, error)) => format!("{} cannot be read: {error}", path.display()),
            None => format!("there is no *.mobileconfig in {name}"),
        });
        let hint = "without --profiles the demo uses built-in profiles alone";
        return Err(error.with_hint(hint));
    }
    Ok(upload::load(gathered))
}

fn serve_options(args: &DemoArgs, folder: &Path, apns: &ApnsServer) -> ServeOptions {
    let free_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let refresh = if args.exit_when_applied {
        RUN_REFRESH
    } else {
        LIVE_REFRESH
    };
    let mut options = ServeOptions::new(folder.to_owned());
    options.admin = free_port;
    options.device = free_port;
    options.apns.url = apns.url();
    options.apns.ca_pem = Some(apns.ca_pem().into_bytes());
    let refresh = args.refresh_interval.unwrap_or(refresh);
    options.policy.refresh_interval_ms = duration::whole_ms(refresh);
    options.policy.retry_first_ms = RETRY_FIRST_MS;
    options.policy.retry_max_ms = RETRY_MAX_MS;
    options
}

fn announce(server: &Server, folder: &Path, is_json: bool) -> Result<(), OutputError> {
    let (admin, device) = (server.admin_url(), server.device_url());
    if is_json {
        let token_file = folder.join(TOKEN_FILE).display().to_string();
        return output::json(&Ready {
            admin_url: &admin,
            device_url: &device,
            token_file: &token_file,
            device_auth: &[DeviceAuth::None],
            public_url: None,
        });
    }
    let (token, data) = (server.token(), folder.display());
    output::data(&format!(
        "Mooring's demo is running. All of it is gone when it ends.\n\
         \n\
         \x20 administrators  {admin}\n\
         \x20 devices         {device}\n\
         \x20 token           {token}\n\
         \n\
         See what happens:  mooring status --data {data}\n\
         Change something:  mooring profile push FILE... --data {data}\n\
         \n\
         Ctrl-C ends it.\n\n"
    ))
}
