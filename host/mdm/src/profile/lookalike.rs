//! Names that a person, or another reader, takes for one another.
//!
//! Knows nothing of what a key means. Readers that compare keys by their canonical form, without
//! regard to case or to blanks around them see one key where others see two, and people do not see
//! a full-width letter or what has no width at all; so such a pair is refused like a key that is
//! there twice (P023). A character that nobody sees, or that turns the order of those around it, is
//! warned of where people read a name, and one that stands for a plain letter in keys (P024).
//!
//! Invariant: the work is in proportion to the text, whatever it holds; at most [`NOTICES_MAX`]
//! findings come out.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

use crate::finding::{Finding, Severity};
use crate::plist::{Document, LineIndex, NOTICES_MAX, Node, NodeRef, Value, escaped};

/// Most bytes of keys in one profile that are not ASCII. A canonical form is dear, up to a tenth of
/// a microsecond a byte; none of 239 real profiles has such a key.
const CANONICAL_MAX: usize = 128 * 1024;

/// Keys by whose values a profile or a payload is told from others: another value is another thing.
const NAMING_KEYS: [&str; 2] = ["PayloadIdentifier", "PayloadUUID"];

/// Keys whose values people read to know what a profile is, or by which it is told from others.
const READ_KEYS: [&str; 6] = [
    "PayloadIdentifier",
    "PayloadUUID",
    "PayloadType",
    "PayloadDisplayName",
    "PayloadOrganization",
    "PayloadDescription",
];

/// The first pair of keys of one dictionary that are different texts and one name.
///
/// # Errors
/// `P023` at the later of the two; `P019` if there is more to compare than anybody writes.
pub(super) fn check_keys(document: &Document, text: &[u8]) -> Result<(), Finding> {
    let keys = document.nodes().iter().filter_map(|node| node.key.as_ref());
    let dear = keys.filter(|key| !key.text.is_ascii());
    if dear.map(|key| key.text.len()).sum::<usize>() > CANONICAL_MAX {
        let message = format!("more than {CANONICAL_MAX} bytes of keys that are not ASCII");
        let finding = Finding::host(Severity::Error, "P019", (0, 0), message);
        return Err(finding.with_hint("write keys in ASCII, as all readers of profiles do"));
    }
    let ids = (0..).zip(document.nodes());
    let dictionaries = ids.filter(|(_, node)| matches!(node.value, Value::Dictionary));
    let mut nodes = dictionaries.filter_map(|(id, _)| document.node(id));
    let Some((first, second)) = nodes.find_map(twins) else {
        return Ok(());
    };
    let lines = LineIndex::new(text);
    let (line, _) = lines.position(first.node().start() as usize);
    let place = lines.position(second.node().start() as usize);
    let message = format!(
        "the key {} is that of line {line} but for case, blanks around it, unseen characters, or the \
         way its letters are written",
        shown(second)
    );
    let hint = "remove one; some readers take both for the same key";
    Err(Finding::host(Severity::Error, "P023", place, message).with_hint(hint))
}

/// Two values of a dictionary whose keys are one name, the earlier first.
fn twins(dictionary: NodeRef<'_>) -> Option<(NodeRef<'_>, NodeRef<'_>)> {
    let names = dictionary.entries().map(|(key, node)| (name(key), node));
    let mut names: Vec<_> = names.collect();
    names.sort_unstable_by(|(a, first), (b, second)| (a, first.id()).cmp(&(b, second.id())));
    let pairs = names.windows(2);
    let same = pairs.filter_map(|pair| match pair {
        [(a, first), (b, second)] if a == b => Some((*first, *second)),
        _ => None,
    });
    same.min_by_key(|(_, second)| second.id())
}

/// What a key is compared by: its canonical form in one case and plain letters, without what nobody
/// sees in and around it.
fn name(key: &str) -> Cow<'_, str> {
    let key = key.trim_matches(|c: char| c.is_whitespace() || is_ignored(c));
    if key.is_ascii() {
        let is_small = !key.bytes().any(|byte| byte.is_ascii_uppercase());
        return if is_small {
            Cow::Borrowed(key)
        } else {
            Cow::Owned(key.to_ascii_lowercase())
        };
    }
    let seen = key.chars().filter(|c| !is_ignored(*c)).map(plain);
    // Up and down again also brings together what has several small forms, as sigma has.
    let folded = seen.nfd().flat_map(char::to_uppercase);
    Cow::Owned(folded.flat_map(char::to_lowercase).nfc().collect())
}

/// The plain character that a person takes this one for: full-width forms and the letters of
/// mathematics are those of ASCII, and a blank of any width is a blank.
fn plain(character: char) -> char {
    match character {
        '\u{FF01}'..='\u{FF5E}' | '\u{1D400}'..='\u{1D7FF}' => {
            // Compatible forms of these are one character each.
            std::iter::once(character)
                .nfkd()
                .next()
                .unwrap_or(character)
        }
        blank if blank.is_whitespace() && !blank.is_ascii() => ' ',
        other => other,
    }
}

