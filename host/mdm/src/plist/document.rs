//! The tree of a property list as a flat list of nodes in preorder.
//!
//! Knows nothing of XML beyond byte offsets into it. Invariant: a node's subtree is the run of
//! nodes from itself to `end`, so children are found by stepping from one `end` to the next and
//! nothing here recurses; node 0 is the root and always exists.

/// Index of a node in preorder; the root is 0.
pub type NodeId = u32;

/// A range of bytes in the text that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset one past the last byte.
    pub end: u32,
}

/// What a node is. Children of dictionaries and arrays are nodes of their own.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Keys with values, in the order of the text.
    Dictionary,
    /// Values in order.
    Array,
    /// Text with entities resolved and line ends as `\n`.
    String(String),
    /// A number within the range of `i64` or `u64`.
    Integer(i128),
    /// A finite number.
    Real(f64),
    /// `true` or `false`.
    Boolean(bool),
    /// `YYYY-MM-DDThh:mm:ssZ`, as written.
    Date(String),
    /// Bytes.
    Data(Vec<u8>),
}

/// The key of a value that stands in a dictionary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The key's text.
    pub text: String,
    /// The whole `<key>` element.
    pub span: Span,
}

/// One value of the tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it is.
    pub value: Value,
    /// Its key, if its parent is a dictionary.
    pub key: Option<Key>,
    /// The dictionary or array it stands in; `None` for the root.
    pub parent: Option<NodeId>,
    /// One past the last node of its subtree.
    pub end: NodeId,
    /// The whole element.
    pub span: Span,
    /// What stands between its tags; empty at the end of `span` for a self-closed element.
    pub text: Span,
}

impl Node {
    /// The byte where a person looks for the value: its key if it has one, else the value itself.
    pub fn start(&self) -> u32 {
        self.key
            .as_ref()
            .map_or(self.span.start, |key| key.span.start)
    }
}

/// A property list; immutable.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    nodes: Vec<Node>,
}

/// One step from a dictionary or array to a value in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// The value under this key of a dictionary.
    Key(String),
    /// The value at this place of an array, from 0.
    Index(u32),
}

impl Document {
    /// Takes the reader's nodes, which hold the module's invariant.
    pub(super) fn new(nodes: Vec<Node>) -> Self {
        debug_assert!(!nodes.is_empty(), "a document has a root");
        Self { nodes }
    }

    /// All nodes in preorder.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The outermost value.
    pub fn root(&self) -> NodeRef<'_> {
        NodeRef {
            document: self,
            id: 0,
        }
    }

    /// The node with this id, if there is one.
    pub fn node(&self, id: NodeId) -> Option<NodeRef<'_>> {
        ((id as usize) < self.nodes.len()).then_some(NodeRef { document: self, id })
    }

    /// The node that a path leads to from the root.
    pub fn at(&self, path: &[Segment]) -> Option<NodeRef<'_>> {
        path.iter()
            .try_fold(self.root(), |node, segment| match segment {
                Segment::Key(key) => node.get(key),
                Segment::Index(index) => node.items().nth(*index as usize),
            })
    }
}

/// A place in a document's tree.
#[derive(Debug, Clone, Copy)]
pub struct NodeRef<'a> {
    document: &'a Document,
    id: NodeId,
}

impl<'a> NodeRef<'a> {
    /// The node's index in preorder.
    pub fn id(self) -> NodeId {
        self.id
    }

