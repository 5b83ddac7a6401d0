//! `mooring sim soak`: whole worlds with every fault, judged after every step.
//!
//! Knows nothing of what must hold. Invariant: what it prints of a seed is the same in every run of
//! that seed, however many run beside it; only times differ.

use std::num::NonZero;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use mooring_soak::{Found, Outcome, SoakError, Tally, WorldOptions};
use mooring_soak::{explain, run_many, run_traced};
use serde::Serialize;

use crate::exit::Exit;
use crate::output;
use crate::progress;
use crate::text::{Table, clean, count};

/// What `sim soak` takes.
#[derive(Debug, clap::Args)]
pub(super) struct SoakArgs {
    /// How many worlds
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// The seed of the first one
    #[arg(long, value_name = "S", default_value_t = 1)]
    from: u64,
    /// Days on which everything may go wrong; five days of calm follow
    #[arg(long, value_name = "D", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: u32,
    /// Hosts of each world
    #[arg(long, value_name = "H", default_value_t = 150, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    hosts: u32,
    /// Worlds that run at once; as many as there are processors by default
    #[arg(long, value_name = "J")]
    jobs: Option<NonZero<usize>>,
    /// Print what happened in the world of this seed instead, entry by entry
    #[arg(long, value_name = "SEED", conflicts_with_all = ["seeds", "from", "jobs", "json"])]
    trace: Option<u64>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What came of all worlds, as JSON.
#[derive(Debug, Default, Serialize)]
struct Totals {
    seeds: u64,
    hosts: u32,
    days: u32,
    device_days: u64,
    messages: u64,
    commands: Tally,
    faults: Tally,
    violations: Tally,
    lost: u64,
    spurious: u64,
    failed_seeds: Vec<u64>,
    elapsed_ms: u64,
    device_days_per_second: u64,
}

impl Totals {
    fn add(&mut self, outcome: &Outcome) {
        self.seeds += 1;
        self.device_days += outcome.device_days;
        self.messages += outcome.messages;
        add(&mut self.commands, &outcome.commands);
        add(&mut self.faults, &outcome.faults);
        add(&mut self.violations, &outcome.violations);
        self.lost += outcome.lost;
        self.spurious += outcome.spurious;
        if !outcome.is_clean() {
            self.failed_seeds.push(outcome.seed);
        }
    }

