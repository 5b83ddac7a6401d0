//! Reads the schema table, no more of it than a profile needs.
//!
//! `host/docs/SCHEMA.md` describes the text; the host makes it and checks a table of the user before
//! a plugin gets it. Knows no rule. Invariants: a type is found by bisection over the index; lines
//! of other types are never looked at; a text that is no table gives no answer and never a panic.

use std::borrow::Cow;
use std::ops::Range;

use crate::number::Number;
use crate::packed::{self, Unpacked};
use crate::target::Platform;

/// The first line.
const MAGIC: &str = "mooring-schema 1\n";

/// A table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table<'a> {
    /// One line for a type: its name, where it begins in the body, and how long it is.
    index: &'a str,
    body: Body<'a>,
}

/// What the table says of its types.
#[derive(Debug, Clone, Copy)]
enum Body<'a> {
    /// As text.
    Plain(&'a str),
    /// As the plugin's own table has it.
    Packed(&'a [u8], &'a Unpacked),
}

impl<'a> Table<'a> {
    /// The table that comes with the plugin; `unpacked` gets what is looked at.
    pub(crate) fn built_in(unpacked: &'a Unpacked) -> Option<Self> {
        let table = Self::read(packed::HEAD)?;
        let body = Body::Packed(packed::BODY, unpacked);
        Some(Self { body, ..table })
    }

    /// Finds the index; `None` if the text is no table.
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        let mut rest = text.strip_prefix(MAGIC)?;
        loop {
            let (line, after) = rest.split_once('\n')?;
            rest = after;
            if let Some(sizes) = line.strip_prefix("index ") {
                let (_, bytes) = sizes.split_once(' ')?;
                let (index, body) = rest.split_at_checked(bytes.parse().ok()?)?;
                let body = Body::Plain(body);
                return Some(Self { index, body });
            }
        }
    }

    /// The names of all types, sorted, the two pseudo types left out.
    pub(crate) fn names(self) -> impl Iterator<Item = &'a str> {
        let names = self
            .index
            .lines()
            .filter_map(|line| line.split('\t').next());
        names.filter(|name| !is_pseudo(name))
    }

    /// Whether there is a payload type of exactly this name.
    pub(crate) fn has(self, name: &str) -> bool {
        !is_pseudo(name) && self.block(name).is_some()
    }

    /// What the table says about a payload type.
    pub(crate) fn payload_type(self, name: &str) -> Option<PayloadType<'a>> {
        if is_pseudo(name) {
            return None;
        }
        self.any_type(name)
    }

    /// The same for the pseudo types too: `TopLevel` and `CommonPayloadKeys`.
    pub(crate) fn any_type(self, name: &str) -> Option<PayloadType<'a>> {
        PayloadType::read(self.block(name)?)
    }

    /// The lines of a type.
    pub(crate) fn block(self, name: &str) -> Option<&'a str> {
        match self.body {
            Body::Plain(text) => text.get(self.find(name)?),
            Body::Packed(bytes, unpacked) => unpacked.text(name, || bytes.get(self.find(name)?)),
        }
    }

    /// Where in the body a type is.
    fn find(self, name: &str) -> Option<Range<usize>> {
        let (mut low, mut high) = (0, self.index.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let before = self.index.as_bytes().get(low..middle)?;
            let start = before.iter().rposition(|b| *b == b'\n');
            let start = start.map_or(low, |at| low + at + 1);
            let (line, _) = self.index.get(start..)?.split_once('\n')?;
            let mut fields = line.split('\t');
            match fields.next()?.cmp(name) {
                std::cmp::Ordering::Less => low = start + line.len() + 1,
                std::cmp::Ordering::Greater => high = start,
                std::cmp::Ordering::Equal => {
                    let from: usize = fields.next()?.parse().ok()?;
                    let length: usize = fields.next()?.parse().ok()?;
                    return Some(from..from.checked_add(length)?);
                }
            }
        }
        None
    }
}

fn is_pseudo(name: &str) -> bool {
    matches!(name, "TopLevel" | "CommonPayloadKeys")
}

