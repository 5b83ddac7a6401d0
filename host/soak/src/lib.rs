//! A simulation of the whole server: its real core over the real store trait, hundreds of devices
//! on a bad network, administrators who change their mind, crashes, old backups and wrong clocks,
//! and a naive model beside it that knows what must never happen.
//!
//! Invariant: a world follows from its seed alone. It runs in one thread, in virtual time, and no
//! part of it reads a real clock, draws a random number or iterates a hash map.

mod book;
pub mod check;
mod device;
mod digest;
mod fault;
mod jobs;
pub mod log;
pub mod museum;
mod outcome;
mod profile;
mod random;
mod server;
mod weather;
mod world;

pub use digest::TraceDigest;
pub use fault::{Fault, FaultSet};
pub use jobs::{explain, run, run_many, run_traced};
pub use outcome::{Found, Outcome, WorldOptions};
pub use server::SoakError;
pub use weather::Tally;
