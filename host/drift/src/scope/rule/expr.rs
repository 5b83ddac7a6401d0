//! A rule after it was read and checked: a small closed set of conditions.
//!
//! Knows nothing of the text it came from. Invariants: every expression has an answer for every
//! host, since there is nothing in it that can fail; its depth is bounded by that of the
//! parentheses in the text. What the device did not tell is unknown, and so is a declared
//! attribute that is not set, but for [`Expr::IsSet`]: the server knows what it was told.

use mooring_mdm::os::{OsVersion, Platform};
use mooring_mdm::profile::placeholder::ValueName;

use crate::scope::{Subject, Truth};

/// A condition on one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expr {
    /// The same for every host.
    Always(bool),
    /// The opposite.
    Not(Box<Self>),
    /// All of these.
    And(Vec<Self>),
    /// One of these.
    Or(Vec<Self>),
    /// `host.is_supervised`.
    Supervised,
    /// `has(attributes.NAME)`.
    IsSet(ValueName),
    /// `host.os_version` against one version.
    Version(Order, OsVersion),
    /// `host.os_version` in a list.
    VersionIn(Vec<OsVersion>),
    /// `host.platform` in a list, or equal to its only entry.
    PlatformIn(Vec<Platform>),
    /// A text against another.
    Text(Term, Test, Term),
    /// A text in a list.
    TextIn(Fact, Vec<String>),
}

/// How a version compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// How a text compares. Texts are compared byte for byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Test {
    Equal,
    StartsWith,
    EndsWith,
    Contains,
}

/// A text that a host has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fact {
    Id,
    Serial,
    Name,
    Model,
    Build,
    Attribute(ValueName),
}

/// One side of a comparison of texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Term {
    Fact(Fact),
    Fixed(String),
}

impl Expr {
    /// The opposite, without a second `Not` around the first: a chain of them has no depth.
    pub(super) fn negated(self) -> Self {
        match self {
            Self::Not(inner) => *inner,
            Self::Always(holds) => Self::Always(!holds),
            other @ (Self::And(_)
            | Self::Or(_)
            | Self::Supervised
            | Self::IsSet(_)
            | Self::Version(..)
            | Self::VersionIn(_)
            | Self::PlatformIn(_)
            | Self::Text(..)
            | Self::TextIn(..)) => Self::Not(Box::new(other)),
        }
    }

    /// Whether the condition holds for a host.
    pub(super) fn truth(&self, subject: &Subject<'_>) -> Truth {
        match self {
            Self::Always(holds) => Truth::from(*holds),
            Self::Not(inner) => !inner.truth(subject),
            Self::And(parts) => Truth::all(parts.iter().map(|part| part.truth(subject))),
            Self::Or(parts) => Truth::any(parts.iter().map(|part| part.truth(subject))),
            Self::Supervised => Truth::from(subject.attributes.and_then(|a| a.is_supervised)),
            Self::IsSet(name) => Truth::from(subject.values.contains_key(name)),
            Self::Version(order, version) => {
                Truth::from(subject.os_version().map(|own| order.holds(own, *version)))
            }
            Self::VersionIn(list) => {
                Truth::from(subject.os_version().map(|own| list.contains(&own)))
            }
            Self::PlatformIn(list) => {
                Truth::from(subject.platform().map(|own| list.contains(&own)))
            }
            Self::Text(left, test, right) => {
                let both = left.text(subject).zip(right.text(subject));
                Truth::from(both.map(|(left, right)| test.holds(left, right)))
            }
            Self::TextIn(fact, list) => {
                let own = fact.text(subject);
                Truth::from(own.map(|own| list.iter().any(|entry| entry == own)))
            }
        }
    }

    /// Calls `visit` with every declared attribute that the condition names.
    pub(super) fn each_attribute(&self, visit: &mut impl FnMut(&ValueName)) {
        match self {
            Self::Not(inner) => inner.each_attribute(visit),
            Self::And(parts) | Self::Or(parts) => {
                for part in parts {
                    part.each_attribute(visit);
                }
            }
            Self::IsSet(name) | Self::TextIn(Fact::Attribute(name), _) => visit(name),
            Self::Text(left, _, right) => {
                for term in [left, right] {
                    if let Term::Fact(Fact::Attribute(name)) = term {
                        visit(name);
                    }
                }
            }
            Self::Always(_)
            | Self::Supervised
            | Self::Version(..)
            | Self::VersionIn(_)
            | Self::PlatformIn(_)
            | Self::TextIn(Fact::Id | Fact::Serial | Fact::Name | Fact::Model | Fact::Build, _) => {
            }
        }
    }
}

impl Order {
    fn holds(self, own: OsVersion, version: OsVersion) -> bool {
        match self {
            Self::Equal => own == version,
            Self::Less => own < version,
            Self::LessOrEqual => own <= version,
            Self::Greater => own > version,
            Self::GreaterOrEqual => own >= version,
        }
    }

    /// The same comparison with its sides exchanged.
    pub(super) fn turned(self) -> Self {
        match self {
            Self::Equal => Self::Equal,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }
}

impl Test {
    fn holds(self, left: &str, right: &str) -> bool {
        match self {
            Self::Equal => left == right,
            Self::StartsWith => left.starts_with(right),
            Self::EndsWith => left.ends_with(right),
            Self::Contains => left.contains(right),
        }
    }
}

impl Fact {
    /// The text that the host has, if it is known.
    pub(super) fn text<'a>(&self, subject: &Subject<'a>) -> Option<&'a str> {
        match self {
            Self::Id => Some(subject.host.as_str()),
            Self::Serial => subject.serial(),
            Self::Name => subject.name(),
            Self::Model => subject.model(),
            Self::Build => subject.build(),
            Self::Attribute(name) => subject.values.get(name).map(String::as_str),
        }
    }
}

impl Term {
    /// The text, if it is known.
    fn text<'a>(&'a self, subject: &Subject<'a>) -> Option<&'a str> {
        match self {
            Self::Fact(fact) => fact.text(subject),
            Self::Fixed(text) => Some(text),
        }
    }
}
