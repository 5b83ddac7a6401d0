//! The reader's and the writer's properties on made-up documents, with the `plist` crate beside.

use proptest::prelude::*;

use super::super::*;

/// A document as `plist` values, to make up and to compare.
pub(crate) fn value() -> impl Strategy<Value = ::plist::Value> {
    use ::plist::{Dictionary, Value};
    let text = "[ -~\\t\\n\\r\u{e4}\u{1F600}\u{FF21}]{0,12}";
    let leaf = prop_oneof![
        text.prop_map(Value::String),
        any::<i64>().prop_map(|number| Value::Integer(number.into())),
        any::<u64>().prop_map(|number| Value::Integer(number.into())),
        proptest::num::f64::NORMAL.prop_map(Value::Real),
        any::<bool>().prop_map(Value::Boolean),
        proptest::collection::vec(any::<u8>(), 0..20).prop_map(Value::Data),
        (1900..9999u32, 1..=12u32, 1..=28u32, 0..24u32).prop_map(|(year, month, day, hour)| {
            let date = format!("{year:04}-{month:02}-{day:02}T{hour:02}:30:59Z");
            Value::Date(::plist::Date::from_xml_format(&date).unwrap())
        }),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        // No two keys of a dictionary may be one name but for case, the blanks around them or the
        // width of letters.
        let narrow = |text: String| text.to_lowercase().replace('\u{FF41}', "");
        let key = text.prop_map(move |text| format!("k{}.", narrow(text)));
        let entries = proptest::collection::btree_map(key, inner.clone(), 0..6);
        prop_oneof![
            proptest::collection::vec(inner, 0..6).prop_map(Value::Array),
            entries.prop_map(|entries| Value::Dictionary(Dictionary::from_iter(entries))),
        ]
    })
}

pub(crate) fn write_value(writer: &mut XmlWriter, value: &::plist::Value) {
    match value {
        ::plist::Value::Array(items) => {
            writer.begin_array();
            for item in items {
                write_value(writer, item);
            }
            writer.end();
        }
        ::plist::Value::Dictionary(entries) => {
            writer.begin_dictionary();
            for (key, value) in entries {
                writer.key(key);
                write_value(writer, value);
            }
            writer.end();
        }
        ::plist::Value::String(text) => {
            writer.string(text);
        }
        ::plist::Value::Integer(number) => {
            writer.integer(number.to_string().parse().unwrap());
        }
        ::plist::Value::Real(number) => {
            writer.real(*number);
        }
        ::plist::Value::Boolean(flag) => {
            writer.boolean(*flag);
        }
        ::plist::Value::Data(bytes) => {
            writer.data(bytes);
        }
        ::plist::Value::Date(date) => {
            writer.date(&date.to_xml_format());
        }
        ::plist::Value::Uid(_) | _ => panic!("{value:?} is not made up here"),
    }
}

/// Whether our tree says what the `plist` crate's value says.
pub(crate) fn agrees(node: NodeRef<'_>, value: &::plist::Value) -> bool {
    use ::plist::Value as Other;
    match (&node.node().value, value) {
        (Value::Dictionary, Other::Dictionary(entries)) => {
            node.entries().count() == entries.len()
                && node
                    .entries()
                    .all(|(key, child)| entries.get(key).is_some_and(|value| agrees(child, value)))
        }
        (Value::Array, Other::Array(items)) => {
            node.items().count() == items.len()
                && node
                    .items()
                    .zip(items)
                    .all(|(child, value)| agrees(child, value))
        }
        (Value::String(ours), Other::String(theirs)) => ours == theirs,
        (Value::Integer(ours), Other::Integer(theirs)) => ours.to_string() == theirs.to_string(),
        (Value::Real(ours), Other::Real(theirs)) => ours.to_bits() == theirs.to_bits(),
        (Value::Boolean(ours), Other::Boolean(theirs)) => ours == theirs,
        (Value::Data(ours), Other::Data(theirs)) => ours == theirs,
        (Value::Date(ours), Other::Date(theirs)) => *ours == theirs.to_xml_format(),
        _ => false,
    }
}

proptest! {
    /// What the writer writes, the reader reads without a word, and writing it again gives the
    /// same bytes.
    #[test]
    fn writer_and_reader_agree(value in value()) {
        let mut writer = XmlWriter::new();
        write_value(&mut writer, &value);
        let text = writer.finish();
        let read = read_xml(&text, &ReaderLimits::default()).unwrap();
        prop_assert_eq!(&read.notices, &[]);
        prop_assert!(agrees(read.document.root(), &value));
        prop_assert_eq!(write_xml(&read.document), text);
    }

    /// What the `plist` crate writes, we read as the same value.
    #[test]
    fn the_plist_crate_agrees(value in value()) {
        let mut text = Vec::new();
        value.to_writer_xml(&mut text).unwrap();
        // The crate writes a plain carriage return, which XML makes a line feed.
        prop_assume!(!text.contains(&b'\r'));
        let read = read_xml(&text, &ReaderLimits::default()).unwrap();
        prop_assert!(agrees(read.document.root(), &value));
    }

    /// No bytes make the reader panic.
    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read_xml(&bytes, &ReaderLimits::default());
    }

    /// Nor does a document that is nearly right; and where both readers accept one without a
    /// warning of ours, they read the same.
    #[test]
    fn damaged_documents_are_survived(
        value in value(),
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), "[ -~]{0,3}|</?[a-z]{1,6}/?>|&#?x?[0-9a-z]{1,4};|<!--|-->|<!\\[CDATA\\[|\\]\\]>|\0|\r"), 1..4),
    ) {
        let mut writer = XmlWriter::new();
        write_value(&mut writer, &value);
        let mut text = writer.finish();
        for (index, insert) in damage {
            let at = index.index(text.len());
            text.splice(at..(at + 1).min(text.len()), insert.bytes());
        }
        let ours = read_xml(&text, &ReaderLimits::default());
        if let (Ok(read), Ok(other)) = (ours, ::plist::Value::from_reader_xml(text.as_slice())) {
            let is_plain = read.notices.is_empty() && !text.contains(&b'\r');
            prop_assert!(!is_plain || agrees(read.document.root(), &other));
        }
    }
}
