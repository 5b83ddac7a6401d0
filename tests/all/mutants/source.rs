//! A real profile that can be changed in one place, and the random choices of a seed.
//!
//! Knows no rule. Invariants: a change knows the offset in the changed bytes that a person should be
//! led to; equal seeds make equal changes.

use std::ops::Range;

use mooring_mdm::plist::{Document, NodeRef, ReaderLimits, Span, Value, read_xml};

/// A real profile, as XML.
pub(crate) struct Source {
    /// Its path below the corpus.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) document: Document,
}

/// Where a person should be led to.
#[derive(Clone, Copy)]
pub(crate) enum Fault {
    /// An offset in the changed bytes.
    Offset(usize),
    /// A line, where the bytes have none.
    Line(u32),
}

/// A changed profile, and where its fault lies.
pub(crate) struct Change {
    pub(crate) bytes: Vec<u8>,
    pub(crate) fault: Fault,
    /// What the finding has to say, such as the name that was meant.
    pub(crate) says: Option<String>,
}

impl Change {
    /// The line of the fault, from 1; a line ends with `\n`, `\r\n` or `\r`.
    pub(crate) fn line(&self) -> u32 {
        let at = match self.fault {
            Fault::Offset(at) => at,
            Fault::Line(line) => return line,
        };
        let before = &self.bytes[..at.min(self.bytes.len())];
        let ends = |(at, byte): (usize, &u8)| match byte {
            b'\n' => true,
            b'\r' => self.bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        let ended = before.iter().enumerate().filter(|one| ends(*one)).count();
        u32::try_from(ended + 1).unwrap()
    }
}

/// Choices that follow from a seed alone (splitmix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    /// One of them, if there is any.
    pub(crate) fn pick<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        (!all.is_empty()).then(|| all[self.below(all.len())])
    }

    /// A uuid that no profile has.
    pub(crate) fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08X}-{:04X}-4{:03X}-A{:03X}-{:012X}",
            high >> 32,
            (high >> 16) & 0xFFFF,
            high & 0xFFF,
            low >> 52,
            low & 0xFFFF_FFFF_FFFF
        )
    }
}

fn range(span: Span) -> Range<usize> {
    span.start as usize..span.end as usize
}

impl Source {
    /// Reads a profile; `None` if it is none, or not in XML.
    pub(crate) fn read(name: String, bytes: Vec<u8>) -> Option<Self> {
        let document = read_xml(&bytes, &ReaderLimits::default()).ok()?.document;
        document.root().is_dictionary().then_some(Self {
            name,
            bytes,
            document,
        })
    }

