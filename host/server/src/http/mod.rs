//! The sockets: two listeners that share nothing but the code that reads requests.
//!
//! Knows nothing of profiles or drift. Invariants: a body is bounded in size and time before
//! anything looks at it; whatever happens, a request gets exactly one answer.

mod addresses;
mod admin;
mod backup;
mod body;
mod bounds;
mod certified;
mod changed;
mod connection;
mod control;
mod credentials;
mod crowd;
mod descriptors;
mod device;
mod enrollment;
mod listener;
mod nanomdm;
mod peer;
mod plugins;
mod policy;
mod problem;
mod profiles;
mod room;
mod route;
mod scope;
mod stream;
mod tls;

#[cfg(test)]
mod tests;

pub use control::ControlRoute;
pub use nanomdm::NanoRoute;
pub use plugins::PluginRoute;
pub use policy::PolicyRoute;
pub use problem::{Kind, Problem};
pub use route::{BackupRoute, EnrollmentRoute, Route};
pub use scope::ScopeRoute;
pub use tls::{TlsError, TlsFiles};

pub(crate) use admin::Admin;
pub(crate) use bounds::Bounds;
pub(crate) use descriptors::{ConnectionShares, raise_limit};
pub(crate) use device::Devices;
pub(crate) use listener::{Listener, ListenerOptions, Service};
pub(crate) use tls::{ClientCertificates, Tls};
