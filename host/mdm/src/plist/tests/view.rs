//! The view beside the document: two sinks of one reader, which must say the same.

use proptest::prelude::*;

use super::super::*;
use super::properties::{value, write_value};

/// Whether the view says what the document says, as far as a view says anything.
fn agrees(view: ViewRef<'_>, document: NodeRef<'_>) -> bool {
    let values = (
        view.is_dictionary() == document.is_dictionary(),
        view.is_array() == document.is_array(),
        view.as_str() == document.as_str(),
        view.as_bool() == document.as_bool(),
        view.is_data() == document.as_data().is_some(),
        view.to_data().as_deref() == document.as_data(),
        view.as_integer() == document.as_integer().and_then(|i| i64::try_from(i).ok()),
    );
    let same_items = view.items().count() == document.items().count()
        && view
            .items()
            .zip(document.items())
            .all(|(a, b)| agrees(a, b));
    let same_entries = document
        .entries()
        .all(|(key, b)| view.get(key).is_some_and(|a| agrees(a, b)));
    values == (true, true, true, true, true, true, true) && same_items && same_entries
}

/// Reads both ways; `true` if they agree, on the error too.
fn both_agree(text: &[u8]) -> bool {
    let limits = ReaderLimits::default();
    match (view_xml(text, &limits), read_xml(text, &limits)) {
        (Ok(view), Ok(read)) => agrees(view.root(), read.document.root()),
        (Err(ours), Err(theirs)) => ours == theirs,
        (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
    }
}

proptest! {
    /// Both trees of a document say the same, and of a damaged one both have the same complaint.
    #[test]
    fn a_view_says_what_the_document_says(
        value in value(),
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), "[ -~]{0,3}|&amp;|<!--|-->|<!\\[CDATA\\[x\\]\\]>|\r"), 0..3),
    ) {
        let mut writer = XmlWriter::new();
        write_value(&mut writer, &value);
        let mut text = writer.finish();
        prop_assert!(both_agree(&text));
        for (index, insert) in damage {
            let at = index.index(text.len());
            text.splice(at..at, insert.bytes());
        }
        prop_assert!(both_agree(&text));
    }
}

/// A key that nobody has is not found, in a dictionary, an array or a text, nor that of another
/// level; and a missing one is not the empty key of an array's values.
#[test]
fn keys_belong_to_their_dictionary() {
    let text = b"<plist><dict><key>a</key><dict><key>b</key><true/></dict>\
        <key>c</key><array><string>d</string></array></dict></plist>";
    let view = view_xml(text, &ReaderLimits::default()).unwrap();
    let root = view.root();
    assert!(root.get("b").is_none() && root.get("d").is_none() && root.get("").is_none());
    let array = root.get("c").unwrap();
    assert!(array.get("").is_none() && array.items().all(|item| item.get("").is_none()));
    assert_eq!(
        root.get("a").unwrap().get("b").unwrap().as_bool(),
        Some(true)
    );
    assert_eq!(array.items().count(), 1);
}

/// A control character is found at every place of a long text, and none is seen where there is
/// none: the text is looked at in blocks.
#[test]
fn every_place_of_a_long_text_is_looked_at() {
    let document = |text: &str| format!("<plist><string>{text}</string></plist>");
    for at in 0..70 {
        for (bad, rule) in [
            ("\u{1}", "P013"),
            ("]]>", "P002"),
            ("\u{FFFE}", "P013"),
            ("& ", "P002"),
        ] {
            let text = format!("{}{bad}{}", "x".repeat(at), "\u{FF21}\t y\n".repeat(9));
            let found = read_xml(document(&text).as_bytes(), &ReaderLimits::default());
            let finding = found.unwrap_err();
            assert_eq!(
                (finding.rule.as_ref(), finding.column as usize),
                (rule, 16 + at)
            );
        }
        let text = format!("{}\u{FF21}]{}&lt;", "x".repeat(at), "y".repeat(40));
        let read = read_xml(document(&text).as_bytes(), &ReaderLimits::default()).unwrap();
        let expected = text.replace("&lt;", "<");
        assert_eq!(read.document.root().as_str(), Some(expected.as_str()));
    }
}

/// A key that comes twice is found among few and among many, wherever the first one stands, and
/// not if the other one is in another dictionary.
#[test]
fn double_keys_are_found() {
    let entries = |count: usize| -> String {
        let entry = |n| format!("<key>k{n}</key><dict><key>k0</key><true/></dict>");
        (0..count).map(entry).collect()
    };
    let check = |count: usize, more: &str| {
        let text = format!(
            "<plist><dict>{}<key>{more}</key><true/></dict></plist>",
            entries(count)
        );
        read_xml(text.as_bytes(), &ReaderLimits::default())
            .err()
            .map(|f| f.rule)
    };
    for count in [1, 2, 23, 24, 25, 26, 300] {
        assert_eq!(check(count, "k0").as_deref(), Some("P009"), "{count}");
        assert_eq!(
            check(count, &format!("k&#{};", 0x30)).as_deref(),
            Some("P009"),
            "{count}"
        );
        assert_eq!(
            check(count, &format!("k{}", count - 1)).as_deref(),
            Some("P009"),
            "{count}"
        );
        assert_eq!(check(count, "other"), None, "{count}");
    }
}

/// A document with the header of Apple's own writer is judged like one with the same header
/// written in another way, whatever follows.
#[test]
fn the_usual_header_is_no_exception() {
    let apple = String::from_utf8(XmlWriter::new().finish()).unwrap();
    let (apple, _) = apple.split_once("<plist").unwrap();
    let other = apple.replacen("<?xml version", "<?xml  version", 1);
    for rest in [
        "",
        "x",
        "<!-- c -->",
        "<!-- c -->x",
        "<plist><true/></plist>",
        "\n<plist><true/></plist>",
        "<!DOCTYPE plist><plist><true/></plist>",
        "<?xml version=\"1.0\"?><plist><true/></plist>",
        "<true/>",
        "<plist/>",
    ] {
        let read = |header: &str| super::check(format!("{header}{rest}").as_bytes());
        assert_eq!(read(apple), read(&other), "{rest:?}");
    }
}
