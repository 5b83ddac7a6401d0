//! The built-in plugins at work: validators judge profiles, generators make the built-in ones.
//!
//! Knows nothing of storage. Invariants: the host itself judges nothing but identity and form;
//! a plugin that fails is reported as a finding about the plugin and never passes a profile.

mod check;
mod target;

use std::collections::BTreeMap;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mooring_mdm::finding::{Finding, Severity};
use mooring_mdm::ids::PayloadIdentifier;
pub use mooring_plugin::Grade;
use mooring_plugin::{
    CodeCache, CodeSource, Compiler, Context, Limits, LoadError, Loading, Origin, Outcome, Plugin,
    ResultCache, Runtime, RuntimeError, RuntimeOptions,
};
use mooring_schema::TableError;

pub use self::target::{EnrollmentKind, Target};
use crate::findings::{Rule, host_rules};

/// What built-in generators derive their uuids from. Fixed: the same settings give the same
/// profile on every server and for good.
const SEED: &str = "mooring-builtin-1";

/// The id of the plugin that makes the enrollment profile, and the key of its one output.
const ENROLLMENT: &str = "enrollment";

/// Time of one call of a plugin of this binary. Four times that of others: what is taken or refused
/// must not hang on how busy the machine is.
const OWN_TIMEOUT: Duration = Duration::from_secs(1);

/// Plugins of this binary that are loaded side by side. At the first start each is compiled, on one
/// processor, with some 100 MB.
const LOADED_AT_ONCE: usize = 2;

/// Where a data folder has the compiled code. It is in no backup: it is made again.
const COMPILED_FOLDER: &str = "compiled";

