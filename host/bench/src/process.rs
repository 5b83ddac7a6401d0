//! What the system tells of a process: its time, its memory, what it wrote.
//!
//! Knows nothing of what the process does. Invariant: it reads `/proc` and nothing else, so that
//! looking changes nothing in the process that is looked at.

use std::fs;
use std::time::Duration;

use serde::Serialize;

use crate::BenchError;

/// Linux counts processor time for programs in hundredths of a second on every system that this
/// runs on.
const TICKS_PER_SECOND: u64 = 100;

/// After so long without work a server is at rest.
const REST: Duration = Duration::from_secs(13);

/// A process that is looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process(u32);

/// How much memory a process has.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Memory {
    /// Bytes that are in memory now.
    pub(crate) resident: u64,
    /// The most that there ever were.
    pub(crate) peak: u64,
    pub(crate) threads: u64,
}

/// What a process wrote since it began, counted in the two ways that the system has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    /// Memory that was marked to be written to a disk. Since Linux keeps files in pieces of many
    /// pages, a whole piece is counted for a few bytes of it.
    marked: u64,
    /// Bytes that were handed over to be written, to files and to connections.
    handed_over: u64,
}

impl Written {
    /// Bytes to files since `before`, when `received` bytes of it were answers that arrived. Both
    /// counts are at least that, so it is the lower of them.
    pub(crate) fn since(self, before: Self, received: u64) -> u64 {
        let handed_over = self.handed_over.saturating_sub(before.handed_over);
        let marked = self.marked.saturating_sub(before.marked);
        marked.min(handed_over.saturating_sub(received))
    }
}

impl Process {
    /// The process with this id.
    pub(crate) fn new(id: u32) -> Self {
        Self(id)
    }

    /// Processor time of all its threads, in the program and in the system for it.
    pub(crate) fn cpu(self) -> Result<Duration, BenchError> {
        let text = self.read("stat")?;
        // The name is in brackets and may hold anything.
        let after = text.rsplit_once(')').map(|(_, after)| after);
        let fields: Vec<&str> = after.unwrap_or_default().split_ascii_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<u64>().ok());
        let (Some(user), Some(system)) = (ticks(11), ticks(12)) else {
            return Err(self.unreadable());
        };
        Ok(Duration::from_millis(
            (user + system) * 1000 / TICKS_PER_SECOND,
        ))
    }

    /// What it wrote so far.
    pub(crate) fn written(self) -> Result<Written, BenchError> {
        let text = self.read("io")?;
        Ok(Written {
            marked: self.value(&text, "write_bytes:")?,
            handed_over: self.value(&text, "wchar:")?,
        })
    }

    /// Its memory once it has come to rest: what was written last is brought to its place when nobody
    /// wants anything for ten seconds, and threads that wait end.
    pub(crate) async fn memory_at_rest(self) -> Result<Memory, BenchError> {
        tokio::time::sleep(REST).await;
        self.memory()
    }

    /// Its memory now.
    pub(crate) fn memory(self) -> Result<Memory, BenchError> {
        let text = self.read("status")?;
        Ok(Memory {
            resident: self.value(&text, "VmRSS:")? * 1024,
            peak: self.value(&text, "VmHWM:")? * 1024,
            threads: self.value(&text, "Threads:")?,
        })
    }

    fn value(self, text: &str, name: &str) -> Result<u64, BenchError> {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let word = line.and_then(|line| line.split_ascii_whitespace().next());
        let value = word.and_then(|word| word.parse().ok());
        value.ok_or_else(|| self.unreadable())
    }

    fn read(self, name: &str) -> Result<String, BenchError> {
        let text = fs::read_to_string(format!("/proc/{}/{name}", self.0));
        text.map_err(|_| self.unreadable())
    }

    fn unreadable(self) -> BenchError {
        BenchError::Figures { id: self.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that the figures of a process that runs can be read and make sense.
    #[cfg(target_os = "linux")]
    #[test]
    fn own_figures() {
        let this = Process::new(std::process::id());
        let memory = this.memory().unwrap();
        assert!(memory.resident > 100_000 && memory.peak >= memory.resident);
        assert!(memory.threads >= 1);
        this.written().unwrap();
        let before = this.cpu().unwrap();
        assert!(this.cpu().unwrap() >= before);
    }

    /// Proves that neither answers nor whole pieces of files are taken for what was written.
    #[test]
    fn writing() {
        let at = |marked, handed_over| Written {
            marked,
            handed_over,
        };
        assert_eq!(at(65_536, 9_100).since(at(0, 100), 1_000), 8_000);
        assert_eq!(at(0, 5_000).since(at(0, 0), 100), 0);
        assert_eq!(at(4_096, 5_000).since(at(0, 0), 10_000), 0);
    }
}