/// Warnings of characters that nobody sees, or that turn the order of others, in keys and in the
/// names of profiles and payloads.
pub(super) fn hidden_characters(document: &Document, text: &[u8]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut lines = None;
    for (id, node) in (0..).zip(document.nodes()) {
        let Some((what, character)) = hidden(node) else {
            continue;
        };
        if found.len() == NOTICES_MAX {
            break;
        }
        let lines = lines.get_or_insert_with(|| LineIndex::new(text));
        let place = lines.position(node.start() as usize);
        let trouble = if is_ignored(character) {
            "nobody sees"
        } else {
            "looks like a plain letter and is another"
        };
        let message = format!(
            "{what} {} has the character U+{:04X}, which {trouble}",
            document.node(id).map(shown).unwrap_or_default(),
            u32::from(character)
        );
        let hint = "delete the character and type the text anew";
        let finding = Finding::host(Severity::Warning, "P024", place, message).with_hint(hint);
        found.push(match without_hidden(node) {
            Some(fix) => finding.with_fix(fix),
            None => finding,
        });
    }
    found
}

/// The one safe answer to a hidden character: the same text without any, where nothing else is of a
/// script that may need them.
fn without_hidden(node: &Node) -> Option<String> {
    let if_plain = |left: String| {
        let is_plain = left.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        (is_plain && !left.trim().is_empty()).then_some(left)
    };
    let key = node.key.as_ref()?.text.as_str();
    if strange_in_key(key).is_some() {
        let seen = key.chars().filter(|c| !is_ignored(*c));
        let key = if_plain(seen.map(plain).collect()).filter(|key| !key.contains(' '))?;
        return Some(format!("rename {key}"));
    }
    let Value::String(text) = &node.value else {
        return None;
    };
    let text = Some(text).filter(|_| !NAMING_KEYS.contains(&key))?;
    let left = text.chars().filter(|c| !is_unseen(*c)).collect();
    if_plain(left).map(|text| format!("value <string>{}</string>", escaped(&text)))
}

/// Where a value has such a character: in its key, or in the name that it is.
fn hidden(node: &Node) -> Option<(&'static str, char)> {
    let key = node.key.as_ref()?.text.as_str();
    if let Some(character) = strange_in_key(key) {
        return Some(("the key", character));
    }
    match &node.value {
        Value::String(text) if READ_KEYS.contains(&key) => {
            unseen_in(text).map(|character| ("the value of", character))
        }
        Value::String(_)
        | Value::Dictionary
        | Value::Array
        | Value::Integer(_)
        | Value::Real(_)
        | Value::Boolean(_)
        | Value::Date(_)
        | Value::Data(_) => None,
    }
}

/// The first character of a key that nobody sees, or takes for a plain letter.
fn strange_in_key(key: &str) -> Option<char> {
    let is_strange = |c: &char| is_selector(*c) || (plain(*c) != *c && !c.is_whitespace());
    if key.is_ascii() {
        return None;
    }
    unseen_in(key).or_else(|| key.chars().find(is_strange))
}

/// The first character of a text that has no business there. Joiners are part of emoji and of
/// several scripts, and marks of direction part of those that run from right to left: they count
/// among Latin text alone.
fn unseen_in(text: &str) -> Option<char> {
    if text.is_ascii() {
        return None;
    }
    let runs_left = text.chars().any(is_right_to_left);
    let is_tagged = text.contains('\u{1F3F4}');
    let mut before = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let is_among_latin = |beside: Option<char>| beside.is_none_or(|c| c.is_ascii());
        let is_out_of_place = match character {
            '\u{200C}' | '\u{200D}' => {
                is_among_latin(before) || is_among_latin(characters.peek().copied())
            }
            '\u{200E}' | '\u{200F}' | '\u{61C}' => !runs_left,
            '\u{E0020}'..='\u{E007F}' => !is_tagged,
            _ => is_unseen(character),
        };
        if is_out_of_place {
            return Some(character);
        }
        before = Some(character);
    }
    None
}

/// Whether a character is nothing of its own in a key.
fn is_ignored(character: char) -> bool {
    is_unseen(character) || is_selector(character)
}

/// Whether a character chooses how the one before it is drawn, as names of things with emoji have.
fn is_selector(character: char) -> bool {
    matches!(character, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

/// Whether a character has no width and no ink, or only turns the order of others.
fn is_unseen(character: char) -> bool {
    matches!(
        character,
        '\u{AD}'
            | '\u{34F}'
            | '\u{61C}'
            | '\u{115F}'
            | '\u{1160}'
            | '\u{17B4}'
            | '\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}'
            | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{3164}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}'
            | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E007F}'
    )
}

/// Hebrew, Arabic and their kin.
fn is_right_to_left(character: char) -> bool {
    matches!(
        character,
        '\u{590}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}' | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}'
    ) && character.is_alphabetic()
}

/// A value's key for a message: short, with what nobody sees written out.
fn shown(node: NodeRef<'_>) -> String {
    let key = node.node().key.as_ref().map_or("", |key| key.text.as_str());
    let written = |c: char| {
        if is_ignored(c) || plain(c) != c {
            c.escape_unicode().to_string()
        } else {
            c.escape_debug().to_string()
        }
    };
    let mut short: String = key.chars().take(40).map(written).collect();
    if key.chars().nth(40).is_some() {
        short.push_str("...");
    }
    short
}