    /// The node itself.
    pub fn node(self) -> &'a Node {
        &self.document.nodes[self.id as usize]
    }

    /// The dictionary or array that holds this node.
    pub fn parent(self) -> Option<Self> {
        self.node().parent.map(|id| Self {
            document: self.document,
            id,
        })
    }

    /// The value under `key`; `None` also if this is no dictionary. Costs a walk over the entries.
    pub fn get(self, key: &str) -> Option<Self> {
        self.entries()
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value)
    }

    /// A dictionary's keys and values in the order of the text; nothing for other values.
    pub fn entries(self) -> impl Iterator<Item = (&'a str, Self)> {
        let children = if self.is_dictionary() {
            self.children()
        } else {
            self.no_children()
        };
        children.filter_map(|child| Some((child.node().key.as_ref()?.text.as_str(), child)))
    }

    /// An array's values in order; nothing for other values.
    pub fn items(self) -> impl Iterator<Item = Self> {
        if self.is_array() {
            self.children()
        } else {
            self.no_children()
        }
    }

    /// The text of a string.
    pub fn as_str(self) -> Option<&'a str> {
        if let Value::String(text) = &self.node().value {
            Some(text)
        } else {
            None
        }
    }

    /// The value of an integer.
    pub fn as_integer(self) -> Option<i128> {
        if let Value::Integer(number) = self.node().value {
            Some(number)
        } else {
            None
        }
    }

    /// The value of a real.
    pub fn as_real(self) -> Option<f64> {
        if let Value::Real(number) = self.node().value {
            Some(number)
        } else {
            None
        }
    }

    /// The value of a boolean.
    pub fn as_bool(self) -> Option<bool> {
        if let Value::Boolean(flag) = self.node().value {
            Some(flag)
        } else {
            None
        }
    }

    /// The text of a date.
    pub fn as_date(self) -> Option<&'a str> {
        if let Value::Date(text) = &self.node().value {
            Some(text)
        } else {
            None
        }
    }

    /// The bytes of a data value.
    pub fn as_data(self) -> Option<&'a [u8]> {
        if let Value::Data(bytes) = &self.node().value {
            Some(bytes)
        } else {
            None
        }
    }

    /// Whether it holds keys and values.
    pub fn is_dictionary(self) -> bool {
        matches!(self.node().value, Value::Dictionary)
    }

    /// Whether it holds values without keys.
    pub fn is_array(self) -> bool {
        matches!(self.node().value, Value::Array)
    }

    /// Whether both are the same value with the same keys in the same order, wherever they stand.
    pub(crate) fn is_like(self, other: NodeRef<'_>) -> bool {
        fn key(node: &Node) -> Option<&str> {
            node.key.as_ref().map(|key| key.text.as_str())
        }
        let (mine, theirs) = (self.subtree(), other.subtree());
        let size = |place: NodeRef<'_>, node: &Node| node.end - place.id;
        let same = |(index, (a, b)): (usize, (&Node, &Node))| {
            let is_same_key = index == 0 || key(a) == key(b);
            is_same_key && a.value == b.value && size(self, a) == size(other, b)
        };
        mine.len() == theirs.len() && mine.iter().zip(theirs).enumerate().all(same)
    }

    /// This node and all below it.
    fn subtree(self) -> &'a [Node] {
        &self.document.nodes[self.id as usize..self.node().end as usize]
    }

    /// The steps from the root to here; empty for the root.
    pub fn path(self) -> Vec<Segment> {
        let mut path = Vec::new();
        let mut here = self;
        while let Some(parent) = here.parent() {
            path.push(match &here.node().key {
                Some(key) => Segment::Key(key.text.clone()),
                None => Segment::Index(here.place_in(parent)),
            });
            here = parent;
        }
        path.reverse();
        path
    }

    fn place_in(self, array: Self) -> u32 {
        let before = array.items().take_while(|item| item.id < self.id).count();
        u32::try_from(before).unwrap_or(u32::MAX)
    }

    fn children(self) -> Children<'a> {
        Children {
            document: self.document,
            next: self.id + 1,
            end: self.node().end,
        }
    }

    fn no_children(self) -> Children<'a> {
        Children {
            document: self.document,
            next: 0,
            end: 0,
        }
    }
}

/// Steps from one child to the next.
struct Children<'a> {
    document: &'a Document,
    next: NodeId,
    end: NodeId,
}

impl<'a> Iterator for Children<'a> {
    type Item = NodeRef<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.end {
            return None;
        }
        let child = NodeRef {
            document: self.document,
            id: self.next,
        };
        self.next = child.node().end;
        Some(child)
    }
}