    pub(crate) fn root(&self) -> NodeRef<'_> {
        self.document.root()
    }

    /// The dictionaries of `PayloadContent`.
    pub(crate) fn payloads(&self) -> Vec<NodeRef<'_>> {
        let content = self.root().get("PayloadContent").into_iter();
        content
            .flat_map(NodeRef::items)
            .filter(|one| one.is_dictionary())
            .collect()
    }

    /// One of the values below the root that are fit.
    pub(crate) fn any(
        &self,
        random: &mut Random,
        is_fit: impl Fn(NodeRef<'_>) -> bool,
    ) -> Option<NodeRef<'_>> {
        let ids = 1..u32::try_from(self.document.nodes().len()).unwrap();
        let nodes = ids.filter_map(|id| self.document.node(id));
        let fit: Vec<_> = nodes.filter(|node| is_fit(*node)).collect();
        random.pick(&fit)
    }

    /// The bytes of a value's element.
    pub(crate) fn element(node: NodeRef<'_>) -> Range<usize> {
        range(node.node().span)
    }

    /// What stands between its tags.
    pub(crate) fn inside(node: NodeRef<'_>) -> Range<usize> {
        range(node.node().text)
    }

    /// The bytes of its `<key>` element; of a value without one nothing, where it begins.
    pub(crate) fn key(node: NodeRef<'_>) -> Range<usize> {
        let key = node.node().key.as_ref().map(|key| range(key.span));
        key.unwrap_or(Self::element(node).start..Self::element(node).start)
    }

    /// The bytes of key and value.
    pub(crate) fn entry(node: NodeRef<'_>) -> Range<usize> {
        Self::key(node).start..Self::element(node).end
    }

    pub(crate) fn text(&self, range: Range<usize>) -> &[u8] {
        &self.bytes[range]
    }

    /// The profile with these bytes replaced, and its fault at the start of what was put in.
    pub(crate) fn replaced(&self, range: Range<usize>, by: impl AsRef<[u8]>) -> Change {
        let at = range.start;
        self.replaced_with_fault_at(range, by, at)
    }

    /// The same with its fault elsewhere in the changed bytes.
    pub(crate) fn replaced_with_fault_at(
        &self,
        range: Range<usize>,
        by: impl AsRef<[u8]>,
        at: usize,
    ) -> Change {
        let (before, after) = (&self.bytes[..range.start], &self.bytes[range.end..]);
        let bytes = [before, by.as_ref(), after].concat();
        let (fault, says) = (Fault::Offset(at), None);
        Change { bytes, fault, says }
    }

    /// The same with its fault at what stands at this offset before the change, outside of it.
    pub(crate) fn replaced_with_fault_of(
        &self,
        range: Range<usize>,
        by: impl AsRef<[u8]>,
        was_at: usize,
    ) -> Change {
        let is_before = was_at <= range.start;
        let at = if is_before {
            was_at
        } else {
            was_at - range.len() + by.as_ref().len()
        };
        self.replaced_with_fault_at(range, by, at)
    }

    /// The profile without these bytes but for their line ends, so that no other line moves. The
    /// fault is what stood at `was_at`.
    pub(crate) fn without(&self, range: Range<usize>, was_at: usize) -> Change {
        let ends = self.text(range.clone()).iter().copied();
        let ends: Vec<u8> = ends.filter(|byte| matches!(byte, b'\n' | b'\r')).collect();
        self.replaced_with_fault_of(range, ends, was_at)
    }

    /// A value in the place of another; its key is where a person looks.
    pub(crate) fn with_value(&self, node: NodeRef<'_>, element: impl AsRef<[u8]>) -> Change {
        self.replaced_with_fault_at(Self::element(node), element, Self::entry(node).start)
    }

    /// One more entry at the beginning of a dictionary, on a line of its own.
    pub(crate) fn with_entry(&self, dictionary: NodeRef<'_>, entry: &str) -> Option<Change> {
        let start = Self::inside(dictionary).start;
        // A dictionary that is one empty tag has no inside.
        let has_inside = start < Self::element(dictionary).end;
        let entry = format!("\n{entry}");
        has_inside.then(|| self.replaced_with_fault_at(start..start, entry, start + 1))
    }
}

/// Whether a value holds text alone and has a key.
pub(crate) fn is_plain_entry(node: NodeRef<'_>) -> bool {
    let is_container = matches!(node.node().value, Value::Dictionary | Value::Array);
    node.node().key.is_some() && !is_container
}

/// Whether it is a string that is not empty.
pub(crate) fn is_text(node: NodeRef<'_>) -> bool {
    let inside = node.node().text;
    node.as_str().is_some_and(|text| !text.trim().is_empty()) && inside.start < inside.end
}

/// The type of a payload.
pub(crate) fn type_of(payload: NodeRef<'_>) -> Option<&str> {
    payload.get("PayloadType").and_then(NodeRef::as_str)
}

/// An entry of a dictionary with another value, or where it has none, one more entry.
pub(crate) fn put(
    source: &Source,
    dictionary: NodeRef<'_>,
    key: &str,
    element: &str,
) -> Option<Change> {
    match dictionary.get(key) {
        Some(node) => Some(source.with_value(node, element)),
        None => source.with_entry(dictionary, &format!("<key>{key}</key>{element}")),
    }
}

/// The same with its fault inside the value.
pub(crate) fn put_inside(
    source: &Source,
    dictionary: NodeRef<'_>,
    key: &str,
    element: &str,
) -> Option<Change> {
    match dictionary.get(key) {
        Some(node) => Some(source.replaced(Source::element(node), element)),
        None => put(source, dictionary, key, element),
    }
}
