//! The bounds of one listener's connections, as one value.
//!
//! Knows nothing of who applies them. They are a value so that tests can make them short; what the
//! server uses, and why, is in [`crate::limits`].

use std::time::Duration;

use crate::limits::{
    DRAIN_TIMEOUT, HANDSHAKE_TIMEOUT, HEADER_BYTES_MAX, HEADER_TIMEOUT, IDLE_TIMEOUT, WRITE_TIMEOUT,
};

/// Times and sizes that hold for each connection of a listener.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// For the TLS handshake.
    pub(crate) handshake: Duration,
    /// For a request's head, from its first byte on.
    pub(crate) head: Duration,
    /// Between an answer and the next request's first byte.
    pub(crate) idle: Duration,
    /// In which a client must take a part of what it is sent.
    pub(crate) write: Duration,
    /// For open connections to finish when the listener stops.
    pub(crate) drain: Duration,
    /// Longest head, in bytes; at least 8192.
    pub(crate) head_bytes_max: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            handshake: HANDSHAKE_TIMEOUT,
            head: HEADER_TIMEOUT,
            idle: IDLE_TIMEOUT,
            write: WRITE_TIMEOUT,
            drain: DRAIN_TIMEOUT,
            head_bytes_max: HEADER_BYTES_MAX,
        }
    }
}
