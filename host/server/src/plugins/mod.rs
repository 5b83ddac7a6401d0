//! Plugins of others: installed, bound, asked, upgraded and removed while the server runs.
//!
//! Knows nothing of HTTP. Invariants: what is in memory is what the store holds; a plugin gets
//! nothing but what its binding grants; whatever is refused leaves what served before.

mod bind;
mod error;
mod install;
mod judging;
mod last_known;
mod made;
mod plan;
mod record;
mod registry;
mod switch;
mod version;
mod view;

pub use error::PluginError;
pub use plan::difference;
pub(crate) use record::class as class_of;
pub(crate) use registry::Registry;

use crate::api::{Impact, PluginPlan};

/// What became of a change of plugins or bindings.
#[derive(Debug)]
pub enum PluginChange<T> {
    /// It is stored.
    Done(T),
    /// It was only planned: this would follow from it.
    Planned(Box<PluginPlan>),
}

impl<T> PluginChange<T> {
    fn planned(hosts: Impact) -> Self {
        Self::Planned(Box::new(PluginPlan {
            hosts: Some(hosts),
            ..PluginPlan::default()
        }))
    }
}
