//! Writing the one safe answer to a finding into the profile that it is about.
//!
//! A fix is one of `remove` (the value, with its key), `rename KEY`, `value FRAGMENT` and
//! `insert KEY FRAGMENT` (into the dictionary), where a fragment is one element of a property list.
//! Knows nothing of rules. Invariants: bytes outside the edits stay as they are; what comes out is
//! read again and is a property list; a fix that does not fit its place is left out.

use std::collections::BTreeMap;

use crate::finding::Finding;
use crate::plist::{
    Document, Edit, LineIndex, Node, NodeId, NodeRef, ReaderLimits, Span, apply_edits, escaped,
    read_xml,
};

/// What is to be done at a finding's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fix {
    /// The value goes, with its key.
    Remove,
    /// The value gets this key.
    Rename(String),
    /// This element stands in place of the value.
    Value(String),
    /// The dictionary gets this key with this element.
    Insert(String, String),
}

impl Fix {
    /// Reads the words of a finding's `fix`; `None` if they are not of the form above.
    pub fn parse(words: &str) -> Option<Self> {
        let (verb, rest) = words.split_once(' ').unwrap_or((words, ""));
        match verb {
            "remove" if rest.is_empty() => Some(Self::Remove),
            "rename" if is_key(rest) => Some(Self::Rename(rest.to_owned())),
            "value" if is_element(rest) => Some(Self::Value(rest.to_owned())),
            "insert" => {
                let (key, element) = rest.split_once(' ')?;
                let fits = is_key(key) && is_element(element);
                fits.then(|| Self::Insert(key.to_owned(), element.to_owned()))
            }
            _ => None,
        }
    }

    /// The same for a person.
    pub fn words(&self) -> String {
        match self {
            Self::Remove => "remove it".to_owned(),
            Self::Rename(key) => format!("rename the key to {key}"),
            Self::Value(element) => format!("write {element}"),
            Self::Insert(key, element) => format!("add <key>{key}</key> with {element}"),
        }
    }
}

/// Keys of Apple's have neither spaces nor markup.
fn is_key(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}

/// Whether the text is one element of a property list and nothing else.
fn is_element(text: &str) -> bool {
    let whole = format!("<plist version=\"1.0\"><array>{text}</array></plist>");
    let read = read_xml(whole.as_bytes(), &ReaderLimits::default());
    read.is_ok_and(|read| read.document.root().items().count() == 1)
}

/// What came of fixing a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixed {
    /// The new text.
    pub text: Vec<u8>,
    /// Which of the findings it answers, by their index.
    pub done: Vec<usize>,
}

/// What a fix puts in place of some bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    /// Where it begins, as line and column.
    pub start: (u32, u32),
    /// Where it ends; the same where something is only put in.
    pub end: (u32, u32),
    /// What comes.
    pub text: String,
}

/// What the fix of each finding would replace, for others to do; `None` where it has none that
/// fits.
///
/// # Errors
/// A [`Finding`] if the text cannot be read.
pub fn replacements(
    text: &[u8],
    findings: &[Finding],
    limits: &ReaderLimits,
) -> Result<Vec<Option<Replacement>>, Finding> {
    let document = read_xml(text, limits)?.document;
    let places = places(text, &document);
    let lines = LineIndex::new(text);
    let replacement = |finding: &Finding| {
        let edit = edit_for(text, finding, &document, &places)?;
        Some(Replacement {
            start: lines.position(edit.span.start as usize),
            end: lines.position(edit.span.end as usize),
            text: String::from_utf8(edit.bytes).ok()?,
        })
    };
    Ok(findings.iter().map(replacement).collect())
}

/// Writes into an XML property list the fixes of those findings that have one and do not stand in
/// each other's way; what is left can be tried on the new text.
///
/// # Errors
/// A [`Finding`] if the text cannot be read, before or after.
pub fn apply(text: &[u8], findings: &[Finding], limits: &ReaderLimits) -> Result<Fixed, Finding> {
    let document = read_xml(text, limits)?.document;
    let places = places(text, &document);
    let mut edits: Vec<Edit> = Vec::new();
    let mut done = Vec::new();
    for (index, finding) in findings.iter().enumerate() {
        let edit = edit_for(text, finding, &document, &places);
        if let Some(edit) = edit.filter(|edit| !edits.iter().any(|other| touch(edit, other))) {
            edits.push(edit);
            done.push(index);
        }
    }
    let text = apply_edits(text, edits);
    // What was put in is ours, and does not count against the limits.
    let limits = ReaderLimits {
        bytes: text.len(),
        nodes: usize::MAX,
        ..*limits
    };
    read_xml(&text, &limits)?;
    Ok(Fixed { text, done })
}

fn edit_for(
    text: &[u8],
    finding: &Finding,
    document: &Document,
    places: &BTreeMap<(u32, u32), NodeId>,
) -> Option<Edit> {
    let fix = Fix::parse(finding.fix.as_deref()?)?;
    let node = places.get(&(finding.line, finding.column))?;
    edit(text, &fix, document.node(*node)?)
}

/// Every place by which a finding may name a value: its key, its element, or what is in it. Where
/// two values share a place, as `<dict><key>` on one line, it is that of the one that begins there.
fn places(text: &[u8], document: &Document) -> BTreeMap<(u32, u32), NodeId> {
    let lines = LineIndex::new(text);
    let mut places = BTreeMap::new();
    let offsets: [fn(&Node) -> u32; 3] =
        [Node::start, |node| node.span.start, |node| node.text.start];
    for offset in offsets {
        for (id, node) in (0..).zip(document.nodes()) {
            places
                .entry(lines.position(offset(node) as usize))
                .or_insert(id);
        }
    }
    places
}

