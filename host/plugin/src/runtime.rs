//! The way a component becomes a plugin.
//!
//! Knows nothing of profiles. Invariants: a component is compiled only after it was found to be a
//! plugin for a contract of this host with no imports but ours; one from outside is compiled by the
//! compiler of the options, and never two at once.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::adapter::v0_1::Adapter;
use crate::cache::CodeCache;
use crate::compile::{self, Compiler};
use crate::engine::Machine;
use crate::native::{EngineId, NativeCode};
use crate::plugin::Plugin;
use crate::slots::Slots;
use crate::{
    Class, CompileError, Digest, EngineError, Limits, LoadError, Manifest, Outcome, RuntimeError,
    complaint, inspect,
};

/// How a runtime is set up.
#[derive(Debug, Clone)]
pub struct RuntimeOptions {
    /// Calls of one plugin that run at once; more wait. All together may be twice as many, so that
    /// one plugin alone leaves the others room. Default: one per core.
    pub calls: usize,
    /// Most linear memory that any call can have, in bytes; a binding's limit above it counts as
    /// this. Default 64 MiB. Interpreted plugins have 256 MiB.
    pub memory_bytes_max: usize,
    /// Largest component, in bytes. Default 8 MiB; compiled plugins have about 150 KiB. Interpreted
    /// ones may have 32 MiB.
    pub component_bytes_max: usize,
    /// What compiles components from outside. Default: this process.
    pub compiler: Compiler,
    /// Where compiled code is kept between starts. Default: nowhere.
    pub cache: Option<CodeCache>,
    /// Whether the instructions of each call are counted, which makes calls slower by a third: for
    /// those who measure. Needs [`Compiler::Here`]. Default: no.
    pub counts_instructions: bool,
}

impl Default for RuntimeOptions {
    fn default() -> Self {
        Self {
            calls: std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            memory_bytes_max: 64 << 20,
            component_bytes_max: 8 << 20,
            compiler: Compiler::Here,
            cache: None,
            counts_instructions: false,
        }
    }
}

/// Who made a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Origin {
    /// Those who made this program: it may be compiled within it.
    Program,
    /// Anybody else: it is compiled by the compiler of the options.
    #[default]
    Outside,
}

/// How a component is to be loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Loading {
    /// What it may need.
    pub class: Class,
    /// Who made it.
    pub origin: Origin,
}

/// Where a plugin's code came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeSource {
    /// It was compiled for this.
    Compiled,
    /// It was kept.
    Cache,
}

/// Where instances come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allocation {
    /// From a pool reserved at start.
    Pool,
    /// Each anew, because the system refused the pool; slower, and the log says so.
    OnDemand,
}

/// An engine with its clock; plugins that it loads keep it running.
pub struct Runtime {
    ordinary: Machine,
    /// Only made when the first plugin needs it.
    interpreted: OnceLock<Machine>,
    engine_id: EngineId,
    slots: Arc<Slots>,
    options: RuntimeOptions,
    /// Held while a component from outside is compiled: a queue of them takes one processor.
    compiling: Mutex<()>,
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("options", &self.options)
            .field("allocation", &self.allocation())
            .finish_non_exhaustive()
    }
}

impl Runtime {
    /// Starts an engine and its clock.
    ///
    /// # Errors
    /// [`RuntimeError`] if this machine runs no plugins.
    pub fn new(options: &RuntimeOptions) -> Result<Self, RuntimeError> {
        let ordinary = Machine::pooled(options)?;
        Ok(Self {
            engine_id: EngineId::of(&ordinary.engine),
            ordinary,
            interpreted: OnceLock::new(),
            slots: Slots::new(options.calls.max(1).saturating_mul(2)),
            options: options.clone(),
            compiling: Mutex::new(()),
        })
    }

    /// Where instances of ordinary plugins come from.
    pub fn allocation(&self) -> Allocation {
        self.ordinary.allocation
    }

    /// Checks, compiles and tries out a component from outside that is an ordinary one. Takes 0.1
    /// to 0.5 s for 150 KiB, or a few ms if its code was kept. Blocks.
    ///
    /// # Errors
    /// [`LoadError`] naming what is wrong and how to mend it.
    pub fn load(&self, component: &[u8]) -> Result<Plugin, LoadError> {
        self.load_as(component, Loading::default())
    }

