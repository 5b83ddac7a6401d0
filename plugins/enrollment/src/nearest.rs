//! The known name that an unknown one was probably meant to be.
//!
//! Knows nothing of settings. Invariant: its cost is bounded, since long names get no suggestion.

/// The longest name that is compared, in characters.
const NAME_MAX: usize = 40;

/// The known name with the fewest edits from `name`, if they are at most a third of its length.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name: Vec<char> = name.chars().take(NAME_MAX + 1).collect();
    if name.len() > NAME_MAX {
        return None;
    }
    let distances = known.map(|known| (edits(&name, known), known));
    let (distance, known) = distances.min()?;
    (distance * 3 <= known.len()).then_some(known)
}

/// Insertions, removals and replacements that make `known` of `name`, row by row.
fn edits(name: &[char], known: &str) -> usize {
    let mut row: Vec<usize> = (0..=name.len()).collect();
    for (above, wanted) in known.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = above + 1;
        for (at, found) in name.iter().enumerate() {
            let replaced = diagonal + usize::from(*found != wanted);
            diagonal = row[at + 1];
            row[at + 1] = replaced.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row[name.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 3] = ["server_url", "topic", "check_in_url"];

    fn suggested(name: &str) -> Option<&'static str> {
        nearest(name, KNOWN.into_iter())
    }

    /// Slips of the pen are recognised, other words are not.
    #[test]
    fn suggestions() {
        assert_eq!(suggested("serverUrl"), Some("server_url"));
        assert_eq!(suggested("topics"), Some("topic"));
        assert_eq!(suggested("checkin_url"), Some("check_in_url"));
        for name in ["", "password", "t", &"server_url".repeat(5)] {
            assert_eq!(suggested(name), None, "{name}");
        }
    }

    /// The distance is the usual one.
    #[test]
    fn distances() {
        let from = |name: &str, known| edits(&name.chars().collect::<Vec<_>>(), known);
        assert_eq!(from("kitten", "sitting"), 3);
        assert_eq!(from("", "abc"), 3);
        assert_eq!(from("abc", ""), 3);
        assert_eq!(from("same", "same"), 0);
    }
}
