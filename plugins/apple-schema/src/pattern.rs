//! The regular expressions of the table, matched without a library.
//!
//! Apple's formats need little: text, `.`, classes, groups, `|`, the anchors, and `*`, `+`, `?`,
//! `{n}`, `{n,}`, `{n,m}`. Invariants: an expression with anything else matches every text, so that
//! nothing is reported by half an understanding; work is limited, and a text that takes more counts
//! as a match.

/// Most steps of one match.
const STEPS_MAX: usize = 20_000;
/// Most repetitions that a count may ask for.
const COUNT_MAX: usize = 1_000;
/// Deepest recursion of a match: a component has little stack, and this is about the characters that
/// one repetition takes.
const RECURSION_MAX: usize = 500;
/// Deepest nesting of groups.
const DEPTH_MAX: usize = 16;

/// Whether the expression is found in the text, or cannot be judged.
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    let mut parser = Parser {
        rest: pattern.chars().collect(),
        at: 0,
    };
    let Some(choice) = parser.choice(0) else {
        return true;
    };
    if parser.at < parser.rest.len() {
        return true;
    }
    let text: Vec<char> = text.chars().collect();
    let mut matcher = Matcher {
        text: &text,
        steps: 0,
        depth: 0,
    };
    let found = (0..=text.len()).any(|from| matcher.choice(&choice, from, &mut |_, _| true));
    found || matcher.steps >= STEPS_MAX
}

/// Alternatives, each a row of pieces.
type Choice = Vec<Vec<Piece>>;

struct Piece {
    atom: Atom,
    low: usize,
    high: usize,
}

enum Atom {
    Any,
    Start,
    End,
    One(char),
    Class(bool, Vec<(char, char)>),
    Group(Choice),
}

struct Parser {
    rest: Vec<char>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    fn choice(&mut self, depth: usize) -> Option<Choice> {
        if depth > DEPTH_MAX {
            return None;
        }
        let mut choice = vec![Vec::new()];
        while let Some(c) = self.peek().filter(|c| *c != ')') {
            self.at += 1;
            if c == '|' {
                choice.push(Vec::new());
                continue;
            }
            let atom = self.atom(c, depth)?;
            let (low, high) = self.count()?;
            choice.last_mut()?.push(Piece { atom, low, high });
        }
        Some(choice)
    }

    fn atom(&mut self, c: char, depth: usize) -> Option<Atom> {
        Some(match c {
            '.' => Atom::Any,
            '^' => Atom::Start,
            '$' => Atom::End,
            '[' => self.class()?,
            '(' => {
                if self.peek() == Some('?') {
                    // Of the special groups only the one that is not counted is known.
                    self.at += 1;
                    (self.next()? == ':').then_some(())?;
                }
                let inner = self.choice(depth + 1)?;
                (self.next()? == ')').then_some(())?;
                Atom::Group(inner)
            }
            '\\' => escape(self.next()?)?,
            '*' | '+' | '?' | '{' => return None,
            c => Atom::One(c),
        })
    }

    fn class(&mut self) -> Option<Atom> {
        let is_negated = self.peek() == Some('^');
        self.at += usize::from(is_negated);
        let mut ranges = Vec::new();
        loop {
            let low = match self.next()? {
                ']' if !ranges.is_empty() => return Some(Atom::Class(is_negated, ranges)),
                '[' => return None,
                '\\' => match escape(self.next()?)? {
                    Atom::One(c) => c,
                    Atom::Class(false, inner) => {
                        ranges.extend(inner);
                        continue;
                    }
                    Atom::Any | Atom::Start | Atom::End | Atom::Class(..) | Atom::Group(_) => {
                        return None;
                    }
                },
                c => c,
            };
            let is_range = self.peek() == Some('-') && self.rest.get(self.at + 1) != Some(&']');
            let high = if is_range {
                self.at += 1;
                self.next().filter(|c| *c != '\\')?
            } else {
                low
            };
            ranges.push((low, high));
        }
    }

    fn count(&mut self) -> Option<(usize, usize)> {
        let count = match self.peek() {
            Some('*') => (0, usize::MAX),
            Some('+') => (1, usize::MAX),
            Some('?') => (0, 1),
            Some('{') => {
                let from = self.at + 1;
                let length = self.rest.get(from..)?.iter().position(|c| *c == '}')?;
                let inner: String = self.rest[from..from + length].iter().collect();
                self.at = from + length;
                let number = |text: &str| text.parse().ok().filter(|n| *n <= COUNT_MAX);
                match inner.split_once(',') {
                    None => (number(&inner)?, number(&inner)?),
                    Some((low, "")) => (number(low)?, usize::MAX),
                    Some((low, high)) => (number(low)?, number(high)?),
                }
            }
            _ => return Some((1, 1)),
        };
        self.at += 1;
        // Lazy and possessive counts match other texts in other tools; neither is known here.
        (!matches!(self.peek(), Some('?' | '+' | '*' | '{'))).then_some(count)
    }
}

