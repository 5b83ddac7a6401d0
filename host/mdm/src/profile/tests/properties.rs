//! Identity depends on what a profile says and on nothing else.

use std::fmt::Write;

use ::plist::Value as Made;
use proptest::prelude::*;

use super::*;
use crate::plist::escaped;
use crate::plist::tests::properties::value;

/// Writes a value as XML with blanks, comments, references and key order chosen by `whims`.
fn render(value: &Made, whims: &mut impl Iterator<Item = u8>, out: &mut String) {
    let gap = ["", " ", "\n\t", "\r\n", "<!-- note -->"];
    out.push_str(gap[usize::from(whims.next().unwrap()) % gap.len()]);
    match value {
        Made::Dictionary(entries) => {
            let mut entries: Vec<_> = entries.iter().collect();
            let turn = usize::from(whims.next().unwrap()) % entries.len().max(1);
            entries.rotate_left(turn);
            out.push_str("<dict>");
            for (key, value) in entries {
                write!(out, "<key>{}</key>", text(key, whims)).unwrap();
                render(value, whims, out);
            }
            out.push_str("</dict>");
        }
        Made::Array(items) => {
            out.push_str("<array>");
            for item in items {
                render(item, whims, out);
            }
            out.push_str("</array>");
        }
        Made::String(string) => write!(out, "<string>{}</string>", text(string, whims)).unwrap(),
        Made::Integer(number) => write!(out, "<integer>{number}</integer>").unwrap(),
        Made::Real(number) => write!(out, "<real>{number:e}</real>").unwrap(),
        Made::Boolean(flag) => write!(out, "<{flag}/>").unwrap(),
        Made::Date(date) => write!(out, "<date>{}</date>", date.to_xml_format()).unwrap(),
        Made::Data(bytes) => {
            let mut writer = plist::XmlWriter::new();
            writer.data(bytes);
            let xml = String::from_utf8(writer.finish()).unwrap();
            let start = xml.find("<data>").unwrap();
            out.push_str(&xml[start..xml.find("</plist>").unwrap()]);
        }
        Made::Uid(_) | _ => panic!("{value:?} is not made up here"),
    }
}

/// Text with each character plain or as a reference.
fn text(text: &str, whims: &mut impl Iterator<Item = u8>) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match whims.next().unwrap() % 8 {
            0 => write!(out, "&#{};", u32::from(character)).unwrap(),
            1 => write!(out, "&#x{:X};", u32::from(character)).unwrap(),
            _ => out.push_str(&escaped(&character.to_string())),
        }
    }
    out
}

fn identified(content: &Made, uuid: &str, whims: &[u8]) -> Identified {
    let mut top = ::plist::Dictionary::new();
    top.insert("PayloadIdentifier".into(), "com.example.a".into());
    top.insert("Content".into(), content.clone());
    top.insert("PayloadUUID".into(), uuid.into());
    let mut body = String::new();
    render(
        &Made::Dictionary(top),
        &mut whims.iter().copied().cycle(),
        &mut body,
    );
    let xml = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><plist>{body}</plist>");
    parse(xml.as_bytes()).unwrap().identify(None).unwrap()
}

/// Changes the leaf or empty collection that comes `nth`, or says how far it went beyond the end.
fn change(value: &mut Made, nth: usize) -> Result<(), usize> {
    let inner: Vec<&mut Made> = if let Made::Array(items) = value {
        items.iter_mut().collect()
    } else if let Made::Dictionary(entries) = value {
        entries.iter_mut().map(|(_, value)| value).collect()
    } else {
        Vec::new()
    };
    if inner.is_empty() {
        if nth > 0 {
            return Err(nth - 1);
        }
        *value = changed(value);
        return Ok(());
    }
    let mut left = nth;
    for value in inner {
        match change(value, left) {
            Ok(()) => return Ok(()),
            Err(still) => left = still,
        }
    }
    Err(left)
}

fn changed(value: &Made) -> Made {
    match value {
        Made::String(text) => format!("{text}.").into(),
        Made::Integer(number) => match number.as_signed() {
            Some(number) if number > 0 => (number - 1).into(),
            Some(number) => (number.abs_diff(0) / 2 + 1).into(),
            None => 7.into(),
        },
        Made::Real(number) => (-number).into(),
        Made::Boolean(flag) => (!flag).into(),
        Made::Data(bytes) => Made::Data([bytes.as_slice(), &[0]].concat()),
        Made::Date(_) => "not a date".into(),
        Made::Array(_) => Made::Dictionary(::plist::Dictionary::new()),
        Made::Dictionary(_) => Made::Array(Vec::new()),
        Made::Uid(_) | _ => panic!("{value:?} is not made up here"),
    }
}

proptest! {
    /// Blanks, comments, references, key order and the author's uuid do not change the identity;
    /// and what is delivered has it, too.
    #[test]
    fn writing_is_not_content(
        content in value(),
        first in proptest::collection::vec(any::<u8>(), 1..64),
        second in proptest::collection::vec(any::<u8>(), 1..64),
        uuid in "[A-F0-9]{1,8}",
    ) {
        let a = identified(&content, "some uuid", &first);
        let b = identified(&content, &uuid, &second);
        prop_assert_eq!((&a.uuid, a.content, a.loose), (&b.uuid, b.content, b.loose));
        let again = parse(&b.raw).unwrap().identify(None).unwrap();
        prop_assert_eq!(again.raw, b.raw);
        prop_assert_eq!(again.uuid, a.uuid);
    }

    /// Changing any one value changes the identity.
    #[test]
    fn any_value_is_content(content in value(), nth in any::<proptest::sample::Index>()) {
        let leaves = usize::MAX - change(&mut content.clone(), usize::MAX).unwrap_err();
        let mut other = content.clone();
        change(&mut other, nth.index(leaves)).unwrap();
        let (a, b) = (identified(&content, "A", &[0]), identified(&other, "A", &[0]));
        prop_assert_ne!(a.content, b.content);
        prop_assert_ne!(a.uuid, b.uuid);
    }

    /// Two values have one digest exactly if they are equal.
    #[test]
    fn digests_tell_values_apart(a in value(), b in value()) {
        let same = identified(&a, "A", &[0]).content == identified(&b, "A", &[0]).content;
        prop_assert_eq!(same, a == b);
    }

    /// No damage to a profile, plain, signed or binary, makes anything panic, and what is still
    /// accepted can be identified or is refused with a rule.
    #[test]
    fn damaged_profiles_are_survived(
        which in 0..3usize,
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut binary = Vec::new();
        Made::from_reader_xml(PLAIN).unwrap().to_writer_binary(&mut binary).unwrap();
        let mut bytes = vec![PLAIN.to_vec(), SIGNED.to_vec(), binary].swap_remove(which);
        for (index, byte) in damage {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(profile) = parse(&bytes) {
            let given = PayloadIdentifier::parse("com.example.given").unwrap();
            let _ = profile.identify(Some(given));
        }
    }

    /// Nor do arbitrary bytes, behind the first bytes of each container.
    #[test]
    fn any_bytes_are_survived(
        start in proptest::sample::select(vec![b"".as_slice(), b"bplist00", b"<plist><dict>", &SIGNED[..20]]),
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        let _ = parse(&[start, &bytes].concat());
    }
}
