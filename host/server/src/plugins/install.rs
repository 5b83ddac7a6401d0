//! From the bytes of a component to an installed plugin.
//!
//! Knows nothing of HTTP. Invariants: nothing is stored before everything was checked, and then in
//! one commit; until then the version that was there serves, with its bindings.

use std::collections::BTreeMap;
use std::time::Instant;

use mooring_author::suite::{Trial, Verdict};
use mooring_author::{anatomy, manifest, suite, workshop};
use mooring_plugin::{Class, Digest, Loading, Origin, Plugin, Role};
use mooring_store::{Change, Space};

use super::asking::Asking;
use super::made::Making;
use super::mark::Mark;
use super::record::{self, BindingRecord, PluginRecord};
use super::registry::{Bound, Installed};
use super::{PluginChange, PluginError};
use crate::api::{InstallWish, PluginClass, PluginDetail, PluginRole, Signer};
use crate::change::{ChangeOptions, Changed};
use crate::core::Core;
use crate::documents;
use crate::limits::{PLUGIN_CHECKS_TIME_MAX, PLUGINS_MAX};

/// Bindings by name, each with the changes of the profiles that it makes.
pub(super) type Rebound = BTreeMap<String, (BindingRecord, Vec<Change>)>;

/// A component that was checked.
struct Checked {
    plugin: Plugin,
    class: PluginClass,
    signed_by: Option<Signer>,
}

impl Core {
    /// Installs a plugin, or puts another version in its place. Compiling takes up to a minute.
    ///
    /// # Errors
    /// [`PluginError`]: then nothing was stored, and the version that was there serves.
    pub fn install_plugin(
        &self,
        component: &[u8],
        wish: &InstallWish,
        options: &ChangeOptions,
    ) -> Result<PluginChange<PluginDetail>, PluginError> {
        let checked = self.check_component(component, wish)?;
        let id = checked.plugin.id().to_string();
        // A plan asks plugins about every stored profile: nobody has to wait for that.
        let _change = (!options.is_plan).then(|| self.change());
        let set = self.plugins.set();
        let known = set.plugins.get(&id).map(|known| &known.record);
        let mark = self.mark(&id, known)?;
        check_known(&checked, (known, mark.as_ref()), wish)?;
        self.check_rules(&set, &checked.plugin)?;
        let signer = checked.signed_by.as_ref();
        let signer_change = mark.as_ref().and_then(|it| it.signer_change(known, signer));
        if known.is_none() && set.plugins.len() >= PLUGINS_MAX {
            let detail = format!("there are {PLUGINS_MAX} plugins; remove one first");
            let pointer = "/component";
            return Err(PluginError::Wish { pointer, detail });
        }
        let record = PluginRecord {
            version: checked.plugin.manifest().version.clone(),
            digest: format!("{:x}", Digest::of(component)),
            parts: record::parts(component),
            class: checked.class,
            signed_by: checked.signed_by,
            installed_at: self.now(),
            is_enabled: known.is_none_or(|known| known.is_enabled),
            previous_digest: known.map(|known| known.digest.clone()),
        };
        let installed = Installed {
            record,
            loaded: Ok(checked.plugin),
        };
        let asking = Asking::of(&set, options.is_plan);
        let rebound = self.rebound(&asking, &id, &installed)?;
        if options.is_plan {
            let plan = self.plan_install(&set, &id, &installed, &rebound, options)?;
            return Ok(plan.with_signer(signer_change));
        }
        let mut changes = vec![Mark::raised(mark, &installed.record).put(&id)?];
        if let Some(known) = known.filter(|known| known.digest != installed.record.digest) {
            changes.extend(record::delete_code(known));
        }
        changes.extend(record::put_code(&installed.record.digest, component));
        changes.push(documents::put(id.as_bytes(), &installed.record)?);
        for (name, (record, made)) in &rebound {
            changes.push(documents::put(name.as_bytes(), record)?);
            changes.extend(made.iter().cloned());
        }
        let weight = crate::impact::Weight::Output;
        if let Changed::Planned(plan) = self.commit_weighed(changes, options, weight)? {
            return Ok(PluginChange::planned(*plan));
        }
        let (version, key) = (installed.record.version.clone(), id.clone());
        tracing::info!(
            plugin = id,
            version,
            is_signed = installed.record.signed_by.is_some(),
            has_other_signer = signer_change.is_some(),
            "a plugin was installed"
        );
        self.plugins.publish(|set| {
            set.plugins.insert(key, installed);
            for (name, (record, _)) in rebound {
                // What the old version did wrong is not the new one's fault.
                set.bindings.insert(name, Bound::new(record));
            }
        });
        Ok(PluginChange::Done(self.plugin(&id)?))
    }

    /// Everything that can be said of a component without knowing what is installed.
    fn check_component(
        &self,
        component: &[u8],
        wish: &InstallWish,
    ) -> Result<Checked, PluginError> {
        let signed = self.signed(component, wish)?;
        let class = workshop::class(component);
        let loading = Loading {
            class,
            origin: Origin::Outside,
        };
        if class == Class::Interpreted && !wish.allow_interpreted {
            let named = anatomy::read(component).manifest;
            let named = named.and_then(|json| mooring_plugin::Manifest::parse(&json).ok());
            let id = named.map_or_else(|| "the plugin".to_owned(), |it| it.id.to_string());
            return Err(PluginError::Interpreted(id));
        }
        let plugin = self.judge.runtime().load_as(component, loading)?;
        if self.judge.plugin(plugin.id().as_str()).is_some() {
            return Err(PluginError::BuiltIn(plugin.id().to_string()));
        }
        if let Some((_, named)) = &signed {
            let found = format!("{} {}", plugin.id(), plugin.manifest().version);
            if *named != found {
                let signed = named.clone();
                return Err(PluginError::OtherSigned { signed, found });
            }
        }
        let structure = self.judge.plugin(mooring_builtin::STRUCTURE.name);
        check((&plugin, structure), component, class)?;
        Ok(Checked {
            plugin,
            class: match class {
                Class::Compiled => PluginClass::Compiled,
                Class::Interpreted => PluginClass::Interpreted,
            },
            signed_by: signed.map(|(signer, _)| signer),
        })
    }

