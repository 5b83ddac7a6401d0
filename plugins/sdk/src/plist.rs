//! Writes XML property lists, for generators.
//!
//! Knows nothing of profiles. Invariant: what it writes is well-formed for every text: markup is
//! escaped, and characters that XML cannot carry are left out.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A value of a property list. Dates and reals are left out until a generator needs them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `string`.
    Text(String),
    /// `integer`.
    Integer(i64),
    /// `true` or `false`.
    Boolean(bool),
    /// `data`, written in base64 on one line.
    Data(Vec<u8>),
    /// `dict`.
    Dictionary(Dictionary),
    /// `array`, in the order given.
    List(Vec<Self>),
}

/// Keys and values, written in the order given.
pub type Dictionary = Vec<(&'static str, Value)>;

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// The complete property list with `root` at its top, tabs before each level, a newline at the end.
pub fn write(root: &Dictionary) -> Vec<u8> {
    let mut xml = String::from(concat!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
        "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" ",
        "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n",
        "<plist version=\"1.0\">\n",
    ));
    dictionary(&mut xml, 0, root);
    xml.push_str("</plist>\n");
    xml.into_bytes()
}

fn dictionary(xml: &mut String, depth: usize, entries: &Dictionary) {
    line(xml, depth, "<dict>");
    for (key, entry) in entries {
        line(xml, depth + 1, &element("key", key));
        value(xml, depth + 1, entry);
    }
    line(xml, depth, "</dict>");
}

fn value(xml: &mut String, depth: usize, value: &Value) {
    match value {
        Value::Text(text) => line(xml, depth, &element("string", text)),
        Value::Integer(number) => line(xml, depth, &element("integer", &number.to_string())),
        Value::Boolean(true) => line(xml, depth, "<true/>"),
        Value::Boolean(false) => line(xml, depth, "<false/>"),
        Value::Data(bytes) => line(xml, depth, &element("data", &STANDARD.encode(bytes))),
        Value::Dictionary(entries) => dictionary(xml, depth, entries),
        Value::List(items) => {
            line(xml, depth, "<array>");
            for item in items {
                self::value(xml, depth + 1, item);
            }
            line(xml, depth, "</array>");
        }
    }
}

fn line(xml: &mut String, depth: usize, text: &str) {
    xml.extend(std::iter::repeat_n('\t', depth));
    xml.push_str(text);
    xml.push('\n');
}

fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escaped(text))
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\t' | '\n' => escaped.push(c),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values come out in the form of Apple's DTD, in the order given.
    #[test]
    fn written() {
        let pair = Value::List(vec!["CN".into(), Value::Boolean(false)]);
        let root = vec![
            ("text", Value::from("a < b && c > d\u{7}")),
            ("data", Value::Data(vec![0, 255])),
            ("list", Value::List(vec![pair])),
            ("map", Value::Dictionary(vec![("n", Value::Integer(-1))])),
        ];
        let xml = String::from_utf8(write(&root)).unwrap();
        let (_, body) = xml.split_once("<plist version=\"1.0\">\n").unwrap();
        let expected = "<dict>\n\t<key>text</key>\n\t<string>a &lt; b &amp;&amp; c &gt; d</string>\n\
                        \t<key>data</key>\n\t<data>AP8=</data>\n\t<key>list</key>\n\t<array>\n\
                        \t\t<array>\n\t\t\t<string>CN</string>\n\t\t\t<false/>\n\t\t</array>\n\
                        \t</array>\n\t<key>map</key>\n\t<dict>\n\t\t<key>n</key>\n\
                        \t\t<integer>-1</integer>\n\t</dict>\n</dict>\n</plist>\n";
        assert_eq!(body, expected);
    }
}
