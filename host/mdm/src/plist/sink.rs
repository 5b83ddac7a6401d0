//! What the reader hands over, and to whom.
//!
//! Knows nothing of XML. Invariant: values come in the order of the text, each `begin` has one
//! `end`, and nothing comes that is over the limits.

use std::borrow::Cow;

use super::document::Span;
use super::element::Given;

/// Who takes the values of a document.
pub(super) trait Sink<'a> {
    /// A dictionary or array begins with this tag.
    fn begin(&mut self, key: Option<KeyText<'a>>, is_dictionary: bool, tag: Span);

    /// The innermost one ends with this tag; an empty span stands for the end of a self-closed one.
    fn end(&mut self, tag: Span);

    /// A value that holds text alone; `whole` is its element, `inner` what stands between its tags.
    fn scalar(&mut self, key: Option<KeyText<'a>>, value: Given<'a, '_>, whole: Span, inner: Span);
}

/// The key of a value that stands in a dictionary, and the whole `<key>` element.
#[derive(Debug)]
pub(super) struct KeyText<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) span: Span,
}
