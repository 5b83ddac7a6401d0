//! The sockets: two listeners that share nothing but the code that reads requests.
//!
//! Knows nothing of profiles or drift. Invariants: a body is bounded in size and time before
//! anything looks at it; whatever happens, a request gets exactly one answer.

mod admin;
mod body;
mod device;
mod listener;
mod problem;
mod route;

pub use problem::{Kind, Problem};
pub use route::Route;

pub(crate) use admin::Admin;
pub(crate) use device::Devices;
pub(crate) use listener::{Listener, Service};
