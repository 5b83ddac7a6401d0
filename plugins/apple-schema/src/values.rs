//! One value against what the table says of it: A002 to A005.
//!
//! Knows nothing of keys around it. A value with a variable in it is not judged beyond its type:
//! what it will be is known when it is filled in. Invariant: a value of the wrong type has that one
//! finding.

use std::fmt::Write as _;

use mooring_sdk::{Kind, Node, Severity};

use crate::errata;
use crate::number::Number;
use crate::pattern;
use crate::report::{Remark, Report, quoted};
use crate::table::{Key, Shape};

/// What a value is called, and whose key it is.
#[derive(Clone, Copy)]
pub(crate) struct What<'a> {
    pub(crate) label: &'a str,
    pub(crate) type_name: &'a str,
}

/// How many values of a list a message names.
const NAMED_MAX: usize = 8;

/// Whether the table takes a value of this kind here, exactly or with a grain of salt.
pub(crate) fn takes(key: &Key<'_>, node: Node<'_>) -> bool {
    match key.shape {
        Shape::Any => true,
        Shape::Of(kind) => kind == node.kind() || coerced(kind, node).is_some(),
    }
}

/// A002 to A005 on one value, called so in messages. Tells whether its type is right, so that
/// it makes sense to look inside.
pub(crate) fn judge(key: &Key<'_>, node: Node<'_>, what: What<'_>, report: &mut Report) -> bool {
    let Shape::Of(kind) = key.shape else {
        return true;
    };
    if kind != node.kind() {
        wrong_type(kind, node, what, report);
        return false;
    }
    let text = match kind {
        Kind::String => node.as_str().map(str::to_owned),
        Kind::Integer => node.as_integer().map(|number| number.to_string()),
        Kind::Real => {
            let number = node.as_real().and_then(Number::from_real);
            number.map(|number| number.to_string())
        }
        Kind::Boolean => node.as_bool().map(|value| value.to_string()),
        Kind::Dictionary | Kind::Array | Kind::Date | Kind::Data => None,
    };
    let Some(text) = text.filter(|text| !has_variable(text)) else {
        return true;
    };
    a003_choices(key, node, &text, what, report);
    a004_range(key, node, &text, what, report);
    if kind == Kind::String {
        a005_form(key, node, &text, what, report);
    }
    true
}

/// A003 on one element of an array whose list of values stands at the array.
pub(crate) fn judge_item(array: &Key<'_>, item: Node<'_>, what: What<'_>, report: &mut Report) {
    let number = || item.as_integer().map(|number| number.to_string());
    let text = item.as_str().map(str::to_owned).or_else(number);
    if let Some(text) = text.filter(|text| !has_variable(text)) {
        a003_choices(array, item, &text, what, report);
    }
}

/// Whether the text may become another before a device gets it.
fn has_variable(text: &str) -> bool {
    let starts = |rest: &str| rest.starts_with(|c: char| c == '{' || c.is_ascii_alphabetic());
    text.contains("{{")
        || text
            .match_indices('$')
            .any(|(at, _)| starts(&text[at + 1..]))
}

/// The plist fragment that a device makes of a value of another type, if it makes one.
fn coerced(wanted: Kind, node: Node<'_>) -> Option<String> {
    let text = node.as_str().map(str::to_ascii_lowercase);
    let boolean = |value: bool| if value { "<true/>" } else { "<false/>" }.to_owned();
    match wanted {
        Kind::Boolean => match (node.as_integer(), text.as_deref()) {
            (Some(0), _) | (_, Some("false" | "no" | "0")) => Some(boolean(false)),
            (Some(1), _) | (_, Some("true" | "yes" | "1")) => Some(boolean(true)),
            _ => None,
        },
        Kind::Real => {
            let number = node.as_integer()?;
            Some(format!("<real>{number}</real>"))
        }
        Kind::Integer => {
            if let Some(value) = node.as_bool() {
                return Some(format!("<integer>{}</integer>", u8::from(value)));
            }
            let number = node.as_real().and_then(Number::from_real)?.whole()?;
            Some(format!("<integer>{number}</integer>"))
        }
        Kind::String | Kind::Date | Kind::Data | Kind::Array | Kind::Dictionary => None,
    }
}

