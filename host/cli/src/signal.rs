//! Being asked to stop.
//!
//! Invariant: once a command listens here, a first Ctrl-C lets it end by itself.

use std::future::pending;

/// Completes at SIGINT (Ctrl-C) or SIGTERM.
pub(crate) async fn stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => return,
                () = interrupt() => return,
            }
        }
    }
    interrupt().await;
}

async fn interrupt() {
    // Without a handler the signal ends the process as it always does: nothing to wait for.
    if tokio::signal::ctrl_c().await.is_err() {
        pending::<()>().await;
    }
}
