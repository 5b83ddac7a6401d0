//! What must hold of every file, for the fuzz targets of this workspace.
//!
//! Invariant: the rules are those of the stand-in that runs with every other test.

pub mod invariants;
