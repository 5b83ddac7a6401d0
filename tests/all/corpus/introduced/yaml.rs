//! Reads the YAML of Apple's schema, which is all written by one tool in one plain style.
//!
//! Knows what that style uses and no more: blocks by indentation, texts that run on in deeper
//! lines, anchors and aliases. Texts are cut to their first line. An alias stays one, since some of
//! the schema contains itself. Invariant: a line that does not fit is a panic that shows it.

use std::collections::BTreeMap;

/// A value; borrowed from the text.
#[derive(Debug, Clone)]
pub(super) enum Yaml<'a> {
    Text(&'a str),
    Map(Vec<(&'a str, Self)>),
    List(Vec<Self>),
    /// Stands for the value with this name among the anchors.
    Alias(&'a str),
}

impl<'a> Yaml<'a> {
    /// The value under a name of a map.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        let mut entries = self.entries().iter();
        entries.find(|(key, _)| *key == name).map(|(_, v)| v)
    }

    /// The text under a name of a map.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        match self.get(name)? {
            Self::Text(text) => Some(text),
            Self::Map(_) | Self::List(_) | Self::Alias(_) => None,
        }
    }

    /// What a map holds; nothing for other values.
    pub(super) fn entries(&self) -> &[(&'a str, Self)] {
        match self {
            Self::Map(entries) => entries,
            Self::Text(_) | Self::List(_) | Self::Alias(_) => &[],
        }
    }
}

/// A whole file, and its values that have a name.
pub(super) fn read(text: &str) -> (Yaml<'_>, BTreeMap<&str, Yaml<'_>>) {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let lines = lines.map(|line| {
        let text = line.trim_start();
        (line.len() - text.len(), text)
    });
    let mut reader = Reader {
        lines: lines.collect(),
        at: 0,
        anchors: BTreeMap::new(),
    };
    let value = reader.block(0);
    assert_eq!(reader.at, reader.lines.len(), "{:?}", reader.line());
    (value, reader.anchors)
}

struct Reader<'a> {
    /// Indentation and text of each line that is not blank.
    lines: Vec<(usize, &'a str)>,
    at: usize,
    anchors: BTreeMap<&'a str, Yaml<'a>>,
}

impl<'a> Reader<'a> {
    fn line(&self) -> Option<(usize, &'a str)> {
        self.lines.get(self.at).copied()
    }

    /// The text of the current line, if it belongs to the block at this indentation.
    fn line_at(&self, indent: usize) -> Option<&'a str> {
        let (found, text) = self.line()?;
        (found == indent).then_some(text)
    }

    fn block(&mut self, indent: usize) -> Yaml<'a> {
        match self.line_at(indent) {
            Some(text) if text.starts_with("- ") => self.list(indent),
            Some(_) => self.map(indent),
            None => panic!("{:?} is not indented by {indent}", self.line()),
        }
    }

    fn list(&mut self, indent: usize) -> Yaml<'a> {
        let mut items = Vec::new();
        while let Some(text) = self.line_at(indent).and_then(|t| t.strip_prefix("- ")) {
            if entry(text).is_some() {
                // The rest of the line is the first entry of a map that is indented as it is.
                self.lines[self.at] = (indent + 2, text);
                items.push(self.map(indent + 2));
            } else {
                items.push(self.scalar(indent, text));
            }
        }
        Yaml::List(items)
    }

    fn map(&mut self, indent: usize) -> Yaml<'a> {
        let mut entries = Vec::new();
        while let Some(line) = self.line_at(indent).filter(|text| !text.starts_with("- ")) {
            let (name, text) = entry(line).unwrap_or_else(|| panic!("{line:?} is no entry"));
            let value = if let Some(alias) = text.strip_prefix('*') {
                self.at += 1;
                Yaml::Alias(alias)
            } else if let Some(anchor) = text.strip_prefix('&') {
                let value = self.nested(indent);
                self.anchors.insert(anchor, value.clone());
                value
            } else if text.is_empty() {
                self.nested(indent)
            } else {
                self.scalar(indent, text)
            };
            entries.push((name, value));
        }
        Yaml::Map(entries)
    }

    /// The block below an entry: deeper, or a list just below it.
    fn nested(&mut self, indent: usize) -> Yaml<'a> {
        self.at += 1;
        match self.line() {
            Some((found, _)) if found > indent => self.block(found),
            Some((found, text)) if found == indent && text.starts_with("- ") => self.list(indent),
            _ => Yaml::Text(""),
        }
    }

    /// A text, with the deeper lines in which it goes on.
    fn scalar(&mut self, indent: usize, text: &'a str) -> Yaml<'a> {
        self.at += 1;
        while self.line().is_some_and(|(found, _)| found > indent) {
            self.at += 1;
        }
        Yaml::Text(text.trim_matches('\''))
    }
}

/// The name and the text of an entry of a map.
fn entry(line: &str) -> Option<(&str, &str)> {
    let (name, text) = line.split_once(':')?;
    let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric());
    let is_entry = is_name && (text.is_empty() || text.starts_with(' '));
    is_entry.then_some((name, text.trim()))
}

/// The parts of the style that the schema uses are read as YAML means them.
#[test]
fn the_style_is_read() {
    let text = "title: A\nkeys: &id001\n- key: 'x'\n  content: |-\n    key: no\n\n    - no\n  os:\n    \
                mac:\n      new: 10.15\n  subkeys: *id001\n- key: y\n  list:\n  - None\n  - a\n    \
                b\n  last: z\n";
    let (value, anchors) = read(text);
    let shown = "[Map([(\"key\", Text(\"x\")), (\"content\", Text(\"|-\")), (\"os\", \
                 Map([(\"mac\", Map([(\"new\", Text(\"10.15\"))]))])), (\"subkeys\", \
                 Alias(\"id001\"))]), Map([(\"key\", Text(\"y\")), (\"list\", \
                 List([Text(\"None\"), Text(\"a\")])), (\"last\", Text(\"z\"))])]";
    let shown = format!("List({shown})");
    assert_eq!(format!("{:?}", anchors["id001"]), shown);
    assert_eq!(format!("{:?}", value.get("keys").unwrap()), shown);
    assert_eq!(value.text("title"), Some("A"));
}