/// One payload type: at least one variant.
#[derive(Debug)]
pub(crate) struct PayloadType<'a> {
    pub(crate) variants: Vec<Variant<'a>>,
}

/// One description of a type.
#[derive(Debug)]
pub(crate) struct Variant<'a> {
    /// From a manifest of users, and not from Apple.
    pub(crate) is_manifest: bool,
    pub(crate) support: Fields<'a>,
    /// The first holds the payload's own keys.
    groups: Vec<Vec<Key<'a>>>,
}

/// One key.
#[derive(Debug)]
pub(crate) struct Key<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) shape: Shape,
    pub(crate) is_required: bool,
    pub(crate) fields: Fields<'a>,
}

/// What a value has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Of(mooring_sdk::Kind),
    Any,
}

impl<'a> PayloadType<'a> {
    fn read(block: &'a str) -> Option<Self> {
        let mut variants: Vec<Variant<'a>> = Vec::new();
        for line in block.lines() {
            if let Some(head) = line.strip_prefix('=') {
                let (_, fields) = head.split_once('\t').unwrap_or((head, ""));
                variants.push(Variant {
                    is_manifest: fields.split('\t').next() == Some("P"),
                    support: Fields(fields),
                    groups: vec![Vec::new()],
                });
                continue;
            }
            let groups = &mut variants.last_mut()?.groups;
            if line == "-" {
                groups.push(Vec::new());
            } else {
                groups.last_mut()?.push(Key::read(line)?);
            }
        }
        (!variants.is_empty()).then_some(Self { variants })
    }
}

impl<'a> Variant<'a> {
    /// The payload's own keys.
    pub(crate) fn keys(&self) -> &[Key<'a>] {
        self.groups.first().map_or(&[], Vec::as_slice)
    }

    /// What is inside the value of a key, if the table says.
    pub(crate) fn inside(&self, key: &Key<'a>) -> Option<&[Key<'a>]> {
        let group: usize = key.fields.get('>')?.parse().ok()?;
        self.groups.get(group).map(Vec::as_slice)
    }
}

impl<'a> Key<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let (head, fields) = line.split_once('\t').unwrap_or((line, ""));
        let mut chars = head.chars();
        let shape = Shape::read(chars.next()?)?;
        let is_required = chars.next()? == '!';
        Some(Self {
            name: plain(chars.as_str()),
            shape,
            is_required,
            fields: Fields(fields),
        })
    }

    /// Whether it stands for every name.
    pub(crate) fn is_any(&self) -> bool {
        self.name == "ANY"
    }

    /// The only values, if there is a list.
    pub(crate) fn choices(&self) -> Vec<Cow<'a, str>> {
        let field = self.fields.get('=');
        field.map_or_else(Vec::new, |field| field.split('|').map(plain).collect())
    }

    /// Lower and upper bound under a sign, each if there is one.
    pub(crate) fn bounds(&self, sign: char) -> (Option<Number>, Option<Number>) {
        let field = self.fields.get(sign).and_then(|text| text.split_once('|'));
        let (low, high) = field.unwrap_or_default();
        (Number::parse(low), Number::parse(high))
    }

    /// A field that is one text.
    pub(crate) fn text(&self, sign: char) -> Option<Cow<'a, str>> {
        self.fields.get(sign).map(plain)
    }
}

impl Shape {
    fn read(letter: char) -> Option<Self> {
        use mooring_sdk::Kind;
        Some(Self::Of(match letter {
            's' => Kind::String,
            'i' => Kind::Integer,
            'r' => Kind::Real,
            'b' => Kind::Boolean,
            't' => Kind::Date,
            'x' => Kind::Data,
            'a' => Kind::Array,
            'd' => Kind::Dictionary,
            '*' => return Some(Self::Any),
            _ => return None,
        }))
    }
}

/// The fields of a line, not taken apart: each begins with a sign that tells what it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a>(&'a str);

