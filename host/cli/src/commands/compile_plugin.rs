//! `mooring compile-plugin`: what the server starts to compile a plugin that is not its own. Nobody
//! else calls it, so no help names it.
//!
//! Knows nothing of who asks. Invariant: a component comes in and code goes out, or one line on
//! standard error and an exit code.

use std::io;

use clap::Args;
use mooring_plugin::compile_child;

use crate::exit::Exit;
use crate::output;

/// Arguments of `compile-plugin`: what it limits itself to.
#[derive(Debug, Clone, Args)]
pub(crate) struct CompilePluginArgs {
    /// Address space that it may have, in bytes
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(1..))]
    memory_bytes: u64,
    /// Time of the processor that it may take
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
}

/// Compiles standard input to standard output.
pub(crate) fn run(args: &CompilePluginArgs) -> Exit {
    let (input, output) = (io::stdin().lock(), io::stdout().lock());
    match compile_child(args.memory_bytes, args.seconds, input, output) {
        Ok(()) => Exit::Fine,
        Err(error) => {
            output::note(&error.in_one_line());
            if error.is_refusal() {
                Exit::Refused
            } else {
                Exit::Failed
            }
        }
    }
}
