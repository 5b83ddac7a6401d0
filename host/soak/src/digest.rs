//! The digest of a log, by which two runs of a seed are compared.
//!
//! Knows nothing of what entries mean. Invariant: one entry more, less or other gives another digest.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::log::Entry;

/// A running digest over entries: two runs of a seed are the same if it is.
#[derive(Clone, Default)]
pub struct TraceDigest {
    hasher: Sha256,
    entries: u64,
    line: String,
}

impl std::fmt::Debug for TraceDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TraceDigest({} entries)", self.entries)
    }
}

impl TraceDigest {
    /// Takes the debug form of an entry in.
    pub fn note(&mut self, entry: &Entry) {
        self.line.clear();
        // Writing to a string cannot fail.
        let _ = writeln!(self.line, "{entry:?}");
        self.hasher.update(self.line.as_bytes());
        self.entries += 1;
    }

    /// How many entries were taken in.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// The digest, as 64 hexadecimal digits.
    pub fn finish(self) -> String {
        let mut text = String::with_capacity(64);
        for byte in self.hasher.finalize() {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}
