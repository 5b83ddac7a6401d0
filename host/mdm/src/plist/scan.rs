//! The lexical layer: tags, attributes and comments of well-formed XML. Text is in `content`.
//!
//! Knows no element's meaning. Invariant: `at` stands on a character boundary, only grows, and
//! every byte is looked at a constant number of times.

use super::fault::Fault;
use super::{NOTICES_MAX, Span};

/// The reading position in a text, and the warnings so far.
pub(super) struct Scanner<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    pub(super) notices: Vec<Fault>,
    /// The bytes of the last data element, and room to decode them.
    pub(super) bytes: Vec<u8>,
    pub(super) packed: Vec<u8>,
}

/// One tag.
pub(super) struct Tag<'a> {
    pub(super) name: &'a str,
    pub(super) kind: TagKind,
    pub(super) span: Span,
}

/// Which of the three forms a tag has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TagKind {
    /// `<name>`
    Open,
    /// `</name>`
    Close,
    /// `<name/>`
    Empty,
}

pub(super) const AMPERSAND_HINT: &str = "write & as &amp; and < as &lt;";
pub(super) const CONTROL_HINT: &str = "remove the character; XML 1.0 can carry only tab, line feed and \
                            carriage return of the control characters";

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            notices: Vec::new(),
            bytes: Vec::new(),
            packed: Vec::new(),
        }
    }

    /// What has not been read yet.
    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(super) fn warn(&mut self, notice: Fault) {
        if self.notices.len() < NOTICES_MAX {
            self.notices.push(notice);
        }
    }

    /// Steps over `token` if it comes next.
    pub(super) fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    /// Steps over blanks; returns whether there were any.
    pub(super) fn skip_blank(&mut self) -> bool {
        let start = self.at;
        while self.peek().is_some_and(is_blank) {
            self.at += 1;
        }
        self.at > start
    }

    /// Steps over what may stand between elements: blanks and comments.
    pub(super) fn skip_between(&mut self) -> Result<(), Fault> {
        loop {
            self.skip_blank();
            if !self.rest().starts_with("<!--") {
                return Ok(());
            }
            self.comment()?;
        }
    }

    /// Steps over the comment that begins here.
    pub(super) fn comment(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let body = start + "<!--".len();
        let Some(length) = self.text[body..].find("--") else {
            return Err(Fault::error(
                "P002",
                start,
                "this comment has no end",
                "close it with -->",
            ));
        };
        self.check_characters(body, body + length)?;
        self.at = body + length;
        if self.eat("-->") {
            return Ok(());
        }
        let hint = "XML allows -- only where a comment ends; use other characters for rulers";
        Err(Fault::error("P002", self.at, "a comment contains --", hint))
    }

    /// Reads the tag that begins here; the next byte is `<`.
    pub(super) fn tag(&mut self) -> Result<Tag<'a>, Fault> {
        let start = self.at;
        self.at += 1;
        let is_close = self.eat("/");
        let name = self.name();
        if name.is_empty() || name.starts_with(['!', '?']) {
            return Err(self.bad_tag(start));
        }
        if self.peek() == Some(b'>') {
            self.at += 1;
            let kind = if is_close {
                TagKind::Close
            } else {
                TagKind::Open
            };
            return Ok(Tag {
                name,
                kind,
                span: span(start, self.at),
            });
        }
        let had_blank = self.skip_blank();
        let kind = match (is_close, self.peek()) {
            (true, Some(b'>')) => TagKind::Close,
            (false, Some(b'>')) => TagKind::Open,
            (false, Some(b'/')) if self.rest().starts_with("/>") => {
                self.at += 1;
                TagKind::Empty
            }
            (false, Some(_)) if had_blank => {
                self.attributes(start, name)?;
                let is_empty = self.eat("/");
                if is_empty {
                    TagKind::Empty
                } else {
                    TagKind::Open
                }
            }
            _ => return Err(unfinished_tag(start, name)),
        };
        if !self.eat(">") {
            return Err(unfinished_tag(start, name));
        }
        Ok(Tag {
            name,
            kind,
            span: span(start, self.at),
        })
    }

    /// Steps over the plain closing tag of an element, if it comes next.
    pub(super) fn eat_close(&mut self, name: &str) -> bool {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let after = rest.strip_prefix(b"</").unwrap_or_default();
        let is_close = after.starts_with(name.as_bytes()) && after.get(name.len()) == Some(&b'>');
        if is_close {
            self.at += name.len() + 3;
        }
        is_close
    }

    fn name(&mut self) -> &'a str {
        let rest = self.rest();
        let ends = |byte: &u8| byte.is_ascii_whitespace() || b"/><=&".contains(byte);
        let length = rest.as_bytes().iter().position(ends).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// Reads attributes; the only one that a property list has is `version` of `<plist>`.
    fn attributes(&mut self, tag_start: usize, element: &str) -> Result<(), Fault> {
        let mut has_version = false;
        while self.peek().is_some_and(|byte| byte != b'/' && byte != b'>') {
            let start = self.at;
            let name = self.name();
            if name.is_empty() {
                return Err(unfinished_tag(tag_start, element));
            }
            if element != "plist" || name != "version" {
                return Err(Fault::error(
                    "P011",
                    start,
                    format!("<{}> has an attribute {}", shown(element), shown(name)),
                    "remove it; only <plist> has an attribute, version",
                ));
            }
            self.skip_blank();
            let has_equals = self.eat("=");
            self.skip_blank();
            if !has_equals || has_version || !self.quoted() {
                let hint = "write version=\"1.0\", once";
                return Err(Fault::error(
                    "P002",
                    start,
                    "this attribute is malformed",
                    hint,
                ));
            }
            has_version = true;
            self.skip_blank();
        }
        Ok(())
    }

    /// Steps over a text in quotes that holds neither markup nor control characters.
    fn quoted(&mut self) -> bool {
        let Some(quote @ (b'"' | b'\'')) = self.peek() else {
            return false;
        };
        let bytes = &self.text.as_bytes()[self.at + 1..];
        let stop = |byte: &u8| *byte == quote || *byte < 0x20 || matches!(byte, b'<' | b'&');
        let Some(length) = bytes.iter().position(stop) else {
            return false;
        };
        self.at += length + 2;
        bytes[length] == quote
    }

    /// Refuses characters that XML cannot carry between two offsets.
    pub(super) fn check_characters(&self, start: usize, end: usize) -> Result<(), Fault> {
        let bytes = &self.text.as_bytes()[start..end];
        for (offset, byte) in bytes.iter().enumerate() {
            let is_control = *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r');
            let is_noncharacter =
                *byte == 0xEF && matches!(bytes[offset..], [_, 0xBF, 0xBE | 0xBF, ..]);
            if is_control || is_noncharacter {
                let message = "a character that XML cannot carry";
                return Err(Fault::error("P013", start + offset, message, CONTROL_HINT));
            }
        }
        Ok(())
    }

    fn bad_tag(&self, start: usize) -> Fault {
        let rest = &self.text[start..];
        if rest.starts_with("<!ENTITY") || rest.starts_with("<!DOCTYPE") {
            let hint = "remove it; a property list needs no declarations";
            return Fault::error("P004", start, "a declaration inside the document", hint);
        }
        if rest.starts_with("<?") {
            return processing_instruction(start);
        }
        Fault::error("P002", start, "< does not begin a tag here", AMPERSAND_HINT)
    }
}

pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// A span of offsets; the reader has made sure that a text has no more than `u32::MAX` bytes.
pub(super) fn span(start: usize, end: usize) -> Span {
    let narrow = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
    Span {
        start: narrow(start),
        end: narrow(end),
    }
}

/// A name fit for a message: short and printable.
pub(super) fn shown(name: &str) -> String {
    let mut short: String = name.chars().take(40).flat_map(char::escape_debug).collect();
    if name.chars().nth(40).is_some() {
        short.push_str("...");
    }
    short
}

pub(super) fn processing_instruction(start: usize) -> Fault {
    let hint = "remove it; a property list has no processing instructions";
    Fault::error("P011", start, "a processing instruction", hint)
}

fn unfinished_tag(start: usize, name: &str) -> Fault {
    let message = format!("the tag of <{}> is malformed", shown(name));
    Fault::error("P002", start, message, "close the tag with >")
}
