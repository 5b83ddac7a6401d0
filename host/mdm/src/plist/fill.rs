//! Putting a value in the place of a placeholder.
//!
//! Placeholders are looked for among the values that were read, never in the text: a text that
//! merely contains one, a comment or a key is left alone. Knows nothing of what the values are;
//! they may be secrets, so no error repeats one. Invariant: what comes out differs from what went
//! in by that one string, which is checked by reading it again.

use crate::finding::Finding;

use super::document::{Document, NodeId, NodeRef};
use super::edit::{apply_edits, replace_string};
use super::{ReaderLimits, read_xml};

/// Why a placeholder was not filled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FillError {
    /// The text is not a strict XML property list.
    #[error("the text with the placeholder is not a property list: {0}")]
    Plist(Finding),
    /// No string is the placeholder, or more than one.
    #[error("{found} strings are the placeholder, and one must be")]
    NotOnce {
        /// How many are.
        found: usize,
    },
    /// The value cannot be written in XML so that it is read back the same.
    #[error("the value has a character that XML cannot carry")]
    Unwritable,
}

/// Replaces the one `<string>` whose whole text is `placeholder` by `value`, and no other byte.
/// The text is read within [`ReaderLimits::default`].
///
/// # Errors
/// [`FillError`] if the text cannot be read, if there is no such string or several, or if XML
/// cannot carry the value.
pub fn fill_string(xml: &[u8], placeholder: &str, value: &str) -> Result<Vec<u8>, FillError> {
    let limits = ReaderLimits::default();
    let document = read_xml(xml, &limits).map_err(FillError::Plist)?.document;
    let places = places(&document, placeholder);
    let &[place] = places.as_slice() else {
        let found = places.len();
        return Err(FillError::NotOnce { found });
    };
    let filled = apply_edits(xml, vec![replace_string(place, value)]);
    let limits = ReaderLimits {
        bytes: filled.len(),
        ..limits
    };
    match read_xml(&filled, &limits) {
        Ok(read) if differs_only_in(place, value, &document, &read.document) => Ok(filled),
        Ok(_) | Err(_) => Err(FillError::Unwritable),
    }
}

fn places<'a>(document: &'a Document, placeholder: &str) -> Vec<NodeRef<'a>> {
    let ids = 0..NodeId::try_from(document.nodes().len()).unwrap_or(NodeId::MAX);
    ids.filter_map(|id| document.node(id))
        .filter(|node| node.as_str() == Some(placeholder))
        .collect()
}

fn differs_only_in(place: NodeRef<'_>, value: &str, old: &Document, new: &Document) -> bool {
    let same = |(id, (old, new)): (NodeId, (&super::Node, &super::Node))| {
        let is_same_value = id == place.id() || old.value == new.value;
        let keys = (old.key.as_ref(), new.key.as_ref());
        is_same_value && keys.0.map(|key| &key.text) == keys.1.map(|key| &key.text)
    };
    let is_filled = new.node(place.id()).and_then(NodeRef::as_str) == Some(value);
    is_filled
        && old.nodes().len() == new.nodes().len()
        && (0..).zip(old.nodes().iter().zip(new.nodes())).all(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(body: &str, value: &str) -> Result<String, FillError> {
        let xml = format!("<plist version=\"1.0\">{body}</plist>");
        let filled = fill_string(xml.as_bytes(), "@ID@", value)?;
        let text = String::from_utf8(filled).unwrap();
        let inner = text.strip_prefix("<plist version=\"1.0\">").unwrap();
        Ok(inner.strip_suffix("</plist>").unwrap().to_owned())
    }

    /// The one string that is the placeholder gets the value, escaped, and nothing else changes:
    /// not a key, a comment, a part of a text, or bytes that are the placeholder.
    #[test]
    fn fills_one_string() {
        let around = |place: &str| {
            format!(
                "<dict><!-- @ID@ --><key>@ID@</key>\r\n<string>x@ID@</string>\
                 <key>a</key><data>@@==</data><key>b</key>{place}</dict>"
            )
            .replace("<data>@@==", "<data>QElEQA==")
        };
        let filled = fill(&around("<string>@ID@</string>"), "a<b>&c]]>\r\n\t\u{1F600}").unwrap();
        let expected = "<string>a&lt;b&gt;&amp;c]]&gt;&#13;\n\t\u{1F600}</string>";
        assert_eq!(filled, around(expected));
        let written = fill("<string>&#64;I&#x44;@</string>", "").unwrap();
        assert_eq!(written, "<string></string>");
    }

    /// Without exactly one place, with a value that XML cannot carry, or in a text that is no
    /// property list, nothing is filled; and no error tells the value.
    #[test]
    fn refusals() {
        let check = |body: &str, value: &str, expected: &str| {
            let error = fill(body, value).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
            assert!(value.is_empty() || !error.contains(value), "{error}");
        };
        let one = "<string>@ID@</string>";
        check(
            "<string>@id@</string>",
            "secret",
            "0 strings are the placeholder",
        );
        let two = format!("<array>{one}{one}</array>");
        check(&two, "secret", "2 strings are the placeholder");
        check(one, "sec\u{1}ret", "the value has a character");
        check(one, "sec\u{FFFF}ret", "the value has a character");
        check(
            "<string>@ID@",
            "secret",
            "the text with the placeholder is not",
        );
    }
}
