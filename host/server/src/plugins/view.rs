//! Plugins and bindings as documents of the API.
//!
//! Knows nothing of routes. Invariant: nothing here changes anything.

use mooring_plugin::{BreakerState, Plugin, Role};

use super::PluginError;
use super::registry::{Bound, Installed, Set};
use crate::api::{
    BindingDetail, BindingState, PluginDetail, PluginListing, PluginRole, PluginRule, PluginState,
    PluginSummary,
};
use crate::clock::rfc3339;
use crate::core::Core;

impl Core {
    /// Every installed plugin.
    pub fn plugins(&self) -> PluginListing {
        self.plugin_trust.look();
        let set = self.plugins.set();
        let plugins = set.plugins.iter();
        PluginListing {
            plugins: plugins.map(|(id, it)| self.shown(&set, id, it)).collect(),
        }
    }

    /// Installed plugins that somebody should look at: they do not load, are in quarantine, or are
    /// signed with a key that is not trusted any more.
    pub(crate) fn plugin_problems(&self) -> Vec<PluginSummary> {
        let mut plugins = self.plugins().plugins;
        plugins.retain(|it| {
            matches!(it.state, PluginState::Failed | PluginState::Quarantined)
                || it.is_signer_untrusted
        });
        plugins
    }

    fn shown(&self, set: &Set, id: &str, installed: &Installed) -> PluginSummary {
        PluginSummary {
            is_signer_untrusted: self.has_lost_trust(&installed.record),
            ..summary(set, id, installed)
        }
    }

    /// How often code of any installed plugin was run since this server started.
    pub fn plugin_calls_made(&self) -> u64 {
        let set = self.plugins.set();
        let loaded = set.plugins.values();
        let loaded = loaded.filter_map(|it| it.loaded.as_ref().ok());
        loaded.map(Plugin::calls_made).sum()
    }

    /// One plugin with its bindings.
    ///
    /// # Errors
    /// [`PluginError::NotFound`].
    pub fn plugin(&self, id: &str) -> Result<PluginDetail, PluginError> {
        self.plugin_trust.look();
        let set = self.plugins.set();
        let installed = set.plugins.get(id);
        let installed = installed.ok_or_else(|| PluginError::NotFound(id.to_owned()))?;
        let manifest = installed.loaded.as_ref().ok().map(Plugin::manifest);
        let rules = manifest.into_iter().flat_map(|it| &it.rules);
        let rules = rules.map(|rule| PluginRule {
            id: rule.id.clone(),
            severity: rule.severity.to_string(),
            text: rule.text.clone(),
        });
        let bound = set.bindings_of(id);
        Ok(PluginDetail {
            summary: self.shown(&set, id, installed),
            name: manifest.map(|it| it.name.clone()),
            previous_digest: installed.record.previous_digest.clone(),
            rules: rules.collect(),
            settings_schema: manifest.and_then(|it| it.settings_schema.clone()),
            license: manifest.and_then(|it| it.license.clone()),
            bound: bound.map(|(name, it)| binding(&set, name, it)).collect(),
        })
    }

    /// One binding.
    ///
    /// # Errors
    /// [`PluginError::NoBinding`].
    pub fn binding(&self, name: &str) -> Result<BindingDetail, PluginError> {
        let set = self.plugins.set();
        let bound = set.bindings.get(name);
        let bound = bound.ok_or_else(|| PluginError::NoBinding(name.to_owned()))?;
        Ok(binding(&set, name, bound))
    }
}

fn summary(set: &Set, id: &str, installed: &Installed) -> PluginSummary {
    let record = &installed.record;
    let state = if !record.is_enabled {
        PluginState::Disabled
    } else if installed.loaded.is_err() {
        PluginState::Failed
    } else if set.bindings_of(id).any(|(_, bound)| bound.is_quarantined()) {
        PluginState::Quarantined
    } else {
        PluginState::Enabled
    };
    let roles = installed.loaded.as_ref().ok();
    let roles = roles.into_iter().flat_map(|it| &it.manifest().roles);
    PluginSummary {
        id: id.to_owned(),
        version: record.version.clone(),
        digest: record.digest.clone(),
        class: record.class,
        roles: roles.copied().map(role).collect(),
        state,
        problem: installed.loaded.as_ref().err().cloned(),
        signed_by: record.signed_by.clone(),
        is_unsigned: record.signed_by.is_none(),
        is_signer_untrusted: false,
        installed_at: rfc3339(record.installed_at),
        bindings: set.bindings_of(id).map(|(name, _)| name.clone()).collect(),
    }
}

fn role(role: Role) -> PluginRole {
    match role {
        Role::Validator => PluginRole::Validator,
        Role::Generator => PluginRole::Generator,
        Role::SetValidator => PluginRole::SetValidator,
    }
}

fn binding(set: &Set, name: &str, bound: &Bound) -> BindingDetail {
    let installed = set.plugins.get(&bound.record.wish.plugin);
    let state = match (installed, bound.guard.state()) {
        (Some(it), _) if !it.record.is_enabled => BindingState::Disabled,
        (Some(it), _) if it.loaded.is_err() => BindingState::Failed,
        (None, _) => BindingState::Failed,
        (Some(_), BreakerState::Closed) => BindingState::Active,
        (Some(_), BreakerState::Open { .. }) => BindingState::BackOff,
        (Some(_), BreakerState::Quarantined { .. }) => BindingState::Quarantined,
    };
    BindingDetail {
        name: name.to_owned(),
        binding: bound.record.wish.clone(),
        state,
        makes: bound.record.makes.clone(),
    }
}