    /// The same for any component.
    ///
    /// # Errors
    /// As of [`Self::load`].
    pub fn load_as(&self, component: &[u8], loading: Loading) -> Result<Plugin, LoadError> {
        let bytes_max = loading.class.component_bytes_max(&self.options);
        if component.len() > bytes_max {
            return Err(LoadError::TooLarge {
                bytes: component.len(),
                bytes_max,
            });
        }
        let manifest = inspect::read(component)?;
        let digest = Digest::of(component);
        let machine = self.machine(loading.class)?;
        let (compiled, source) = self.code(component, digest, loading, &machine.engine)?;
        let adapter = self.adapter(&compiled, &manifest, machine, loading.class)?;
        let slots = [Slots::new(self.options.calls), Arc::clone(&self.slots)];
        Ok(Plugin::new(manifest, digest, source, adapter, slots))
    }

    fn machine(&self, class: Class) -> Result<&Machine, RuntimeError> {
        match class {
            Class::Compiled => Ok(&self.ordinary),
            Class::Interpreted => {
                if let Some(machine) = self.interpreted.get() {
                    return Ok(machine);
                }
                let machine = Machine::on_demand(&self.options)?;
                Ok(self.interpreted.get_or_init(|| machine))
            }
        }
    }

    /// The code that was kept, or else new code, which is kept from now on.
    fn code(
        &self,
        component: &[u8],
        digest: Digest,
        loading: Loading,
        engine: &Engine,
    ) -> Result<(Component, CodeSource), CompileError> {
        let refused = |source| CompileError::Refused { source };
        let cache = self.options.cache.as_ref();
        if let Some(code) = cache.and_then(|cache| cache.read(digest, self.engine_id)) {
            match code.load(engine) {
                Ok(component) => return Ok((component, CodeSource::Cache)),
                Err(error) => {
                    tracing::warn!(
                        component = %digest,
                        error = %error,
                        "the engine does not take the code that was kept; the plugin is compiled \
                         anew"
                    );
                }
            }
        }
        // After an update of the program a start waits for each of them: the log says for what.
        tracing::info!(component = %digest, bytes = component.len(), "compiling a plugin");
        let code = self.compiled(component, loading, engine)?;
        let loaded = code.load(engine).map_err(refused)?;
        if let Some(cache) = cache {
            cache.write(digest, self.engine_id, &code);
        }
        Ok((loaded, CodeSource::Compiled))
    }

    /// New code. What the program brings along is also compiled in a child where there is one, since
    /// the memory that it takes is not given back by a process that lives on; it is trusted, so it
    /// is compiled here where no child can be had.
    fn compiled(
        &self,
        component: &[u8],
        loading: Loading,
        engine: &Engine,
    ) -> Result<NativeCode, CompileError> {
        let refused = |source| CompileError::Refused { source };
        let here = || NativeCode::compile(engine, component).map_err(refused);
        match (&self.options.compiler, loading.origin) {
            (Compiler::Child(child), Origin::Outside) => {
                let _turn = self
                    .compiling
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                compile::compile(child, component, loading.class)
            }
            (Compiler::Child(child), Origin::Program) => {
                compile::compile(child, component, loading.class).or_else(|error| {
                    tracing::warn!(error = %error, "a plugin of this program is compiled here");
                    here()
                })
            }
            (Compiler::Here, _) => here(),
        }
    }

    fn adapter(
        &self,
        compiled: &Component,
        manifest: &Manifest,
        machine: &Machine,
        class: Class,
    ) -> Result<Adapter, LoadError> {
        let pre = machine.linker.instantiate_pre(compiled);
        let pre = pre.map_err(|error| LoadError::Link {
            source: EngineError::new(error),
        })?;
        let bounds = Bounds {
            memory_bytes_max: class.memory_bytes_max(&self.options),
            parts_max: class.parts_max(),
        };
        let incompatible = |source| LoadError::Incompatible {
            contract: inspect::CONTRACT,
            source,
        };
        let adapter = Adapter::new(pre, &manifest.roles, bounds)
            .map_err(|error| incompatible(EngineError::new(error)))?;
        let slot = self.slots.take();
        let outcome = adapter.try_out(&Limits::of(class)).outcome;
        drop(slot);
        if let Outcome::Incompatible { text } = outcome {
            return Err(incompatible(EngineError::told(text)));
        }
        match complaint::words(&outcome) {
            None => Ok(adapter),
            Some((_, what, _)) => Err(LoadError::DoesNotStart {
                id: manifest.id.clone(),
                what,
                outcome,
            }),
        }
    }
}

/// What no call of a plugin gets more of, whatever its binding says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) memory_bytes_max: usize,
    /// Core instances, and tables, of one call.
    pub(crate) parts_max: usize,
}
