//! `mooring bench`: what this server costs on this machine, beside what the machine could do.
//!
//! Knows nothing of how it is measured. Invariant: it serves nothing but folders that it made.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use mooring_bench::{BenchError, Kind, Options, Part, StandIn};

use crate::exit::{Exit, UsageError};
use crate::output;

/// What `bench` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct BenchArgs {
    /// Run this part; may be given several times [default: all]
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    only: Vec<PartWord>,
    /// How alike the hosts of the part `change` are [default: all four]
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    states: Vec<KindWord>,
    /// Hosts of the large fleets
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(50..=10_000_000))]
    hosts: u32,
    /// Hosts of the rollout [default: 100000, or as many as the large fleets have]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rollout_hosts: Option<u32>,
    /// Runs of which the median is taken
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=99))]
    runs: u32,
    /// Requests of one run of `idle`
    #[arg(long, value_name = "N", default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    requests: u32,
    /// Uploads of which percentiles are taken
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    uploads: u32,
    /// Keep the fleets in this folder for the next run; it is new, empty, or was used so before.
    /// Without it they are made in the folder for temporary files, and removed
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Measure this binary instead of this one, such as an older release
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Be what a figure is compared with; for the benchmark's own use
    #[arg(long, value_name = "WHAT", hide = true)]
    stand_in: Option<StandInWord>,
}

/// The words of `--only`.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum PartWord {
    /// Devices in sync that ask for work
    Idle,
    /// Devices that acknowledge installations
    Ack,
    /// Many devices that connect at once
    Herd,
    /// New connections with TLS and a client certificate
    Mtls,
    /// A start after a loss of power; memory and disk
    Start,
    /// One new profile for a whole fleet
    Rollout,
    /// What administrators do with a large fleet
    Change,
}

/// The words of `--states`.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum KindWord {
    /// Nine of ten hosts in sync, the others in 156 states
    Few,
    /// 10,000 states
    Many,
    /// Every host in a state of its own
    Unique,
    /// As few; 30 % failed to install a profile, 10 % said `NotNow`
    Troubled,
}

/// The words of `--stand-in`.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum StandInWord {
    Echo,
    Handshake,
}

impl From<PartWord> for Part {
    fn from(word: PartWord) -> Self {
        match word {
            PartWord::Idle => Self::Idle,
            PartWord::Ack => Self::Ack,
            PartWord::Herd => Self::Herd,
            PartWord::Mtls => Self::Mtls,
            PartWord::Start => Self::Start,
            PartWord::Rollout => Self::Rollout,
            PartWord::Change => Self::Change,
        }
    }
}

impl From<KindWord> for Kind {
    fn from(word: KindWord) -> Self {
        match word {
            KindWord::Few => Self::Few,
            KindWord::Many => Self::Many,
            KindWord::Unique => Self::Unique,
            KindWord::Troubled => Self::Troubled,
        }
    }
}

/// Measures, or stands in. It has a runtime of its own, since it shares processors out.
pub(crate) fn run(args: &BenchArgs) -> anyhow::Result<Exit> {
    if let Some(word) = args.stand_in {
        return stand_in(word, args.keep.as_deref());
    }
    let options = options(args)?;
    let report = mooring_bench::run(&options, &mut output::note).map_err(explained)?;
    if args.json {
        output::json(&report)?;
    } else {
        output::data(&report.render())?;
    }
    Ok(if report.has_misses() {
        Exit::Failed
    } else {
        Exit::Fine
    })
}

fn options(args: &BenchArgs) -> anyhow::Result<Options> {
    let mut options = Options::new(std::env::current_exe()?);
    if let Some(binary) = &args.binary {
        options.program.clone_from(binary);
    }
    if !args.only.is_empty() {
        options.parts = args.only.iter().copied().map(Part::from).collect();
    }
    if !args.states.is_empty() {
        options.kinds = args.states.iter().copied().map(Kind::from).collect();
    }
    options.hosts = args.hosts;
    let rollout_hosts = args.rollout_hosts;
    options.rollout_hosts = rollout_hosts.unwrap_or(options.rollout_hosts.min(args.hosts));
    options.runs = args.runs;
    options.requests = args.requests;
    options.uploads = args.uploads;
    options.keep.clone_from(&args.keep);
    Ok(options)
}

fn stand_in(word: StandInWord, folder: Option<&Path>) -> anyhow::Result<Exit> {
    let stand_in = match (word, folder) {
        (StandInWord::Echo, _) => StandIn::Echo,
        (StandInWord::Handshake, Some(folder)) => StandIn::Handshake(folder.to_owned()),
        (StandInWord::Handshake, None) => {
            return Err(UsageError::new("a handshake needs the folder of a fleet").into());
        }
    };
    let mut written = Ok(());
    stand_in.run(&mut |line| written = output::data(&format!("{line}\n")))?;
    written?;
    Ok(Exit::Fine)
}

/// A folder that was named by mistake is wrong usage.
fn explained(error: BenchError) -> anyhow::Error {
    if matches!(error, BenchError::Foreign { .. }) {
        return UsageError::new(error.to_string()).into();
    }
    error.into()
}
