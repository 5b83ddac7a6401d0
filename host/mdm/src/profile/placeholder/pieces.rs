//! Taking a text apart into what is plain and what stands between double braces.
//!
//! Knows nothing of property lists. Invariant: the pieces put together are the text, and the cost
//! is linear in its length, however many braces it has.
//!
//! The innermost two braces count: `{{{host.id}}}` is a placeholder between single braces. Blanks
//! next to the braces do not count. There is no way to write a placeholder that is not one; no
//! text but a name of the three namespaces is ever taken for one.

use super::name::{Misnamed, Placeholder};

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Text that stays.
    Plain(&'a str),
    /// Text from two braces on that stays, since it is nothing of ours: another program's
    /// template, or braces that are never closed.
    Other(&'a str),
    /// A placeholder, with its braces in the text.
    Placeholder(Placeholder),
    /// Text with its braces whose name is in one of our namespaces and names nothing.
    Misnamed(&'a str, Misnamed),
}

/// Takes a text apart, from front to back.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    Pieces { rest: text }
}

struct Pieces<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let Some(open) = self.rest.find("{{") else {
            return Some(Piece::Plain(self.take(self.rest.len())));
        };
        let braces = self.rest[open..].bytes().take_while(|byte| *byte == b'{');
        let inner = open + braces.count();
        if inner > 2 {
            return Some(Piece::Plain(self.take(inner - 2)));
        }
        let after = &self.rest[inner..];
        let length = after
            .as_bytes()
            .windows(2)
            .position(|two| two == b"{{" || two == b"}}");
        let Some(length) = length else {
            return Some(Piece::Other(self.take(self.rest.len())));
        };
        let end = inner + length;
        if self.rest[end..].starts_with('{') {
            return Some(Piece::Other(self.take(end)));
        }
        let text = self.take(end + 2);
        Some(match Placeholder::parse(text[inner..end].trim_ascii()) {
            Ok(placeholder) => Piece::Placeholder(placeholder),
            Err(Misnamed::Namespace) => Piece::Other(text),
            Err(why @ (Misnamed::Field | Misnamed::Name(_))) => Piece::Misnamed(text, why),
        })
    }
}

impl<'a> Pieces<'a> {
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }
}
