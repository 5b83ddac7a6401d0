//! Limits and measures the memory of one call.
//!
//! Knows nothing of what it is used for. Invariant: once the limit was hit the flag stays set, so
//! that the trap that follows can be told from any other; wasmtime gives it no type of its own.

use wasmtime::ResourceLimiter;

/// Most elements in one table: function references of the largest guests tried stay under 20,000.
const TABLE_ELEMENTS_MAX: usize = 100_000;

#[derive(Debug)]
pub(crate) struct MemoryMeter {
    limit_bytes: usize,
    parts_max: usize,
    bytes: usize,
    pub(crate) hit: bool,
}

impl MemoryMeter {
    /// `parts_max`: core instances, and tables, that the call may have.
    pub(crate) fn new(limit_bytes: usize, parts_max: usize) -> Self {
        Self {
            limit_bytes,
            parts_max,
            bytes: 0,
            hit: false,
        }
    }

    /// The most that was in use; linear memory never shrinks.
    pub(crate) fn peak_bytes(&self) -> usize {
        self.bytes
    }
}

impl ResourceLimiter for MemoryMeter {
    /// Refuses by a trap: a guest that merely sees a failed growth aborts, which looks like a bug
    /// of its own.
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let bytes = self.bytes.saturating_add(desired.saturating_sub(current));
        if bytes > self.limit_bytes {
            self.hit = true;
            return Err(wasmtime::Error::msg(
                "the memory limit of the call is reached",
            ));
        }
        self.bytes = bytes;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.hit = true;
        Err(error)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS_MAX)
    }

    fn instances(&self) -> usize {
        self.parts_max
    }

    fn tables(&self) -> usize {
        self.parts_max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Growth of several memories adds up, and the one over the limit is not counted.
    #[test]
    fn memories_add_up() {
        let mut meter = MemoryMeter::new(100, 8);
        assert!(meter.memory_growing(0, 60, None).unwrap());
        assert!(meter.memory_growing(0, 40, None).unwrap());
        assert!(!meter.hit);
        assert!(meter.memory_growing(40, 41, None).is_err());
        assert!(meter.hit);
        assert_eq!(meter.peak_bytes(), 100);
    }
}
