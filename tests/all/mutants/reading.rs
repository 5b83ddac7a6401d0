//! Changes that break how a file is written: rules P.
//!
//! Knows nothing of profiles. Invariant: each is found where the changed bytes begin, or where the
//! reader cannot go on.

use mooring_mdm::plist::{NodeRef, Value};

use super::Kind;
use super::source::{Change, Fault, Random, Source, is_plain_entry, is_text};

pub(crate) const KINDS: &[Kind] = &[
    ("garbage in front", &["P001"], |s, _| {
        Some(s.replaced(0..0, "x"))
    }),
    ("container without end", &["P002"], container_without_end),
    ("text without end", &["P002"], text_without_end),
    ("cut off", &["P002"], cut_off),
    ("bare ampersand", &["P002"], |s, r| in_text(s, r, "Q & A")),
    ("comment with a ruler", &["P002"], ruler),
    ("no end of the list", &["P003"], no_end),
    ("something after the end", &["P003"], |s, _| {
        let end = s.bytes.len();
        Some(s.replaced(end..end, "<plist/>"))
    }),
    ("internal subset", &["P004"], internal_subset),
    ("unknown entity", &["P005"], |s, r| in_text(s, r, "&nbsp;")),
    ("foreign document type", &["P006"], foreign_document_type),
    ("line before the declaration", &["P007"], |s, _| {
        s.bytes
            .starts_with(b"<?xml")
            .then(|| s.replaced(0..0, "\n"))
    }),
    ("byte order mark", &["P007"], |s, _| {
        s.bytes
            .starts_with(b"<?xml")
            .then(|| s.replaced(0..0, "\u{FEFF}"))
    }),
    ("no declaration", &["P008"], no_declaration),
    ("other encoding", &["P008"], other_encoding),
    ("byte of Latin-1", &["P008"], |s, r| {
        let at = Source::inside(s.any(r, is_text)?).start;
        Some(s.replaced(at..at, [0xE9]))
    }),
    ("key twice", &["P009"], |s, r| {
        let node = s.any(r, |node| node.node().key.is_some())?;
        let (key, end) = (s.text(Source::key(node)), Source::element(node).end);
        Some(s.replaced(end..end, [key, b"<true/>"].concat()))
    }),
    ("key without value", &["P010"], |s, r| {
        let node = s.any(r, is_plain_entry)?;
        Some(s.without(Source::element(node), Source::entry(node).start))
    }),
    ("string as key", &["P010"], |s, r| {
        let node = s.any(r, |node| node.node().key.is_some())?;
        Some(s.replaced(Source::key(node), "<string>x</string>"))
    }),
    ("key as value", &["P010"], |s, r| {
        let node = s.any(r, is_plain_entry)?;
        Some(s.with_value(node, "<key>x</key>"))
    }),
    ("unknown element", &["P011"], |s, r| {
        let element = Source::element(s.any(r, is_plain_entry)?);
        Some(s.replaced(element, "<number>1</number>"))
    }),
    ("element in the wrong case", &["P011"], |s, r| {
        let element = Source::element(s.any(r, is_text)?);
        Some(s.replaced(element, "<String>x</String>"))
    }),
    ("attribute", &["P011"], |s, r| {
        let element = Source::element(s.any(r, is_text)?);
        Some(s.replaced(element, "<string lang=\"en\">x</string>"))
    }),
    ("text between elements", &["P011"], |s, r| {
        let end = Source::element(s.any(r, |_| true)?).end;
        Some(s.replaced(end..end, "x"))
    }),
    ("CDATA", &["P012"], |s, r| {
        let inside = Source::inside(s.any(r, is_text)?);
        Some(s.replaced(inside, "<![CDATA[x]]>"))
    }),
    ("control character", &["P013"], |s, r| {
        in_text(s, r, "\u{1}")
    }),
    ("reference to NUL", &["P013"], |s, r| in_text(s, r, "&#0;")),
    ("integer that is none", &["P014"], |s, r| {
        let forms = ["", " 1", "+1", "1.0", "1e3", "18446744073709551616", "one"];
        let form = r.pick(&forms)?;
        let element = Source::element(s.any(r, |node| node.as_integer().is_some())?);
        Some(s.replaced(element, format!("<integer>{form}</integer>")))
    }),
    ("hexadecimal integer", &["P014"], |s, r| {
        let node = s.any(r, |node| node.as_integer().is_some())?;
        let element = format!(
            "<integer>0x{:x}</integer>",
            node.as_integer()?.unsigned_abs()
        );
        Some(s.replaced(Source::element(node), element))
    }),
    ("real that is none", &["P015"], |s, r| {
        let form = r.pick(&["nan", "inf", "-infinity", "1,5", "", "1e999"])?;
        let element = Source::element(s.any(r, is_plain_entry)?);
        Some(s.replaced(element, format!("<real>{form}</real>")))
    }),
    ("bad date", &["P016"], |s, r| {
        let form = r.pick(&[
            "2031-02-30T00:00:00Z",
            "2031-02-03",
            "2031-02-03T00:00:00+01:00",
            "2031-02-03T00:00:00.5Z",
            "1899-12-31T00:00:00Z",
            "",
        ])?;
        let element = Source::element(s.any(r, is_plain_entry)?);
        Some(s.replaced(element, format!("<date>{form}</date>")))
    }),
    ("bad base64", &["P017"], bad_base64),
    ("base64 without padding", &["P017"], |s, r| {
        let form = r.pick(&["QQ", "QQ=", "QUI", "Q==="])?;
        let element = Source::element(s.any(r, is_plain_entry)?);
        Some(s.replaced(element, format!("<data>{form}</data>")))
    }),
    ("too deep", &["P018"], |s, r| {
        let element = Source::element(s.any(r, is_plain_entry)?);
        let deep = ["<array>".repeat(70), "</array>".repeat(70)].concat();
        Some(s.replaced(element, deep))
    }),
    ("too many values", &["P019"], |s, r| {
        let element = Source::element(s.any(r, is_plain_entry)?);
        let many = "<true/>".repeat(100_001);
        Some(s.replaced(element, format!("<array>{many}</array>")))
    }),
    ("too long", &["P020"], |s, r| {
        let inside = Source::inside(s.any(r, is_text)?);
        let mut change = s.replaced(inside, " ".repeat(6 << 20));
        change.fault = Fault::Line(0);
        Some(change)
    }),
    ("list of the old sort", &["P022"], |s, r| {
        let word = r.next();
        let list = format!("{{ a{word} = 1; }}");
        Some(s.replaced(0..s.bytes.len(), list))
    }),
    ("two keys of one name", &["P023"], twin),
    ("character that nobody sees", &["P024"], unseen),
];

