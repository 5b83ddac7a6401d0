//! Why a runtime does not start and why a component is not taken.
//!
//! Knows nothing of calls: what goes wrong in one is an outcome. Invariant: each text says what to
//! do, or names the cause beside it.

use std::{fmt, io};

use crate::ManifestError;

/// What the wasm engine says, with its causes.
#[derive(Debug)]
pub struct EngineError(wasmtime::Error);

impl EngineError {
    pub(crate) fn new(error: wasmtime::Error) -> Self {
        Self(error)
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
    /// It cannot be compiled or linked.
    #[error("the component cannot be compiled")]
    Compile {
        /// The engine's reason.
        #[source]
        source: EngineError,
    },
    /// Its exports have other types than the contract's, or it does not start.
    #[error("the component does not fit the contract {contract}")]
    Incompatible {
        /// The contract it claims.
        contract: &'static str,
        /// The engine's reason.
        #[source]
        source: EngineError,
    },
}
