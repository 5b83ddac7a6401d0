//! The profile passes the structure validator.

use mooring_sdk::testing::{Tree, array, dictionary, profile};
use mooring_sdk::{Context, Grade, Validator};
use mooring_structure::Structure;
use plist::Value;

use crate::{acme, everything, generate, scep};

fn tree(value: &Value) -> Tree {
    match value {
        Value::Dictionary(entries) => dictionary(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), tree(value))),
        ),
        Value::Array(items) => array(items.iter().map(tree)),
        Value::String(text) => text.as_str().into(),
        Value::Boolean(value) => (*value).into(),
        Value::Integer(number) => i128::from(number.as_signed().unwrap()).into(),
        Value::Data(bytes) => Tree::Data(bytes.clone()),
        Value::Date(_) | Value::Real(_) | Value::Uid(_) | _ => panic!("it has no {value:?}"),
    }
}

/// No profile that this plugin makes has a finding, not even a remark, in either grade.
#[test]
fn no_findings() {
    for grade in [Grade::DeviceLenient, Grade::AppleStrict] {
        let context = Context {
            grade,
            ..Context::default()
        };
        for settings in [scep(), acme(), everything()] {
            let output = generate("seed", &settings).unwrap();
            let read: Value = Value::from_reader_xml(output.profile.as_slice()).unwrap();
            let found = Structure::validate(&profile(&tree(&read)), &context).unwrap();
            assert_eq!(found, [], "{settings}");
        }
    }
}