fn container_without_end(source: &Source, random: &mut Random) -> Option<Change> {
    let is_fit = |node: NodeRef<'_>| {
        let is_last = node
            .parent()
            .is_some_and(|parent| parent.node().end == node.node().end);
        let is_other = |parent: NodeRef<'_>| parent.is_array() != node.is_array();
        let is_open = node.is_dictionary() || node.is_array();
        is_open && is_last && node.parent().is_some_and(is_other)
    };
    let node = source.any(random, is_fit)?;
    let (end, closing) = (Source::element(node).end, Source::inside(node).end);
    let around = Source::inside(node.parent()?).end;
    (closing < end)
        .then(|| source.replaced_with_fault_at(closing..end, "", around - (end - closing)))
}

fn text_without_end(source: &Source, random: &mut Random) -> Option<Change> {
    let node = source.any(random, is_text)?;
    let (inside, end) = (Source::inside(node), Source::element(node).end);
    let next = end + source.bytes[end..].iter().position(|byte| *byte == b'<')?;
    let is_comment = source.bytes[next..].starts_with(b"<!");
    let removed = end - inside.end;
    (!is_comment).then(|| source.replaced_with_fault_at(inside.end..end, "", next - removed))
}

fn cut_off(source: &Source, random: &mut Random) -> Option<Change> {
    let end = Source::element(source.any(random, |_| true)?).end;
    Some(source.replaced(end..source.bytes.len(), ""))
}

fn in_text(source: &Source, random: &mut Random, added: &str) -> Option<Change> {
    let at = Source::inside(source.any(random, is_text)?).start;
    let fault = at + added.find('&').unwrap_or(0);
    Some(source.replaced_with_fault_at(at..at, added, fault))
}

