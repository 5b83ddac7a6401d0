//! What installed plugins are asked, and for which profiles.
//!
//! Knows nothing of HTTP. Invariants: a binding is stored only after its plugin took its settings
//! and, of a generator, everything that it made was taken; the seed is made once.

use std::collections::BTreeMap;

use mooring_mdm::ids::PayloadIdentifier;
use mooring_plugin::{Outcome, Plugin};
use mooring_store::Space;

use super::asking::Asking;
use super::grant::check_plain;
use super::install::has_role;
use super::last_known;
use super::made::Making;
use super::record::{self, BindingRecord};
use super::registry::{Bound, Installed};
use super::{PluginChange, PluginError, rules};
use crate::api::{BindingDetail, BindingWish, OnFailure, PluginRole};
use crate::change::{ChangeOptions, Changed};
use crate::core::Core;
use crate::documents;
use crate::findings::{SETTINGS_RULE, refuses};
use crate::impact::Weight;
use crate::limits::{PLUGIN_TIMEOUT_MAX_MS, PLUGINS_MAX};
use crate::random;

/// Longest name of a binding, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// Most profiles, labels or prefixes that one binding names.
const NAMED_MAX: usize = 100;

impl Core {
    /// Makes or changes a binding.
    ///
    /// # Errors
    /// [`PluginError`]: nothing was stored, and what was bound serves as before.
    pub fn bind_plugin(
        &self,
        name: &str,
        wish: BindingWish,
        options: &ChangeOptions,
    ) -> Result<PluginChange<BindingDetail>, PluginError> {
        // A plan asks plugins about every stored profile: nobody has to wait for that.
        let _change = (!options.is_plan).then(|| self.change());
        let set = self.plugins.set();
        let installed = set.plugins.get(&wish.plugin);
        let installed = installed.ok_or_else(|| PluginError::NotFound(wish.plugin.clone()))?;
        if !installed.record.is_enabled {
            return Err(PluginError::Disabled(wish.plugin));
        }
        self.check_trusted(&wish.plugin, &installed.record, wish.allow_untrusted)?;
        let known = set.bindings.get(name);
        if known.is_none() && set.bindings.len() >= PLUGINS_MAX {
            return Err(wrong(
                "/",
                format!("there are {PLUGINS_MAX} bindings already"),
            ));
        }
        let plugin = loaded(installed, &wish.plugin)?;
        let wish = checked(name, wish, plugin)?;
        self.check_values(&wish)?;
        if let Some(other) = known.filter(|known| known.record.wish.role != wish.role) {
            let role = other.record.wish.role;
            let detail = format!("{name} is a {role:?}; remove it first, or choose another name");
            return Err(wrong("/role", detail));
        }
        let is_other = known.is_some_and(|known| known.record.wish.plugin != wish.plugin);
        if is_other && wish.role == Some(PluginRole::Generator) {
            let detail = format!("{name} is a binding of another plugin; remove it first");
            return Err(wrong("/plugin", detail));
        }
        let mut record = BindingRecord {
            wish,
            seed: known.map_or_else(random::token, |known| known.record.seed.clone()),
            makes: known.map(|k| k.record.makes.clone()).unwrap_or_default(),
            quarantined_at: None,
        };
        self.check_settings(name, &record, installed)?;
        let mut changes = Vec::new();
        if record.wish.role == Some(PluginRole::Generator) {
            let making = Making {
                asking: &Asking::of(&set, options.is_plan),
                name,
                record: &record,
            };
            (record.makes, changes) = self.made_for(&making, installed)?;
        }
        if options.is_plan {
            let bound = Bound::new(record);
            return self.plan_binding(&set, name, Some(&bound), changes, options);
        }
        changes.push(documents::put(name.as_bytes(), &record)?);
        changes.extend(last_known::forget(self.store.as_ref(), name)?);
        if let Changed::Planned(plan) = self.commit_weighed(changes, options, Weight::Removals)? {
            return Ok(PluginChange::planned(*plan));
        }
        self.plugins.publish(|set| {
            set.bindings.insert(name.to_owned(), Bound::new(record));
        });
        Ok(PluginChange::Done(self.binding(name)?))
    }

