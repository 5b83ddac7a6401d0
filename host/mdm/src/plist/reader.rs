//! From tags to values: how the elements of a property list may nest.
//!
//! Knows nothing of characters and references, nor of what the values mean or who wants them: they
//! go to a [`Sink`] one by one, in the order of the text.
//! Invariant: open dictionaries and arrays are an explicit stack no deeper than the limit, and a
//! sink gets a value only after the limits were checked.

use std::borrow::Cow;

use crate::finding::{Finding, Severity};

use super::document::Span;
use super::element::{self, Content, Element, key_twice, unknown_element};
use super::fault::Fault;
use super::keys::Keys;
use super::line::LineIndex;
use super::nodes::Nodes;
use super::scan::{Scanner, Tag, TagKind, processing_instruction, shown, span};
use super::sink::{KeyText, Sink};
use super::view::{View, ViewNodes};
use super::{DEPTH_MAX, Read, ReaderLimits, prolog};

/// Reads an XML property list strictly, in one pass.
///
/// # Errors
/// A [`Finding`] with the rule (`P001` to `P020`), the line and column of the first fault, and
/// what to do about it.
pub fn read_xml(text: &[u8], limits: &ReaderLimits) -> Result<Read, Finding> {
    let mut nodes = Nodes::default();
    let notices = read_into(&mut nodes, text, limits)?;
    let document = nodes.into_document();
    if notices.is_empty() {
        return Ok(Read {
            document,
            notices: Vec::new(),
        });
    }
    let lines = LineIndex::new(text);
    let notices = notices.into_iter();
    let notices = notices.map(|fault| fault.into_finding(&lines)).collect();
    Ok(Read { document, notices })
}

/// Reads the same way into a tree that borrows from the text and knows no places.
///
/// # Errors
/// The same as of [`read_xml`].
pub(crate) fn view_xml<'a>(text: &'a [u8], limits: &ReaderLimits) -> Result<View<'a>, Finding> {
    let mut nodes = ViewNodes::for_text(text);
    read_into(&mut nodes, text, limits)?;
    Ok(nodes.into_view())
}

fn read_into<'a>(
    sink: &mut impl Sink<'a>,
    text: &'a [u8],
    limits: &ReaderLimits,
) -> Result<Vec<Fault>, Finding> {
    if text.len() > limits.bytes.min(u32::MAX as usize) {
        let message = format!(
            "the text has {} bytes; at most {} are read",
            text.len(),
            limits.bytes
        );
        let finding = Finding::host(Severity::Error, "P020", (0, 0), message);
        return Err(finding.with_hint("split it into several profiles"));
    }
    let read = prolog::decode(text).and_then(|text| Reader::new(text, limits, sink).read());
    read.map_err(|fault| fault.into_finding(&LineIndex::new(text)))
}

/// A dictionary or array whose end has not come yet.
struct Open<'a> {
    is_dictionary: bool,
    /// Where it begins.
    start: u32,
    /// The key whose value comes next.
    pending: Option<KeyText<'a>>,
}

struct Reader<'a, 's, S> {
    scanner: Scanner<'a>,
    depth_max: usize,
    nodes_max: usize,
    /// How many values there were so far.
    nodes: usize,
    open: Vec<Open<'a>>,
    /// The keys of the open dictionaries.
    keys: Keys<'a>,
    sink: &'s mut S,
}

