//! Rules: conditions on one host in a small total language, a subset of CEL.
//!
//! ```text
//! host.platform == "macos" && host.os_version >= "15.0" && !(attributes.site in ["berlin", "oslo"])
//! ```
//!
//! - Names: `host.id`, `host.serial`, `host.name`, `host.model`, `host.platform`,
//!   `host.os_version`, `host.build`, `host.is_supervised`, and `attributes.NAME` for a declared
//!   attribute.
//! - Operators, the weakest first: `||`, `&&`, then `==` `!=` `<` `<=` `>` `>=` and `in [..]`,
//!   then `!`. Parentheses; texts in `"` or `'` on one line; `true` and `false`; `//` comments.
//! - On texts `startsWith`, `endsWith` and `contains`; `has(attributes.NAME)` tells whether an
//!   attribute is set.
//! - `host.os_version` is compared as a version, number by number: `"15"` is 15.0 and not all of
//!   15.x. `host.platform` is one of `macos`, `ios`, `ipados`, `tvos`, `watchos`, `visionos`.
//!   Other texts are compared byte for byte and have no order. There is no `matches`: a pattern
//!   would need bounds of its own.
//! - What is not known makes a comparison unknown, an attribute that is not set too. `unknown ||
//!   true` is true, `unknown && false` is false, `!unknown` is unknown. `has` alone is always
//!   known, so a rule with `has` may change its mind when the attribute is set; every other rule
//!   that says yes or no stays with it when more becomes known.
//!
//! Everything is checked when a rule is read, so each rule that is here has an answer for every
//! host: there are no functions, loops or numbers in it that could fail.
//!
//! CEL is read here by our own parser, not by the `cel` crate (0.15 was tried). Its public parser
//! ends the process with a stack overflow at 40 nested parentheses in a dev build on a thread of
//! 2 MiB; its other parser does not, but is hidden from its documentation and tells no places of
//! an expression that parsed, which messages about types need. Neither its types nor its
//! interpreter, which knows no unknown, would have been used.
//!
//! Knows nothing of labels and assignments. Invariant: reading and judging a rule take time and
//! stack bounded by [`RULE_BYTES_MAX`] and [`RULE_DEPTH_MAX`].

mod expr;
mod fault;
mod lexer;
mod names;
mod operand;
mod parser;
mod words;

use std::collections::BTreeSet;

use mooring_mdm::profile::placeholder::ValueName;
use serde::{Deserialize, Serialize};

pub use fault::{RuleError, RuleFault};

use super::{Subject, Truth};
use expr::Expr;

/// Longest rule, in bytes: some twenty comparisons, which is more than a person can check by eye.
pub const RULE_BYTES_MAX: usize = 1024;

/// Deepest nesting of parentheses.
pub const RULE_DEPTH_MAX: usize = 32;

/// A condition on one host that was read and checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rule {
    text: String,
    expr: Expr,
}

impl Rule {
    /// Reads a rule.
    ///
    /// # Errors
    /// [`RuleError`] with the first thing that is wrong, its place, and a hint.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        if text.len() > RULE_BYTES_MAX {
            let bytes = text.len();
            return Err(RuleError::new(text, 0, RuleFault::TooLong { bytes }));
        }
        Ok(Self {
            expr: parser::parse(text)?,
            text: text.to_owned(),
        })
    }

    /// The rule as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the rule holds for a host. Allocates nothing.
    pub fn truth(&self, subject: &Subject<'_>) -> Truth {
        self.expr.truth(subject)
    }

    /// Whether the rule holds for a host, and in words what decided or is not known; no words
    /// where the rule names nothing of the host, as `true` does.
    pub fn evaluate(&self, subject: &Subject<'_>) -> (Truth, Option<String>) {
        (self.truth(subject), words::explain(&self.expr, subject))
    }

    /// The declared attributes that the rule names.
    pub fn attributes(&self) -> BTreeSet<ValueName> {
        let mut names = BTreeSet::new();
        self.expr.each_attribute(&mut |name| {
            names.insert(name.clone());
        });
        names
    }
}

impl TryFrom<String> for Rule {
    type Error = RuleError;

    fn try_from(text: String) -> Result<Self, RuleError> {
        Self::parse(&text)
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> Self {
        rule.text
    }
}
