//! The two sorts of plugins: compiled to wasm, and interpreted by something that was.
//!
//! Knows nothing of limits that a binding sets. Invariant: what the larger class needs is paid for
//! only by those who load a plugin of it.

use serde::Deserialize;

use crate::RuntimeOptions;

/// What sort of component it is, by what it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Compiled from Rust, C and the like: some 100 KiB, under 1 MiB of memory.
    #[default]
    Compiled,
    /// A program with its interpreter, as of JavaScript or Python: up to 32 MiB, and 256 MiB of
    /// memory. Somebody has to allow each of them.
    Interpreted,
}

/// Largest interpreted component, in bytes; `CPython` with its library has 18 MiB.
const INTERPRETED_BYTES_MAX: usize = 32 << 20;

/// Most linear memory of an interpreted plugin, in bytes.
const INTERPRETED_MEMORY_BYTES_MAX: usize = 256 << 20;

/// Core instances and tables of one interpreted component; those tried have up to 50.
const INTERPRETED_PARTS_MAX: usize = 60;

/// The same of a compiled one: a Rust guest has three instances (itself and two that tie in `log`)
/// and two tables.
pub(crate) const COMPILED_PARTS_MAX: usize = 8;

impl Class {
    /// Largest component of this class, in bytes.
    pub(crate) fn component_bytes_max(self, options: &RuntimeOptions) -> usize {
        match self {
            Self::Compiled => options.component_bytes_max,
            Self::Interpreted => INTERPRETED_BYTES_MAX.max(options.component_bytes_max),
        }
    }

    /// Most linear memory that a call of this class can have, in bytes.
    pub(crate) fn memory_bytes_max(self, options: &RuntimeOptions) -> usize {
        match self {
            Self::Compiled => options.memory_bytes_max,
            Self::Interpreted => INTERPRETED_MEMORY_BYTES_MAX.max(options.memory_bytes_max),
        }
    }

    /// Most core instances, and most tables, of one instance of this class.
    pub(crate) fn parts_max(self) -> usize {
        match self {
            Self::Compiled => COMPILED_PARTS_MAX,
            Self::Interpreted => INTERPRETED_PARTS_MAX,
        }
    }
}