impl<'a, 's, S: Sink<'a>> Reader<'a, 's, S> {
    fn new(text: &'a str, limits: &ReaderLimits, sink: &'s mut S) -> Self {
        Self {
            scanner: Scanner::new(text),
            depth_max: limits.depth.min(DEPTH_MAX),
            nodes_max: limits.nodes.min(u32::MAX as usize - 1),
            nodes: 0,
            open: Vec::new(),
            keys: Keys::default(),
            sink,
        }
    }

    fn read(mut self) -> Result<Vec<Fault>, Fault> {
        prolog::prolog(&mut self.scanner)?;
        self.root()?;
        loop {
            let tag = self.next_tag()?;
            match tag.kind {
                TagKind::Close if self.close(&tag)? => break,
                TagKind::Close => {}
                TagKind::Open | TagKind::Empty => self.element(&tag)?,
            }
        }
        self.scanner.skip_between()?;
        if self.scanner.rest().is_empty() {
            return Ok(self.scanner.notices);
        }
        let hint = "delete everything after </plist>";
        Err(Fault::error(
            "P003",
            self.scanner.at,
            "something follows </plist>",
            hint,
        ))
    }

    fn root(&mut self) -> Result<(), Fault> {
        let tag = self.scanner.tag()?;
        let start = tag.span.start as usize;
        if tag.name != "plist" || tag.kind == TagKind::Close {
            let message = format!(
                "the outermost element is <{}>, not <plist>",
                shown(tag.name)
            );
            let hint = "put everything into <plist version=\"1.0\"> ... </plist>";
            return Err(Fault::error("P003", start, message, hint));
        }
        if tag.kind == TagKind::Empty {
            return Err(no_value(start));
        }
        Ok(())
    }

    /// The next tag between elements.
    fn next_tag(&mut self) -> Result<Tag<'a>, Fault> {
        self.scanner.skip_between()?;
        let at = self.scanner.at;
        let rest = self.scanner.rest();
        if rest.is_empty() {
            return Err(self.end_of_file(at));
        }
        if rest.starts_with("<?") {
            return Err(processing_instruction(at));
        }
        if !rest.starts_with('<') || rest.starts_with("<![CDATA[") {
            self.scanner.check_characters(at, at + 1)?;
            let hint = "put the text into an element such as <string>, or remove it";
            return Err(Fault::error("P011", at, "text between elements", hint));
        }
        self.scanner.tag()
    }

    fn end_of_file(&self, at: usize) -> Fault {
        match self.open.last() {
            None => {
                let hint = "end the file with </plist>";
                Fault::error("P003", at, "the file ends without </plist>", hint)
            }
            Some(open) => self.unclosed(at, "the file ends", open.name(), open.start),
        }
    }

    /// Something came before an element's closing tag.
    fn unclosed(&self, at: usize, what: &str, name: &str, start: u32) -> Fault {
        let lines = LineIndex::new(self.scanner.text.as_bytes());
        let (line, column) = lines.position(start as usize);
        let message = format!("{what} while <{name}> of {line}:{column} is open");
        Fault::error(
            "P002",
            at,
            message,
            "add the missing closing tag, or the rest of the file",
        )
    }

    fn close_root(&self, tag: &Tag<'_>) -> Result<(), Fault> {
        let start = tag.span.start as usize;
        if tag.name != "plist" {
            let message = format!("</{}> closes nothing", shown(tag.name));
            let hint = "remove it, or add the opening tag";
            return Err(Fault::error("P002", start, message, hint));
        }
        if self.nodes == 0 {
            Err(no_value(start))
        } else {
            Ok(())
        }
    }

    /// Closes the innermost element; returns whether that was `<plist>`.
    fn close(&mut self, tag: &Tag<'_>) -> Result<bool, Fault> {
        let Some(open) = self.open.pop() else {
            return self.close_root(tag).map(|()| true);
        };
        if tag.name != open.name() {
            let what = format!("</{}> comes", shown(tag.name));
            let at = tag.span.start as usize;
            return Err(self.unclosed(at, &what, open.name(), open.start));
        }
        if let Some(key) = &open.pending {
            return Err(key_without_value(key));
        }
        if let Some((key, at)) = self.keys.end(open.is_dictionary) {
            return Err(key_twice(&key, at));
        }
        self.sink.end(tag.span);
        Ok(false)
    }

    fn element(&mut self, tag: &Tag<'a>) -> Result<(), Fault> {
        match Element::named(tag.name) {
            None => Err(unknown_element(tag)),
            Some(Element::Key) => self.key(tag),
            Some(Element::Container { is_dictionary }) => {
                let key = self.placed(tag)?;
                self.container(is_dictionary, key, tag)
            }
            Some(Element::Scalar(scalar)) => {
                let key = self.placed(tag)?;
                let content = self.text_content(tag)?;
                let (whole, inner) = (content.whole, content.inner);
                let value = element::value(&mut self.scanner, scalar, content)?;
                self.nodes += 1;
                self.sink.scalar(key, value, whole, inner);
                Ok(())
            }
        }
    }

    /// Whether a value may stand here, and the key that it belongs to.
    fn placed(&mut self, tag: &Tag<'_>) -> Result<Option<KeyText<'a>>, Fault> {
        let at = tag.span.start as usize;
        if self.nodes >= self.nodes_max {
            let message = format!("more than {} values", self.nodes_max);
            return Err(Fault::error(
                "P019",
                at,
                message,
                "split it into several profiles",
            ));
        }
        let Some(open) = self.open.last_mut() else {
            if self.nodes == 0 {
                return Ok(None);
            }
            let hint = "keep one value in <plist>, for a profile a <dict>";
            return Err(Fault::error("P003", at, "a second value in <plist>", hint));
        };
        if !open.is_dictionary {
            return Ok(None);
        }
        if let Some(key) = open.pending.take() {
            return Ok(Some(key));
        }
        Err(if tag.name == "string" {
            let hint = "write keys as <key>, and put one before every value";
            Fault::error("P010", at, "a <string> where a <key> belongs", hint)
        } else {
            let message = format!("<{}> has no <key> before it", tag.name);
            Fault::error(
                "P010",
                at,
                message,
                "put a <key> before every value of a <dict>",
            )
        })
    }

    fn container(
        &mut self,
        is_dictionary: bool,
        key: Option<KeyText<'a>>,
        tag: &Tag<'_>,
    ) -> Result<(), Fault> {
        if self.open.len() >= self.depth_max {
            let message = format!(
                "dictionaries and arrays are nested over {} deep",
                self.depth_max
            );
            let hint = "flatten the structure; no device setting needs this depth";
            return Err(Fault::error("P018", tag.span.start as usize, message, hint));
        }
        self.nodes += 1;
        self.sink.begin(key, is_dictionary, tag.span);
        if tag.kind == TagKind::Empty {
            self.sink.end(end_of(tag));
            return Ok(());
        }
        self.keys.begin(is_dictionary);
        self.open.push(Open {
            is_dictionary,
            start: tag.span.start,
            pending: None,
        });
        Ok(())
    }

    fn key(&mut self, tag: &Tag<'a>) -> Result<(), Fault> {
        let at = tag.span.start as usize;
        match self.open.last() {
            Some(Open {
                pending: Some(key), ..
            }) => return Err(key_without_value(key)),
            Some(open) if open.is_dictionary => {}
            Some(_) | None => {
                let hint = "use <key> only in a <dict>, in front of a value";
                return Err(Fault::error("P010", at, "a <key> outside a <dict>", hint));
            }
        }
        let content = self.text_content(tag)?;
        if !self.keys.insert(content.text.clone(), tag.span.start) {
            return Err(key_twice(&content.text, tag.span.start));
        }
        if let Some(open) = self.open.last_mut() {
            open.pending = Some(KeyText {
                text: content.text,
                span: content.whole,
            });
        }
        Ok(())
    }

    /// Reads up to the closing tag of an element that holds text alone.
    fn text_content(&mut self, tag: &Tag<'a>) -> Result<Content<'a>, Fault> {
        if tag.kind == TagKind::Empty {
            return Ok(Content {
                text: Cow::Borrowed(""),
                inner: end_of(tag),
                whole: tag.span,
            });
        }
        let (text, inner) = self.scanner.content()?;
        if self.scanner.eat_close(tag.name) {
            let whole = span(tag.span.start as usize, self.scanner.at);
            return Ok(Content { text, inner, whole });
        }
        let at = self.scanner.at;
        if self.scanner.rest().is_empty() {
            return Err(self.unclosed(at, "the file ends", tag.name, tag.span.start));
        }
        let next = self.scanner.tag()?;
        if next.kind == TagKind::Close && next.name == tag.name {
            let whole = span(tag.span.start as usize, self.scanner.at);
            return Ok(Content { text, inner, whole });
        }
        if next.kind != TagKind::Close && Element::named(next.name).is_none() {
            return Err(unknown_element(&next));
        }
        let slash = if next.kind == TagKind::Close { "/" } else { "" };
        let what = format!("<{slash}{}> comes", shown(next.name));
        Err(self.unclosed(at, &what, tag.name, tag.span.start))
    }
}

impl Open<'_> {
    fn name(&self) -> &'static str {
        if self.is_dictionary { "dict" } else { "array" }
    }
}

/// Where a self-closed element ends, and with it what it holds.
fn end_of(tag: &Tag<'_>) -> Span {
    Span {
        start: tag.span.end,
        end: tag.span.end,
    }
}

fn no_value(at: usize) -> Fault {
    Fault::error(
        "P003",
        at,
        "<plist> holds no value",
        "put a value into it, for a profile a <dict>",
    )
}

fn key_without_value(key: &KeyText<'_>) -> Fault {
    let message = format!("the key {} has no value", shown(&key.text));
    Fault::error(
        "P010",
        key.span.start as usize,
        message,
        "put a value after it, or remove it",
    )
}
