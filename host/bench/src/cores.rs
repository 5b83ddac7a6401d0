//! Which processors the server gets, and which the load.
//!
//! Knows nothing of either. Invariant: they share none, unless that is asked for; where it cannot be
//! had, nothing is pinned, and the report says so.

use std::num::NonZero;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The program of Linux that pins others.
const TASKSET: &str = "taskset";

/// How processors are shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cores {
    /// The server has those below this number, the load this one and those up to the last.
    Split { first_of_load: usize, last: usize },
    /// The server has all up to this one, the load some of them.
    Open { last: usize },
    /// Everything runs wherever the system puts it.
    Shared,
}

impl Cores {
    /// Gives the load its processors, and remembers those of the server.
    pub(crate) fn split() -> Self {
        let all = std::thread::available_parallelism().map_or(1, NonZero::get);
        if all < 2 {
            return Self::Shared;
        }
        let split = Self::Split {
            first_of_load: all / 2,
            last: all - 1,
        };
        let own = std::process::id().to_string();
        let mut pin = Command::new(TASKSET);
        pin.args(["-a", "-p", "-c", &split.load(), &own]);
        pin.stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        match pin.status() {
            Ok(status) if status.success() => split,
            Ok(_) | Err(_) => Self::Shared,
        }
    }

    /// A command that runs `program` on the processors of the server.
    pub(crate) fn command(self, program: &PathBuf) -> Command {
        match self {
            Self::Split { first_of_load, .. } => pinned(&range(0, first_of_load - 1), program),
            Self::Open { last } => pinned(&range(0, last), program),
            Self::Shared => Command::new(program),
        }
    }

    /// The server has all processors, also those of the load.
    pub(crate) fn open(self) -> Self {
        match self {
            Self::Split { last, .. } | Self::Open { last } => Self::Open { last },
            Self::Shared => Self::Shared,
        }
    }

    /// How they are shared out, in a sentence.
    pub(crate) fn words(self) -> String {
        match self {
            Self::Split { first_of_load, .. } => format!(
                "the server ran on processors {}, the load on {}",
                range(0, first_of_load - 1),
                self.load()
            ),
            Self::Open { last } => format!("the server ran on processors {}", range(0, last)),
            Self::Shared => {
                "nothing was pinned: the server and the load shared all processors".to_owned()
            }
        }
    }

    fn load(self) -> String {
        match self {
            Self::Split {
                first_of_load,
                last,
            } => range(first_of_load, last),
            Self::Open { .. } | Self::Shared => String::new(),
        }
    }
}

/// A command that runs `program` on these processors; a child would else inherit those of the load.
fn pinned(processors: &str, program: &PathBuf) -> Command {
    let mut command = Command::new(TASKSET);
    command.args(["-c", processors]).arg(program);
    command
}

fn range(from: usize, to: usize) -> String {
    if from == to {
        from.to_string()
    } else {
        format!("{from}-{to}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that the two shares have no processor in common.
    #[test]
    fn shares() {
        let four = Cores::Split {
            first_of_load: 2,
            last: 3,
        };
        assert_eq!(
            four.words(),
            "the server ran on processors 0-1, the load on 2-3"
        );
        assert_eq!(range(1, 1), "1");
        assert_eq!(four.open(), Cores::Open { last: 3 });
        assert_eq!(Cores::Shared.open(), Cores::Shared);
    }
}
