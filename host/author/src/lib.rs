//! What a plugin's author needs: new plugins from templates, components from folders, a look inside
//! one, a suite of tests for one, signatures.
//!
//! It knows the host's reader and its plugin runtime, and nothing of servers or terminals. It starts
//! compilers and reads and writes files where it is told to. Invariants: nothing that exists is
//! overwritten unless it was made here; what a component is judged by is what the host judges it by.

pub mod anatomy;
pub mod bench;
pub mod build;
pub mod difference;
pub mod files;
pub mod manifest;
pub mod sample;
pub mod signing;
pub mod suite;
pub mod template;
pub mod together;
pub mod watch;
pub mod workshop;

/// What the build script embedded.
mod embedded {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
}