fn escape(c: char) -> Option<Atom> {
    Some(match c {
        'd' => Atom::Class(false, vec![('0', '9')]),
        'w' => Atom::Class(false, vec![('0', '9'), ('A', 'Z'), ('a', 'z'), ('_', '_')]),
        's' => Atom::Class(false, vec![(' ', ' '), ('\t', '\r')]),
        c if c.is_ascii_punctuation() => Atom::One(c),
        _ => return None,
    })
}

struct Matcher<'a> {
    text: &'a [char],
    steps: usize,
    depth: usize,
}

/// What has to match after a piece.
type Then<'t> = &'t mut dyn FnMut(&mut Matcher<'_>, usize) -> bool;

impl Matcher<'_> {
    fn choice(&mut self, choice: &Choice, at: usize, then: Then<'_>) -> bool {
        choice.iter().any(|row| self.row(row, at, then))
    }

    fn row(&mut self, row: &[Piece], at: usize, then: Then<'_>) -> bool {
        match row.split_first() {
            None => then(self, at),
            Some((piece, rest)) => self.piece(piece, 0, rest, at, then),
        }
    }

    fn piece(
        &mut self,
        piece: &Piece,
        done: usize,
        rest: &[Piece],
        at: usize,
        then: Then<'_>,
    ) -> bool {
        self.steps += 1;
        if self.steps >= STEPS_MAX || self.depth >= RECURSION_MAX {
            self.steps = STEPS_MAX;
            return true;
        }
        self.depth += 1;
        let found = self.repeated(piece, done, rest, at, then);
        self.depth -= 1;
        found
    }

    fn repeated(
        &mut self,
        piece: &Piece,
        done: usize,
        rest: &[Piece],
        at: usize,
        then: Then<'_>,
    ) -> bool {
        if done < piece.high {
            let more = self.atom(&piece.atom, at, &mut |matcher, next| {
                // An empty match more often is the same match.
                (next > at || done < piece.low) && matcher.piece(piece, done + 1, rest, next, then)
            });
            if more {
                return true;
            }
        }
        done >= piece.low && self.row(rest, at, then)
    }

    fn atom(&mut self, atom: &Atom, at: usize, then: Then<'_>) -> bool {
        let here = self.text.get(at).copied();
        let fits = match atom {
            Atom::Start => return at == 0 && then(self, at),
            Atom::End => return at == self.text.len() && then(self, at),
            Atom::Group(choice) => return self.choice(choice, at, then),
            Atom::Any => here.is_some_and(|c| c != '\n'),
            Atom::One(one) => here == Some(*one),
            Atom::Class(is_negated, ranges) => here.is_some_and(|c| {
                ranges.iter().any(|(low, high)| (*low..=*high).contains(&c)) != *is_negated
            }),
        };
        fits && then(self, at + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The formats of Apple's data, and what comes near them.
    #[test]
    fn formats() {
        let uuid = "^[0-9A-Za-z]{8}-[0-9A-Za-z]{4}-[0-9A-Za-z]{4}-[0-9A-Za-z]{4}-[0-9A-Za-z]{12}$";
        assert!(fits(uuid, "5B3A6C04-6B0D-4B8B-8C5C-0C6C5D3F1A01"));
        assert!(!fits(uuid, "5B3A6C04-6B0D-4B8B-8C5C-0C6C5D3F1A0"));
        assert!(fits("^https://.*$", "https://example.com"));
        assert!(!fits("^https://.*$", "http://example.com"));
        let address = "^([0-9A-Fa-f]{2}:){5}([0-9A-Fa-f]{2})$";
        assert!(fits(address, "00:1b:63:84:45:e6"));
        assert!(!fits(address, "00:1b:63:84:45"));
        let either = "^([0-9A-Za-z]{6})|([0-9A-Za-z]{9})$";
        assert!(fits(either, "abcdef") && fits(either, "abcdefghi") && !fits(either, "abc"));
        assert!(fits("^a{2,3}b?c+$", "aaacc") && !fits("^a{2,3}b?c+$", "ac"));
        assert!(fits(r"^\d+\.\w[^-]$", "12.ab") && !fits(r"^\d+\.\w[^-]$", "12.a-"));
    }

    /// What is not understood, or takes too long, is no mismatch.
    #[test]
    fn unknown_fits() {
        for pattern in ["(?=a)b", "a**", "[", "(a", r"\bq", "a{9999}", "a)"] {
            assert!(fits(pattern, "zzz"), "{pattern}");
        }
        assert!(fits("^(a*)*(a*)*(a*)*$", &("a".repeat(60) + "b")));
    }
}
