//! The commands, one file each.
//!
//! Each holds its arguments and a `run` that does the work and tells how it ended.

pub(crate) mod check;
pub(crate) mod demo;
pub(crate) mod each;
pub(crate) mod enroll;
pub(crate) mod host;
pub(crate) mod profile;
pub(crate) mod pushcert;
pub(crate) mod serve;
pub(crate) mod sim;
pub(crate) mod status;
