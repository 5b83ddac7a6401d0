//! Filling changes the placeholders and nothing else, whatever the profile and the values.

use std::fmt::Write;

use proptest::prelude::*;

use super::*;
use crate::ids::PayloadUuid;
use crate::plist::{escaped, tests::properties::value, write_xml};

const NAMES: [&str; 6] = [
    "host.id",
    "host.serial",
    "host.name",
    "host.model",
    "attribute.site",
    "secret.wifi",
];

/// A value that tries to be markup or another placeholder.
fn tricky() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        "[ -~\u{e4}\u{1F600}]{0,8}",
        proptest::sample::select(vec![
            "</string>",
            "<!--",
            "-->",
            "<![CDATA[",
            "]]>",
            "&",
            "&amp;",
            "&#0;",
            "{{",
            "}}",
            "{{secret.wifi}}",
            "{{host.id}}",
            "host.serial",
            "canary",
        ])
        .prop_map(str::to_owned),
    ];
    proptest::collection::vec(part, 0..5).prop_map(|parts| parts.concat())
}

/// A part of a string of the profile: plain text, or the number of a placeholder.
fn part() -> impl Strategy<Value = Result<String, usize>> {
    prop_oneof![
        "[ -z|~\u{e4}]{0,6}".prop_map(Ok),
        (0..NAMES.len()).prop_map(Err),
    ]
}

proptest! {
    /// The profile as read differs in exactly the strings with placeholders, which have the
    /// values in their places, and in the uuid; and another reader agrees.
    #[test]
    fn gives_exactly_the_values(
        content in value(),
        parts in proptest::collection::vec(part(), 1..8),
        whims in proptest::collection::vec(any::<bool>(), 16),
        values in proptest::collection::vec(tricky(), NAMES.len()),
    ) {
        let (mut written, mut expected) = (String::new(), String::new());
        for (part, blank) in parts.iter().zip(whims.iter().cycle()) {
            match part {
                Ok(text) => {
                    written.push_str(&escaped(text));
                    expected.push_str(text);
                }
                Err(which) => {
                    let blank = if *blank { " " } else { "" };
                    write!(written, "{{{{{blank}{}}}}}", NAMES[*which]).unwrap();
                    expected.push_str(&values[*which]);
                }
            }
        }
        let around = |string: &str| format!(
            "<key>before</key>{}<key>a</key><array><string>{string}</string></array>",
            element(&content),
        );
        let raw = profile(&around(&written));
        let values: BTreeMap<_, _> = NAMES.iter().zip(&values)
            .map(|(name, value)| (Placeholder::parse(name).unwrap(), value.clone()))
            .collect();
        let uuid = PayloadUuid::parse("NEW").unwrap();
        let filled = fill(raw.as_bytes(), &uuid, &values).unwrap();
        let wanted = profile(&around(&escaped(&expected))).replacen(">OLD<", ">NEW<", 1);
        prop_assert_eq!(write_xml(&document(&filled)), write_xml(&document(wanted.as_bytes())));
        let other = |xml: &[u8]| ::plist::Value::from_reader_xml(xml).unwrap();
        prop_assert_eq!(other(&filled), other(wanted.as_bytes()));
    }

    /// No error of filling shows a value, however it is looked at.
    #[test]
    fn errors_show_no_value(
        value in "canary[\\x00-\\x1f<&{}\u{e4}]{0,6}",
        missing in 0..NAMES.len(),
        string in "(\\{\\{host\\.(id|x)|\\}\\}|\\{\\{|secret\\.|[a-z. ]){0,12}",
    ) {
        let mut values: BTreeMap<_, _> = NAMES.iter()
            .map(|name| (Placeholder::parse(name).unwrap(), value.clone()))
            .collect();
        values.remove(&Placeholder::parse(NAMES[missing]).unwrap());
        let all = NAMES.map(|name| format!("{{{{{name}}}}}")).concat();
        let entries = format!("<key>a</key><string>{string}</string><key>b</key><string>{all}</string>");
        let uuid = PayloadUuid::parse("NEW").unwrap();
        let error = fill(profile(&entries).as_bytes(), &uuid, &values).unwrap_err();
        let shown = format!("{error} {error:?} {error:#?}");
        prop_assert!(!shown.contains("canary"));
    }

    /// Any text can be looked through: its pieces put together are the text.
    #[test]
    fn pieces_are_the_text(text in "(\\{|\\}|host\\.id|secret\\.|[ a-c\u{e4}.]){0,40}") {
        let mut rest = text.as_str();
        for piece in pieces::pieces(&text) {
            match piece {
                pieces::Piece::Plain(part)
                | pieces::Piece::Other(part)
                | pieces::Piece::Misnamed(part, _) => {
                    prop_assert!(!part.is_empty());
                    prop_assert!(rest.starts_with(part), "{part:?} of {rest:?}");
                    rest = &rest[part.len()..];
                }
                pieces::Piece::Placeholder(placeholder) => {
                    let end = rest.find("}}").unwrap();
                    prop_assert_eq!(rest[..end].trim_start_matches("{{").trim(), placeholder.to_string());
                    rest = &rest[end + 2..];
                }
            }
        }
        prop_assert_eq!(rest, "");
    }
}

/// A value as XML without the header around it.
fn element(value: &::plist::Value) -> String {
    let mut xml = Vec::new();
    value.to_writer_xml(&mut xml).unwrap();
    let text = String::from_utf8(xml).unwrap();
    let (_, body) = text.split_once("<plist version=\"1.0\">").unwrap();
    body.trim().trim_end_matches("</plist>").to_owned()
}
