//! The nearest known name of one that is not known.
//!
//! Invariants: equal lists give equal answers, the first of several that are equally near; a name
//! that has little in common with all of them gets no answer.

/// Longest name that is compared, in bytes.
const LENGTH_MAX: usize = 100;

/// The candidate that a person most likely meant, in its own spelling.
pub(crate) fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    nearest_within(name, 3, candidates)
}

/// The same, with at most this many slips, however long the name is.
pub(crate) fn nearest_within<'a>(
    name: &str,
    most: usize,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    if name.len() > LENGTH_MAX {
        return None;
    }
    let allowed = match name.len() {
        0..=2 => return None,
        3..=5 => 1,
        6..=11 => 2,
        _ => 3,
    };
    let mut limit = most.min(allowed);
    let mut best = None;
    let mut lines = Lines::default();
    for candidate in candidates {
        if let Some(distance) = lines.distance(name.as_bytes(), candidate.as_bytes(), limit) {
            best = Some(candidate);
            let Some(closer) = distance.checked_sub(1) else {
                break;
            };
            limit = closer;
        }
    }
    best
}

/// Three lines of the usual table of distances, kept from one comparison to the next.
#[derive(Default)]
struct Lines {
    before: Vec<usize>,
    last: Vec<usize>,
    line: Vec<usize>,
}

impl Lines {
    /// How many bytes have to be added, taken out, replaced or swapped with their neighbour, case
    /// apart; `None` for more than `limit`.
    fn distance(&mut self, one: &[u8], other: &[u8], limit: usize) -> Option<usize> {
        if one.len().abs_diff(other.len()) > limit {
            return None;
        }
        let same = |a: u8, b: u8| a.eq_ignore_ascii_case(&b);
        self.last.clear();
        self.last.extend(0..=other.len());
        for (row, a) in one.iter().enumerate() {
            self.line.clear();
            self.line.push(row + 1);
            let mut least_of_line = row + 1;
            for (column, b) in other.iter().enumerate() {
                let replaced = self.last[column] + usize::from(!same(*a, *b));
                let added = self.last[column + 1].min(self.line[column]) + 1;
                let mut least = replaced.min(added);
                let is_swap =
                    row > 0 && column > 0 && same(*a, other[column - 1]) && same(one[row - 1], *b);
                if is_swap {
                    least = least.min(self.before[column - 1] + 1);
                }
                least_of_line = least_of_line.min(least);
                self.line.push(least);
            }
            // A swap reaches back over one line, so that one more is allowed here.
            if least_of_line > limit + 1 {
                return None;
            }
            std::mem::swap(&mut self.before, &mut self.last);
            std::mem::swap(&mut self.last, &mut self.line);
        }
        let distance = self.last.last().copied();
        distance.filter(|distance| *distance <= limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Slips of the hand find their name, other names do not.
    #[test]
    fn slips() {
        let names = [
            "autohide",
            "autohide-immutable",
            "tilesize",
            "mail",
            "mailX",
        ];
        assert_eq!(nearest("autohid", names), Some("autohide"));
        assert_eq!(nearest("AutoHide", names), Some("autohide"));
        assert_eq!(nearest("tielsize", names), Some("tilesize"));
        assert_eq!(nearest("mial", names), Some("mail"));
        assert_eq!(nearest("orientation", names), None);
        assert_eq!(nearest("mx", names), None);
        assert_eq!(nearest(&"x".repeat(200), names), None);
    }
}
