//! What of a profile's text is not shown, not even to whoever has the file: data, and the values of
//! keys that name secrets. Terminals are recorded, and reports end up in the logs of others.
//!
//! Works on text that need not be well-formed, since that is what is often shown. Invariant: behind
//! a key that names a secret no character but markup is shown until the next key.

use std::ops::Range;

/// Parts of the names, in lower case, of keys whose values are not shown.
const SECRET: [&str; 9] = [
    "password",
    "passwort",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "challenge",
    "privatekey",
    "wgquickconfig",
];

/// Every element of a property list: anything else in angle brackets may be part of a value.
const ELEMENTS: [&str; 11] = [
    "plist", "dict", "array", "key", "string", "data", "date", "integer", "real", "true", "false",
];

/// Where the scanner is.
#[derive(Debug, Default)]
struct State {
    is_key: bool,
    is_data: bool,
    is_secret: bool,
    key: String,
}

impl State {
    fn hides(&self) -> bool {
        self.is_data || self.is_secret
    }

    /// Goes over a tag, of which the text between the brackets is given.
    fn enter(&mut self, tag: &str) {
        let is_closed = tag.ends_with('/');
        match tag.trim_end_matches('/').trim() {
            "key" => {
                self.is_key = !is_closed;
                self.is_secret = false;
                self.key.clear();
            }
            "/key" => {
                self.is_key = false;
                self.is_secret = names_secret(&self.key);
            }
            "data" => self.is_data = !is_closed,
            "/data" => self.is_data = false,
            "/dict" => self.is_secret = false,
            _ => {
                // A key without its end is one all the same.
                self.is_secret |= self.is_key && names_secret(&self.key);
                self.is_key = false;
            }
        }
    }
}

fn names_secret(key: &str) -> bool {
    let key = key.to_lowercase();
    // What is written with references is not worth taking apart here.
    key.contains('&') || SECRET.iter().any(|part| key.contains(part))
}

/// The bytes of `text` that are not shown, in order.
pub(super) fn hidden(text: &str) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut state = State::default();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let end = if let Some(inside) = rest.strip_prefix("<!--") {
            4 + inside.find("-->").map_or(inside.len(), |end| end + 3)
        } else if let Some(inside) = rest.strip_prefix("<![CDATA[") {
            let length = inside.find("]]>").unwrap_or(inside.len());
            if state.hides() {
                ranges.push(at + 9..at + 9 + length);
            }
            (9 + length + 3).min(rest.len())
        } else if let Some(inside) = rest.strip_prefix('<') {
            tag(inside, at, &mut state, &mut ranges)
        } else {
            let length = rest.find('<').unwrap_or(rest.len());
            let chunk = &rest[..length];
            if state.is_key {
                state.key.push_str(chunk.trim());
            } else if state.hides() && !chunk.trim().is_empty() {
                let blanks = chunk.len() - chunk.trim_start().len();
                ranges.push(at + blanks..at + chunk.trim_end().len());
            }
            length
        };
        at += end;
    }
    ranges
}

/// Goes over a tag at `at`, whose text behind the bracket is `inside`; returns its length.
fn tag(inside: &str, at: usize, state: &mut State, ranges: &mut Vec<Range<usize>>) -> usize {
    let length = inside.find(['<', '>']).unwrap_or(inside.len());
    let name = &inside[..length];
    let element = name.trim_matches('/').split_whitespace().next();
    if element.is_some_and(|element| ELEMENTS.contains(&element)) {
        state.enter(name.trim());
    } else if state.hides() {
        ranges.push(at + 1..at + 1 + length);
    }
    1 + length + usize::from(inside[length..].starts_with('>'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let mut shown = text.to_owned();
        for range in hidden(text).into_iter().rev() {
            shown.replace_range(range, "*");
        }
        shown
    }

    /// Data and the values of keys that name secrets are not shown, others are.
    #[test]
    fn values() {
        for (text, wanted) in [
            ("<key>SSID</key><string>pier</string>", None),
            (
                "<key>Password</key>\n<string>hunter2</string>",
                Some("<key>Password</key>\n<string>*</string>"),
            ),
            (
                "<data>\n\tTU9P\n\tUklORw==\n</data><string>a</string>",
                Some("<data>\n\t*\n</data><string>a</string>"),
            ),
            (
                "<key>SharedSecret</key><array><string>a</string><string>b</string></array>",
                Some("<key>SharedSecret</key><array><string>*</string><string>*</string></array>"),
            ),
            (
                "<key>Challenge</key><string>a</string><key>Name</key><string>b</string>",
                Some("<key>Challenge</key><string>*</string><key>Name</key><string>b</string>"),
            ),
            ("<data/><string>a</string>", None),
            ("<key>allowPasswordSharing</key><true/>", None),
        ] {
            assert_eq!(shown(text), wanted.unwrap_or(text));
        }
    }

    /// Text that is not well-formed hides its secrets as well.
    #[test]
    fn broken_text() {
        for text in [
            "<key>Password</key><string>hunter2",
            "<key>Password</key><sting>hunter2</sting>",
            "<key>Password</key>hunter2</string>",
            "<key>Password<string>hunter2</string>",
            "<key>Password</key><string>hun<hunter2</string>",
            "<key>Password</key><string><![CDATA[hunter2]]></string>",
            "<key>Password</key><string><![CDATA[hunter2",
            "<key>Pass&#119;ord</key><string>hunter2</string>",
            "<data>hunter2",
            "<key>Password</key><!-- x --><string>hunter2</string>",
        ] {
            assert!(!shown(text).contains("hunter2"), "{}", shown(text));
        }
    }
}
