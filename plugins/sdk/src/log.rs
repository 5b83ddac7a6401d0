//! Lines for the people who run the server; the only thing a plugin can call.
//!
//! The host keeps at most 256 KiB of a call. Outside a component (in an author's own tests) lines
//! are kept for `testing::take_log`. Invariant: logging never fails and changes no result.

/// How urgent a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For the plugin's author.
    Debug,
    /// Worth keeping.
    Info,
    /// Someone should look.
    Warn,
    /// Something did not work.
    Error,
}

/// Writes one line.
pub fn write(level: Level, text: &str) {
    sink(level, text);
}

/// Writes one line for the plugin's author.
pub fn debug(text: &str) {
    write(Level::Debug, text);
}

/// Writes one line worth keeping.
pub fn info(text: &str) {
    write(Level::Info, text);
}

/// Writes one line someone should look at.
pub fn warn(text: &str) {
    write(Level::Warn, text);
}

/// Writes one line about something that did not work.
pub fn error(text: &str) {
    write(Level::Error, text);
}

#[cfg(target_arch = "wasm32")]
use crate::component::sink;

#[cfg(not(target_arch = "wasm32"))]
use crate::testing::sink;