    /// Removes a binding, and the profiles that it made.
    ///
    /// # Errors
    /// [`PluginError`] if there is none, or the removal of its profiles is held.
    pub fn unbind_plugin(
        &self,
        name: &str,
        options: &ChangeOptions,
    ) -> Result<PluginChange<()>, PluginError> {
        let _change = (!options.is_plan).then(|| self.change());
        let set = self.plugins.set();
        let bound = set.bindings.get(name);
        let bound = bound.ok_or_else(|| PluginError::NoBinding(name.to_owned()))?;
        let mut changes = self.unmade(bound.record.makes.values());
        if options.is_plan {
            return self.plan_binding(&set, name, None, changes, options);
        }
        changes.push(documents::delete(Space::Binding, name.as_bytes()));
        changes.extend(last_known::forget(self.store.as_ref(), name)?);
        if let Changed::Planned(plan) = self.commit_change(changes, options)? {
            return Ok(PluginChange::planned(*plan));
        }
        self.plugins.publish(|set| {
            set.bindings.remove(name);
        });
        Ok(PluginChange::Done(()))
    }

    /// Whether the values that a generator may use are declared: a name that is not is misspelt, or
    /// whoever declares it later does not know who may use it.
    fn check_values(&self, wish: &BindingWish) -> Result<(), PluginError> {
        let declared = &self.shelf().values;
        let mut values = wish.values.iter();
        match values.find(|name| !declared.contains_key(*name)) {
            Some(name) => {
                let detail = format!(
                    "no value {name} is declared; declare it first (mooring value set {name} \
                     --attribute, or --secret)"
                );
                Err(wrong("/values", detail))
            }
            None => Ok(()),
        }
    }

    /// Asks a plugin whether it has the role of a binding and takes its settings. What it says of
    /// them weighs as the policy has it.
    pub(super) fn check_settings(
        &self,
        name: &str,
        record: &BindingRecord,
        installed: &Installed,
    ) -> Result<(), PluginError> {
        let plugin = loaded(installed, &record.wish.plugin)?;
        if let Some(role) = record.wish.role.filter(|role| !has_role(plugin, *role)) {
            let detail = format!("{} is no {}", plugin.id(), word(role));
            return Err(wrong("/role", detail));
        }
        let limits = record.limits(record::class(installed.record.class));
        let call = plugin.check_settings(&record.settings(), &limits);
        let spoke = matches!(call.outcome, Outcome::Done(_));
        let mut findings = call.findings(plugin.id());
        let own = findings
            .iter()
            .filter(|it| spoke && it.rule != SETTINGS_RULE);
        let complaint = rules::stray(plugin, own);
        findings.extend(complaint);
        let findings = self.scales()?.settled(&[], findings)?;
        if refuses(&findings) {
            let binding = name.to_owned();
            return Err(PluginError::Settings { binding, findings });
        }
        Ok(())
    }
}

/// The plugin, if it loads.
pub(super) fn loaded<'a>(installed: &'a Installed, id: &str) -> Result<&'a Plugin, PluginError> {
    let loaded = installed.loaded.as_ref();
    loaded.map_err(|problem| PluginError::NotLoaded {
        id: id.to_owned(),
        problem: problem.clone(),
    })
}

