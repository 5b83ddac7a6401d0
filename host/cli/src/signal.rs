//! Being asked to stop, and being hung up on.
//!
//! Invariant: from the moment it is listened for, a signal is not lost and does not kill: it waits
//! until somebody looks.

use std::future::{Future, pending};
use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// Listens from now on; completes at SIGINT (Ctrl-C) or SIGTERM.
pub(crate) fn stop() -> impl Future<Output = ()> {
    let interrupt = signal(SignalKind::interrupt());
    let terminate = signal(SignalKind::terminate());
    async {
        tokio::select! {
            () = arrival(interrupt) => {}
            () = arrival(terminate) => {}
        }
    }
}

/// Listens from now on, so that SIGHUP does not end the process, also when its terminal is closed;
/// says each time that there is nothing to do. Does not complete.
pub(crate) fn hangups() -> impl Future<Output = ()> {
    let hangup = signal(SignalKind::hangup());
    async {
        let Ok(mut signals) = hangup else {
            return pending().await;
        };
        while signals.recv().await.is_some() {
            tracing::info!(
                "SIGHUP changes nothing: certificate files are read again by themselves"
            );
        }
        pending::<()>().await;
    }
}

async fn arrival(listening: io::Result<Signal>) {
    // Without a listener the signal ends the process as it always does: nothing to wait for.
    match listening {
        Ok(mut signals) => drop(signals.recv().await),
        Err(_) => pending().await,
    }
}