fn ruler(source: &Source, random: &mut Random) -> Option<Change> {
    let node = source.any(random, |node| node.node().key.is_some())?;
    let at = Source::entry(node).start;
    Some(source.replaced(at..at, "<!-- a -- b -->"))
}

fn no_end(source: &Source, _: &mut Random) -> Option<Change> {
    let tag = b"</plist>";
    let at = source
        .bytes
        .windows(tag.len())
        .rposition(|window| window == tag)?;
    let end = source.bytes.len() - tag.len();
    Some(source.replaced_with_fault_at(at..at + tag.len(), "", end))
}

/// Where the document type begins and ends, its last `>` not included.
fn document_type(source: &Source) -> Option<(usize, usize)> {
    let tag = b"<!DOCTYPE";
    let start = source
        .bytes
        .windows(tag.len())
        .position(|window| window == tag)?;
    let length = source.bytes[start..]
        .iter()
        .position(|byte| *byte == b'>')?;
    Some((start, start + length))
}

fn internal_subset(source: &Source, _: &mut Random) -> Option<Change> {
    let (_, end) = document_type(source)?;
    Some(source.replaced_with_fault_at(end..end, " [<!ENTITY a \"b\">]", end + 1))
}

fn foreign_document_type(source: &Source, random: &mut Random) -> Option<Change> {
    let (start, end) = document_type(source)?;
    let other = random.pick(&[
        "<!DOCTYPE html",
        "<!DOCTYPE plist SYSTEM \"file:///etc/passwd\"",
        "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://evil.example/x.dtd\"",
    ])?;
    Some(source.replaced(start..end, other))
}

fn no_declaration(source: &Source, _: &mut Random) -> Option<Change> {
    let is_there = source.bytes.starts_with(b"<?xml");
    let end = source.bytes.iter().position(|byte| *byte == b'\n')? + 1;
    let is_alone = source.bytes[..end].trim_ascii().ends_with(b"?>");
    (is_there && is_alone).then(|| source.replaced(0..end, ""))
}

fn other_encoding(source: &Source, random: &mut Random) -> Option<Change> {
    let declared = b"encoding=\"UTF-8\"";
    let at = source
        .bytes
        .windows(declared.len())
        .position(|window| window == declared)?;
    let other = random.pick(&["encoding=\"UTF-16\"", "encoding=\"ISO-8859-1\""])?;
    Some(source.replaced(at..at + declared.len(), other))
}

fn bad_base64(source: &Source, random: &mut Random) -> Option<Change> {
    let has_bytes =
        |node: NodeRef<'_>| matches!(&node.node().value, Value::Data(b) if !b.is_empty());
    let inside = Source::inside(source.any(random, has_bytes)?);
    let at = inside.start + random.below(inside.len());
    Some(source.replaced(at..at, "*"))
}

fn twin(source: &Source, random: &mut Random) -> Option<Change> {
    let node = source.any(random, |node| {
        let key = node.node().key.as_ref();
        key.is_some_and(|key| key.text.is_ascii() && key.text.chars().any(char::is_alphabetic))
    })?;
    let key = &node.node().key.as_ref()?.text;
    let other = match random.below(3) {
        0 => key.to_ascii_uppercase(),
        1 => format!("{key} "),
        _ => format!("{key}\u{200B}"),
    };
    let other = other.replace('&', "&amp;").replace('<', "&lt;");
    let is_other = other.as_bytes() != key.as_bytes();
    let end = Source::element(node).end;
    is_other.then(|| source.replaced(end..end, format!("<key>{other}</key><true/>")))
}

fn unseen(source: &Source, random: &mut Random) -> Option<Change> {
    let names = [
        "PayloadDisplayName",
        "PayloadOrganization",
        "PayloadIdentifier",
    ];
    let node = source.any(random, |node| {
        let key = node.node().key.as_ref();
        is_text(node) && key.is_some_and(|key| names.contains(&key.text.as_str()))
    })?;
    let (at, fault) = (Source::inside(node).start, Source::entry(node).start);
    let character = random.pick(&["\u{200B}", "\u{202E}", "\u{FEFF}"])?;
    Some(source.replaced_with_fault_at(at..at, character, fault))
}
