//! A plugin on the bench: loaded as a host loads it, with the limits that it asks for.
//!
//! Knows nothing of what it is called for. Invariant: what a server would refuse to load is refused
//! here, in the same words.

use std::time::Duration;

use crate::anatomy;
use mooring_plugin::{
    Class, CodeCache, Compiler, Limits, LimitsAsked, LoadError, Loading, Manifest, Origin, Plugin,
    Runtime, RuntimeError, RuntimeOptions,
};

/// Most time that a call gets here, whatever the plugin asks for.
pub const TIMEOUT_MAX: Duration = Duration::from_secs(10);

/// How much longer a call may take where the host itself is not optimised: its own part of a call is
/// several times slower then, and nobody's plugin is to blame for it.
const UNOPTIMISED: u32 = if cfg!(debug_assertions) { 4 } else { 1 };

/// The plugin runtime does not start.
#[derive(Debug, thiserror::Error)]
#[error("the plugin runtime does not start")]
pub struct WorkshopError(#[from] RuntimeError);

/// Why a component cannot be tried.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The plugin runtime does not start.
    #[error(transparent)]
    Workshop(#[from] WorkshopError),
    /// The host refuses it.
    #[error(transparent)]
    Refused(#[from] LoadError),
}

/// A plugin, loaded.
#[derive(Debug)]
pub struct Workshop {
    plugin: Plugin,
    limits: Limits,
    /// Last: the plugin runs on it.
    _runtime: Runtime,
}

impl Workshop {
    /// Loads a component, which `compiler` compiles: blocks for a moment, for interpreted ones for
    /// seconds.
    ///
    /// # Errors
    /// [`OpenError`] with the host's own reason.
    pub fn open(component: &[u8], compiler: &Compiler) -> Result<Self, OpenError> {
        Self::load(component, compiler, Origin::Outside, false)
    }

    /// Loads a component to count the instructions of its calls, which are slower then. It is
    /// compiled in this process: whoever measures a plugin has opened it before.
    ///
    /// # Errors
    /// As of [`Self::open`].
    pub fn counting(component: &[u8]) -> Result<Self, OpenError> {
        Self::load(component, &Compiler::Here, Origin::Outside, true)
    }

    /// Loads a component of this program's own.
    ///
    /// # Errors
    /// As of [`Self::open`].
    pub(crate) fn of_program(component: &[u8]) -> Result<Self, OpenError> {
        Self::load(component, &Compiler::Here, Origin::Program, false)
    }

    fn load(
        component: &[u8],
        compiler: &Compiler,
        origin: Origin,
        counts_instructions: bool,
    ) -> Result<Self, OpenError> {
        let runtime = Runtime::new(&RuntimeOptions {
            calls: 1,
            cache: cache(),
            compiler: compiler.clone(),
            counts_instructions,
            ..RuntimeOptions::default()
        })
        .map_err(WorkshopError)?;
        let class = class(component);
        let plugin = runtime.load_as(component, Loading { class, origin })?;
        let limits = limits_of(&plugin, class);
        Ok(Self {
            plugin,
            limits,
            _runtime: runtime,
        })
    }

    /// The plugin.
    pub fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    /// What its calls may cost: the host's defaults, or what its manifest asks for within the bounds
    /// of this module.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }
}

/// Whether a host would take a component, and what it says about itself.
///
/// # Errors
/// As of [`Workshop::open`].
pub fn judge(component: &[u8], compiler: &Compiler) -> Result<Manifest, OpenError> {
    Workshop::open(component, compiler).map(|workshop| workshop.plugin.manifest().clone())
}

/// Compiled code is kept where other programs of the user keep theirs, so that only the first run
/// after a build takes long. Without such a folder every run does.
fn cache() -> Option<CodeCache> {
    match CodeCache::of_user() {
        Ok(cache) => Some(cache),
        Err(error) => {
            tracing::debug!(%error, "compiled code is not kept");
            None
        }
    }
}

/// A component that brings its interpreter says so in its manifest: `limits.class` is `interpreted`.
pub fn class(component: &[u8]) -> Class {
    let json = anatomy::read(component).manifest.unwrap_or_default();
    let asked = Manifest::parse(&json).ok().and_then(|it| it.limits.class);
    asked.unwrap_or_default()
}

/// What a plugin's calls may cost while it is tried: the host's defaults, or what its manifest asks for
/// within the bounds of this module.
pub fn limits_of(plugin: &Plugin, class: Class) -> Limits {
    limits(Limits::of(class), plugin.manifest().limits)
}

fn limits(defaults: Limits, asked: LimitsAsked) -> Limits {
    let memory = asked
        .memory_bytes
        .and_then(|bytes| usize::try_from(bytes).ok());
    let timeout = asked
        .timeout_ms
        .map_or(defaults.timeout, Duration::from_millis)
        .min(TIMEOUT_MAX);
    Limits {
        timeout: timeout * UNOPTIMISED,
        memory_bytes: memory.unwrap_or(defaults.memory_bytes),
        ..defaults
    }
}
