//! The built-in plugins at work: validators judge profiles, generators make the built-in ones.
//!
//! Knows nothing of storage. Invariants: the host itself judges nothing but identity and form;
//! a plugin that fails is reported as a finding about the plugin and never passes a profile.

use std::path::Path;

use mooring_mdm::finding::{Finding, Severity};
use mooring_mdm::ids::PayloadIdentifier;
use mooring_mdm::plist::LineIndex;
use mooring_mdm::profile::{Identified, Profile, ProfileLimits};
pub use mooring_plugin::Grade;
use mooring_plugin::{
    CodeCache, CodeSource, Compiler, Context, Limits, LoadError, Loading, Origin, Outcome, Plugin,
    ResultCache, Role, Runtime, RuntimeError, RuntimeOptions, Subject,
};

use crate::profiles::candidate::check_alone;

/// What built-in generators derive their uuids from. Fixed: the same settings give the same
/// profile on every server and for good.
const SEED: &str = "mooring-builtin-1";

/// The id of the plugin that makes the enrollment profile, and the key of its one output.
const ENROLLMENT: &str = "enrollment";

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
    /// and has plugins of others compiled by `compiler`.
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
        Self::load_on(&RuntimeOptions {
            cache: cache.ok(),
            compiler: compiler.clone(),
            ..RuntimeOptions::default()
        })
    }

    /// The same on a runtime that is set up in this way.
    ///
    /// # Errors
    /// As of [`Self::load`].
    pub fn load_on(options: &RuntimeOptions) -> Result<Self, JudgeError> {
        let components = mooring_builtin::ALL.iter().map(|b| (b.name, b.component));
        Self::assemble(Runtime::new(options)?, components, Limits::default())
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
        let mut plugins = Vec::new();
        for (name, component) in components {
            let loaded = runtime.load_as(component, own);
            plugins.push(loaded.map_err(|source| JudgeError::Load { name, source })?);
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
            results: ResultCache::default(),
            runtime,
        })
    }

    /// Whether a plugin of this binary has this id.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.plugins.iter().any(|own| own.id().as_str() == id)
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

    /// Judges a profile that is about to be stored, by every validator.
    pub fn judge(&self, candidate: &Identified, today: &str) -> Vec<Finding> {
        let place = |node| candidate.place(node);
        let subject = Subject::new(&candidate.document, &candidate.raw, place);
        self.validate(&subject, Grade::DeviceLenient, today)
    }

    /// Judges a file as a push would, or more strictly: then nothing is filled in first. Without
    /// a server there is nobody to know the file by its content, so a missing identifier is
    /// stood in for by one made of the file's name.
    pub fn check(&self, name: &Path, bytes: &[u8], grade: Grade, today: &str) -> Vec<Finding> {
        let profile = match Profile::parse(bytes, &ProfileLimits::default()) {
            Ok(profile) => profile,
            Err(finding) => return vec![finding],
        };
        if grade == Grade::AppleStrict {
            let lines = LineIndex::new(profile.text());
            let nodes = profile.document().nodes();
            let place = |node: u32| {
                let node = nodes.get(node as usize);
                node.map_or((0, 0), |node| lines.position(node.start() as usize))
            };
            let subject = Subject::new(profile.document(), bytes, place);
            let mut findings = profile.notices().to_vec();
            findings.extend(self.validate(&subject, grade, today));
            return findings;
        }
        let is_named = profile.identifier().is_some();
        match profile.identify(stand_in(name)) {
            Ok(identified) => {
                let mut findings = identified.notices.clone();
                if !is_named {
                    findings.iter_mut().for_each(say_what_a_push_does);
                }
                findings.extend(check_alone(&identified).err());
                findings.extend(self.judge(&identified, today));
                findings
            }
            Err(finding) => vec![finding],
        }
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

    fn validate(&self, subject: &Subject<'_>, grade: Grade, today: &str) -> Vec<Finding> {
        let context = Context {
            grade,
            ..Context::default()
        }
        .on(today);
        let validators = self
            .plugins
            .iter()
            .filter(|p| p.manifest().roles.contains(&Role::Validator));
        let findings = validators.flat_map(|plugin| {
            plugin
                .validate_once(subject, &context, &self.limits, &self.results)
                .findings(plugin.id())
        });
        findings.collect()
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

/// The values that stand in for a missing identity here are not those that a push would give.
fn say_what_a_push_does(finding: &mut Finding) {
    let message = match finding.rule.as_str() {
        "T003" => "the profile has no PayloadIdentifier; a push gives it a random one",
        "T004" => "the profile has no PayloadUUID; a push gives it one made of its content",
        _ => return,
    };
    message.clone_into(&mut finding.message);
}

fn stand_in(name: &Path) -> Option<PayloadIdentifier> {
    let stem = name
        .file_stem()
        .map(|stem| stem.to_string_lossy().into_owned());
    let stem = stem.unwrap_or_else(|| "profile".to_owned());
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let stem: String = stem.chars().map(plain).take(100).collect();
    PayloadIdentifier::parse(&format!("com.mooring.unnamed.{stem}")).ok()
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
