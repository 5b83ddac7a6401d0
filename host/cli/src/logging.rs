//! The log of a server in this process, on standard error.
//!
//! Invariant: nothing of it reaches standard output.

use std::io;

use tracing_subscriber::EnvFilter;

/// The variable that says what is logged, as `tracing` filters are written: `mooring=debug`.
const VARIABLE: &str = "MOORING_LOG";

/// Starts the log. `usual` holds where the variable is not set.
pub(crate) fn start(usual: &str) {
    let filter = std::env::var(VARIABLE).unwrap_or_default();
    let filter = if filter.is_empty() { usual } else { &filter };
    let filter = EnvFilter::builder().parse_lossy(filter);
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(false)
        .init();
}
