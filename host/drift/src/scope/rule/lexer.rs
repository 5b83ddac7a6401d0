//! Cuts the text of a rule into tokens.
//!
//! Knows nothing of their order. Invariant: it reads each byte once, and every token says where
//! it begins.

use mooring_mdm::device::bounded_text;

use super::fault::{RuleError, RuleFault};

/// Longest piece of a rule that a message repeats, in bytes.
const SHOWN_BYTES_MAX: usize = 64;

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or one of the words `true`, `false`, `null` and `in`.
    Word(String),
    /// A text, without its quotes and with its escapes resolved.
    Text(String),
    /// An operator or a bracket, as it is written.
    Sign(&'static str),
    /// The end of the rule.
    End,
}

impl Kind {
    /// The token for a message.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Word(word) => format!("the word {}", cut(word)),
            Self::Text(_) => "a text".to_owned(),
            Self::Sign(sign) => (*sign).to_owned(),
            Self::End => "the end of the rule".to_owned(),
        }
    }
}

/// A token and the byte at which it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) at: usize,
}

/// The operators and brackets, longer ones first.
const SIGNS: [&str; 15] = [
    "==", "!=", "<=", ">=", "&&", "||", "<", ">", "!", "(", ")", "[", "]", ",", ".",
];

/// The tokens of a rule, the last of which is its end.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, RuleError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let bytes = if matches!(first, ' ' | '\t' | '\r' | '\n' | '\u{c}') {
            1
        } else if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else {
            let (kind, bytes) =
                token(rest).map_err(|(offset, fault)| RuleError::new(text, at + offset, fault))?;
            tokens.push(Token { kind, at });
            bytes
        };
        at += bytes;
    }
    let kind = Kind::End;
    tokens.push(Token { kind, at });
    Ok(tokens)
}

/// The token at the start of `rest` and its length in bytes; or what is wrong how far into it.
fn token(rest: &str) -> Result<(Kind, usize), (usize, RuleFault)> {
    if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
        return Ok((Kind::Sign(sign), sign.len()));
    }
    let first = rest.chars().next().unwrap_or('\0');
    if matches!(first, '"' | '\'') {
        return quoted(rest, first);
    }
    let is_of_words = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end = |is_part: &dyn Fn(char) -> bool| rest.find(|c| !is_part(c)).unwrap_or(rest.len());
    if first.is_ascii_digit() {
        let end = end(&|c| is_of_words(c) || c == '.');
        let text = cut(&rest[..end]);
        return Err((0, RuleFault::Number { text }));
    }
    if !is_of_words(first) {
        return Err((0, RuleFault::Character { found: first }));
    }
    let end = end(&is_of_words);
    Ok((Kind::Word(rest[..end].to_owned()), end))
}

/// A text in quotes.
fn quoted(rest: &str, quote: char) -> Result<(Kind, usize), (usize, RuleFault)> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\n' | '\r' => break,
            '\\' => match chars.next() {
                Some((_, escaped)) => text.push(unescaped(escaped).map_err(|fault| (at, fault))?),
                None => break,
            },
            _ if c == quote => return Ok((Kind::Text(text), at + 1)),
            _ => text.push(c),
        }
    }
    Err((0, RuleFault::Unterminated))
}

/// The character that a backslash before `escaped` stands for. CEL has more of them; those for
/// characters by number are left out, since a rule may hold the characters themselves.
fn unescaped(escaped: char) -> Result<char, RuleFault> {
    Ok(match escaped {
        '\\' | '"' | '\'' | '`' | '?' => escaped,
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        _ => return Err(RuleFault::Escape { found: escaped }),
    })
}

/// A piece of a rule as a message repeats it.
pub(super) fn cut(text: &str) -> String {
    bounded_text(text, SHOWN_BYTES_MAX)
}
