//! The engines that plugins run in: one with a pool for all ordinary plugins, one without for
//! interpreted ones.
//!
//! Knows nothing of components. Invariant: all of them, and the one that only compiles, agree on
//! everything that shapes native code, so that what one made the others take.

use wasmtime::component::Linker;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::adapter::v0_1::{Adapter, CallState};
use crate::class::COMPILED_PARTS_MAX;
use crate::{Allocation, EngineError, RuntimeError, RuntimeOptions, ticker};

/// Memory of a used pool slot that is cleared by hand instead of being given back, in bytes.
/// Measured: the best value depends on the cache; none above this paid. Where the system tells which
/// pages were written (Linux 6.7 and later) only those are cleared, wherever they lie; elsewhere they
/// are the lowest ones, which in a Rust guest are the end of its stack that nothing reaches.
const KEEP_RESIDENT_BYTES: usize = 256 << 10;

/// The same of a table: a Rust guest's has some hundred elements. Both together leave a call in a slot
/// that was used before without a page fault; without this and the pages that were written it had
/// eight, and took 10 % longer.
const TABLE_KEEP_RESIDENT_BYTES: usize = 16 << 10;

/// An engine with its clock, and what its guests may import.
pub(crate) struct Machine {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<CallState>,
    pub(crate) allocation: Allocation,
}

impl Machine {
    /// The engine of ordinary plugins.
    pub(crate) fn pooled(options: &RuntimeOptions) -> Result<Self, RuntimeError> {
        let mut config = config(options.counts_instructions);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(options)));
        match Engine::new(&config) {
            Ok(engine) => Self::start(engine, Allocation::Pool),
            Err(error) => {
                tracing::warn!(
                    error = format!("{error:#}"),
                    calls = options.calls,
                    memory_bytes_max = options.memory_bytes_max,
                    "no pool for plugin instances; each is made anew, which is slower"
                );
                Self::on_demand(options)
            }
        }
    }

    /// An engine that reserves nothing: each instance is made anew.
    pub(crate) fn on_demand(options: &RuntimeOptions) -> Result<Self, RuntimeError> {
        let mut config = config(options.counts_instructions);
        config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
        let engine = Engine::new(&config).map_err(refused)?;
        Self::start(engine, Allocation::OnDemand)
    }

    fn start(engine: Engine, allocation: Allocation) -> Result<Self, RuntimeError> {
        let linker = Adapter::linker(&engine).map_err(refused)?;
        ticker::start(&engine)?;
        Ok(Self {
            engine,
            linker,
            allocation,
        })
    }
}

/// An engine that only compiles, and on one processor: what it serves has better things to do.
pub(crate) fn compiling() -> Result<Engine, RuntimeError> {
    let mut config = config(false);
    config.parallel_compilation(false);
    Engine::new(&config).map_err(refused)
}

fn config(counts_instructions: bool) -> Config {
    let mut config = Config::new();
    config.epoch_interruption(true);
    config.consume_fuel(counts_instructions);
    config
}

fn refused(error: wasmtime::Error) -> RuntimeError {
    RuntimeError::Engine {
        source: EngineError::new(error),
    }
}

/// Half as much again as run at once: a slot is given back a moment after its call has ended.
fn pool(options: &RuntimeOptions) -> PoolingAllocationConfig {
    let components = u32::try_from(options.calls.max(1).saturating_mul(3)).unwrap_or(u32::MAX);
    let parts_max = u32::try_from(COMPILED_PARTS_MAX).unwrap_or(u32::MAX);
    let parts = components.saturating_mul(parts_max);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(components)
        .total_core_instances(parts)
        .total_memories(components)
        .total_tables(parts)
        .max_core_instances_per_component(parts_max)
        .max_memories_per_component(1)
        .max_tables_per_component(parts_max)
        .max_memory_size(options.memory_bytes_max)
        .linear_memory_keep_resident(KEEP_RESIDENT_BYTES)
        .table_keep_resident(TABLE_KEEP_RESIDENT_BYTES)
        .pagemap_scan(Enabled::Auto);
    pool
}
