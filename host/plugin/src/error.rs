//! Why a runtime does not start and why a component is not taken.
//!
//! Knows nothing of calls: what goes wrong in one is an outcome. Invariant: each text says what to
//! do, or names the cause beside it.

use std::time::Duration;
use std::{fmt, io};

use crate::outcome::size;
use crate::{ManifestError, Outcome, PluginId};

/// What the wasm engine says, with its causes.
#[derive(Debug)]
pub struct EngineError(wasmtime::Error);

impl EngineError {
    pub(crate) fn new(error: wasmtime::Error) -> Self {
        Self(error)
    }

    /// What an engine in another process said.
    pub(crate) fn told(text: String) -> Self {
        Self(wasmtime::Error::msg(text))
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

impl std::error::Error for EngineError {}

/// Why plugins cannot be run at all.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// The engine cannot work on this machine.
    #[error("the wasm engine does not start")]
    Engine {
        /// Its reason.
        #[source]
        source: EngineError,
    },
    /// There is no thread for the clock.
    #[error("the thread that limits the time of plugins does not start")]
    Ticker {
        /// The system's reason.
        #[source]
        source: io::Error,
    },
}

/// Why there is no native code of a component.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The compiler refuses it.
    #[error("the component cannot be compiled")]
    Refused {
        /// The engine's reason.
        #[source]
        source: EngineError,
    },
    /// It took longer than any plugin should.
    #[error("compiling the component was stopped after {} s", limit.as_secs())]
    TimedOut {
        /// How long it may take.
        limit: Duration,
    },
    /// It took more memory than any plugin should.
    #[error("compiling the component took more memory than {}", size(*limit_bytes))]
    OutOfMemory {
        /// How much it may take, in bytes.
        limit_bytes: usize,
    },
    /// It comes to more native code than any plugin should.
    #[error("the component compiles to more than {} of code", size(*limit_bytes))]
    CodeTooLarge {
        /// How much it may be, in bytes.
        limit_bytes: usize,
    },
    /// The process that compiled ended by itself.
    #[error("the compiler ended by signal {signal}: {text}")]
    Crashed {
        /// The signal.
        signal: i32,
        /// The last that it said.
        text: String,
    },
    /// The process that should compile did not work.
    #[error("the compiler's process did not work: {text}")]
    Broken {
        /// What is known of it.
        text: String,
    },
    /// There is no process to compile in; not the component's fault.
    #[error("the compiler's process does not start")]
    Start {
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

/// Why a component is not taken as a plugin.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It is larger than the runtime takes.
    #[error("the component has {bytes} bytes; at most {bytes_max} are taken")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// It is a core module: the last step of its build is missing.
    #[error(
        "this is a core wasm module and no component yet; wrap it, for example with \
         `wasm-tools component new in.wasm -o out.wasm`"
    )]
    CoreModule,
    /// It is no component at all, or a broken one.
    #[error("this is no wasm component: {reason}")]
    NotAComponent {
        /// What was seen.
        reason: String,
    },
    /// It wants something that plugins do not get.
    #[error("the component imports `{import}`, but a plugin may import only {allowed}; {fix}")]
    Import {
        /// The first import that is not allowed.
        import: String,
        /// What is.
        allowed: &'static str,
        /// What the author can do.
        fix: &'static str,
    },
    /// It was made for another contract.
    #[error(
        "the plugin was made for contract {found}; this host runs {supported}. Build it against \
         `wit/{supported}`"
    )]
    Contract {
        /// The plugin's contract.
        found: String,
        /// The host's.
        supported: &'static str,
    },
    /// Its manifest is missing or wrong.
    #[error("the plugin's manifest is not usable")]
    Manifest(#[from] ManifestError),
    /// It exports no role, or not those of its manifest.
    #[error("the manifest names the roles {named}, but the component exports {exported}")]
    Roles {
        /// Those of the manifest.
        named: String,
        /// Those that it has.
        exported: String,
    },
    /// There is no native code of it.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// It cannot be linked.
    #[error("the component cannot be linked")]
    Link {
        /// The engine's reason.
        #[source]
        source: EngineError,
    },
    /// The engine that it would need does not start; not the component's fault.
    #[error("the engine for plugins of this class does not start")]
    Engine(#[from] RuntimeError),
    /// No instance of it comes about: its start function traps, or runs out of time or memory.
    #[error("the plugin {id} does not start: it {what}")]
    DoesNotStart {
        /// Its id.
        id: PluginId,
        /// How the attempt ended, in words.
        what: String,
        /// How the attempt ended.
        outcome: Outcome<()>,
    },
    /// Its exports have other types than the contract's.
    #[error("the component does not fit the contract {contract}")]
    Incompatible {
        /// The contract it claims.
        contract: &'static str,
        /// The engine's reason.
        #[source]
        source: EngineError,
    },
}
