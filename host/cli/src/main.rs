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
mod together;
mod upload;
mod words;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::{Cli, Command};
use crate::exit::Exit;

/// Threads for what blocks: check-ins, administrators, files. Devices in their daily round need none;
/// more would take memory and wait for the same disk and the same processors.
const BLOCKING_THREADS_MAX: usize = 128;

/// Pages of the store and messages of devices are taken and given back all the time, by other threads
/// than took them; measured, the system's allocator was a sixth of the server's work.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Gives back after half a second what is not in use, by a thread of its own. Few arenas, since each
/// keeps some.
#[expect(
    unsafe_code,
    reason = "the allocator reads its settings by this name; nothing else has it"
)]
#[unsafe(export_name = "_rjem_malloc_conf")]
pub static ALLOCATOR_SETTINGS: &[u8] =
    b"background_thread:true,dirty_decay_ms:500,muzzy_decay_ms:0,narenas:4\0";

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
    if let Command::CompilePlugin(args) = &cli.command {
        return Ok(commands::compile_plugin::run(args));
    }
    if let Command::Check(args) = &cli.command {
        return commands::check::run(args);
    }
    if let Command::Restore(args) = &cli.command {
        return commands::restore::run(args);
    }
    if let Command::Bench(args) = &cli.command {
        return commands::bench::run(args);
    }
    if let Command::Schema(command) = &cli.command {
        return commands::schema::run(command);
    }
    if let Command::Plugin(command) = &cli.command {
        return commands::plugin::run(command);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS_MAX)
        .build()?;
    runtime.block_on(async {
        match cli.command {
            Command::Serve(args) => commands::serve::run(*args).await,
            Command::Demo(args) => commands::demo::run(args).await,
            Command::Check(args) => commands::check::run(&args),
            Command::Schema(command) => commands::schema::run(&command),
            Command::Plugin(command) => commands::plugin::run(&command),
            Command::Policy(command) => commands::policy::run(command).await,
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
            Command::CompilePlugin(args) => Ok(commands::compile_plugin::run(&args)),
        }
    })
}
