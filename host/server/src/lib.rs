//! The sync server: tokio and hyper around the drift engine, the store and the plugins.
//!
//! The only crate with a clock, randomness and the network. It knows nothing of how state is
//! stored or how drift is computed. Invariants: a reply that promises something leaves after its
//! commit; the device side and the admin side never share a listener; no reply can make a device
//! unenroll.
//!
//! Read in this order: [`core`], [`device`], [`profiles`], [`hosts`], [`http`], [`serve`].

pub mod api;
pub mod backup;
pub mod change;
pub mod clock;
pub mod core;
pub mod device;
mod documents;
pub mod enrollment;
mod events;
pub mod findings;
pub mod fleet;
pub mod hosts;
pub mod http;
pub mod impact;
pub mod judge;
pub mod limits;
pub mod nanomdm;
pub mod pause;
pub mod plugins;
pub mod profiles;
pub mod push;
pub mod scope;
pub mod serve;
pub mod set_findings;
pub mod shelf;
pub mod signature;
pub mod webhook;

mod owned_file;
mod random;
#[cfg(test)]
mod store_double;

pub use mooring_drift::policy::Policy;
pub use serve::{ServeError, ServeOptions, Server};
