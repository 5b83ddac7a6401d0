//! Whose breakers count while plugins are asked: those at work, or those of a plan.
//!
//! Knows nothing of what is asked. Invariant: what a plugin does while a change is only planned
//! counts against nobody, and yet it is not asked for ever: a plan has breakers of its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use mooring_plugin::Guard;

use super::registry::{Bound, Set};
use crate::core::Core;

/// The bindings of one moment, and the breakers by which they are asked.
#[derive(Debug)]
pub(crate) struct Asking {
    pub(crate) set: Arc<Set>,
    /// One of its own for each binding, by name, where a change is only planned.
    planned: Option<BTreeMap<String, Guard>>,
}

impl Asking {
    pub(super) fn of(set: &Arc<Set>, is_plan: bool) -> Self {
        let guards = || {
            let bindings = set.bindings.iter();
            let guards = bindings.map(|(name, bound)| (name.clone(), bound.guard_of_plan()));
            guards.collect()
        };
        Self {
            set: Arc::clone(set),
            planned: is_plan.then(guards),
        }
    }

    /// The breaker of a binding.
    pub(crate) fn guard<'a>(&'a self, name: &str, bound: &'a Bound) -> &'a Guard {
        let planned = self.planned.as_ref();
        let planned = planned.and_then(|guards| guards.get(name));
        planned.unwrap_or(&bound.guard)
    }

    /// Whether what is answered counts beyond this.
    pub(crate) fn is_live(&self) -> bool {
        self.planned.is_none()
    }
}

impl Core {
    /// How plugins are asked about a change.
    pub(crate) fn asking(&self, is_plan: bool) -> Asking {
        Asking::of(&self.plugins.set(), is_plan)
    }
}
