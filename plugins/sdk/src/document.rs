//! A profile's tree, read by the host and walked by the plugin.
//!
//! Knows nothing of XML or of the contract's records. Invariant: nodes stand in preorder, a
//! subtree is the run from its node to its `end`, and every index in an entry points into the
//! tables beside it; the constructor drops what would not.

use crate::Segment;

/// Marks "no key" and "no parent".
pub(crate) const NONE: u32 = u32::MAX;

/// What sort of value a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `<dict>`: children that have keys.
    Dictionary,
    /// `<array>`: children without keys.
    Array,
    /// `<string>`.
    String,
    /// `<integer>`.
    Integer,
    /// `<real>`.
    Real,
    /// `<true/>` or `<false/>`.
    Boolean,
    /// `<date>`.
    Date,
    /// `<data>`, already decoded.
    Data,
}

impl Kind {
    /// The word a person reads in a message.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dictionary => "dictionary",
            Self::Array => "array",
            Self::String => "string",
            Self::Integer => "integer",
            Self::Real => "real",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Data => "data",
        }
    }
}

/// One value, by indices into the document's tables.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    /// Index of the key's text, or [`NONE`].
    pub(crate) key: u32,
    /// Index of the text (string, integer, date), the bytes (data) or the number (real); 0 or 1 of
    /// a boolean; 0 of a dictionary or array.
    pub(crate) value: u32,
    /// One past the last node of the subtree.
    pub(crate) end: u32,
    /// Index of the dictionary or array it stands in, or [`NONE`].
    pub(crate) parent: u32,
}

/// A parsed profile: at least one node, the root.
#[derive(Debug, Clone)]
pub struct Document {
    pub(crate) nodes: Vec<Entry>,
    pub(crate) texts: Vec<String>,
    pub(crate) reals: Vec<f64>,
    pub(crate) blobs: Vec<Vec<u8>>,
}

impl Document {
    /// The whole profile's dictionary.
    pub fn root(&self) -> Node<'_> {
        Node {
            document: self,
            index: 0,
        }
    }

    /// The node at a preorder index, as [`Node::index`] gives it.
    pub fn node(&self, index: u32) -> Option<Node<'_>> {
        ((index as usize) < self.nodes.len()).then_some(Node {
            document: self,
            index,
        })
    }

    /// How many nodes there are, the root included.
    #[expect(clippy::len_without_is_empty, reason = "a document is never empty")]
    pub fn len(&self) -> u32 {
        u32::try_from(self.nodes.len()).unwrap_or(NONE)
    }

    /// Every node in file order, the root first.
    pub fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        self.root().descendants()
    }

    /// Fills in the parents of entries in preorder and keeps the invariant: an `end` outside its
    /// parent's subtree is pulled in, and no entries at all become one empty dictionary.
    pub(crate) fn assemble(
        mut nodes: Vec<Entry>,
        texts: Vec<String>,
        reals: Vec<f64>,
        blobs: Vec<Vec<u8>>,
    ) -> Self {
        if nodes.is_empty() {
            nodes.push(Entry {
                kind: Kind::Dictionary,
                key: NONE,
                value: 0,
                end: 1,
                parent: NONE,
            });
        }
        let count = u32::try_from(nodes.len()).unwrap_or(NONE);
        nodes[0].end = count;
        let mut open: Vec<(u32, u32)> = Vec::new();
        for (index, entry) in (0..count).zip(&mut nodes) {
            while open.last().is_some_and(|(_, end)| *end <= index) {
                open.pop();
            }
            let (parent, limit) = open.last().copied().unwrap_or((NONE, count));
            entry.parent = parent;
            entry.end = entry.end.clamp(index + 1, limit);
            open.push((index, entry.end));
        }
        Self {
            nodes,
            texts,
            reals,
            blobs,
        }
    }

    fn text(&self, index: u32) -> Option<&str> {
        self.texts.get(index as usize).map(String::as_str)
    }
}

/// One value of a [`Document`]; cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    document: &'a Document,
    index: u32,
}

impl<'a> Node<'a> {
    /// Its place in preorder; the root is 0.
    pub fn index(self) -> u32 {
        self.index
    }

    /// What sort of value it is.
    pub fn kind(self) -> Kind {
        self.entry().kind
    }

