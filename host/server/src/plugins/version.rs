//! Which of two versions of a plugin is the newer.
//!
//! Knows nothing of plugins. Invariant: a total order in which numbers count as numbers, and a
//! version with a part behind `-` comes before the same one without.

use std::cmp::Ordering;

/// Compares two versions such as `1.2.10` and `1.2.9-beta.1`. What is behind a `+` does not count.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let ((a, before_a), (b, before_b)) = (split(a), split(b));
    parts(a, b).then_with(|| match (before_a, before_b) {
        (None, None) => Ordering::Equal,
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (Some(a), Some(b)) => parts(a, b),
    })
}

/// The release, and what makes it a version before it.
fn split(version: &str) -> (&str, Option<&str>) {
    let version = version.split('+').next().unwrap_or_default();
    match version.split_once('-') {
        Some((release, before)) => (release, Some(before)),
        None => (version, None),
    }
}

fn parts(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            // `1.2` is `1.2.0`.
            (Some(a), None) => part(a, "0"),
            (None, Some(b)) => part("0", b),
            (Some(a), Some(b)) => part(a, b),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

fn part(a: &str, b: &str) -> Ordering {
    match (a.parse::<u64>(), b.parse::<u64>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => a.cmp(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves the order of versions, from both sides.
    #[test]
    fn order() {
        for (older, newer) in [
            ("1.2.9", "1.2.10"),
            ("1.2", "1.2.1"),
            ("0.9", "1"),
            ("1.0.0-beta.2", "1.0.0-beta.10"),
            ("1.0.0-rc", "1.0.0"),
            ("1.0.0", "1.0.1-rc"),
            ("1.9", "2.0-alpha"),
        ] {
            assert_eq!(compare(older, newer), Ordering::Less, "{older} {newer}");
            assert_eq!(compare(newer, older), Ordering::Greater, "{older} {newer}");
        }
        for (a, b) in [("1.0", "1.0.0"), ("1.0+a", "1.0+b"), ("", "")] {
            assert_eq!(compare(a, b), Ordering::Equal, "{a} {b}");
        }
    }
}
