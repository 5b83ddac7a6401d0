//! Errors about labels, assignments and values as problems.
//!
//! Knows nothing of handlers. Invariant: see the table of all problems.

use crate::http::problem::{Kind, Problem};
use crate::scope::ScopeError;

impl From<ScopeError> for Problem {
    fn from(error: ScopeError) -> Self {
        let text = error.to_string();
        match error {
            ScopeError::NoLabel(_) | ScopeError::NoProfile(_) | ScopeError::NoValue(_) => {
                Self::new(Kind::NotFound, text)
            }
            ScopeError::LabelInUse { .. }
            | ScopeError::FollowsRule(_)
            | ScopeError::OtherKind { .. }
            | ScopeError::ValueInUse { .. } => Self::new(Kind::Conflict, text),
            ScopeError::Rule(error) => {
                Self::new(Kind::Invalid, text).at("/rule", error.to_string())
            }
            ScopeError::Judged { findings, .. } => {
                Self::new(Kind::Invalid, text).with_findings(findings)
            }
            ScopeError::UndeclaredAttributes { .. } => {
                Self::new(Kind::Invalid, text.clone()).at("/rule", text)
            }
            ScopeError::Hosts { unknown, ambiguous } => {
                let mut problem = Self::new(Kind::Invalid, text);
                for name in unknown {
                    problem = problem.at(&name, "no host has this id or serial number");
                }
                for name in ambiguous {
                    problem = problem.at(&name, "several hosts have this serial number");
                }
                problem
            }
            ScopeError::Unfit { name, source } => {
                Self::new(Kind::Invalid, text).at(name.as_str(), source.to_string())
            }
            ScopeError::AddedAndRemoved { .. }
            | ScopeError::UndefinedLabels { .. }
            | ScopeError::Undeclared { .. }
            | ScopeError::SetAndUnset { .. }
            | ScopeError::Bounds(_) => Self::new(Kind::Invalid, text),
            ScopeError::Host(error) => error.into(),
            ScopeError::Change(error) => error.into(),
            ScopeError::Store(error) => error.into(),
        }
    }
}
