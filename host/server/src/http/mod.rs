//! The sockets: two listeners that share nothing but the code that reads requests.
//!
//! Knows nothing of profiles or drift. Invariants: a body is bounded in size and time before
//! anything looks at it; whatever happens, a request gets exactly one answer.

mod addresses;
mod admin;
mod body;
mod bounds;
mod certified;
mod connection;
mod credentials;
mod descriptors;
mod device;
mod enrollment;
mod listener;
mod nanomdm;
mod peer;
mod problem;
mod room;
mod route;
mod stream;
mod tls;

#[cfg(test)]
mod tests;

pub use nanomdm::NanoRoute;
pub use problem::{Kind, Problem};
pub use route::{EnrollmentRoute, Route};
pub use tls::{TlsError, TlsFiles};

pub(crate) use admin::Admin;
pub(crate) use bounds::Bounds;
pub(crate) use descriptors::{ConnectionShares, raise_limit};
pub(crate) use device::Devices;
pub(crate) use listener::{Listener, ListenerOptions, Service};
pub(crate) use tls::{ClientCertificates, Tls};
