//! Property lists, written and searched by hand: a device that shared the server's encoder or
//! decoder would agree with its mistakes.
//!
//! Knows nothing of messages. Invariants: what is written is well-formed XML as a Mac sends it;
//! what is searched is text of a server, taken as it comes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \
                    \"-//Apple//DTD PLIST 1.0//EN\" \
                    \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n";

/// A property list on its way.
#[derive(Debug)]
pub(crate) struct Writer(String);

impl Writer {
    /// A list whose root is a dictionary, which is open.
    pub(crate) fn new() -> Self {
        let mut text = String::with_capacity(1024);
        text.push_str(HEAD);
        text.push_str("<dict>\n");
        Self(text)
    }

    pub(crate) fn open(&mut self, key: &str, element: &str) {
        self.key(key);
        self.begin(element);
    }

    pub(crate) fn begin(&mut self, element: &str) {
        self.0.push('<');
        self.0.push_str(element);
        self.0.push_str(">\n");
    }

    pub(crate) fn close(&mut self, element: &str) {
        self.0.push_str("</");
        self.0.push_str(element);
        self.0.push_str(">\n");
    }

    pub(crate) fn key(&mut self, key: &str) {
        self.element("key", key);
    }

    pub(crate) fn string(&mut self, key: &str, text: &str) {
        self.key(key);
        self.element("string", text);
    }

    pub(crate) fn integer(&mut self, key: &str, number: i64) {
        self.key(key);
        self.element("integer", &number.to_string());
    }

    pub(crate) fn flag(&mut self, key: &str, flag: bool) {
        self.key(key);
        self.0
            .push_str(if flag { "<true/>\n" } else { "<false/>\n" });
    }

    pub(crate) fn data(&mut self, key: &str, bytes: &[u8]) {
        self.key(key);
        self.element("data", &STANDARD.encode(bytes));
    }

    /// The finished bytes.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.0.push_str("</dict>\n</plist>\n");
        self.0.into_bytes()
    }

    /// Texts of worlds hold nothing that needs escaping.
    fn element(&mut self, element: &str, text: &str) {
        debug_assert!(!text.contains(['<', '&']), "{text}");
        self.0.push('<');
        self.0.push_str(element);
        self.0.push('>');
        self.0.push_str(text);
        self.0.push_str("</");
        self.0.push_str(element);
        self.0.push_str(">\n");
    }
}

/// The text of the element that follows the first such key.
pub(crate) fn first<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let key = format!("<key>{key}</key>");
    text.find(&key).and_then(|at| element(text, at + key.len()))
}

/// The text of the element that follows the last such key.
pub(crate) fn last<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let key = format!("<key>{key}</key>");
    text.rfind(&key)
        .and_then(|at| element(text, at + key.len()))
}

fn element(text: &str, from: usize) -> Option<&str> {
    let rest = text.get(from..)?;
    let begin = rest.find('>')? + 1;
    let end = begin + rest.get(begin..)?.find('<')?;
    rest.get(begin..end)
}

/// What a `data` element holds; line breaks and indentation are no part of it.
pub(crate) fn data(text: &str) -> Option<Vec<u8>> {
    if text.bytes().any(|byte| byte.is_ascii_whitespace()) {
        let text: String = text.split_ascii_whitespace().collect();
        return STANDARD.decode(text).ok();
    }
    STANDARD.decode(text).ok()
}