    fn end(&mut self, elapsed: Duration) {
        self.failed_seeds.sort_unstable();
        let ms = elapsed.as_millis().max(1);
        self.elapsed_ms = u64::try_from(ms).unwrap_or(u64::MAX);
        let rate = u128::from(self.device_days) * 1000 / ms;
        self.device_days_per_second = u64::try_from(rate).unwrap_or(u64::MAX);
    }
}

fn add(sum: &mut Tally, part: &Tally) {
    for (name, number) in part {
        *sum.entry(name).or_default() += number;
    }
}

/// Runs the worlds.
pub(super) fn run(args: &SoakArgs) -> anyhow::Result<Exit> {
    let options = WorldOptions {
        hosts: args.hosts,
        days: args.days,
        ..WorldOptions::default()
    };
    match args.trace {
        Some(seed) => trace(seed, &options),
        None => soak(args, &options),
    }
}

fn trace(seed: u64, options: &WorldOptions) -> anyhow::Result<Exit> {
    let mut written = Ok(());
    let mut listener = |entry: &mooring_soak::log::Entry| {
        if written.is_ok() {
            written = output::data(&format!("{entry:?}\n"));
        }
    };
    let outcome = run_traced(seed, options, &mut listener)?;
    written?;
    output::note(&format!("trace {}", outcome.trace));
    for found in &outcome.found {
        output::note(&clean(&line_of(found)));
    }
    Ok(exit_of(outcome.is_clean()))
}

fn soak(args: &SoakArgs, options: &WorldOptions) -> anyhow::Result<Exit> {
    let began = Instant::now();
    let jobs = args.jobs.map_or_else(processors, NonZero::get);
    let seeds = args.from..args.from.saturating_add(args.seeds);
    let bar = progress::styled(ProgressBar::new(args.seeds), "worlds");
    let mut totals = Totals {
        hosts: args.hosts,
        days: args.days,
        ..Totals::default()
    };
    let mut failure: Option<anyhow::Error> = None;
    let is_alone = args.seeds == 1;
    run_many(seeds, jobs, options, |outcome| {
        let taken = take(outcome, options, &mut totals, is_alone && !args.json);
        let taken = taken.and_then(|text| {
            bar.suspend(|| tell(text.as_deref(), args.json))?;
            Ok(())
        });
        show(&bar, &totals, began.elapsed());
        failure = taken.err();
        failure.is_none()
    });
    bar.finish_and_clear();
    if let Some(error) = failure {
        return Err(error);
    }
    totals.end(began.elapsed());
    if args.json {
        output::json(&totals)?;
    } else {
        output::data(&render(&totals))?;
    }
    Ok(exit_of(totals.failed_seeds.is_empty()))
}

/// Says what is to be said of a world at once.
fn tell(text: Option<&str>, is_json: bool) -> Result<(), output::OutputError> {
    match text {
        Some(text) if is_json => output::note(text.trim_end()),
        Some(text) => output::data(text)?,
        None => {}
    }
    Ok(())
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

fn exit_of(is_clean: bool) -> Exit {
    if is_clean { Exit::Fine } else { Exit::Failed }
}

/// Adds an outcome, and says what is to be said of it at once.
fn take(
    outcome: Result<Outcome, SoakError>,
    options: &WorldOptions,
    totals: &mut Totals,
    is_explained: bool,
) -> anyhow::Result<Option<String>> {
    let mut outcome = outcome?;
    totals.add(&outcome);
    if outcome.is_clean() {
        return Ok(None);
    }
    if is_explained {
        explain(&mut outcome, options)?;
    }
    let rules: Vec<String> = outcome
        .violations
        .iter()
        .map(|(rule, number)| format!("{rule} {number}"))
        .collect();
    let mut text = format!("seed {}: {}\n", outcome.seed, rules.join(", "));
    for found in outcome
        .found
        .iter()
        .take(if is_explained { usize::MAX } else { 1 })
    {
        text = text + "  " + &clean(&line_of(found)) + "\n";
        for entry in &found.history {
            text = text + "      " + &clean(entry) + "\n";
        }
    }
    Ok(Some(text))
}

fn line_of(found: &Found) -> String {
    format!("entry {}: {}", found.entry, found.violation)
}

fn show(bar: &ProgressBar, totals: &Totals, elapsed: Duration) {
    bar.set_position(totals.seeds);
    let rate = u128::from(totals.device_days) * 1000 / elapsed.as_millis().max(1);
    let failed = totals.failed_seeds.len();
    bar.set_message(format!(
        "{}, {rate}/s, {failed} failed",
        count(totals.device_days, "device-day")
    ));
}

fn render(totals: &Totals) -> String {
    let failed = count(totals.failed_seeds.len(), "seed");
    let mut text = format!(
        "{} of {} and {}: {}, {} in {} ms, {} a second\n{failed} failed, {} lost, {} spurious\n",
        count(totals.seeds, "world"),
        count(totals.hosts, "host"),
        count(totals.days, "day"),
        count(totals.device_days, "device-day"),
        count(totals.messages, "message"),
        totals.elapsed_ms,
        count(totals.device_days_per_second, "device-day"),
        count(totals.lost, "command"),
        totals.spurious
    );
    for (head, tally) in [
        ("COMMAND", &totals.commands),
        ("FAULT", &totals.faults),
        ("VIOLATION", &totals.violations),
    ] {
        if tally.is_empty() {
            continue;
        }
        let mut table = Table::new([head, "NUMBER"]);
        for (name, number) in tally {
            table.row([(*name).to_owned(), number.to_string()]);
        }
        text = text + "\n" + &table.render("");
    }
    if !totals.failed_seeds.is_empty() {
        let seeds: Vec<String> = totals.failed_seeds.iter().map(u64::to_string).collect();
        text = text + "\nfailed seeds: " + &seeds.join(" ") + "\n";
        text += "show one with --seeds 1 --from SEED, or all of it with --trace SEED\n";
    }
    text
}
