//! Why a benchmark cannot be run to its end.
//!
//! Knows nothing of figures: a figure that is missed is no error. Invariant: each text says what
//! was attempted, with the file or the address.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use mooring_mdm::ids::IdError;
use mooring_store::StoreError;

/// Why a benchmark cannot be run to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BenchError {
    /// A file or folder cannot be used.
    #[error("{path} cannot be {doing}")]
    File {
        /// Which.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// The folder to keep fleets in holds something else.
    #[error(
        "{path} holds something that this benchmark did not put there; name a folder that is new, \
         empty, or was used with --keep before"
    )]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
    /// A fleet that was kept is not as it was written.
    #[error("{path} is damaged; delete it, so that the fleet is made anew")]
    Kept {
        /// The file.
        path: PathBuf,
        /// Why it cannot be read.
        source: serde_json::Error,
    },
    /// A process cannot be started or ended.
    #[error("{program} cannot be {doing}")]
    Process {
        /// The program.
        program: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// The server, or a stand-in for a limit, did not say where it listens.
    #[error("{what} did not start; its last words: {log}")]
    NotReady {
        /// Which process.
        what: &'static str,
        /// The end of its log.
        log: String,
    },
    /// What the system tells of a process cannot be read.
    #[error("the figures of process {id} cannot be read from /proc; this needs Linux")]
    Figures {
        /// The process.
        id: u32,
    },
    /// A request has no answer.
    #[error("a request to {address} has no answer")]
    Exchange {
        /// The server.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The server answered something that the course does not provide for.
    #[error("{doing}: the server answered {status}: {body}")]
    Answer {
        /// What was tried.
        doing: &'static str,
        /// The status.
        status: u16,
        /// The beginning of the body.
        body: String,
    },
    /// The counts are not what they must be.
    #[error("{doing}: {wrong}")]
    Wrong {
        /// What was looked at.
        doing: &'static str,
        /// What was found and what was expected.
        wrong: String,
    },
    /// The store cannot be filled.
    #[error("the fleet cannot be stored")]
    Store(#[from] StoreError),
    /// A made-up name is none.
    #[error("the fleet has an impossible name")]
    Name(#[from] IdError),
    /// A certificate cannot be made.
    #[error("a certificate cannot be made")]
    Certificate(#[from] rcgen::Error),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
    /// A part of the work ended before it was done.
    #[error("a part of the work ended early")]
    Interrupted,
    /// Somebody asked to stop.
    #[error("stopped")]
    Stopped,
}

/// Of an error about a file.
pub(crate) fn file(
    path: impl Into<PathBuf>,
    doing: &'static str,
) -> impl FnOnce(io::Error) -> BenchError {
    let path = path.into();
    move |source| BenchError::File {
        path,
        doing,
        source,
    }
}
