//! The commands, one file each.
//!
//! Each holds its arguments and a `run` that does the work and tells how it ended.

pub(crate) mod backup;
pub(crate) mod bench;
pub(crate) mod change;
pub(crate) mod check;
pub(crate) mod compile_plugin;
pub(crate) mod demo;
pub(crate) mod each;
pub(crate) mod enroll;
pub(crate) mod host;
pub(crate) mod label;
pub(crate) mod pause;
pub(crate) mod plugin;
pub(crate) mod policy;
pub(crate) mod profile;
pub(crate) mod pushcert;
pub(crate) mod resend;
pub(crate) mod restore;
pub(crate) mod schema;
pub(crate) mod serve;
pub(crate) mod sim;
pub(crate) mod status;
pub(crate) mod value;
pub(crate) mod why;
