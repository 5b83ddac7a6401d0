//! Switching plugins off and on, and ending their quarantine.
//!
//! Knows nothing of HTTP. Invariants: what a plugin that is off made stays, and nothing is asked of
//! it; one is on again only after its bindings went on with it.

use std::collections::BTreeMap;

use super::asking::Asking;
use super::install::Rebound;
use super::{PluginChange, PluginError};
use crate::api::{EnableWish, PluginDetail, PluginRole};
use crate::change::{ChangeOptions, Changed};
use crate::core::Core;
use crate::documents;
use crate::impact::Weight;

impl Core {
    /// Asks a plugin again where it is bound. It makes its profiles anew, since another version may have
    /// come meanwhile.
    ///
    /// # Errors
    /// [`PluginError`]: it stays as it was.
    pub fn enable_plugin(
        &self,
        id: &str,
        wish: EnableWish,
        options: &ChangeOptions,
    ) -> Result<PluginChange<PluginDetail>, PluginError> {
        self.switch_plugin(id, Some(wish), options)
    }

    /// Asks nothing of a plugin any more; what it made stays.
    ///
    /// # Errors
    /// [`PluginError`]: it stays as it was.
    pub fn disable_plugin(
        &self,
        id: &str,
        options: &ChangeOptions,
    ) -> Result<PluginChange<PluginDetail>, PluginError> {
        self.switch_plugin(id, None, options)
    }

    fn switch_plugin(
        &self,
        id: &str,
        enabled: Option<EnableWish>,
        options: &ChangeOptions,
    ) -> Result<PluginChange<PluginDetail>, PluginError> {
        let _change = (!options.is_plan).then(|| self.change());
        let set = self.plugins.set();
        let before = set.plugins.get(id);
        let before = before.ok_or_else(|| PluginError::NotFound(id.to_owned()))?;
        let mut after = before.clone();
        let is_enabled = enabled.is_some();
        after.record.is_enabled = is_enabled;
        if let Some(wish) = enabled.filter(|_| !before.record.is_enabled) {
            self.check_trusted(id, &before.record, wish.allow_untrusted)?;
        }
        let is_asked = is_enabled && !before.record.is_enabled && after.loaded.is_ok();
        let mut rebound = if is_asked {
            self.rebound(&Asking::of(&set, options.is_plan), id, &after)?
        } else {
            Rebound::new()
        };
        rebound.retain(|_, (record, _)| record.wish.role == Some(PluginRole::Generator));
        let mut changes: Vec<_> = rebound
            .values()
            .flat_map(|(_, made)| made.iter().cloned())
            .collect();
        if options.is_plan {
            return self.plan_switch((&set, id), (before, &after), changes, options);
        }
        changes.push(documents::put(id.as_bytes(), &after.record)?);
        for (name, (record, _)) in &rebound {
            changes.push(documents::put(name.as_bytes(), record)?);
        }
        if let Changed::Planned(plan) = self.commit_weighed(changes, options, Weight::Output)? {
            return Ok(PluginChange::planned(*plan));
        }
        tracing::info!(plugin = id, is_enabled, "a plugin was switched");
        self.plugins.publish(|set| {
            set.plugins.insert(id.to_owned(), after);
            for (name, (record, _)) in rebound {
                if let Some(bound) = set.bindings.get_mut(&name) {
                    bound.record = record;
                }
            }
        });
        Ok(PluginChange::Done(self.plugin(id)?))
    }

    /// Lets a plugin be asked again in all of its bindings, whatever it did.
    ///
    /// # Errors
    /// [`PluginError`] if there is none, or the store fails.
    pub fn lift_plugin(&self, id: &str) -> Result<PluginDetail, PluginError> {
        let _change = self.change();
        let set = self.plugins.set();
        if !set.plugins.contains_key(id) {
            return Err(PluginError::NotFound(id.to_owned()));
        }
        let mut lifted = BTreeMap::new();
        let mut changes = Vec::new();
        for (name, bound) in set.bindings_of(id) {
            let mut record = bound.record.clone();
            record.quarantined_at = None;
            changes.push(documents::put(name.as_bytes(), &record)?);
            lifted.insert(name.clone(), record);
        }
        self.store.commit(changes)?;
        self.plugins.publish(|set| {
            for (name, record) in lifted {
                if let Some(bound) = set.bindings.get_mut(&name) {
                    bound.record = record;
                    bound.guard.lift();
                }
            }
        });
        self.plugin(id)
    }
}
