//! Text between two tags: references and line ends.
//!
//! Knows no element's meaning. Invariants: text without any of these is borrowed, not copied; a CDATA
//! section and a comment are refused in every grade, since readers differ in whether what stands in
//! or after one is text at all.

use std::borrow::Cow;

use super::Span;
use super::fault::Fault;
use super::scan::{AMPERSAND_HINT, CONTROL_HINT, Scanner, shown, span};

impl<'a> Scanner<'a> {
    /// Reads text up to the next tag.
    pub(super) fn content(&mut self) -> Result<(Cow<'a, str>, Span), Fault> {
        let start = self.at;
        let mut text = Joined {
            source: self.text,
            run: start,
            owned: None,
        };
        loop {
            self.at += plain_length(&self.text.as_bytes()[self.at..]);
            match self.peek() {
                Some(b'<') if self.rest().starts_with("<!--") => {
                    let hint = "move the comment in front of the element, or remove it";
                    let message = "a comment in a value, at which Apple's reader stops";
                    return Err(Fault::error("P012", self.at, message, hint));
                }
                Some(b'<') if self.rest().starts_with("<![CDATA[") => {
                    let hint = "write the text plainly, with & as &amp; and < as &lt;";
                    let message = "a CDATA section, which some plist readers drop without a word";
                    return Err(Fault::error("P012", self.at, message, hint));
                }
                Some(b'<') | None => return Ok((text.finish(self.at), span(start, self.at))),
                Some(b'&') => {
                    text.flush(self.at);
                    text.push(self.reference()?);
                    text.run = self.at;
                }
                Some(b'\r') => {
                    text.flush(self.at);
                    while self.peek() == Some(b'\r') {
                        self.at += 1;
                        // The line feed of a pair follows as plain text.
                        if self.peek() != Some(b'\n') {
                            text.push('\n');
                        }
                    }
                    text.run = self.at;
                }
                Some(b']') if self.rest().starts_with("]]>") => {
                    let hint = "write ]]> as ]]&gt;";
                    return Err(Fault::error("P002", self.at, "text contains ]]>", hint));
                }
                Some(b']') => self.at += 1,
                Some(_) => {
                    self.check_characters(self.at, (self.at + 3).min(self.text.len()))?;
                    self.at += 1 + self.text.as_bytes()[self.at + 1..]
                        .iter()
                        .take_while(|byte| matches!(byte, 0x80..=0xBF))
                        .count();
                }
            }
        }
    }

    /// Reads the reference that begins here; the next byte is `&`.
    fn reference(&mut self) -> Result<char, Fault> {
        let start = self.at;
        let rest = &self.text.as_bytes()[start + 1..];
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"#_-.:".contains(byte);
        let length = rest.iter().take_while(|byte| is_name(byte)).count();
        let name = &self.text[start + 1..start + 1 + length];
        if length == 0 || rest.get(length) != Some(&b';') {
            let message = "& does not begin a reference here";
            return Err(Fault::error("P002", start, message, AMPERSAND_HINT));
        }
        self.at = start + length + 2;
        match name {
            "amp" => Ok('&'),
            "lt" => Ok('<'),
            "gt" => Ok('>'),
            "quot" => Ok('"'),
            "apos" => Ok('\''),
            _ => match name.strip_prefix('#') {
                Some(number) => numbered(number, start),
                None => Err(Fault::error(
                    "P005",
                    start,
                    format!("the entity &{}; is not defined", shown(name)),
                    "write the character itself; only &amp; &lt; &gt; &quot; &apos; exist",
                )),
            },
        }
    }
}

/// Text put together from runs of the source and what stands for them.
struct Joined<'a> {
    source: &'a str,
    /// Where the bytes not yet taken over begin.
    run: usize,
    owned: Option<String>,
}

impl<'a> Joined<'a> {
    fn flush(&mut self, end: usize) {
        let run = &self.source[self.run..end];
        self.owned.get_or_insert_default().push_str(run);
        self.run = end;
    }

    fn push(&mut self, character: char) {
        self.owned.get_or_insert_default().push(character);
    }

    fn finish(mut self, end: usize) -> Cow<'a, str> {
        if self.owned.is_some() {
            self.flush(end);
        }
        match self.owned {
            Some(owned) => Cow::Owned(owned),
            None => Cow::Borrowed(&self.source[self.run..end]),
        }
    }
}

/// The character that `&#number;` or `&#xnumber;` stands for.
fn numbered(number: &str, at: usize) -> Result<char, Fault> {
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        let message = "this character reference has no number";
        return Err(Fault::error("P002", at, message, "write &#65; or &#x41;"));
    }
    let character = u32::from_str_radix(digits, radix)
        .ok()
        .and_then(char::from_u32);
    let carried = character.filter(|c| {
        !matches!(*c, '\0'..='\x08' | '\x0B' | '\x0C' | '\x0E'..='\x1F' | '\u{FFFE}' | '\u{FFFF}')
    });
    let message = "a reference to a character that XML cannot carry";
    carried.ok_or_else(|| Fault::error("P013", at, message, CONTROL_HINT))
}

/// How many bytes from the start need no look: everything but markup, line ends and what may be
/// a forbidden character.
fn plain_length(bytes: &[u8]) -> usize {
    // Eagerly over a block, so that the compiler makes it a few wide comparisons.
    let is_plain_block =
        |block: &&[u8; BLOCK]| block.iter().fold(true, |all, b| all & is_plain(*b));
    let (blocks, _) = bytes.as_chunks::<BLOCK>();
    let plain = BLOCK * blocks.iter().take_while(is_plain_block).count();
    let rest = bytes[plain..].iter();
    plain + rest.take_while(|byte| is_plain(**byte)).count()
}

/// Bytes that are looked at in one go.
const BLOCK: usize = 16;

#[expect(
    clippy::needless_bitwise_bool,
    reason = "without branches it is done for a whole block at once"
)]
fn is_plain(byte: u8) -> bool {
    let is_blank = (byte == b'\t') | (byte == b'\n');
    let is_special = (byte == b'<') | (byte == b'&') | (byte == b']') | (byte == 0xEF);
    is_blank | ((byte >= 0x20) & !is_special)
}
