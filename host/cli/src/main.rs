//! The binary `mooring`: the server, the demo, the offline check and the commands of administrators.
//!
//! Knows the server by its library and its documents, never its state. Invariants: what a command
//! was asked for goes to standard output, everything else to standard error; every way to end has
//! one of the exit codes in [`exit::Exit`].

mod args;
mod client;
mod commands;
mod connection;
mod duration;
mod exit;
mod files;
mod findings;
mod logging;
mod output;
mod paths;
mod progress;
mod signal;
mod text;
mod upload;
mod words;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Cli, Command};
use crate::exit::Exit;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return args::refuse(&error).into(),
    };
    match run(cli) {
        Ok(exit) => exit.into(),
        Err(error) if output::is_closed(&error) => Exit::Fine.into(),
        Err(error) => {
            output::error(&error);
            Exit::of(&error).into()
        }
    }
}

/// Runs one command to its end.
fn run(cli: Cli) -> anyhow::Result<Exit> {
    if let Command::Check(args) = &cli.command {
        return commands::check::run(args);
    }
    if let Command::Restore(args) = &cli.command {
        return commands::restore::run(args);
    }
    if let Command::Bench(args) = &cli.command {
        return commands::bench::run(args);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        match cli.command {
            Command::Serve(args) => commands::serve::run(*args).await,
            Command::Demo(args) => commands::demo::run(args).await,
            Command::Check(args) => commands::check::run(&args),
            Command::Profile(command) => commands::profile::run(command).await,
            Command::Host(command) => commands::host::run(command).await,
            Command::Label(command) => commands::label::run(command).await,
            Command::Value(command) => commands::value::run(command).await,
            Command::Why(args) => commands::why::run(&args).await,
            Command::Enroll(args) => commands::enroll::run(args).await,
            Command::Pushcert(command) => commands::pushcert::run(command).await,
            Command::Status(args) => commands::status::run(&args).await,
            Command::Backup(args) => commands::backup::run(args).await,
            Command::Restore(args) => commands::restore::run(&args),
            Command::Resend(args) => commands::resend::run(&args).await,
            Command::Pause(args) => commands::pause::pause(&args).await,
            Command::Resume(args) => commands::pause::resume(&args).await,
            Command::Sim(args) => commands::sim::run(args).await,
            Command::Bench(args) => commands::bench::run(&args),
        }
    })
}
