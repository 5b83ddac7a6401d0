//! Plugins of others: installed, bound, asked, upgraded and removed while the server runs.
//!
//! Knows nothing of HTTP. Invariants: what is in memory is what the store holds; a plugin gets
//! nothing but what its binding grants; whatever is refused leaves what served before.

mod asking;
mod assigned;
mod bind;
mod error;
mod grant;
mod install;
mod judging;
mod last_known;
mod made;
mod mark;
mod plan;
mod record;
mod registry;
mod rules;
mod switch;
mod trust;
mod version;
mod view;

pub(crate) use asking::Asking;
pub use error::PluginError;
pub(crate) use grant::made_by;
pub(crate) use judging::not_loaded;
pub use plan::difference;
pub(crate) use record::class as class_of;
pub(crate) use registry::Registry;
pub(crate) use rules::stray;
pub use trust::{PluginTrust, PluginTrustError};

use crate::api::{Impact, PluginPlan, SignerChange};

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

    /// The same plan, which says also that another one vouches for the plugin.
    fn with_signer(self, signer: Option<SignerChange>) -> Self {
        match self {
            Self::Done(value) => Self::Done(value),
            Self::Planned(plan) => Self::Planned(Box::new(PluginPlan { signer, ..*plan })),
        }
    }
}
