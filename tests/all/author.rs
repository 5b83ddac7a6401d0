//! The tools for those who write plugins, as an author meets them: the tutorial's commands, what is
//! refused and why, signatures, and the languages other than Rust.
//!
//! Invariants: nothing is fetched from anywhere but by the tests of other languages, which say aloud
//! when they could not; every plugin that is built has a folder and a name of its own.

mod commands;
mod languages;
mod refusals;
mod signing;
mod tutorial;
mod workshop;
