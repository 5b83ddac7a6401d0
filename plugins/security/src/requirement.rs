//! Reads code requirements, the language in which an app is told from others.
//!
//! Knows the grammar of Apple's "Code Signing Requirement Language" as far as needed to say whether
//! a text is one, and what every program that meets it must have. Nothing is matched against a
//! program. Invariant: reading costs at most one step for each character, and at most
//! [`DEPTH_MAX`] levels of the stack.

/// How deep parentheses and exclamation marks may stand inside each other.
const DEPTH_MAX: usize = 60;

/// What every program that meets a requirement must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Binding {
    /// A signature that leads to Apple, to a trusted root or to one certain certificate.
    pub(crate) anchor: bool,
    /// A name, a team or one certain build.
    pub(crate) identity: bool,
}

/// Reads a requirement; `None` if the text is none.
pub(crate) fn read(text: &str) -> Option<Binding> {
    let tokens = tokens(text)?;
    let mut reader = Reader {
        tokens: &tokens,
        depth: 0,
    };
    let binding = reader.any_of()?;
    reader.tokens.is_empty().then_some(binding)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    /// Between quotation marks, quoted with H, or a path.
    Text,
    Sign(char),
}

/// Splits a text into tokens; comments go.
fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/")?.1;
        } else if rest.starts_with("//") || first == '#' {
            rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
        } else if let Some(quoted) = rest.strip_prefix('"').or(rest.strip_prefix("H\"")) {
            rest = after_quotes(quoted)?;
            found.push(Token::Text);
        } else if first == '/' {
            let end = rest.find(|c: char| c.is_whitespace() || c == ')');
            rest = &rest[end.unwrap_or(rest.len())..];
            found.push(Token::Text);
        } else if is_word(first) {
            let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            found.push(Token::Word(&rest[..end]));
            rest = &rest[end..];
        } else if "()[]=<>!*".contains(first) {
            found.push(Token::Sign(first));
            rest = &rest[1..];
        } else {
            return None;
        }
        rest = rest.trim_start();
    }
    Some(found)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

/// What follows a text between quotation marks; a backslash quotes one character.
fn after_quotes(text: &str) -> Option<&str> {
    let mut is_quoted = false;
    for (index, c) in text.char_indices() {
        match c {
            '"' if !is_quoted => return Some(&text[index + 1..]),
            '\\' if !is_quoted => is_quoted = true,
            _ => is_quoted = false,
        }
    }
    None
}

struct Reader<'t, 'a> {
    tokens: &'t [Token<'a>],
    depth: usize,
}