/// The wish with its role, if it makes sense.
fn checked(name: &str, mut wish: BindingWish, plugin: &Plugin) -> Result<BindingWish, PluginError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.chars().all(plain) {
        let detail = format!("a name has 1 to {NAME_BYTES_MAX} of a to z, 0 to 9, -, _ and .");
        return Err(wrong("/", detail));
    }
    let roles = [
        PluginRole::Validator,
        PluginRole::Generator,
        PluginRole::SetValidator,
    ];
    let roles: Vec<_> = roles
        .into_iter()
        .filter(|role| has_role(plugin, *role))
        .collect();
    let ((Some(role), _) | (None, &[role])) = (wish.role, roles.as_slice()) else {
        let detail = "the plugin has several roles; say which it has here";
        return Err(wrong("/role", detail.to_owned()));
    };
    wish.role = Some(role);
    // It is for this once.
    wish.allow_untrusted = false;
    let timeout_fits = |ms: &u64| (1..=PLUGIN_TIMEOUT_MAX_MS).contains(ms);
    if wish.limits.timeout_ms.is_some_and(|ms| !timeout_fits(&ms)) {
        let detail = format!("it is a number from 1 to {PLUGIN_TIMEOUT_MAX_MS}");
        return Err(wrong("/limits/timeout_ms", detail));
    }
    let most = u64::try_from(plugin.memory_bytes_max()).unwrap_or(u64::MAX);
    if wish
        .limits
        .memory_bytes
        .is_some_and(|bytes| !(1..=most).contains(&bytes))
    {
        let detail = format!("it is a number from 1 to {most}, the most that its class can have");
        return Err(wrong("/limits/memory_bytes", detail));
    }
    if wish
        .profiles
        .len()
        .max(wish.labels.len())
        .max(wish.prefixes.len())
        .max(wish.values.len())
        > NAMED_MAX
    {
        let detail = format!("at most {NAMED_MAX} profiles, labels, prefixes or values");
        return Err(wrong("/", detail));
    }
    if role != PluginRole::Generator && !wish.values.is_empty() {
        let detail = "only a generator makes profiles that use values of hosts";
        return Err(wrong("/values", detail.to_owned()));
    }
    match role {
        PluginRole::Validator => check_profiles(&wish)?,
        PluginRole::Generator => check_prefixes(&wish)?,
        PluginRole::SetValidator => check_whole(&wish)?,
    }
    Ok(wish)
}

fn check_profiles(wish: &BindingWish) -> Result<(), PluginError> {
    for pattern in &wish.profiles {
        let name = pattern.strip_suffix('*').unwrap_or(pattern);
        if let Err(error) = PayloadIdentifier::parse(name) {
            return Err(wrong("/profiles", format!("{pattern:?}: {error}")));
        }
    }
    if wish.prefixes.is_empty() {
        return Ok(());
    }
    let detail = "a validator makes no profiles, so it is granted no prefixes";
    Err(wrong("/prefixes", detail.to_owned()))
}

fn check_whole(wish: &BindingWish) -> Result<(), PluginError> {
    if !wish.profiles.is_empty() || !wish.labels.is_empty() || !wish.prefixes.is_empty() {
        let detail = "a set validator judges all profiles of a host together, whichever they are";
        return Err(wrong("/profiles", detail.to_owned()));
    }
    if wish.on_failure != OnFailure::default() {
        let detail = "a set validator refuses nothing; where it fails, that is reported";
        return Err(wrong("/on_failure", detail.to_owned()));
    }
    Ok(())
}

fn check_prefixes(wish: &BindingWish) -> Result<(), PluginError> {
    if !wish.profiles.is_empty() || !wish.labels.is_empty() {
        let detail = "a generator makes profiles and judges none";
        return Err(wrong("/profiles", detail.to_owned()));
    }
    if wish.on_failure != OnFailure::default() {
        let detail = "a generator that fails keeps what it made before";
        return Err(wrong("/on_failure", detail.to_owned()));
    }
    if wish.prefixes.is_empty() {
        let detail =
            "grant a generator the beginnings of its identifiers, such as com.example.wifi.";
        return Err(wrong("/prefixes", detail.to_owned()));
    }
    for prefix in &wish.prefixes {
        let name = prefix.strip_suffix('.');
        let is_plain = |name: &str| name.contains('.') && check_plain(name).is_ok();
        if !name.is_some_and(is_plain) {
            let detail = format!(
                "{prefix:?}: a prefix is the beginning of an identifier in two or more parts of A to \
                 Z, a to z, 0 to 9, - and _ with a dot at its end, and none of this server's own"
            );
            return Err(wrong("/prefixes", detail));
        }
    }
    Ok(())
}

pub(super) fn word(role: PluginRole) -> &'static str {
    match role {
        PluginRole::Validator => "validator",
        PluginRole::Generator => "generator",
        PluginRole::SetValidator => "set-validator",
    }
}

fn wrong(pointer: &'static str, detail: String) -> PluginError {
    PluginError::Wish { pointer, detail }
}

/// What a generator made, by its key.
pub(super) type Makes = BTreeMap<String, PayloadIdentifier>;
