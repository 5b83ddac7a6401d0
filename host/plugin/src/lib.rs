//! Runs plugins: loads a component, checks it, and calls it under limits.
//!
//! The only crate that knows wasmtime. It knows nothing of storage, bindings or the network, and it
//! blocks: callers with an async runtime use its blocking threads. What goes wrong inside a plugin
//! is an [`Outcome`], never an error or a panic of the host.
//!
//! Invariants: a component imports nothing but the contract's `log`, so it can see nothing but its
//! arguments; one from outside is compiled in a process of its own, where a [`Compiler`] is set; kept
//! code is loaded only if it proves to be our own; every call runs in a fresh instance and nothing
//! survives it; every call ends within its time limit (with [`HANDOVER_PER_NODE`]) plus two [`TICK`]s,
//! holds no more memory than its limit, and hands back no more than its limits name.
//!
//! ```no_run
//! use mooring_plugin::{Context, Limits, Outcome, Runtime, RuntimeOptions, Subject};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let runtime = Runtime::new(&RuntimeOptions::default())?;
//! let plugin = runtime.load(&std::fs::read("structure.wasm")?)?;
//! let bytes = std::fs::read("wifi.mobileconfig")?;
//! let read = mooring_mdm::plist::read_xml(&bytes, &Default::default()).map_err(|f| f.message)?;
//! let lines = mooring_mdm::plist::LineIndex::new(&bytes);
//! let place = |node| lines.position(read.document.nodes()[node as usize].start() as usize);
//! let subject = Subject::new(&read.document, &bytes, place);
//! let call = plugin.validate(&subject, &Context::default(), &Limits::default());
//! for finding in call.findings(plugin.id()) {
//!     println!("{finding}");
//! }
//! # Ok(())
//! # }
//! ```

mod adapter;
mod breaker;
mod cache;
mod class;
mod compile;
mod complaint;
mod context;
mod digest;
mod engine;
mod error;
mod fuel;
mod inspect;
mod limits;
mod log;
mod manifest;
mod meter;
mod native;
mod outcome;
mod plugin;
mod results;
mod runtime;
mod set;
mod slots;
mod text;
mod ticker;

pub use breaker::{Admission, Breaker, BreakerPolicy, BreakerState, Guard, Pass, Terms, Verdict};
pub use cache::{CacheError, CacheLimits, CodeCache};
pub use class::Class;
pub use compile::{ChildCompiler, ChildError, CompileLimits, Compiler, REFUSED, compile_child};
pub use context::{Context, Device, Grade, Subject};
pub use digest::Digest;
pub use error::{CompileError, EngineError, LoadError, RuntimeError};
pub use inspect::inspect;
pub use limits::{HANDOVER_PER_NODE, Limits};
pub use log::{LogLevel, LogLine};
pub use manifest::{LimitsAsked, Manifest, ManifestError, PluginId, ProfileEntry, Role, RuleEntry};
pub use outcome::{Call, Failure, GeneratedProfile, Outcome};
pub use plugin::Plugin;
pub use results::{ResultCache, ResultCounts};
pub use runtime::{Allocation, CodeSource, Loading, Origin, Runtime, RuntimeOptions};
pub use set::{ProfileSet, SetEdition, SetFinding, SetMember, SetPart, SetSpot};
pub use ticker::TICK;