impl<'a> Reader<'_, 'a> {
    /// `or` binds less than `and`: only what all branches demand is demanded.
    fn any_of(&mut self) -> Option<Binding> {
        let mut all = self.all_of()?;
        while self.take_word("or") {
            let next = self.all_of()?;
            all.anchor &= next.anchor;
            all.identity &= next.identity;
        }
        Some(all)
    }

    fn all_of(&mut self) -> Option<Binding> {
        let mut all = self.one()?;
        while self.take_word("and") {
            let next = self.one()?;
            all.anchor |= next.anchor;
            all.identity |= next.identity;
        }
        Some(all)
    }

    fn one(&mut self) -> Option<Binding> {
        if self.depth == DEPTH_MAX {
            return None;
        }
        self.depth += 1;
        let found = if self.take_sign('!') {
            self.one().map(|_| Binding::default())
        } else if self.take_sign('(') {
            let inner = self.any_of()?;
            self.take_sign(')').then_some(inner)
        } else {
            self.clause()
        };
        self.depth -= 1;
        found
    }

    fn clause(&mut self) -> Option<Binding> {
        let Some(Token::Word(word)) = self.next() else {
            return None;
        };
        let (nothing, anchor, identity) = (
            Binding::default(),
            Binding {
                anchor: true,
                identity: false,
            },
            Binding {
                anchor: false,
                identity: true,
            },
        );
        let both = Binding {
            anchor: true,
            identity: true,
        };
        match word {
            "always" | "true" | "notarized" | "legacy" => Some(nothing),
            "never" | "false" => Some(both),
            "identifier" => {
                self.take_equals();
                self.value().then_some(identity)
            }
            "cdhash" => {
                self.take_equals();
                self.value().then_some(both)
            }
            "platform" => {
                self.take_equals();
                self.value().then_some(nothing)
            }
            "anchor" => self.anchor().then_some(anchor),
            "certificate" | "cert" => self.certificate(),
            "info" | "entitlement" => {
                let is_read = self.key().is_some() && self.comparison();
                is_read.then_some(nothing)
            }
            _ => None,
        }
    }

    /// `anchor apple`, `anchor apple generic`, `anchor apple NAME`, `anchor trusted` or a hash.
    fn anchor(&mut self) -> bool {
        if self.take_word("apple") {
            if let [Token::Word(next), ..] = self.tokens
                && !matches!(*next, "and" | "or")
            {
                self.next();
            }
            return true;
        }
        self.take_word("trusted") || {
            self.take_equals();
            self.next() == Some(Token::Text)
        }
    }

    /// `certificate SLOT` with a hash, `trusted` or one of its fields.
    fn certificate(&mut self) -> Option<Binding> {
        let Some(Token::Word(slot)) = self.next() else {
            return None;
        };
        let number = slot.strip_prefix('-').unwrap_or(slot);
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number && !matches!(slot, "leaf" | "root" | "anchor") {
            return None;
        }
        let mut found = Binding::default();
        if let [Token::Sign('['), ..] = self.tokens {
            let key = self.key()?;
            let is_compared = self.tokens.first() == Some(&Token::Sign('='));
            if !self.comparison() {
                return None;
            }
            // A team: the unit or the common name of the certificate that signs.
            found.identity = is_compared && matches!(key, "subject.OU" | "subject.CN");
            return Some(found);
        }
        if self.take_word("trusted") {
            found.anchor = true;
            return Some(found);
        }
        self.take_equals();
        found.anchor = true;
        found.identity = matches!(slot, "leaf" | "0");
        (self.next() == Some(Token::Text)).then_some(found)
    }

    /// `[name]`: the name.
    fn key(&mut self) -> Option<&'a str> {
        let is_open = self.take_sign('[');
        let name = match self.next()? {
            Token::Word(word) => word,
            Token::Text => "",
            Token::Sign(_) => return None,
        };
        (is_open && self.take_sign(']')).then_some(name)
    }

    /// What may follow a key: nothing, `exists`, `absent` or a comparison.
    fn comparison(&mut self) -> bool {
        if self.take_word("exists") || self.take_word("absent") {
            return true;
        }
        let mut is_compared = false;
        while self.take_sign('=') || self.take_sign('<') || self.take_sign('>') {
            is_compared = true;
        }
        if !is_compared {
            return true;
        }
        self.take_sign('*');
        self.take_word("timestamp");
        let is_read = self.value();
        self.take_sign('*');
        is_read
    }

    fn value(&mut self) -> bool {
        matches!(self.next(), Some(Token::Text | Token::Word(_)))
    }

    fn take_equals(&mut self) {
        while self.take_sign('=') {}
    }

    fn take_word(&mut self, word: &str) -> bool {
        self.take_if(|token| token == Token::Word(word))
    }

    fn take_sign(&mut self, sign: char) -> bool {
        self.take_if(|token| token == Token::Sign(sign))
    }

    fn take_if(&mut self, is_wanted: impl Fn(Token<'a>) -> bool) -> bool {
        let is_there = self.tokens.first().is_some_and(|token| is_wanted(*token));
        if is_there {
            self.tokens = &self.tokens[1..];
        }
        is_there
    }

    fn next(&mut self) -> Option<Token<'a>> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(*first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding(text: &str) -> Option<(bool, bool)> {
        read(text).map(|found| (found.anchor, found.identity))
    }

    /// Requirements that signing tools write are read, and bind to both.
    #[test]
    fn usual() {
        for text in [
            r#"identifier "com.apple.finder" and anchor apple"#,
            "identifier com.a.b and anchor apple generic and certificate \
             1[field.1.2.840.113635.100.6.2.6] /* exists */ and certificate \
             leaf[subject.OU] = N985MXSH85",
            "anchor apple generic and identifier \"a\" and (certificate \
             leaf[field.1.2.840.113635.100.6.1.9] /* exists */ or certificate leaf[subject.OU] = \
             \"98LJ4XBGYK\")",
            r#"anchor apple generic and certificate leaf[subject.CN] = "Developer ID: \"A\" (X)""#,
            r#"cdhash H"0123456789abcdef0123456789abcdef01234567""#,
            r#"certificate leaf = H"00" or (anchor apple and identifier = "a")"#,
            r#"certificate root = /Library/a.cer and info [CFBundleIdentifier] = "a" and identifier "a""#,
            "never",
        ] {
            assert_eq!(binding(text), Some((true, true)), "{text}");
        }
    }

    /// What a requirement leaves open is told.
    #[test]
    fn open() {
        assert_eq!(binding(r#"identifier "a""#), Some((false, true)));
        assert_eq!(binding("anchor apple generic"), Some((true, false)));
        assert_eq!(binding("anchor trusted"), Some((true, false)));
        assert_eq!(
            binding(r#"anchor apple or identifier "a""#),
            Some((false, false))
        );
        assert_eq!(
            binding(r#"anchor apple and !identifier "a""#),
            Some((true, false))
        );
        assert_eq!(
            binding("certificate leaf[subject.OU] = ABC"),
            Some((false, true))
        );
        assert_eq!(
            binding("info[CFBundleVersion] >= \"17.4\""),
            Some((false, false))
        );
    }

    /// What is no requirement is none, however deep or broken.
    #[test]
    fn none() {
        let deep = "(".repeat(5000);
        let not = "!".repeat(5000);
        for text in [
            "",
            "designated => identifier \"a\"",
            "identifier",
            "identifier \"a",
            "identifier \u{201c}a\u{201d} and anchor apple",
            "identifier \"a\" and",
            "identifier \"a\" anchor apple",
            "(anchor apple",
            "certificate leaf[subject.OU",
            "anchor apple and and identifier \"a\"",
            "/* anchor apple",
            "requirement goes here",
            &deep,
            &not,
        ] {
            assert_eq!(binding(text), None, "{text}");
        }
    }
}