    /// Its key, if it stands in a dictionary.
    pub fn key(self) -> Option<&'a str> {
        self.document.text(self.entry().key)
    }

    /// The dictionary or array it stands in; `None` for the root.
    pub fn parent(self) -> Option<Self> {
        self.document.node(self.entry().parent)
    }

    /// The value under `key`, if this is a dictionary that has it. Keys are compared exactly.
    pub fn get(self, key: &str) -> Option<Self> {
        self.entries()
            .find(|(name, _)| *name == key)
            .map(|(_, node)| node)
    }

    /// The value under `key` if it is of `kind`.
    pub fn find(self, kind: Kind, key: &str) -> Option<Self> {
        self.get(key).filter(|node| node.kind() == kind)
    }

    /// Keys and values of a dictionary in file order; nothing for other kinds.
    pub fn entries(self) -> impl Iterator<Item = (&'a str, Self)> {
        let dictionary = self.kind() == Kind::Dictionary;
        self.children()
            .filter(move |_| dictionary)
            .filter_map(|node| Some((node.key()?, node)))
    }

    /// Values of an array in file order; nothing for other kinds.
    pub fn items(self) -> impl Iterator<Item = Self> {
        let array = self.kind() == Kind::Array;
        self.children().filter(move |_| array)
    }

    /// This node and everything below it, in file order.
    pub fn descendants(self) -> impl Iterator<Item = Self> {
        (self.index..self.entry().end).map(move |index| Self {
            document: self.document,
            index,
        })
    }

    /// The text of a string.
    pub fn as_str(self) -> Option<&'a str> {
        self.text_of(Kind::String)
    }

    /// The value of an integer; plists hold -2^63 to 2^64-1.
    pub fn as_integer(self) -> Option<i128> {
        self.text_of(Kind::Integer)?.parse().ok()
    }

    /// The value of a real.
    pub fn as_real(self) -> Option<f64> {
        let entry = self.entry();
        (entry.kind == Kind::Real)
            .then(|| self.document.reals.get(entry.value as usize).copied())
            .flatten()
    }

    /// The value of a boolean.
    pub fn as_bool(self) -> Option<bool> {
        let entry = self.entry();
        (entry.kind == Kind::Boolean).then_some(entry.value != 0)
    }

    /// The text of a date, `YYYY-MM-DDThh:mm:ssZ`.
    pub fn as_date(self) -> Option<&'a str> {
        self.text_of(Kind::Date)
    }

    /// The decoded bytes of a data value.
    pub fn as_data(self) -> Option<&'a [u8]> {
        let entry = self.entry();
        (entry.kind == Kind::Data)
            .then(|| {
                self.document
                    .blobs
                    .get(entry.value as usize)
                    .map(Vec::as_slice)
            })
            .flatten()
    }

    /// The way from the root to this node.
    pub fn path(self) -> Vec<Segment> {
        let mut path = Vec::new();
        let mut node = self;
        while let Some(parent) = node.parent() {
            path.push(match node.key() {
                Some(key) => Segment::Key(key.to_owned()),
                None => Segment::Index(node.position_in(parent)),
            });
            node = parent;
        }
        path.reverse();
        path
    }

    fn position_in(self, parent: Self) -> u32 {
        let before = parent
            .children()
            .take_while(|child| child.index < self.index)
            .count();
        u32::try_from(before).unwrap_or(NONE)
    }

    fn children(self) -> impl Iterator<Item = Self> {
        let end = self.entry().end;
        let mut next = self.index + 1;
        std::iter::from_fn(move || {
            let child = (next < end).then_some(Self {
                document: self.document,
                index: next,
            })?;
            next = child.entry().end;
            Some(child)
        })
    }

    fn text_of(self, kind: Kind) -> Option<&'a str> {
        let entry = self.entry();
        if entry.kind == kind {
            self.document.text(entry.value)
        } else {
            None
        }
    }

    fn entry(self) -> &'a Entry {
        &self.document.nodes[self.index as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::document_from_json;

    /// A tree is walked by key, by position and upwards, and every kind gives its own value only.
    #[test]
    fn walking() {
        let document = document_from_json(
            r#"{"A": [1, {"B": "b"}, 2.5, true, {"$date": "2026-01-02T03:04:05Z"}, {"$data": "00ff"}],
                "Z": "z"}"#,
        );
        let items: Vec<_> = document.root().get("A").unwrap().items().collect();
        assert_eq!(items.len(), 6);
        assert_eq!(items[0].as_integer(), Some(1));
        assert_eq!(items[0].as_str(), None);
        assert_eq!(items[1].get("B").unwrap().as_str(), Some("b"));
        assert_eq!(items[2].as_real(), Some(2.5));
        assert_eq!(items[3].as_bool(), Some(true));
        assert_eq!(items[4].as_date(), Some("2026-01-02T03:04:05Z"));
        assert_eq!(items[5].as_data(), Some(&[0, 255][..]));
        let b = items[1].get("B").unwrap();
        assert_eq!(
            b.path(),
            [
                Segment::Key("A".to_owned()),
                Segment::Index(1),
                Segment::Key("B".to_owned())
            ]
        );
        assert_eq!(b.parent().unwrap().index(), items[1].index());
        assert_eq!(
            document.root().find(Kind::String, "Z").unwrap().as_str(),
            Some("z")
        );
        assert!(document.root().find(Kind::Array, "Z").is_none());
        assert!(document.root().parent().is_none());
        assert_eq!(document.nodes().count(), document.len() as usize);
    }

    /// Entries that lie about their extent are bounded, so that walking always ends.
    #[test]
    fn crooked_extents_are_bounded() {
        let entry = |end| Entry {
            kind: Kind::Array,
            key: NONE,
            value: 0,
            end,
            parent: NONE,
        };
        let document = Document::assemble(
            vec![entry(0), entry(99), entry(0)],
            Vec::new(),
            Vec::new(),
            Vec::new(),
        );
        assert_eq!(document.nodes().count(), 3);
        assert_eq!(document.node(2).unwrap().path().len(), 2);
        let empty = Document::assemble(Vec::new(), Vec::new(), Vec::new(), Vec::new());
        assert_eq!(empty.root().kind(), Kind::Dictionary);
    }
}
