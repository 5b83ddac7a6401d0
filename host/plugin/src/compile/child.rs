//! What the process does that was started to compile one component.
//!
//! Knows nothing of who started it. Invariant: its limits hold before it reads the first byte.

use std::error::Error;
use std::io::{self, Read, Write};
use std::iter;

use rustix::process::{Resource, Rlimit, nice, setrlimit};

use crate::native::NativeCode;
use crate::{EngineError, RuntimeError, engine};

/// The exit code of a child that found the component wanting.
pub const REFUSED: u8 = 2;

/// Largest component taken, in bytes: above that of every class.
const COMPONENT_BYTES_MAX: u64 = 64 << 20;

/// Files that it may have open: its three streams, and what the system looks up for it.
const FILES_MAX: u64 = 16;

/// How much it steps back behind what else runs on the machine.
const NICENESS: i32 = 10;

/// Why the child has no code to hand over.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// The system does not let it limit itself.
    #[error("the compiler cannot limit itself")]
    Limits {
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The engine does not work here.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// There is no component to read, or nobody to take the code.
    #[error("the compiler's input or output is broken")]
    Stream(#[from] io::Error),
    /// The compiler refuses the component.
    #[error(transparent)]
    Refused(EngineError),
}

impl ChildError {
    /// Whether it is the component's fault; then the process ends with [`REFUSED`].
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_))
    }

    /// The error with its causes, for standard error.
    pub fn in_one_line(&self) -> String {
        let first: &dyn Error = self;
        let chain = iter::successors(Some(first), |error| (*error).source());
        let chain: Vec<String> = chain.map(ToString::to_string).collect();
        chain.join(": ").replace('\n', " ")
    }
}

/// Compiles the component of `input` to `output`, after giving up everything that it does not need.
/// To be called once, first thing in a process of its own, and before it has other threads.
///
/// # Errors
/// [`ChildError`]; its text in one line on standard error is what the parent reports, and the exit
/// code is [`REFUSED`] if it is the component's fault.
pub fn compile_child(
    memory_bytes: u64,
    seconds: u64,
    input: impl Read,
    mut output: impl Write,
) -> Result<(), ChildError> {
    confine(memory_bytes, seconds).map_err(|source| ChildError::Limits { source })?;
    let engine = engine::compiling()?;
    let mut component = Vec::new();
    let mut input = input.take(COMPONENT_BYTES_MAX);
    input.read_to_end(&mut component)?;
    let code = NativeCode::compile(&engine, &component).map_err(ChildError::Refused)?;
    output.write_all(code.as_bytes())?;
    Ok(output.flush()?)
}

/// Once and for good: neither this process nor what it might start gets it back.
fn confine(memory_bytes: u64, seconds: u64) -> io::Result<()> {
    let limit = |resource, soft, hard| {
        setrlimit(
            resource,
            Rlimit {
                current: Some(soft),
                maximum: Some(hard),
            },
        )
    };
    limit(Resource::Core, 0, 0)?;
    limit(Resource::Nofile, FILES_MAX, FILES_MAX)?;
    // At the first it is told by a signal that names the cause, at the second it is ended.
    limit(Resource::Cpu, seconds, seconds.saturating_add(1))?;
    limit(Resource::As, memory_bytes, memory_bytes)?;
    nice(NICENESS)?;
    #[cfg(target_os = "linux")]
    rustix::thread::set_no_new_privs(true)?;
    Ok(())
}