fn touch(a: &Edit, b: &Edit) -> bool {
    a.span.start <= b.span.end && b.span.start <= a.span.end
}

fn edit(text: &[u8], fix: &Fix, node: NodeRef<'_>) -> Option<Edit> {
    let place = node.node();
    let parent = node.parent();
    match fix {
        Fix::Remove => {
            parent?;
            let start = place.start() as usize;
            let blanks = start - text[..start].trim_ascii_end().len();
            let start = place.start() - u32::try_from(blanks).ok()?;
            let span = Span {
                start,
                end: place.span.end,
            };
            let bytes = Vec::new();
            Some(Edit { span, bytes })
        }
        Fix::Rename(key) => {
            let span = place.key.as_ref()?.span;
            let is_free = parent?.get(key).is_none();
            let bytes = format!("<key>{}</key>", escaped(key)).into_bytes();
            is_free.then_some(Edit { span, bytes })
        }
        Fix::Value(element) => {
            parent?;
            let span = place.span;
            let bytes = element.clone().into_bytes();
            Some(Edit { span, bytes })
        }
        Fix::Insert(key, element) => {
            let fits = node.is_dictionary() && node.get(key).is_none();
            fits.then(|| inserted(text, node, key, element))
        }
    }
}

/// A new entry behind the last one, laid out like the first.
fn inserted(text: &[u8], dictionary: NodeRef<'_>, key: &str, element: &str) -> Edit {
    let node = dictionary.node();
    let children = || dictionary.entries().map(|(_, child)| child.node());
    let line = children().next().map_or(b"".as_slice(), |first| {
        let before = &text[..first.start() as usize];
        let blanks = &before[before.trim_ascii_end().len()..];
        let line_end = blanks.iter().rposition(|byte| *byte == b'\n');
        line_end.map_or(b"".as_slice(), |at| &blanks[at..])
    });
    let key = format!("<key>{}</key>", escaped(key)).into_bytes();
    let entry = [line, &key, line, element.as_bytes()].concat();
    if node.text.start == node.span.end {
        let bytes = [b"<dict>".as_slice(), &entry, b"</dict>"].concat();
        return Edit {
            span: node.span,
            bytes,
        };
    }
    let at = children().last().map_or(node.text.start, |l| l.span.end);
    Edit {
        span: Span { start: at, end: at },
        bytes: entry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;

    const TEXT: &str = "<plist version=\"1.0\">\n<dict>\n\t<key>a</key>\n\t<string>1</string>\n\t\
                        <key>b</key> <!-- kept --> <true/>\n\t<key>c</key>\n\t<dict/>\n</dict>\n\
                        </plist>\n";

    fn fixed(fixes: &[((u32, u32), &str)]) -> (String, Vec<usize>) {
        let finding = |(place, fix): &((u32, u32), &str)| {
            Finding::host(Severity::Error, "X", *place, "text").with_fix(*fix)
        };
        let findings: Vec<_> = fixes.iter().map(finding).collect();
        let fixed = apply(TEXT.as_bytes(), &findings, &ReaderLimits::default()).unwrap();
        (String::from_utf8(fixed.text).unwrap(), fixed.done)
    }

    /// Each fix changes its own place and no other byte.
    #[test]
    fn one_place_each() {
        let (text, done) = fixed(&[
            ((3, 2), "value <integer>1</integer>"),
            ((5, 2), "rename B"),
            ((6, 2), "insert d <string>x</string>"),
        ]);
        assert_eq!(done, [0, 1, 2]);
        let wanted = TEXT
            .replace("<string>1</string>", "<integer>1</integer>")
            .replace("<key>b</key>", "<key>B</key>")
            .replace("<dict/>", "<dict><key>d</key><string>x</string></dict>");
        assert_eq!(text, wanted);
        let (text, _) = fixed(&[((5, 2), "remove")]);
        let gone = "\n\t<key>b</key> <!-- kept --> <true/>";
        assert_eq!(text, TEXT.replace(gone, ""));
        let (text, _) = fixed(&[((2, 1), "insert d <true/>")]);
        let new = "<dict/>\n\t<key>d</key>\n\t<true/>";
        assert_eq!(text, TEXT.replace("<dict/>", new));
    }

    /// What does not fit is left alone: a key that is taken, a place where nothing is, the
    /// outermost value, a second fix of one place, words that are no fix.
    #[test]
    fn left_alone() {
        for (place, fix) in [
            ((3, 2), "rename b"),
            ((9, 9), "remove"),
            ((2, 1), "remove"),
            ((2, 1), "value <dict/>"),
            ((2, 1), "insert a <true/>"),
            ((3, 2), "insert d <true/>"),
            ((3, 2), "burn"),
        ] {
            assert_eq!(fixed(&[(place, fix)]), (TEXT.to_owned(), vec![]), "{fix}");
        }
        let (_, done) = fixed(&[((3, 2), "value <true/>"), ((3, 2), "value <false/>")]);
        assert_eq!(done, [0]);
    }

    /// A fragment is one element: nothing else can be smuggled in with it.
    #[test]
    fn fragments() {
        for words in [
            "value",
            "value 1",
            "value <true/><true/>",
            "value </array><array>",
            "value <!-- --><true",
            "rename",
            "rename a b",
            "insert a",
            "remove it",
        ] {
            assert_eq!(Fix::parse(words), None, "{words}");
        }
        let fix = Fix::parse("insert PayloadScope <string>System</string>").unwrap();
        let words = "add <key>PayloadScope</key> with <string>System</string>";
        assert_eq!(fix.words(), words);
    }
}
