//! What XML says one way, and Apple's own reader takes another way.
//!
//! Knows nothing of what a value means. Messages of devices are not looked at by this: Apple's own
//! writer puts a bare carriage return into them, and what people see of them is the same.
//!
//! Invariant: a profile that passes is the same tree in both readers, as far as this module goes; the
//! work is in proportion to the text.

use crate::finding::{Finding, Severity};
use crate::plist::{Document, LineIndex, Node, NodeRef, Span, Value};

/// The key that makes a dictionary of itself alone a reference of Apple's archives.
const REFERENCE_KEY: &str = "CF$UID";

/// The first value that a device would read as another one.
///
/// # Errors
/// `P012` for a text with a bare carriage return: XML makes a line feed of it, and of a pair with a
/// line feed. `P021` for a dictionary that is read as a UID, which no profile has in binary either.
pub(super) fn check_readings(document: &Document, text: &[u8]) -> Result<(), Finding> {
    if text.contains(&b'\r') {
        let mut ends = document
            .nodes()
            .iter()
            .flat_map(|node| texts(node).into_iter().flatten());
        if let Some(at) = ends.find_map(|span| carriage_return(text, span)) {
            let message =
                "a text with a carriage return, which XML makes a line feed and devices keep";
            let hint = "save the file with LF line ends (openssl smime keeps them with -binary); \
                        if the character is meant, write &#13;";
            return Err(refused("P012", text, at, message.to_owned(), hint));
        }
    }
    let ids = (0..).zip(document.nodes());
    let dictionaries = ids.filter(|(_, node)| matches!(node.value, Value::Dictionary));
    let mut nodes = dictionaries.filter_map(|(id, _)| document.node(id));
    let Some(found) = nodes.find_map(reference) else {
        return Ok(());
    };
    let message =
        format!("a dictionary of {REFERENCE_KEY} and a number, which devices read as a UID");
    let hint =
        "remove it; UIDs belong to archives, and a configuration profile has no use for them";
    let at = found.node().start() as usize;
    Err(refused("P021", text, at, message, hint))
}

/// Where a value has text that both readers keep as it stands: its key, and itself if it is a string.
fn texts(node: &Node) -> [Option<Span>; 2] {
    let own = matches!(node.value, Value::String(_)).then_some(node.text);
    [node.key.as_ref().map(|key| key.span), own]
}

/// Where the first carriage return of a text is. The tags of a key count: a blank in one may be none.
fn carriage_return(text: &[u8], span: Span) -> Option<usize> {
    let (start, end) = (span.start as usize, span.end as usize);
    let inside = text.get(start..end)?;
    let open = if inside.starts_with(b"<key") {
        inside.iter().position(|byte| *byte == b'>')? + 1
    } else {
        0
    };
    let inside = inside.get(open..)?;
    let close = inside.iter().position(|byte| *byte == b'<');
    let inside = inside.get(..close.unwrap_or(inside.len()))?;
    let found = inside.iter().position(|byte| *byte == b'\r')?;
    Some(start + open + found)
}

/// The number in a dictionary that is nothing but a reference.
fn reference(dictionary: NodeRef<'_>) -> Option<NodeRef<'_>> {
    let mut entries = dictionary.entries();
    let (key, value) = entries.next()?;
    let is_number = matches!(value.node().value, Value::Integer(_) | Value::Real(_));
    (key == REFERENCE_KEY && is_number && entries.next().is_none()).then_some(value)
}

fn refused(rule: &str, text: &[u8], at: usize, message: String, hint: &str) -> Finding {
    let place = LineIndex::new(text).position(at);
    Finding::host(Severity::Error, rule, place, message).with_hint(hint)
}
