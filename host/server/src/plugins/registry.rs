//! Installed plugins and bindings in memory, loaded.
//!
//! Knows nothing of profiles. Invariants: it says what the store says; a set is never changed, a new
//! one takes its place; a plugin that does not load is there with its reason, and never absent.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use mooring_mdm::ids::PayloadIdentifier;
use mooring_plugin::{
    Breaker, BreakerPolicy, BreakerState, Guard, Loading, Origin, Plugin, ResultCache, Runtime,
};
use mooring_store::{Store, StoreError};

use super::last_known::LastKnown;
use super::record::{self, BindingRecord, PluginRecord};
use crate::device::chain;
use crate::scope::all_documents;

/// A plugin with its record.
#[derive(Debug, Clone)]
pub(crate) struct Installed {
    pub(crate) record: PluginRecord,
    /// Or why it does not load.
    pub(crate) loaded: Result<Plugin, String>,
}

/// A binding with what is known of its calls.
#[derive(Debug, Clone)]
pub(crate) struct Bound {
    pub(crate) record: BindingRecord,
    pub(crate) guard: Arc<Guard>,
    pub(crate) last_known: Arc<LastKnown>,
}

impl Bound {
    pub(super) fn new(record: BindingRecord) -> Self {
        let guard = record.quarantined_at.map_or_else(Guard::default, |at| {
            Guard::new(Breaker::quarantined(BreakerPolicy::default(), at.0))
        });
        Self {
            record,
            guard: Arc::new(guard),
            last_known: Arc::default(),
        }
    }

    /// Whether it is not asked until somebody lifts that.
    pub(super) fn is_quarantined(&self) -> bool {
        matches!(self.guard.state(), BreakerState::Quarantined { .. })
    }

    /// A breaker for a plan: what is in quarantine is not asked there either.
    pub(super) fn guard_of_plan(&self) -> Guard {
        match self.guard.state() {
            BreakerState::Closed | BreakerState::Open { .. } => Guard::default(),
            BreakerState::Quarantined { since_ms } => {
                Guard::new(Breaker::quarantined(BreakerPolicy::default(), since_ms))
            }
        }
    }
}

/// All of them at one moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Set {
    pub(crate) plugins: BTreeMap<String, Installed>,
    pub(crate) bindings: BTreeMap<String, Bound>,
}

impl Set {
    /// Reads and loads everything: code that was kept, or else compiled anew.
    pub(super) fn load(store: &dyn Store, runtime: &Runtime) -> Result<Self, StoreError> {
        let name = |key: &str| Some(key.to_owned());
        let mut plugins = BTreeMap::new();
        for (id, record) in all_documents::<String, PluginRecord>(store, name)? {
            let loaded = load_one(store, runtime, &record)?;
            if let Err(problem) = &loaded {
                tracing::error!(plugin = id, problem, "an installed plugin does not load");
            }
            plugins.insert(id, Installed { record, loaded });
        }
        let mut bindings = BTreeMap::new();
        for (name, record) in all_documents::<String, BindingRecord>(store, name)? {
            let plugin: Option<&Installed> = plugins.get(&record.wish.plugin);
            let mut bound = Bound::new(record);
            if let Some(plugin) = plugin {
                let digest = &plugin.record.digest;
                let known = LastKnown::load(store, &name, &bound.record, digest)?;
                bound.last_known = Arc::new(known);
            }
            bindings.insert(name, bound);
        }
        Ok(Self { plugins, bindings })
    }

    /// The bindings of a plugin.
    pub(crate) fn bindings_of<'a>(
        &'a self,
        id: &'a str,
    ) -> impl Iterator<Item = (&'a String, &'a Bound)> {
        let bindings = self.bindings.iter();
        bindings.filter(move |(_, bound)| bound.record.wish.plugin == id)
    }

    /// The binding that made a profile.
    pub(crate) fn maker(&self, identifier: &PayloadIdentifier) -> Option<&str> {
        let mut bindings = self.bindings.iter();
        let makes = |bound: &Bound| bound.record.makes.values().any(|made| made == identifier);
        bindings
            .find(|(_, bound)| makes(bound))
            .map(|(name, _)| name.as_str())
    }
}

fn load_one(
    store: &dyn Store,
    runtime: &Runtime,
    record: &PluginRecord,
) -> Result<Result<Plugin, String>, StoreError> {
    let Some(component) = record::read_code(store, record)? else {
        return Ok(Err("its component in the store is damaged".to_owned()));
    };
    let loading = Loading {
        class: record::class(record.class),
        origin: Origin::Outside,
    };
    let loaded = runtime.load_as(&component, loading);
    Ok(loaded.map_err(|error| chain(&error)))
}

/// The set that counts.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    set: RwLock<Arc<Set>>,
    /// What validators answered.
    pub(super) results: ResultCache,
}

impl Registry {
    /// Reads and loads everything.
    pub(crate) fn load(store: &dyn Store, runtime: &Runtime) -> Result<Self, StoreError> {
        Ok(Self {
            set: RwLock::new(Arc::new(Set::load(store, runtime)?)),
            results: ResultCache::default(),
        })
    }

    /// The set at this moment.
    pub(crate) fn set(&self) -> Arc<Set> {
        Arc::clone(&self.set.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts a changed set in its place. Only after its commit, by who holds the right to change.
    pub(super) fn publish(&self, change: impl FnOnce(&mut Set)) {
        let mut set = self.set.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut set));
    }
}