/// A002.
fn wrong_type(wanted: Kind, node: Node<'_>, what: What<'_>, report: &mut Report) {
    let label = what.label;
    let (wanted_name, found) = (wanted.name(), node.kind().name());
    let message = format!(
        "{label} is {} {found}, not {} {wanted_name}",
        article(found),
        article(wanted_name)
    );
    let coerced = coerced(wanted, node);
    let severity = match coerced {
        Some(_) => report.by_grade(),
        None => Severity::Error,
    };
    // A text of digits where a number belongs is refused, but what was meant is plain.
    let digits = || {
        let text = node.as_str().filter(|_| wanted == Kind::Integer)?;
        let number: i64 = text.parse().ok()?;
        Some(format!("<integer>{number}</integer>"))
    };
    let fix = coerced.or_else(digits);
    let hint = match &fix {
        Some(fix) => format!("write {fix}"),
        None => format!("write {} {wanted_name} here", article(wanted_name)),
    };
    let fix = fix.map(|fix| format!("value {fix}"));
    report.add(Remark::new("A002", severity, node, message, hint).with_fix(fix));
}

fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'i']) {
        "an"
    } else {
        "a"
    }
}

/// A003: one of the values that there are.
fn a003_choices(key: &Key<'_>, node: Node<'_>, text: &str, what: What<'_>, report: &mut Report) {
    let label = what.label;
    let choices = key.choices();
    let is_same = |choice: &str| match (Number::parse(choice), Number::parse(text)) {
        (Some(one), Some(other)) if node.kind() != Kind::String => one == other,
        _ => choice == text,
    };
    let name = key.name.as_ref();
    if choices.is_empty()
        || choices.iter().any(|choice| is_same(choice))
        || errata::takes_value(what.type_name, name, text)
    {
        return;
    }
    let miscased = choices
        .iter()
        .find(|choice| node.kind() == Kind::String && choice.eq_ignore_ascii_case(text));
    let mut listed: Vec<_> = choices.iter().take(NAMED_MAX).map(AsRef::as_ref).collect();
    if choices.len() > NAMED_MAX {
        listed.push("...");
    }
    let shown = if node.kind() == Kind::String {
        quoted(text)
    } else {
        text.to_owned()
    };
    let message = format!("{label} is {shown}, which is none of its values");
    let mut hint = String::new();
    match miscased {
        Some(right) => {
            let _ = write!(hint, "write {right}");
        }
        None => {
            let _ = write!(hint, "its values are: {}", listed.join(", "));
        }
    }
    let severity = report.for_value();
    let fix = miscased.map(|right| format!("value <string>{}</string>", escaped(right)));
    report.add(Remark::new("A003", severity, node, message, hint).with_fix(fix));
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// A004: a number within its bounds.
fn a004_range(key: &Key<'_>, node: Node<'_>, text: &str, what: What<'_>, report: &mut Report) {
    let label = what.label;
    if !matches!(node.kind(), Kind::Integer | Kind::Real) {
        return;
    }
    let (low, high) = key.bounds('~');
    let Some(number) = Number::parse(text) else {
        return;
    };
    let is_below = low.is_some_and(|low| number < low);
    let is_above = high.is_some_and(|high| number > high);
    if is_below || is_above {
        let message = format!("{label} is {text}, outside of its range");
        let hint = format!("it can be {}", span(low, high));
        let severity = report.for_value();
        report.add(Remark::new("A004", severity, node, message, hint));
    }
}

/// Bounds in words.
pub(crate) fn span(low: Option<Number>, high: Option<Number>) -> String {
    match (low, high) {
        (Some(low), Some(high)) => format!("{low} to {high}"),
        (Some(low), None) => format!("{low} or more"),
        (None, Some(high)) => format!("at most {high}"),
        (None, None) => "anything".to_owned(),
    }
}

/// A005: a text of its form.
fn a005_form(key: &Key<'_>, node: Node<'_>, text: &str, what: What<'_>, report: &mut Report) {
    let label = what.label;
    let wanted = match (key.text('/'), key.text('@').as_deref()) {
        (Some(pattern), _) if !pattern::fits(&pattern, text) => {
            format!("it has to match {pattern}")
        }
        (_, Some("url")) if !is_url(text) => "write an address such as https://example.com".into(),
        (_, Some("hostname")) if !is_host(text) => "write a host's name alone".into(),
        (_, Some("email")) if !is_mail(text) => "write an address such as a@example.com".into(),
        _ => return,
    };
    let message = format!("{label} is {}, which has not its form", quoted(text));
    report.add(Remark::new("A005", Severity::Error, node, message, wanted));
}

fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let begins = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    begins
        && scheme.chars().all(is_letter)
        && !rest.is_empty()
        && !text.contains(char::is_whitespace)
}

fn is_host(text: &str) -> bool {
    // Names in other scripts, addresses and wildcards are in use; an address of a page is not.
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || matches!(c, '/' | '@' | '?'))
}

fn is_mail(text: &str) -> bool {
    let parts = text.rsplit_once('@');
    parts.is_some_and(|(name, host)| !name.is_empty() && is_host(host))
}