/// Why the plugins are not at work.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// The wasm runtime does not start.
    #[error("the plugin runtime does not start")]
    Runtime(#[from] RuntimeError),
    /// A plugin of this binary cannot be loaded.
    #[error("the built-in plugin {name} cannot be loaded")]
    Load {
        /// The plugin.
        name: &'static str,
        /// Why.
        source: LoadError,
    },
    /// The table that replaces that of this binary cannot be used.
    #[error("the table of Apple's schema cannot be used")]
    Schema(#[from] TableError),
}

/// Loads components side by side, in their order.
fn load(
    runtime: &Runtime,
    loading: Loading,
    components: &[(&'static str, &[u8])],
) -> Vec<(&'static str, Result<Plugin, LoadError>)> {
    std::thread::scope(|scope| {
        let started = components.iter().map(|(name, component)| {
            let thread = scope.spawn(move || runtime.load_as(component, loading));
            (*name, thread)
        });
        let started: Vec<_> = started.collect();
        let ended = started.into_iter();
        let joined = ended.map(|(name, thread)| {
            let loaded = thread.join();
            (name, loaded.unwrap_or_else(|panic| resume_unwind(panic)))
        });
        joined.collect()
    })
}

/// A profile that a built-in generator can make.
#[derive(Debug, Clone)]
pub struct BuiltIn {
    /// Its hard-coded identifier.
    pub identifier: PayloadIdentifier,
    /// Its member in the generator's settings.
    pub key: String,
    /// Its name.
    pub name: String,
    /// What it does, in one sentence.
    pub description: String,
    /// The generator's id.
    pub plugin: String,
    /// The generator's version.
    pub plugin_version: String,
    generator: usize,
}

/// The plugins of this binary, loaded.
#[derive(Debug)]
pub struct Judge {
    plugins: Vec<Plugin>,
    builtins: Vec<BuiltIn>,
    limits: Limits,
    /// A table of Apple's schema in place of the plugin's own.
    schema: Option<Arc<str>>,
    /// What validators answered: a profile that did not change is not judged twice.
    results: ResultCache,
    /// Last: the plugins run on it.
    runtime: Runtime,
}

impl Judge {
    /// Loads the plugins of this binary, with code that is kept in the user's own cache folder. The
    /// first time they are compiled, so it blocks for a moment.
    ///
    /// # Errors
    /// [`JudgeError`] if the runtime does not start or a plugin is not what it should be.
    pub fn load() -> Result<Self, JudgeError> {
        let cache = CodeCache::of_user();
        let cache = cache.inspect_err(|error| {
            tracing::debug!(error = told(error), "compiled code is not kept");
        });
        Self::load_on(&RuntimeOptions {
            cache: cache.ok(),
            ..RuntimeOptions::default()
        })
    }

    /// The same for a server, which keeps the code in its data folder (it runs without, if need be),
    /// has plugins of others compiled by `compiler`, and judges by the table of Apple's schema that
    /// lies there, if there is one.
    ///
    /// # Errors
    /// As of [`Self::load`].
    pub fn load_in(data: &Path, compiler: &Compiler) -> Result<Self, JudgeError> {
        let cache = CodeCache::open(&data.join(COMPILED_FOLDER));
        let cache = cache.inspect_err(|error| {
            tracing::warn!(
                error = told(error),
                "compiled code is not kept; every start compiles the plugins anew"
            );
        });
        let schema = mooring_schema::in_use(None, Some(data))?;
        let judge = Self::load_on(&RuntimeOptions {
            cache: cache.ok(),
            compiler: compiler.clone(),
            ..RuntimeOptions::default()
        })?;
        Ok(Self { schema, ..judge })
    }

    /// The same on a runtime that is set up in this way.
    ///
    /// # Errors
    /// As of [`Self::load`].
    pub fn load_on(options: &RuntimeOptions) -> Result<Self, JudgeError> {
        let components = mooring_builtin::ALL.iter().map(|b| (b.name, b.component));
        let limits = Limits {
            timeout: OWN_TIMEOUT,
            ..Limits::default()
        };
        Self::assemble(Runtime::new(options)?, components, limits)
    }

    /// Loads the given components instead, as tests of misbehaving plugins do.
    ///
    /// # Errors
    /// [`JudgeError`] if the runtime does not start or a component cannot be loaded.
    pub fn with_plugins<'a>(
        components: impl IntoIterator<Item = (&'static str, &'a [u8])>,
        limits: Limits,
    ) -> Result<Self, JudgeError> {
        let runtime = Runtime::new(&RuntimeOptions::default())?;
        Self::assemble(runtime, components, limits)
    }

    fn assemble<'a>(
        runtime: Runtime,
        components: impl IntoIterator<Item = (&'static str, &'a [u8])>,
        limits: Limits,
    ) -> Result<Self, JudgeError> {
        let own = Loading {
            origin: Origin::Program,
            ..Loading::default()
        };
        let components: Vec<_> = components.into_iter().collect();
        let mut plugins = Vec::new();
        for some in components.chunks(LOADED_AT_ONCE) {
            for (name, loaded) in load(&runtime, own, some) {
                plugins.push(loaded.map_err(|source| JudgeError::Load { name, source })?);
            }
        }
        let builtins = plugins
            .iter()
            .enumerate()
            .flat_map(|(at, plugin)| generated_by(at, plugin));
        let builtins = builtins.collect();
        Ok(Self {
            plugins,
            builtins,
            limits,
            schema: None,
            results: ResultCache::default(),
            runtime,
        })
    }

    /// The plugins of this binary.
    pub(crate) fn plugins(&self) -> &[Plugin] {
        &self.plugins
    }

    /// The plugin of this binary with this id.
    pub(crate) fn plugin(&self, id: &str) -> Option<&Plugin> {
        self.plugins.iter().find(|own| own.id().as_str() == id)
    }

    /// How often code of any plugin was run.
    pub fn calls_made(&self) -> u64 {
        self.plugins.iter().map(Plugin::calls_made).sum()
    }

    /// How many of the plugins had to be compiled for this start.
    pub fn compiled_anew(&self) -> usize {
        let plugins = self.plugins.iter();
        plugins
            .filter(|plugin| plugin.code() == CodeSource::Compiled)
            .count()
    }

    /// Every rule of the host and of the plugins of this binary, by id.
    pub fn rules(&self) -> BTreeMap<String, Rule> {
        let mut rules = BTreeMap::new();
        for plugin in &self.plugins {
            let manifest = plugin.manifest();
            let own = manifest.rules.iter();
            let own = own.map(|entry| Rule::of(manifest.id.as_str(), entry));
            rules.extend(own.map(|rule| (rule.id.clone(), rule)));
        }
        for (id, rule) in host_rules() {
            rules.entry(id).or_insert(rule);
        }
        rules
    }

    /// What the plugins run on, and others may as well.
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// The built-in profiles, enabled or not.
    pub fn builtins(&self) -> &[BuiltIn] {
        &self.builtins
    }

    /// The built-in with this identifier.
    pub fn builtin(&self, identifier: &PayloadIdentifier) -> Option<&BuiltIn> {
        self.builtins
            .iter()
            .find(|builtin| builtin.identifier == *identifier)
    }

    /// Generates a built-in from its settings.
    ///
    /// # Errors
    /// Findings about the settings or the plugin.
    pub fn generate(&self, builtin: &BuiltIn, settings: &str) -> Result<Vec<u8>, Vec<Finding>> {
        let plugin = self.check_settings(builtin, settings)?;
        self.made_by(plugin, &builtin.key, member(builtin, settings))
    }

    /// Generates the enrollment profile from the plugin's settings, a JSON object. The challenge is
    /// in it as a placeholder, which whoever serves the profile replaces.
    ///
    /// # Errors
    /// Findings about the settings or the plugin.
    pub fn enrollment_profile(&self, settings: &str) -> Result<Vec<u8>, Vec<Finding>> {
        let mut plugins = self.plugins.iter();
        let plugin = plugins
            .find(|plugin| plugin.manifest().id.as_str() == ENROLLMENT)
            .ok_or_else(|| vec![nothing_made(ENROLLMENT, ENROLLMENT)])?;
        self.accept(plugin, settings)?;
        self.made_by(plugin, ENROLLMENT, settings.to_owned())
    }

    /// Asks a built-in's plugin to judge settings; returns the plugin that will work with them.
    ///
    /// # Errors
    /// Findings about the settings, or about the plugin.
    pub fn check_settings(
        &self,
        builtin: &BuiltIn,
        settings: &str,
    ) -> Result<&Plugin, Vec<Finding>> {
        let plugin = &self.plugins[builtin.generator];
        self.accept(plugin, &member(builtin, settings))?;
        Ok(plugin)
    }

    /// Asks a plugin to judge its whole settings.
    fn accept(&self, plugin: &Plugin, settings: &str) -> Result<(), Vec<Finding>> {
        let call = plugin.check_settings(settings, &self.limits);
        let findings = call.findings(plugin.id());
        let is_error = |finding: &Finding| finding.severity == Severity::Error;
        if findings.iter().any(is_error) {
            return Err(findings);
        }
        Ok(())
    }

    /// The profile with this key, of those that a plugin makes from its whole settings.
    fn made_by(
        &self,
        plugin: &Plugin,
        key: &str,
        settings: String,
    ) -> Result<Vec<u8>, Vec<Finding>> {
        let context = Context {
            settings,
            ..Context::default()
        };
        let call = plugin.generate_twice(SEED, &context, &self.limits);
        if let Some(complaint) = call.complaint(plugin.id()) {
            return Err(vec![complaint]);
        }
        let nothing = || vec![nothing_made(plugin.manifest().id.as_str(), key)];
        let Outcome::Done(generated) = call.outcome else {
            return Err(nothing());
        };
        let made = generated.into_iter().find(|profile| profile.key == key);
        made.map(|profile| profile.profile).ok_or_else(nothing)
    }
}

/// A generator's settings have one member for each built-in.
fn member(builtin: &BuiltIn, settings: &str) -> String {
    format!("{{\"{}\":{settings}}}", builtin.key)
}

fn generated_by(at: usize, plugin: &Plugin) -> Vec<BuiltIn> {
    let manifest = plugin.manifest();
    let profiles = manifest.profiles.iter().filter_map(|entry| {
        Some(BuiltIn {
            identifier: PayloadIdentifier::parse(&entry.identifier).ok()?,
            key: entry.key.clone(),
            name: entry.name.clone(),
            description: entry.description.clone(),
            plugin: manifest.id.to_string(),
            plugin_version: manifest.version.clone(),
            generator: at,
        })
    });
    profiles.collect()
}

/// An error with its causes.
fn told(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let causes: Vec<String> = causes.map(ToString::to_string).collect();
    causes.join(": ")
}

fn nothing_made(plugin: &str, key: &str) -> Finding {
    let message = format!("the plugin {plugin} generated no {key}");
    Finding::host(Severity::Error, "plugin-output", (0, 0), message)
}
