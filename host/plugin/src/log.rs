//! The lines a plugin writes in one call.
//!
//! Knows nothing of where they are shown. Invariant: at most the limit's bytes are kept, however
//! much is written; the reason of a panic is kept beside them.

use crate::text::{MESSAGE_BYTES_MAX, clean};

/// How urgent a line is, in the plugin's opinion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// For the plugin's author.
    Debug,
    /// Worth keeping.
    Info,
    /// Someone should look.
    Warn,
    /// Something did not work.
    Error,
}

/// One line that a plugin wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// How urgent it is.
    pub level: LogLevel,
    /// Its text, without control characters.
    pub text: String,
}

/// What `log.wit` says a panic's reason begins with.
const PANIC_PREFIX: &str = "panicked at ";

#[derive(Debug)]
pub(crate) struct LogBuffer {
    pub(crate) lines: Vec<LogLine>,
    pub(crate) lines_dropped: u64,
    pub(crate) panic: Option<String>,
    bytes_left: usize,
}

impl LogBuffer {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            lines: Vec::new(),
            lines_dropped: 0,
            panic: None,
            bytes_left: bytes_max,
        }
    }

    pub(crate) fn write(&mut self, level: LogLevel, text: &str) {
        if level == LogLevel::Error
            && let Some(reason) = text.strip_prefix(PANIC_PREFIX)
        {
            self.panic = Some(clean(reason, MESSAGE_BYTES_MAX));
        }
        // A line costs its record too, or empty lines would be free.
        let cost = text.len() + size_of::<LogLine>();
        if cost > self.bytes_left {
            self.bytes_left = 0;
            self.lines_dropped += 1;
            return;
        }
        self.bytes_left -= cost;
        self.lines.push(LogLine {
            level,
            text: clean(text, text.len()),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first line over the limit ends the log; a panic after it is still known.
    #[test]
    fn flood() {
        let mut log = LogBuffer::new(200);
        log.write(LogLevel::Info, &"x".repeat(100));
        log.write(LogLevel::Info, &"x".repeat(100));
        log.write(LogLevel::Info, "");
        log.write(LogLevel::Error, "panicked at src/lib.rs:1:2: why");
        assert_eq!((log.lines.len(), log.lines_dropped), (1, 3));
        assert_eq!(log.panic.as_deref(), Some("src/lib.rs:1:2: why"));
    }
}
