//! The lines of a file around a finding, as they may be shown on a terminal.
//!
//! Knows nothing of rules. Invariants: nothing that is hidden is in an excerpt, and no character
//! that moves the cursor; an excerpt has at most three lines of at most [`WIDTH_MAX`] characters.

use std::ops::Range;

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::mask;

/// Longest part of a line that is shown, in characters.
const WIDTH_MAX: usize = 120;
/// How much of that stands in front of the place, in characters.
const BEFORE_MAX: usize = 50;
/// What stands in place of what is hidden, however long it is.
const HIDDEN: &str = "****";

/// A file's text, divided into lines.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    text: &'a str,
    lines: Vec<Range<usize>>,
    hidden: Vec<Range<usize>>,
}

impl<'a> Source<'a> {
    /// The text of a file; `None` if it has none that places could be in, as a binary property
    /// list or a signed file.
    pub(crate) fn of(bytes: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let begins = text.trim_start_matches('\u{feff}').trim_start();
        begins.starts_with('<').then(|| Self {
            text,
            lines: lines(text),
            hidden: mask::hidden(text),
        })
    }

    /// The lines around a place, both from 1; `length` is in characters, 0 if it is not known.
    pub(crate) fn excerpt(&self, line: u32, column: u32, length: u32) -> Option<Excerpt> {
        let index = (line as usize).checked_sub(1)?;
        let start = (column as usize).checked_sub(1)?;
        let place = self.lines.get(index)?;
        let length = match length as usize {
            0 => self.token(place, start),
            length => length,
        };
        let first = index.saturating_sub(1);
        let mut text = String::new();
        let mut span = (0, 0);
        for (at, range) in self.lines.iter().enumerate().skip(first).take(3) {
            if at == index {
                let shown = self.shown(range, start, length, &mut text);
                span = (shown.start, shown.len());
            } else {
                self.shown(range, 0, 0, &mut text);
            }
            text.push('\n');
        }
        Some(Excerpt {
            text,
            first_line: first,
            span,
            column: start,
        })
    }

    /// The characters of the tag at a place, or one.
    fn token(&self, line: &Range<usize>, start: usize) -> usize {
        let rest: Vec<char> = self.text[line.clone()].chars().skip(start).collect();
        if rest.first() == Some(&'<') {
            let end = rest.iter().position(|c| *c == '>');
            return end.map_or(1, |end| end + 1);
        }
        1
    }

    /// Adds a line to `out`, cut around the characters from `start` on; says where these are there.
    fn shown(
        &self,
        line: &Range<usize>,
        start: usize,
        length: usize,
        out: &mut String,
    ) -> Range<usize> {
        let from = start.saturating_sub(BEFORE_MAX);
        let mut span = out.len()..out.len();
        let mut is_hidden = false;
        if from > 0 {
            out.push('\u{2026}');
        }
        let chars = self.text[line.clone()].char_indices().enumerate();
        for (number, (offset, c)) in chars.skip(from) {
            if number >= from + WIDTH_MAX {
                out.push('\u{2026}');
                break;
            }
            if number == start {
                span.start = out.len();
            }
            if self.hides(line.start + offset) {
                if !is_hidden {
                    out.push_str(HIDDEN);
                }
                is_hidden = true;
            } else {
                is_hidden = false;
                out.push(printable(c));
            }
            if number < start + length {
                span.end = out.len();
            }
        }
        if line.len() <= start {
            span = out.len()..out.len();
        }
        span.start..span.end.max(span.start)
    }

    fn hides(&self, offset: usize) -> bool {
        let next = self.hidden.partition_point(|range| range.end <= offset);
        self.hidden
            .get(next)
            .is_some_and(|range| range.contains(&offset))
    }
}

/// Tabs are shown as such; what moves the cursor or turns the direction of writing is not.
fn printable(c: char) -> char {
    let is_mark = matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}');
    if c != '\t' && (c.is_control() || is_mark) {
        return '\u{fffd}';
    }
    c
}

/// Lines end with `\n`, `\r\n` or a lone `\r`, as the places of findings count them.
fn lines(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut lines = Vec::new();
    let mut start = 0;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'\n' => {
                let is_pair = at > start && bytes[at - 1] == b'\r';
                lines.push(start..at - usize::from(is_pair));
                start = at + 1;
            }
            b'\r' if bytes.get(at + 1) != Some(&b'\n') => {
                lines.push(start..at);
                start = at + 1;
            }
            _ => {}
        }
    }
    lines.push(start..text.len());
    lines
}

/// Some lines, and a place in them.
#[derive(Debug)]
pub(crate) struct Excerpt {
    text: String,
    first_line: usize,
    span: (usize, usize),
    column: usize,
}

impl Excerpt {
    /// The place within the lines, in bytes.
    pub(crate) fn span(&self) -> SourceSpan {
        self.span.into()
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let inner = self.text.read_span(span, before, after)?;
        let is_place = (before, after) == (0, 0);
        Ok(Box::new(MietteSpanContents::new(
            inner.data(),
            *inner.span(),
            inner.line() + self.first_line,
            if is_place {
                self.column
            } else {
                inner.column()
            },
            inner.line_count(),
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "<plist>\r\n<dict>\r\n\t<key>Password</key>\r\n\t<string>hunter2</string>\r\n\
                        \t<key>\u{e9}\u{1b}</key><true/>\r\n</dict>\n</plist>";

    fn excerpt(text: &str, line: u32, column: u32, length: u32) -> (String, String) {
        let source = Source::of(text.as_bytes()).unwrap();
        let excerpt = source.excerpt(line, column, length).unwrap();
        let (start, length) = excerpt.span;
        let marked = excerpt.text[start..start + length].to_owned();
        (excerpt.text, marked)
    }

    /// An excerpt has the lines around a place; secrets and control characters are not in it.
    #[test]
    fn three_lines() {
        let (text, marked) = excerpt(TEXT, 3, 2, 19);
        assert_eq!(
            text,
            "<dict>\n\t<key>Password</key>\n\t<string>****</string>\n"
        );
        assert_eq!(marked, "<key>Password</key>");
        let (text, marked) = excerpt(TEXT, 4, 2, 0);
        assert!(
            text.ends_with("\t<key>\u{e9}\u{fffd}</key><true/>\n"),
            "{text}"
        );
        assert_eq!(marked, "<string>");
        let (_, marked) = excerpt(TEXT, 4, 10, 7);
        assert_eq!(marked, "****");
        let (_, marked) = excerpt(TEXT, 5, 15, 0);
        assert_eq!(marked, "<true/>");
        assert_eq!(excerpt(TEXT, 7, 9, 0).1, "");
        assert!(
            Source::of(TEXT.as_bytes())
                .unwrap()
                .excerpt(8, 1, 0)
                .is_none()
        );
        assert!(
            Source::of(TEXT.as_bytes())
                .unwrap()
                .excerpt(0, 0, 0)
                .is_none()
        );
    }

    /// A long line is cut around the place; files without text have no lines.
    #[test]
    fn long_lines() {
        let text = format!("<!--{}<x>{}", "a".repeat(5000), "b".repeat(5000));
        let (text, marked) = excerpt(&text, 1, 5005, 0);
        assert_eq!(marked, "<x>");
        assert_eq!(text.chars().count(), WIDTH_MAX + 3);
        assert!(Source::of(b"bplist00").is_none());
        assert!(Source::of(b"<\xff").is_none());
    }
}
