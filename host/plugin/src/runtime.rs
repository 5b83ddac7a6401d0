//! The engine that plugins run in, and the way a component becomes a plugin.
//!
//! Knows nothing of profiles. Invariant: a component is compiled only after it was found to be a
//! plugin for a contract of this host with no imports but ours.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::adapter::v0_1::{Adapter, CallState};
use crate::plugin::Plugin;
use crate::slots::Slots;
use crate::{Digest, EngineError, LoadError, RuntimeError, inspect, ticker};

/// Core instances, memories and tables of one component: a Rust guest has three instances (itself
/// and two that tie in `log`), one memory and two tables.
const PARTS_PER_COMPONENT: u32 = 8;

/// Memory of a used pool slot that is cleared by hand instead of being given back, in bytes.
/// Measured: the best value depends on the cache; none above this paid.
const KEEP_RESIDENT_BYTES: usize = 256 << 10;

/// How a runtime is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuntimeOptions {
    /// Calls that run at once; more wait. Default: one per core.
    pub calls: usize,
    /// Most linear memory that any call can have, in bytes; a binding's limit above it counts as
    /// this. Default 64 MiB.
    pub memory_bytes_max: usize,
    /// Largest component, in bytes. Default 8 MiB; compiled plugins have about 150 KiB.
    pub component_bytes_max: usize,
}

impl Default for RuntimeOptions {
    fn default() -> Self {
        Self {
            calls: std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            memory_bytes_max: 64 << 20,
            component_bytes_max: 8 << 20,
        }
    }
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
    engine: Engine,
    linker: Linker<CallState>,
    slots: Arc<Slots>,
    options: RuntimeOptions,
    allocation: Allocation,
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("options", &self.options)
            .field("allocation", &self.allocation)
            .finish_non_exhaustive()
    }
}

impl Runtime {
    /// Starts an engine and its clock.
    ///
    /// # Errors
    /// [`RuntimeError`] if this machine runs no plugins.
    pub fn new(options: &RuntimeOptions) -> Result<Self, RuntimeError> {
        let engine_error = |error| RuntimeError::Engine {
            source: EngineError::new(error),
        };
        let (engine, allocation) = engine(options).map_err(engine_error)?;
        let linker = Adapter::linker(&engine).map_err(engine_error)?;
        ticker::start(&engine)?;
        Ok(Self {
            engine,
            linker,
            slots: Slots::new(options.calls),
            options: *options,
            allocation,
        })
    }

    /// Where instances come from.
    pub fn allocation(&self) -> Allocation {
        self.allocation
    }

    /// Checks, compiles and tries out a component. Takes 0.1 to 0.5 s for 150 KiB, and cannot be
    /// interrupted.
    ///
    /// # Errors
    /// [`LoadError`] naming what is wrong and how to mend it.
    pub fn load(&self, component: &[u8]) -> Result<Plugin, LoadError> {
        let bytes_max = self.options.component_bytes_max;
        if component.len() > bytes_max {
            return Err(LoadError::TooLarge {
                bytes: component.len(),
                bytes_max,
            });
        }
        let manifest = inspect::inspect(component)?;
        let compile_error = |error| LoadError::Compile {
            source: EngineError::new(error),
        };
        let compiled = Component::new(&self.engine, component).map_err(compile_error)?;
        let pre = self
            .linker
            .instantiate_pre(&compiled)
            .map_err(compile_error)?;
        let adapter =
            Adapter::new(pre, &manifest.roles, self.options.memory_bytes_max).map_err(|error| {
                LoadError::Incompatible {
                    contract: inspect::CONTRACT,
                    source: EngineError::new(error),
                }
            })?;
        Ok(Plugin::new(
            manifest,
            Digest::of(component),
            adapter,
            Arc::clone(&self.slots),
        ))
    }
}

fn engine(options: &RuntimeOptions) -> wasmtime::Result<(Engine, Allocation)> {
    let mut config = Config::new();
    config.epoch_interruption(true);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(options)));
    match Engine::new(&config) {
        Ok(engine) => Ok((engine, Allocation::Pool)),
        Err(error) => {
            tracing::warn!(
                error = format!("{error:#}"),
                calls = options.calls,
                memory_bytes_max = options.memory_bytes_max,
                "no pool for plugin instances; each is made anew, which is slower"
            );
            config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
            Ok((Engine::new(&config)?, Allocation::OnDemand))
        }
    }
}

/// Twice the calls: a slot is given back a moment after its call has ended.
fn pool(options: &RuntimeOptions) -> PoolingAllocationConfig {
    let components = u32::try_from(options.calls.max(1).saturating_mul(2)).unwrap_or(u32::MAX);
    let parts = components.saturating_mul(PARTS_PER_COMPONENT);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(components)
        .total_core_instances(parts)
        .total_memories(components)
        .total_tables(parts)
        .max_core_instances_per_component(PARTS_PER_COMPONENT)
        .max_memories_per_component(1)
        .max_tables_per_component(PARTS_PER_COMPONENT)
        .max_memory_size(options.memory_bytes_max)
        .linear_memory_keep_resident(KEEP_RESIDENT_BYTES);
    pool
}
