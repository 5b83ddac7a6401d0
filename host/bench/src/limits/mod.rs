//! What figures are compared with: the least that a machine needs for the same, measured in the
//! same run.
//!
//! Knows nothing of the server. Invariant: each does nothing but what its name says, with the same
//! libraries and options as the server where it uses any.

mod echo;
mod handshake;
mod log;
pub(crate) mod naive;

use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tokio::io::AsyncReadExt as _;

use crate::BenchError;
use crate::child::{self, Running, Start};
use crate::server::Program;

pub(crate) use handshake::certificate;
pub(crate) use log::{GROUP, rows_per_second};

/// A stand-in that runs as a process of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StandIn {
    /// Answers every request with nothing.
    Echo,
    /// Makes TLS handshakes with client certificates and answers one request on each connection.
    /// The folder is that of a fleet.
    Handshake(PathBuf),
}

impl StandIn {
    /// Runs it until standard input ends; `announce` is told where it listens.
    ///
    /// # Errors
    /// [`BenchError`] if it cannot listen.
    pub fn run(&self, announce: &mut dyn FnMut(&str)) -> Result<(), BenchError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build();
        let runtime = runtime.map_err(crate::error::file("the runtime", "started"))?;
        runtime.block_on(async {
            match self {
                Self::Echo => echo::run(announce).await,
                Self::Handshake(folder) => handshake::run(folder, announce).await,
            }
        })
    }

    /// Starts one as a child.
    pub(crate) async fn start(
        &self,
        program: &Program,
        folder: &Path,
    ) -> Result<(Running, SocketAddr), BenchError> {
        let mut arguments = vec!["bench".to_owned(), "--stand-in".to_owned()];
        let what = match self {
            Self::Echo => {
                arguments.push("echo".to_owned());
                "the echo"
            }
            Self::Handshake(fleet) => {
                arguments.extend(["handshake".to_owned(), "--keep".to_owned()]);
                arguments.push(fleet.display().to_string());
                "the handshake"
            }
        };
        let (running, line) = Running::start(Start {
            what,
            program: &program.stand_in,
            arguments,
            log: folder.join("stand-in.log"),
            cores: program.cores,
        })
        .await?;
        let address = child::address(what, &line)?;
        Ok((running, address))
    }
}

/// Serves until standard input ends, which it does when whoever started this is gone.
async fn until_left_alone(serving: impl Future<Output = ()>) {
    let (gone, left) = tokio::sync::oneshot::channel::<()>();
    let waiting = std::thread::spawn(move || {
        let mut rest = Vec::new();
        // An input that cannot be read has ended as well.
        let _ = std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut rest);
        drop(gone);
    });
    tokio::select! {
        () = serving => {}
        _ = left => {}
    }
    drop(waiting);
}

/// Reads from a stream until a request has arrived whole, in whatever pieces it comes.
async fn read_request(
    stream: &mut (impl tokio::io::AsyncRead + Unpin),
    buffer: &mut Vec<u8>,
) -> std::io::Result<()> {
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let Some(end) = crate::wire::find(buffer, b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&buffer[..end]);
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length: "));
        let length: usize = length
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or(0);
        if buffer.len() >= end + 4 + length {
            return Ok(());
        }
    }
}
