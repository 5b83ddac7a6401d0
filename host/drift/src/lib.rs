//! The drift engine: what a host should have, what it has, and the next command that mends it.
//!
//! Plain functions on plain data. It has no async, no clock, no randomness, no I/O: time and the
//! server's key come in as arguments; what must be stored, sent or shown goes out as values.
//! Invariants: the next command is a function of the stored state and the desired state alone;
//! a status of `applied` is only ever proven by a complete `ProfileList` requested afterwards;
//! an error or an incomplete list never becomes "absent".
//!
//! Read in this order: [`desired`], [`state`], [`mod@drift`], [`mod@plan`], [`next`], [`step`], [`status`].

pub mod classes;
pub mod command;
pub mod desired;
pub mod drift;
pub mod next;
pub mod personal;
pub mod plan;
pub mod policy;
pub mod scope;
pub mod set;
pub mod state;
pub mod status;
pub mod step;

mod attempts;
mod closing;
mod hardware;
mod listing;
mod raw;
