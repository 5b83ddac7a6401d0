//! What must hold of every world, judged from the log alone by a naive model of the server.
//!
//! Knows nothing of the engine, the store or the world's innards, and shares no code with them: it
//! keeps the whole history of every enrollment and reads each answer's justification out of it
//! anew. Invariant: it never demands what a server could not know.

mod bounds;
mod channel;
mod checker;
mod history;
mod judge;
mod labels;
mod rule;
mod server;
mod settle;
#[cfg(test)]
mod tests;
mod tries;
mod wishes;

pub use checker::Checker;
pub use rule::Rule;

use std::fmt;

use crate::log::Who;

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The rule that was broken.
    pub rule: Rule,
    /// Whom it is about, if it is about one channel.
    pub who: Option<Who>,
    /// What is wrong.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.rule)?;
        if let Some(who) = self.who {
            write!(f, "host {} ({:?}): ", who.host, who.channel)?;
        }
        f.write_str(&self.detail)
    }
}
