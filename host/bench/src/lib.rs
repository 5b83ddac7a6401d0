//! The benchmark of the whole server: `mooring bench`.
//!
//! Starts the server as a process of its own over a folder of its own, lets simulated devices speak
//! to it, and looks at what the operating system says of it: processor time, memory, bytes written.
//! It must not know the server's code; what it knows of the store is enough to write a fleet that
//! did not have to enroll. Invariants: nothing but its own folders is touched, nothing leaves this
//! machine, and everything that was started is ended.
//!
//! `host/docs/PERFORMANCE.md` explains each figure.

mod child;
mod clock;
mod cores;
mod device;
mod error;
mod figure;
mod ground;
mod limits;
mod load;
mod options;
mod process;
mod random;
mod report;
mod sample;
mod scenario;
mod seed;
mod server;
#[cfg(test)]
mod tests;
mod wire;

use tokio::signal::unix::{SignalKind, signal};

pub use error::BenchError;
pub use figure::{Figure, Standing};
pub use limits::StandIn;
pub use options::{Options, Part};
pub use report::{Bound, Report, Row, Verdict};
pub use seed::Kind;

use crate::cores::Cores;
use crate::ground::Ground;
use crate::server::Program;

/// Runs what is asked for, and tells `note` how far it has come. Blocks, for minutes.
///
/// It pins this process to a part of the processors, so nothing else should go on in it.
///
/// # Errors
/// [`BenchError`] if something is in the way, or [`BenchError::Stopped`] after Ctrl-C. A figure
/// that is missed is no error.
pub fn run(options: &Options, note: &mut dyn FnMut(&str)) -> Result<Report, BenchError> {
    let cores = Cores::split();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(error::file("the runtime", "started"))?;
    runtime.block_on(async {
        let failed = || error::file("the signals", "listened for");
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed())?;
        let mut terminate = signal(SignalKind::terminate()).map_err(failed())?;
        tokio::select! {
            report = measured(options, cores, note) => report,
            _ = interrupt.recv() => Err(BenchError::Stopped),
            _ = terminate.recv() => Err(BenchError::Stopped),
        }
    })
}

async fn measured(
    options: &Options,
    cores: Cores,
    note: &mut dyn FnMut(&str),
) -> Result<Report, BenchError> {
    let program = Program {
        path: options.program.clone(),
        stand_in: options.stand_in.clone(),
        cores,
    };
    let mut ground = Ground::new(options, program, note)?;
    ground.report.setting.push(cores.words());
    if cfg!(debug_assertions) {
        let words = "this build is not optimised: its figures mean nothing";
        ground.report.setting.push(words.to_owned());
    }
    for line in ground.report.setting.clone() {
        ground.say(&line);
    }
    scenario::run(&mut ground).await?;
    Ok(ground.report)
}
