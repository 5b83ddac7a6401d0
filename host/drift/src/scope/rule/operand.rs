//! What stands on one side of an operator, and what comes of two of them: the types of rules.
//!
//! Knows nothing of tokens or places. Invariant: what does not go together is a fault that names
//! both sides.

use mooring_mdm::os::{OsVersion, Platform};

use super::expr::{Expr, Fact, Order, Term, Test};
use super::fault::RuleFault;
use super::names;

/// A part of a rule with its type.
#[derive(Debug)]
pub(super) enum Operand {
    /// Something that holds or does not.
    Condition(Expr),
    /// `host.os_version`.
    OsVersion,
    /// `host.platform`.
    Platform,
    /// A text that the host has.
    Fact(Fact),
    /// A text in the rule.
    Text(String),
}

/// An operator between two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    NotEqual,
    Order(Order),
}

impl Relation {
    /// The operator that is written as `sign`.
    pub(super) fn parse(sign: &str) -> Option<Self> {
        Some(match sign {
            "==" => Self::Order(Order::Equal),
            "!=" => Self::NotEqual,
            "<" => Self::Order(Order::Less),
            "<=" => Self::Order(Order::LessOrEqual),
            ">" => Self::Order(Order::Greater),
            ">=" => Self::Order(Order::GreaterOrEqual),
            _ => return None,
        })
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::NotEqual => "!=",
            Self::Order(order) => order.as_str(),
        }
    }
}

impl Operand {
    /// What it is, for a message.
    pub(super) fn what(&self) -> &'static str {
        match self {
            Self::Condition(Expr::Always(true)) => "true",
            Self::Condition(Expr::Always(false)) => "false",
            Self::Condition(Expr::Supervised) => "host.is_supervised",
            Self::Condition(_) => "a condition",
            Self::OsVersion => "host.os_version",
            Self::Platform => "host.platform",
            Self::Fact(Fact::Id) => "host.id",
            Self::Fact(Fact::Serial) => "host.serial",
            Self::Fact(Fact::Name) => "host.name",
            Self::Fact(Fact::Model) => "host.model",
            Self::Fact(Fact::Build) => "host.build",
            Self::Fact(Fact::Attribute(_)) => "an attribute",
            Self::Text(_) => "a text",
        }
    }

    /// It as a condition.
    pub(super) fn condition(self) -> Result<Expr, RuleFault> {
        match self {
            Self::Condition(expr) => Ok(expr),
            Self::OsVersion | Self::Platform | Self::Fact(_) | Self::Text(_) => {
                let what = self.what();
                Err(RuleFault::NotCondition { what })
            }
        }
    }

    /// It as a text.
    fn term(self) -> Result<Term, RuleFault> {
        match self {
            Self::Fact(fact) => Ok(Term::Fact(fact)),
            Self::Text(text) => Ok(Term::Fixed(text)),
            Self::Condition(_) | Self::OsVersion | Self::Platform => {
                let what = self.what();
                Err(RuleFault::NotText { what })
            }
        }
    }
}

/// `left relation right`.
pub(super) fn compare(
    left: Operand,
    relation: Relation,
    right: Operand,
) -> Result<Expr, RuleFault> {
    let order = match relation {
        Relation::NotEqual => return Ok(equal(left, relation, right)?.negated()),
        Relation::Order(Order::Equal) => return equal(left, relation, right),
        Relation::Order(order) => order,
    };
    match (left, right) {
        (Operand::OsVersion, Operand::Text(text)) => Ok(Expr::Version(order, version(&text)?)),
        (Operand::Text(text), Operand::OsVersion) => {
            Ok(Expr::Version(order.turned(), version(&text)?))
        }
        (left, right) => Err(mismatch(&left, relation.as_str(), &right)),
    }
}

/// `left == right`; `relation` is what was written, for a message.
fn equal(left: Operand, relation: Relation, right: Operand) -> Result<Expr, RuleFault> {
    use Operand::{Condition, Fact, OsVersion, Platform, Text};
    match (left, right) {
        (Condition(expr), Condition(Expr::Always(holds)))
        | (Condition(Expr::Always(holds)), Condition(expr)) => {
            Ok(if holds { expr } else { expr.negated() })
        }
        (OsVersion, Text(text)) | (Text(text), OsVersion) => {
            Ok(Expr::Version(Order::Equal, version(&text)?))
        }
        (Platform, Text(text)) | (Text(text), Platform) => {
            Ok(Expr::PlatformIn(vec![platform(&text)?]))
        }
        (Text(_), Text(_)) => Err(RuleFault::Fixed),
        // The host's text comes first, so that the words begin with what is known of the host.
        (Fact(fact), Text(text)) | (Text(text), Fact(fact)) => {
            Ok(Expr::Text(Term::Fact(fact), Test::Equal, Term::Fixed(text)))
        }
        (Fact(left), Fact(right)) => {
            Ok(Expr::Text(Term::Fact(left), Test::Equal, Term::Fact(right)))
        }
        (left, right) => Err(mismatch(&left, relation.as_str(), &right)),
    }
}

/// `left in [..]`. A fault carries the number of the entry it is about.
pub(super) fn contained(left: Operand, list: Vec<String>) -> Result<Expr, (usize, RuleFault)> {
    let numbered = list.iter().enumerate();
    match left {
        Operand::OsVersion => numbered
            .map(|(at, text)| version(text).map_err(|fault| (at, fault)))
            .collect::<Result<_, _>>()
            .map(Expr::VersionIn),
        Operand::Platform => numbered
            .map(|(at, text)| platform(text).map_err(|fault| (at, fault)))
            .collect::<Result<_, _>>()
            .map(Expr::PlatformIn),
        Operand::Fact(fact) => Ok(Expr::TextIn(fact, list)),
        Operand::Text(_) => Err((0, RuleFault::Fixed)),
        Operand::Condition(_) => {
            let (left, operator, right) = (left.what(), "in", "a list");
            Err((
                0,
                RuleFault::Mismatch {
                    left,
                    operator,
                    right,
                },
            ))
        }
    }
}

/// `receiver.method(argument)`.
pub(super) fn call(receiver: Operand, test: Test, argument: Operand) -> Result<Expr, RuleFault> {
    match (receiver.term()?, argument.term()?) {
        (Term::Fixed(_), Term::Fixed(_)) => Err(RuleFault::Fixed),
        (left, right) => Ok(Expr::Text(left, test, right)),
    }
}

fn version(text: &str) -> Result<OsVersion, RuleFault> {
    OsVersion::parse(text).map_err(RuleFault::Version)
}

fn platform(text: &str) -> Result<Platform, RuleFault> {
    text.parse().map_err(|error| RuleFault::Platform {
        error,
        meant: names::nearest_platform(text),
    })
}

fn mismatch(left: &Operand, operator: &'static str, right: &Operand) -> RuleFault {
    RuleFault::Mismatch {
        left: left.what(),
        operator,
        right: right.what(),
    }
}
