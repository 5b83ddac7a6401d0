//! Says in words what decided a rule for one host.
//!
//! Knows nothing of labels. Invariants: only comparisons that decided are named, and at most
//! [`NAMED_MAX`] of them, so an explanation is short whatever the rule and the host's texts.

use crate::scope::judge::shown;
use crate::scope::{Subject, Truth};

use super::expr::{Expr, Fact, Order, Term, Test};

/// Most comparisons that an explanation names.
const NAMED_MAX: usize = 4;

/// Most entries of a list that an explanation repeats.
const ENTRIES_MAX: usize = 8;

/// What decided the truth of `expr`; `None` if it names nothing of the host.
pub(super) fn explain(expr: &Expr, subject: &Subject<'_>) -> Option<String> {
    let mut named = Vec::new();
    collect(expr, subject, false, &mut named);
    let more = named.len().saturating_sub(NAMED_MAX);
    named.truncate(NAMED_MAX);
    if more > 0 {
        named.push(format!("and {more} more"));
    }
    (!named.is_empty()).then(|| named.join(", "))
}

/// Adds the comparisons that decided `expr`, which stands under a "not" if `is_negated`.
fn collect(expr: &Expr, subject: &Subject<'_>, is_negated: bool, named: &mut Vec<String>) {
    match expr {
        Expr::Always(_) => {}
        Expr::Not(inner) => collect(inner, subject, !is_negated, named),
        Expr::And(parts) => decisive(parts, Truth::No, expr.truth(subject), subject)
            .for_each(|part| collect(part, subject, is_negated, named)),
        Expr::Or(parts) => decisive(parts, Truth::Yes, expr.truth(subject), subject)
            .for_each(|part| collect(part, subject, is_negated, named)),
        Expr::Supervised
        | Expr::IsSet(_)
        | Expr::Version(..)
        | Expr::VersionIn(_)
        | Expr::PlatformIn(_)
        | Expr::Text(..)
        | Expr::TextIn(..) => named.push(comparison(expr, subject, is_negated)),
    }
}

/// The parts that gave the whole its `truth`. One part with the truth `strong` is enough; for any
/// other it took all that have it.
fn decisive<'a>(
    parts: &'a [Expr],
    strong: Truth,
    truth: Truth,
    subject: &'a Subject<'_>,
) -> impl Iterator<Item = &'a Expr> {
    let most = if truth == strong { 1 } else { parts.len() };
    let equal = parts.iter().filter(move |p| p.truth(subject) == truth);
    equal.take(most)
}

/// What is known of the host, and what was wanted if it is known.
fn comparison(expr: &Expr, subject: &Subject<'_>, is_negated: bool) -> String {
    let (own, wanted) = match expr {
        Expr::Supervised => {
            let told = subject.attributes.and_then(|told| told.is_supervised);
            (told_words(told), (!is_negated).to_string())
        }
        Expr::IsSet(name) => {
            let is_set = subject.values.contains_key(name);
            return format!(
                "attributes.{name} is {}set",
                if is_set { "" } else { "not " }
            );
        }
        Expr::Version(order, version) => {
            let sign = if is_negated {
                order.opposite()
            } else {
                order.as_str()
            };
            (subject.os_words(), format!("{sign} {version}"))
        }
        Expr::VersionIn(list) => {
            let list = list.iter().map(ToString::to_string);
            (subject.os_words(), one_of(list, is_negated))
        }
        Expr::PlatformIn(list) => {
            let list = list.iter().map(ToString::to_string);
            (subject.platform_words(), one_of(list, is_negated))
        }
        Expr::Text(left, test, right) => {
            let sign = test.words(is_negated);
            (
                left.words(subject),
                format!("{sign} {}", right.wanted(subject)),
            )
        }
        Expr::TextIn(fact, list) => {
            let list = list.iter().map(|entry| shown(entry));
            (fact.words(subject), one_of(list, is_negated))
        }
        Expr::Always(_) | Expr::Not(_) | Expr::And(_) | Expr::Or(_) => return String::new(),
    };
    if expr.truth(subject) == Truth::Unknown {
        return unknown_side(expr, subject).unwrap_or(own);
    }
    format!("{own}, wanted {wanted}")
}

/// The side of a comparison of texts that is not known, if it is the right one.
fn unknown_side(expr: &Expr, subject: &Subject<'_>) -> Option<String> {
    if let Expr::Text(left, _, Term::Fact(right)) = expr
        && left.is_known(subject)
    {
        return Some(right.words(subject));
    }
    None
}

fn told_words(told: Option<bool>) -> String {
    told.map_or_else(
        || "host.is_supervised is not known".to_owned(),
        |told| format!("host.is_supervised is {told}"),
    )
}

/// The entries of a list, the first few of them.
fn one_of(entries: impl ExactSizeIterator<Item = String>, is_negated: bool) -> String {
    let more = entries.len().saturating_sub(ENTRIES_MAX);
    let mut named: Vec<String> = entries.take(ENTRIES_MAX).collect();
    if more > 0 {
        named.push(format!("and {more} more"));
    }
    let not = if is_negated { "not " } else { "" };
    format!("{not}one of {}", named.join(", "))
}

impl Order {
    /// The operator as it is written.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    fn opposite(self) -> &'static str {
        match self {
            Self::Equal => "!=",
            Self::Less => ">=",
            Self::LessOrEqual => ">",
            Self::Greater => "<=",
            Self::GreaterOrEqual => "<",
        }
    }
}

impl Test {
    fn words(self, is_negated: bool) -> &'static str {
        match (self, is_negated) {
            (Self::Equal, false) => "==",
            (Self::Equal, true) => "!=",
            (Self::StartsWith, false) => "one that starts with",
            (Self::StartsWith, true) => "one that does not start with",
            (Self::EndsWith, false) => "one that ends with",
            (Self::EndsWith, true) => "one that does not end with",
            (Self::Contains, false) => "one that contains",
            (Self::Contains, true) => "one that does not contain",
        }
    }
}

impl Fact {
    /// The name in rules.
    fn name(&self) -> String {
        match self {
            Self::Id => "host.id".to_owned(),
            Self::Serial => "host.serial".to_owned(),
            Self::Name => "host.name".to_owned(),
            Self::Model => "host.model".to_owned(),
            Self::Build => "host.build".to_owned(),
            Self::Attribute(name) => format!("attributes.{name}"),
        }
    }

    /// What is known of it.
    fn words(&self, subject: &Subject<'_>) -> String {
        match (self.text(subject), self) {
            (Some(text), _) => format!("{} is {}", self.name(), shown(text)),
            (None, Self::Attribute(name)) => format!("attributes.{name} is not set"),
            (None, Self::Id | Self::Serial | Self::Name | Self::Model | Self::Build) => {
                format!("{} is not known", self.name())
            }
        }
    }
}

impl Term {
    fn is_known(&self, subject: &Subject<'_>) -> bool {
        match self {
            Self::Fact(fact) => fact.text(subject).is_some(),
            Self::Fixed(_) => true,
        }
    }

    fn words(&self, subject: &Subject<'_>) -> String {
        match self {
            Self::Fact(fact) => fact.words(subject),
            Self::Fixed(text) => shown(text),
        }
    }

    /// The text as what another is compared with.
    fn wanted(&self, subject: &Subject<'_>) -> String {
        match self {
            Self::Fact(fact) => match fact.text(subject) {
                Some(text) => format!("{}, which is {}", fact.name(), shown(text)),
                None => fact.name(),
            },
            Self::Fixed(text) => shown(text),
        }
    }
}
