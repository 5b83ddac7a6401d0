//! The names that a rule may use, and which one was meant by another.
//!
//! Knows nothing of how rules are read. Invariant: the names of [`HOST_NAMES`] are those that
//! [`host_name`] knows.

use mooring_mdm::os::Platform;

use super::expr::{Expr, Fact};
use super::operand::Operand;

/// What follows `host.` in rules.
pub(super) const HOST_NAMES: [&str; 8] = [
    "id",
    "serial",
    "name",
    "model",
    "platform",
    "os_version",
    "build",
    "is_supervised",
];

/// What `host.NAME` stands for.
pub(super) fn host_name(name: &str) -> Option<Operand> {
    Some(match name {
        "id" => Operand::Fact(Fact::Id),
        "serial" => Operand::Fact(Fact::Serial),
        "name" => Operand::Fact(Fact::Name),
        "model" => Operand::Fact(Fact::Model),
        "build" => Operand::Fact(Fact::Build),
        "platform" => Operand::Platform,
        "os_version" => Operand::OsVersion,
        "is_supervised" => Operand::Condition(Expr::Supervised),
        _ => return None,
    })
}

/// What to say to somebody who wrote `name`, which does not exist.
pub(super) fn hint(name: &str) -> String {
    match name {
        "and" => return "write && for and".to_owned(),
        "or" => return "write || for or".to_owned(),
        "not" => return "write ! for not".to_owned(),
        "host" | "attributes" => return format!("write {name}.NAME"),
        _ => {}
    }
    if let Some(attribute) = name.strip_prefix("attribute.") {
        return format!("did you mean attributes.{attribute}?");
    }
    let host_name = name.strip_prefix("host.").unwrap_or(name);
    match nearest(host_name, &HOST_NAMES) {
        Some(meant) => format!("did you mean host.{meant}?"),
        None => format!(
            "there are host.{}, and attributes.NAME",
            HOST_NAMES.join(", host.")
        ),
    }
}

/// Other names under which platforms are known, in small letters.
const OTHER_PLATFORM_NAMES: [(&str, Platform); 6] = [
    ("osx", Platform::MacOs),
    ("os x", Platform::MacOs),
    ("darwin", Platform::MacOs),
    ("iphone", Platform::Ios),
    ("appletv", Platform::TvOs),
    ("xros", Platform::VisionOs),
];

/// The platform that was meant by `text`.
pub(super) fn nearest_platform(text: &str) -> Option<Platform> {
    let text = text.to_ascii_lowercase();
    let mut others = OTHER_PLATFORM_NAMES.iter();
    if let Some((_, platform)) = others.find(|(name, _)| *name == text) {
        return Some(*platform);
    }
    nearest(&text, &Platform::ALL.map(Platform::as_str))?
        .parse()
        .ok()
}

/// The name that is nearest to `text`: one that differs in at most two characters, or else one
/// that contains it or is contained in it.
fn nearest<'a>(text: &str, names: &[&'a str]) -> Option<&'a str> {
    let near = names.iter().map(|name| (distance(text, name), *name)).min();
    match near {
        Some((differing, name)) if differing <= 2 && differing < name.len() => Some(name),
        Some(_) | None => names
            .iter()
            .find(|name| text.len() > 1 && (name.contains(text) || text.contains(*name)))
            .copied(),
    }
}

/// How many characters must be added, removed, replaced, or swapped with their neighbour.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut before_last = vec![0; to.len() + 1];
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let replaced = last[j] + usize::from(a != b);
            let mut least = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                least = least.min(before_last[j - 1] + 1);
            }
            row.push(least);
        }
        before_last = last;
        last = row;
    }
    last.last().copied().unwrap_or(0)
}