impl<'a> Fields<'a> {
    fn get(self, sign: char) -> Option<&'a str> {
        let mut fields = self.0.split('\t');
        fields.find_map(|field| field.strip_prefix(sign))
    }

    /// What is said about one facet of support on a platform, here and not further up.
    pub(crate) fn facet(self, platform: Platform, facet: Facet) -> Option<&'a str> {
        let mut fields = self.0.split('\t').filter_map(|one| one.strip_prefix('+'));
        let support = fields.find_map(|one| one.strip_prefix(platform.letter()))?;
        let mut parts = support.split('|');
        parts.find_map(|part| part.strip_prefix(facet.letter()))
    }

    /// The same for a facet that is yes or no.
    pub(crate) fn is(self, platform: Platform, facet: Facet) -> Option<bool> {
        self.facet(platform, facet).map(|value| value == "y")
    }

    /// Whether it says that there is no such thing on the platform.
    pub(crate) fn is_absent(self, platform: Platform) -> bool {
        self.facet(platform, Facet::Introduced) == Some("-")
    }
}

/// One thing that is said about support.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Facet {
    Introduced,
    Deprecated,
    Removed,
    AccessRights,
    Multiple,
    DeviceChannel,
    UserChannel,
    Supervised,
    RequiresDep,
    UserApprovedMdm,
    AllowManualInstall,
    UserEnrollment,
}

impl Facet {
    fn letter(self) -> char {
        match self {
            Self::Introduced => 'n',
            Self::Deprecated => 'd',
            Self::Removed => 'x',
            Self::AccessRights => 'a',
            Self::Multiple => 'M',
            Self::DeviceChannel => 'D',
            Self::UserChannel => 'U',
            Self::Supervised => 'S',
            Self::RequiresDep => 'E',
            Self::UserApprovedMdm => 'A',
            Self::AllowManualInstall => 'I',
            Self::UserEnrollment => 'u',
        }
    }
}

/// A text without the marks that keep it inside its field.
fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        plain.push(match (c, rest.clone().next()) {
            ('\\', Some('t')) => '\t',
            ('\\', Some('n')) => '\n',
            ('\\', Some('r')) => '\r',
            ('\\', Some('p')) => '|',
            ('\\', Some(other)) => other,
            (c, _) => c,
        });
        if c == '\\' {
            rest.next();
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "mooring-schema 1\n# a comment\nsource x\nindex 3 28\n\
        TopLevel\t0\t2\nb\t2\t34\nc\t36\t7\n=\n=one\t+mn10.7|Dn|\ns!A\t=x|y\\pz\t>1\n-\n=\tP\ni?B\n";

    /// Types are found by name, and their fields are read as the host writes them.
    #[test]
    fn reading() {
        let text = TEXT.replace(
            "3 28",
            &format!("3 {}", "TopLevel\t0\t2\nb\t2\t34\nc\t36\t7\n".len()),
        );
        let table = Table::read(&text).unwrap();
        assert_eq!(table.names().collect::<Vec<_>>(), ["b", "c"]);
        assert!(table.has("b") && table.has("c") && !table.has("TopLevel") && !table.has("bb"));
        assert!(table.any_type("TopLevel").is_some());
        let found = table.payload_type("b").unwrap();
        let variant = &found.variants[0];
        assert_eq!(
            variant.support.is(Platform::Macos, Facet::DeviceChannel),
            Some(false)
        );
        assert_eq!(
            variant.support.facet(Platform::Ios, Facet::Introduced),
            None
        );
        let key = &variant.keys()[0];
        assert_eq!(key.choices(), ["x", "y|z"]);
        assert!(key.is_required && variant.inside(key).unwrap().is_empty());
        assert!(table.payload_type("c").unwrap().variants[0].is_manifest);
    }

    /// What is no table is refused, and one that lies about its index finds nothing.
    #[test]
    fn damage() {
        assert!(Table::read("").is_none());
        assert!(Table::read("mooring-schema 2\nindex 0 0\n").is_none());
        assert!(Table::read("mooring-schema 1\nindex 1 99\n").is_none());
        for index in [
            "b\t9\t9\n",
            "b\n",
            "b\tx\ty\n",
            "b\t0\t18446744073709551615\n",
        ] {
            let text = format!("mooring-schema 1\nindex 1 {}\n{index}", index.len());
            assert!(!Table::read(&text).unwrap().has("b"), "{index}");
        }
    }
}
