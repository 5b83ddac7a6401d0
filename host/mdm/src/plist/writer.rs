//! Property lists as XML in one canonical layout: Apple's header, tabs, one element a line.
//!
//! Knows nothing of what the values mean. Invariant: what is written is read back by
//! [`super::read_xml`] as the same tree, as long as reals are finite, dates have their form and
//! keys are distinct. Characters that XML cannot carry are written as U+FFFD.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::document::{Document, NodeId, Value};

const HEADER: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
    \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
    <plist version=\"1.0\">\n";

/// Writes a document from front to back.
///
/// A value in a dictionary follows its [`XmlWriter::key`]; each `begin_` has one [`XmlWriter::end`].
#[derive(Debug, Clone)]
pub struct XmlWriter {
    out: String,
    /// The closing tags still to come, innermost last.
    open: Vec<&'static str>,
}

impl Default for XmlWriter {
    fn default() -> Self {
        Self {
            out: HEADER.to_owned(),
            open: Vec::new(),
        }
    }
}

impl XmlWriter {
    /// An empty document.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with room for a document of `bytes`.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        let mut out = String::with_capacity(bytes);
        out.push_str(HEADER);
        Self {
            out,
            open: Vec::new(),
        }
    }

    /// How many bytes have been written.
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Whether nothing has been written; never so, since the header is.
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// Begins a dictionary.
    pub fn begin_dictionary(&mut self) -> &mut Self {
        self.begin("dict")
    }

    /// Begins an array.
    pub fn begin_array(&mut self) -> &mut Self {
        self.begin("array")
    }

    /// Ends the innermost dictionary or array; does nothing if none is open.
    pub fn end(&mut self) -> &mut Self {
        if let Some(name) = self.open.pop() {
            self.line(&["</", name, ">"]);
        }
        self
    }

    /// The key of the value that comes next.
    pub fn key(&mut self, key: &str) -> &mut Self {
        let key = escaped(key);
        self.line(&["<key>", &key, "</key>"])
    }

    /// A text.
    pub fn string(&mut self, text: &str) -> &mut Self {
        let text = escaped(text);
        self.line(&["<string>", &text, "</string>"])
    }

    /// A number.
    pub fn integer(&mut self, number: i128) -> &mut Self {
        self.line(&["<integer>", &number.to_string(), "</integer>"])
    }

    /// A finite number, in the shortest form that is read back the same.
    pub fn real(&mut self, number: f64) -> &mut Self {
        self.line(&["<real>", &format!("{number:?}"), "</real>"])
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, flag: bool) -> &mut Self {
        self.line(&[if flag { "<true/>" } else { "<false/>" }])
    }

    /// A date as `YYYY-MM-DDThh:mm:ssZ`.
    pub fn date(&mut self, date: &str) -> &mut Self {
        let date = escaped(date);
        self.line(&["<date>", &date, "</date>"])
    }

    /// Bytes.
    pub fn data(&mut self, bytes: &[u8]) -> &mut Self {
        self.encoded(&Base64::of(bytes))
    }

    /// Bytes that are base64 already.
    pub fn encoded(&mut self, bytes: &Base64) -> &mut Self {
        self.line(&["<data>", &bytes.0, "</data>"])
    }

    /// Ends everything that is open and returns the document.
    pub fn finish(mut self) -> Vec<u8> {
        while !self.open.is_empty() {
            self.end();
        }
        self.out.push_str("</plist>\n");
        self.out.into_bytes()
    }

    fn begin(&mut self, name: &'static str) -> &mut Self {
        self.line(&["<", name, ">"]);
        self.open.push(name);
        self
    }

    fn line(&mut self, parts: &[&str]) -> &mut Self {
        for _ in &self.open {
            self.out.push('\t');
        }
        for part in parts {
            self.out.push_str(part);
        }
        self.out.push('\n');
        self
    }
}

/// Bytes as a data element holds them, so that they are encoded once for many documents. They may
/// be a secret: `Debug` shows their number alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Base64(Box<str>);

impl Base64 {
    /// Encodes bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(STANDARD.encode(bytes).into())
    }

    /// How long the base64 is, in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it stands for no bytes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Base64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Base64({} bytes)", self.len())
    }
}

/// Writes a tree, with keys in the tree's order.
pub fn write_xml(document: &Document) -> Vec<u8> {
    let mut writer = XmlWriter::new();
    // Where the dictionaries and arrays that are open in the output end in the tree.
    let mut ends: Vec<NodeId> = Vec::new();
    for (id, node) in (0..).zip(document.nodes()) {
        while ends.last().is_some_and(|end| *end <= id) {
            ends.pop();
            writer.end();
        }
        if let Some(key) = &node.key {
            writer.key(&key.text);
        }
        match &node.value {
            Value::Dictionary => {
                ends.push(node.end);
                writer.begin_dictionary()
            }
            Value::Array => {
                ends.push(node.end);
                writer.begin_array()
            }
            Value::String(text) => writer.string(text),
            Value::Integer(number) => writer.integer(*number),
            Value::Real(number) => writer.real(*number),
            Value::Boolean(flag) => writer.boolean(*flag),
            Value::Date(date) => writer.date(date),
            Value::Data(bytes) => writer.data(bytes),
        };
    }
    writer.finish()
}

/// Text with what XML cannot hold plainly replaced.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    if text.bytes().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // A plain one would be read back as a line feed.
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' => out.push(character),
            '\0'..='\x1F' | '\u{FFFE}' | '\u{FFFF}' => out.push('\u{FFFD}'),
            _ => out.push(character),
        }
    }
    Cow::Owned(out)
}

/// Whether a byte stands for itself in any text.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'&' | b'<' | b'>')
}
