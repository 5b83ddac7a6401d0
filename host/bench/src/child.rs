//! Processes that are started to be measured: the server, and what stands for a limit.
//!
//! Knows nothing of what they are asked. Invariants: a process ends with the value that stands for
//! it; it inherits nothing of this one's environment that could change what it does.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::BenchError;
use crate::cores::Cores;
use crate::error::file;
use crate::process::Process;

/// The end of a log that is quoted.
const LOG_BYTES_SHOWN: usize = 2000;

/// A process that has said where it listens.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    program: PathBuf,
}

/// How to start one.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    /// What it is, for errors.
    pub(crate) what: &'static str,
    pub(crate) program: &'a Path,
    pub(crate) arguments: Vec<String>,
    /// Where its standard error goes.
    pub(crate) log: PathBuf,
    pub(crate) cores: Cores,
}

impl Running {
    /// Starts it and waits for its first line.
    pub(crate) async fn start(start: Start<'_>) -> Result<(Self, String), BenchError> {
        let log = File::create(&start.log).map_err(file(&start.log, "written"))?;
        let mut command = start.cores.command(&start.program.to_owned());
        command.args(&start.arguments).env_clear();
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log);
        let mut running = Self::spawned(&mut command, start.program)?;
        let output = running.child.stdout.take().ok_or(BenchError::Interrupted)?;
        let first = tokio::task::spawn_blocking(move || {
            let mut output = BufReader::new(output);
            let mut line = String::new();
            // No line at all is what an end of the process looks like.
            let read = output.read_line(&mut line);
            (read.is_ok() && line.ends_with('\n')).then_some((line, output))
        });
        match first.await.map_err(|_| BenchError::Interrupted)? {
            Some((line, output)) => {
                // Whoever writes to it later must not find it closed.
                running.child.stdout = Some(output.into_inner());
                Ok((running, line.trim().to_owned()))
            }
            None => Err(BenchError::NotReady {
                what: start.what,
                log: last_words(&start.log),
            }),
        }
    }

    fn spawned(command: &mut Command, program: &Path) -> Result<Self, BenchError> {
        let child = command.spawn().map_err(|source| BenchError::Process {
            program: program.to_owned(),
            doing: "started",
            source,
        })?;
        Ok(Self {
            child,
            program: program.to_owned(),
        })
    }

    /// What the system tells of it.
    pub(crate) fn process(&self) -> Process {
        Process::new(self.child.id())
    }

    /// Asks it to end and waits until it has.
    pub(crate) async fn stop(mut self) -> Result<(), BenchError> {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(id) = id {
            let asked = kill_process(id, Signal::TERM);
            asked.map_err(|error| self.unended(error.into()))?;
        }
        let ended = tokio::task::spawn_blocking(move || {
            let ended = self.child.wait();
            ended.map(drop).map_err(|source| self.unended(source))
        });
        ended.await.map_err(|_| BenchError::Interrupted)?
    }

    /// Ends it at once, as a loss of power would.
    pub(crate) fn kill(mut self) -> Result<(), BenchError> {
        let ended = self.child.kill().and_then(|()| self.child.wait());
        ended.map(drop).map_err(|source| self.unended(source))
    }

    fn unended(&self, source: std::io::Error) -> BenchError {
        BenchError::Process {
            program: self.program.clone(),
            doing: "ended",
            source,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already, which is all that is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn last_words(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let from = text.len().saturating_sub(LOG_BYTES_SHOWN);
    String::from_utf8_lossy(&text[from..]).trim().to_owned()
}

/// The address in a line that a stand-in printed.
pub(crate) fn address(what: &'static str, line: &str) -> Result<SocketAddr, BenchError> {
    line.parse().map_err(|_| BenchError::NotReady {
        what,
        log: line.to_owned(),
    })
}
