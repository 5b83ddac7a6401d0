//! `mooring sim`: simulated devices against a running server, a stand-in for the push service, and
//! whole simulated worlds.

mod apns;
mod soak;
mod source;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hyper::Uri;
use mooring_sim::{Behaviour, Ended, Fleet, FleetOptions, Progress, Summary};
use tokio::net::TcpStream;

use crate::duration;
use crate::exit::{Exit, UsageError};
use crate::output;
use crate::progress;
use crate::signal;
use crate::text::{Table, clean, count};

/// Longest time to find out whether there is a server at all.
const PROBE_TIME_MAX: Duration = Duration::from_secs(5);

/// What `sim` takes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = behaviours(),
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
pub(crate) struct SimArgs {
    #[command(subcommand)]
    command: Option<SimCommand>,
    #[command(flatten)]
    fleet: FleetArgs,
}

/// What else can be simulated.
#[derive(Debug, clap::Subcommand)]
enum SimCommand {
    /// Run a stand-in for Apple's push service, to try push by hand
    Apns(apns::ApnsArgs),
    /// Let everything go wrong in simulated worlds of server, network and devices, and judge it
    Soak(soak::SoakArgs),
}

/// What simulated devices take.
#[derive(Debug, clap::Args)]
struct FleetArgs {
    /// How many devices
    // The parser demands it wherever there is no subcommand.
    #[arg(long, value_name = "N", required = true, value_parser = clap::value_parser!(u32).range(1..))]
    hosts: Option<u32>,
    #[command(flatten)]
    source: source::SourceArgs,
    /// Makes the devices who they are; the same seed makes the same devices
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Time from the end of one contact of a device to its next, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 500)]
    poll_ms: u64,
    /// End once every device's last two contacts got an empty reply
    #[arg(long)]
    exit_when_idle: bool,
    /// Keep the devices in this file, so that a later run goes on with them
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Let some devices misbehave; may be given several times, see below
    #[arg(long, value_name = "TEXT")]
    behaviour: Vec<Behaviour>,
    /// Simulate devices without a managed user
    #[arg(long)]
    no_user_channel: bool,
    /// End after this time at the latest
    #[arg(long, value_name = "SPAN", value_parser = duration::parse)]
    timeout: Option<Duration>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// The forms of `--behaviour`, for the help.
pub(crate) fn behaviours() -> String {
    format!("Behaviours:\n{}", Behaviour::HELP)
}

/// Runs what was asked for.
pub(crate) async fn run(args: SimArgs) -> anyhow::Result<Exit> {
    match args.command {
        None => run_fleet(args.fleet).await,
        Some(SimCommand::Apns(args)) => apns::run(&args).await,
        Some(SimCommand::Soak(args)) => soak::run(&args),
    }
}

/// Runs the devices until they are idle, time is up, or Ctrl-C.
async fn run_fleet(args: FleetArgs) -> anyhow::Result<Exit> {
    if let Some(url) = &args.source.device_url {
        probe(url).await?;
    }
    if let Some(state) = &args.state {
        check_folder(state)?;
    }
    let source = args.source.settle().await?;
    let hosts = args.hosts.unwrap_or(1);
    let mut options = FleetOptions::new("", hosts);
    source.fill(&mut options);
    options.seed = args.seed;
    options.poll_ms = args.poll_ms;
    options.exit_when_idle = args.exit_when_idle;
    options.state = args.state;
    options.behaviours = args.behaviour;
    options.user_channel = !args.no_user_channel;
    options.time_max = args.timeout;
    let mut fleet = Fleet::new(options)?;
    let bar = progress::bar(u64::from(hosts), "idle");
    let ended = fleet.run(signal::stop(), |now| show(&bar, now)).await;
    bar.finish_and_clear();
    let summary = ended?;
    if args.json {
        output::json(&summary)?;
    } else {
        output::data(&render(&summary))?;
    }
    Ok(judge(&summary, args.exit_when_idle))
}

/// Fails at once where the devices could not be kept at the end.
fn check_folder(state: &Path) -> Result<(), UsageError> {
    let folder = state
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    match folder {
        Some(folder) if !folder.is_dir() => {
            let error = UsageError::new(format!("there is no folder {}", folder.display()));
            Err(error.with_hint("--state names a file in a folder that exists"))
        }
        Some(_) | None => Ok(()),
    }
}

/// Fails at once where nobody listens, since devices themselves would try for ever.
async fn probe(url: &str) -> anyhow::Result<()> {
    let wrong = || {
        let error = UsageError::new(format!("{url:?} is no address of a server"));
        error.with_hint(
            "write it as http://HOST:PORT or https://HOST:PORT; `mooring serve` prints it",
        )
    };
    let uri: Uri = url.parse().map_err(|_| wrong())?;
    let usual_port = match uri.scheme_str() {
        Some("http") => 80,
        Some("https") => 443,
        Some(_) | None => return Err(wrong().into()),
    };
    let host = uri.host().ok_or_else(wrong)?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = uri.port_u16().unwrap_or(usual_port);
    let connect = TcpStream::connect((host, port));
    let unreached = match tokio::time::timeout(PROBE_TIME_MAX, connect).await {
        Ok(Ok(_)) => return Ok(()),
        Ok(Err(source)) => source,
        Err(elapsed) => elapsed.into(),
    };
    Err(NoListener {
        url: clean(url),
        source: unreached,
    }
    .into())
}

/// Nobody listens where devices should reach the server.
#[derive(Debug, thiserror::Error)]
#[error("cannot reach the server at {url}; is it running?")]
pub(crate) struct NoListener {
    url: String,
    source: io::Error,
}

fn show(bar: &indicatif::ProgressBar, now: &Progress) {
    bar.set_length(u64::from(now.hosts));
    bar.set_position(u64::from(now.idle));
    bar.set_message(format!(
        "idle, {} enrolled, {} contacts, {} errors",
        now.enrolled, now.tally.contacts, now.tally.errors
    ));
}

fn judge(summary: &Summary, exit_when_idle: bool) -> Exit {
    if let Some(error) = &summary.first_error {
        let errors = count(summary.errors, "exchange");
        output::note(&format!("{errors} failed; the first: {}", clean(error)));
    }
    let is_unreached = summary.enrolled == 0 && summary.errors > 0;
    match summary.ended {
        _ if is_unreached => Exit::Failed,
        Ended::TimeMax if exit_when_idle => {
            output::note("time was up before every device was idle");
            Exit::Failed
        }
        Ended::Idle | Ended::Stopped | Ended::PollsMax | Ended::TimeMax => Exit::Fine,
    }
}

fn render(summary: &Summary) -> String {
    let mut text = format!(
        "{} of {} enrolled, {}, {} ms\n",
        summary.enrolled,
        count(summary.hosts, "device"),
        count(summary.contacts, "contact"),
        summary.elapsed_ms
    );
    if !summary.commands.is_empty() {
        let mut table = Table::new(["COMMAND", "RECEIVED"]);
        for (request_type, number) in &summary.commands {
            table.row([request_type.clone(), number.to_string()]);
        }
        text = text + "\n" + &table.render("");
    }
    if !summary.profiles.is_empty() {
        let mut table = Table::new(["PROFILE", "PAYLOAD UUID", "DEVICES"]);
        for (identifier, revisions) in &summary.profiles {
            for (uuid, devices) in revisions {
                table.row([identifier.clone(), uuid.clone(), devices.to_string()]);
            }
        }
        text = text + "\n" + &table.render("");
    }
    text
}
