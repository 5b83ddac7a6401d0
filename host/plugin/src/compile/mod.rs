//! Where components from outside are compiled: in a process of their own, that ends.
//!
//! Knows nothing of caches. Invariant: compiling cannot be interrupted, so whatever somebody else
//! made is compiled where it can be ended, with limits on memory, processor and time; what comes
//! back is taken over the pipe of that process and from nowhere else.

mod child;
mod parent;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

pub use self::child::{ChildError, REFUSED, compile_child};
pub(crate) use self::parent::compile;
use crate::Class;

/// What compiles components from outside.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Compiler {
    /// This process: for components that are trusted as much as it is, and for authors who compile
    /// their own. Nothing stops it.
    #[default]
    Here,
    /// A process of its own.
    Child(ChildCompiler),
}

impl Compiler {
    /// A child of the running program, started with these arguments; it has to call
    /// [`compile_child`] with the limits that it is given.
    ///
    /// # Errors
    /// If the system does not say which program that is.
    pub fn this_program(args: impl IntoIterator<Item = OsString>) -> std::io::Result<Self> {
        Ok(Self::Child(ChildCompiler {
            program: this_program()?,
            args: args.into_iter().collect(),
            compiled: CompileLimits::of(Class::Compiled),
            interpreted: CompileLimits::of(Class::Interpreted),
        }))
    }
}

/// The running program, also after its file was replaced by a newer one.
fn this_program() -> std::io::Result<PathBuf> {
    if cfg!(target_os = "linux") {
        Ok(PathBuf::from("/proc/self/exe"))
    } else {
        std::env::current_exe()
    }
}

/// How the process that compiles is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildCompiler {
    /// What is run.
    pub program: PathBuf,
    /// With what, before the limits: see [`CompileLimits::to_args`].
    pub args: Vec<OsString>,
    /// For components of [`Class::Compiled`].
    pub compiled: CompileLimits,
    /// For components of [`Class::Interpreted`].
    pub interpreted: CompileLimits,
}

impl ChildCompiler {
    pub(crate) fn limits(&self, class: Class) -> &CompileLimits {
        match class {
            Class::Compiled => &self.compiled,
            Class::Interpreted => &self.interpreted,
        }
    }
}

/// What compiling one component may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompileLimits {
    /// Time of the processor, to which the system holds the child. By the clock it has twice that,
    /// so that it gets its share of a busy machine, and one that only waits ends too. Default 60 s;
    /// 120 s for interpreted plugins, of which the largest tried take 20 s.
    pub time: Duration,
    /// Address space of the process, in bytes. Default 1 GiB; 3 GiB for interpreted plugins.
    pub memory_bytes: usize,
    /// Code that comes out, in bytes. Default 64 MiB, of which an ordinary plugin takes half a MiB;
    /// 256 MiB for interpreted plugins.
    pub code_bytes: usize,
}

impl CompileLimits {
    /// The defaults for components of `class`.
    pub fn of(class: Class) -> Self {
        match class {
            Class::Compiled => Self {
                time: Duration::from_mins(1),
                memory_bytes: 1 << 30,
                code_bytes: 64 << 20,
            },
            Class::Interpreted => Self {
                time: Duration::from_mins(2),
                memory_bytes: 3 << 30,
                code_bytes: 256 << 20,
            },
        }
    }

    /// The limits as arguments of the child: its address space in bytes, and whole seconds.
    pub fn to_args(&self) -> [String; 2] {
        let seconds = self.time.as_millis().div_ceil(1000).max(1);
        [
            format!("--memory-bytes={}", self.memory_bytes),
            format!("--seconds={seconds}"),
        ]
    }
}