    /// Whose signature it is, and for which plugin and version; none where none is needed.
    fn signed(
        &self,
        component: &[u8],
        wish: &InstallWish,
    ) -> Result<Option<(Signer, String)>, PluginError> {
        // Keys come and go while a server runs, and files that broke refuse everything.
        match (&wish.signature, self.plugin_trust.anew()?) {
            (Some(signature), Some(trust)) => {
                let signed = trust.verify(component, signature)?;
                let signer = Signer {
                    key: signed.key,
                    name: signed.key_name,
                };
                Ok(Some((signer, format!("{} {}", signed.id, signed.version))))
            }
            (_, _) if wish.allow_unsigned => Ok(None),
            (Some(_), None) => Err(PluginError::NobodyTrusted),
            (None, _) => Err(PluginError::Unsigned),
        }
    }

    /// The bindings of a plugin as they will be with another version of it, or when it is enabled,
    /// each with the changes of the profiles that it makes. While it is disabled it makes none.
    pub(super) fn rebound(
        &self,
        asking: &Asking,
        id: &str,
        installed: &Installed,
    ) -> Result<Rebound, PluginError> {
        let mut rebound = BTreeMap::new();
        for (name, bound) in asking.set.bindings_of(id) {
            let mut record = bound.record.clone();
            record.quarantined_at = None;
            self.check_settings(name, &record, installed)?;
            let mut changes = Vec::new();
            let is_at_work = installed.record.is_enabled;
            if is_at_work && record.wish.role == Some(PluginRole::Generator) {
                let making = Making {
                    asking,
                    name,
                    record: &record,
                };
                (record.makes, changes) = self.made_for(&making, installed)?;
            }
            rebound.insert(name.clone(), (record, changes));
        }
        Ok(rebound)
    }

    /// Removes a plugin that is not bound.
    ///
    /// # Errors
    /// [`PluginError`] if there is none, it is bound, or the store fails.
    pub fn remove_plugin(&self, id: &str) -> Result<(), PluginError> {
        let _change = self.change();
        let set = self.plugins.set();
        let known = set.plugins.get(id);
        let known = known.ok_or_else(|| PluginError::NotFound(id.to_owned()))?;
        let bindings: Vec<_> = set.bindings_of(id).map(|(name, _)| name.clone()).collect();
        if !bindings.is_empty() {
            let id = id.to_owned();
            return Err(PluginError::Bound { id, bindings });
        }
        let mut changes = record::delete_code(&known.record);
        // What comes back later is held to what was there.
        if let Some(mark) = self.mark(id, Some(&known.record))? {
            changes.push(mark.put(id)?);
        }
        changes.push(documents::delete(Space::Plugin, id.as_bytes()));
        self.store.commit(changes)?;
        self.plugins.publish(|set| {
            set.plugins.remove(id);
        });
        Ok(())
    }
}

/// Whether what is or was installed under the id lets this come there.
fn check_known(
    checked: &Checked,
    (known, mark): (Option<&PluginRecord>, Option<&Mark>),
    wish: &InstallWish,
) -> Result<(), PluginError> {
    let (id, offered) = (
        checked.plugin.id().to_string(),
        &checked.plugin.manifest().version,
    );
    match (known, mark) {
        (None, _) if wish.is_upgrade => Err(PluginError::NotFound(id)),
        (Some(known), _) if !wish.is_upgrade => Err(PluginError::Installed {
            id,
            version: known.version.clone(),
        }),
        (_, Some(mark)) => mark.check(&id, (offered, checked.signed_by.as_ref()), wish),
        (None | Some(_), None) => Ok(()),
    }
}

/// Runs the tests that a plugin brings, and what every plugin has to withstand.
fn check(
    (plugin, structure): (&Plugin, Option<&Plugin>),
    component: &[u8],
    class: Class,
) -> Result<(), PluginError> {
    let json = anatomy::read(component).manifest.unwrap_or_default();
    let tests = manifest::self_tests(&json)?;
    let trial = Trial {
        plugin,
        limits: &workshop::limits_of(plugin, class),
        structure,
        until: Some(Instant::now() + PLUGIN_CHECKS_TIME_MAX),
    };
    for check in suite::try_out(&trial, &tests) {
        if let Verdict::Failed(why) = check.verdict {
            return Err(PluginError::Fails {
                id: plugin.id().to_string(),
                version: plugin.manifest().version.clone(),
                check: format!("{}: {}", check.group, check.name),
                why,
            });
        }
    }
    Ok(())
}

/// Whether a plugin has a role.
pub(super) fn has_role(plugin: &Plugin, role: PluginRole) -> bool {
    let role = match role {
        PluginRole::Validator => Role::Validator,
        PluginRole::Generator => Role::Generator,
        PluginRole::SetValidator => Role::SetValidator,
    };
    plugin.manifest().roles.contains(&role)
}
