//! The name that was probably meant.
//!
//! Knows nothing of what is named. Invariant: a name that differs in more than a third of its
//! characters is nobody's typo.

/// The name nearest to `word`, whatever the case of its letters; the first of several.
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.to_lowercase().chars().take(64).collect();
    let far = (word.len() / 3).max(1);
    let near = names.into_iter().map(|name| {
        let other: Vec<char> = name.to_lowercase().chars().collect();
        (distance(&word, &other), name)
    });
    let near = near.filter(|(distance, _)| *distance <= far);
    near.min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// How many characters have to be put in, left out, or replaced.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = before + usize::from(x != y);
            before = row[j + 1];
            row[j + 1] = replaced.min(before + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A slip of one character is understood, another word is not.
    #[test]
    fn typos() {
        let names = ["T001", "T011", "A001", "reserved"];
        assert_eq!(nearest("t001", names), Some("T001"));
        assert_eq!(nearest("T01", names), Some("T001"));
        assert_eq!(nearest("resreved", names), Some("reserved"));
        assert_eq!(nearest("ZZZZ", names), None);
        assert_eq!(nearest("", ["", "a"]), Some(""));
    }
}
