//! Tests of placeholders: their names, where they are found, and how they are filled.

mod filling;
mod properties;

use std::collections::BTreeMap;

use super::*;
use crate::plist::{Document, ReaderLimits, read_xml};

/// A profile whose payload is a dictionary with these entries, which begin at line 2.
fn profile(entries: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><plist version=\"1.0\"><dict>\
         <key>PayloadUUID</key><string>OLD</string><key>PayloadContent</key><array><dict>\n\
         {entries}\n</dict></array></dict></plist>\n"
    )
}

fn document(xml: &[u8]) -> Document {
    read_xml(xml, &ReaderLimits::default()).unwrap().document
}

fn values(of: &[(&str, &str)]) -> BTreeMap<Placeholder, String> {
    let named = |(name, value): &(&str, &str)| (Placeholder::parse(name).unwrap(), (*value).into());
    of.iter().map(named).collect()
}

/// Looks through one string and renders what is found: placeholders in order, `~` for text that
/// is not ours, or the error.
fn check(text: &str) -> String {
    let entries = format!("<key>a</key><string>{text}</string>");
    match placeholders(&document(profile(&entries).as_bytes())) {
        Ok(found) => {
            let names = found.places.iter().map(|(_, name)| name.to_string());
            let other = found.unrecognised.iter().map(|_| "~".to_owned());
            names.chain(other).collect::<Vec<_>>().join(" ")
        }
        Err(error) => {
            assert_eq!(error.node(), 4, "{error}");
            assert!(!error.hint().is_empty());
            error.to_string()
        }
    }
}

/// Which texts are placeholders, which are other programs' templates, and which are mistakes.
#[test]
fn finds() {
    let cases = [
        ("plain { } }} text", ""),
        ("{{host.serial}}", "host.serial"),
        ("{{  host.id\n}}", "host.id"),
        (
            "a{{host.name}}{{attribute.site}}-{{secret.wifi_2}}z",
            "host.name attribute.site secret.wifi_2",
        ),
        ("{{host.model}}{{host.model}}", "host.model host.model"),
        ("&#123;{host&#46;serial&#125;}", "host.serial"),
        ("{{{host.serial}}}", "host.serial"),
        ("{{{{{host.serial}}", "host.serial"),
        ("{{ user }} {{host.serial}} {{", "host.serial ~"),
        ("{{ {{host.serial}}", "host.serial ~"),
        ("{{host.serial", "~"),
        ("{{host.serial}", "~"),
        ("{{}}", "~"),
        ("{{host}}", "~"),
        ("{{Host.serial}}", "~"),
        ("{{.host.serial}}", "~"),
        ("{{hosts.serial}}", "~"),
        ("{{#if host.serial}}", "~"),
        (
            "{{host.serail}}",
            "the placeholder {{host.serail}} is unknown: a host has no such field",
        ),
        (
            "{{ host. serial }}",
            "the placeholder {{ host. serial }} is unknown: a host has no such field",
        ),
        (
            "{{attribute.}}",
            "the placeholder {{attribute.}} is unknown: no attribute or secret can have this \
             name: the name is empty",
        ),
        (
            "{{attribute.9a}}",
            "the placeholder {{attribute.9a}} is unknown: no attribute or secret can have this \
             name: the name begins with '9'; it must begin with a letter from a to z",
        ),
        (
            "{{secret.Wifi}}",
            "the placeholder {{secret.Wifi}} is unknown: no attribute or secret can have this \
             name: the name begins with 'W'; it must begin with a letter from a to z",
        ),
        (
            "{{secret.a-b\u{202E}}}",
            "the placeholder {{secret.a-b\\u{202e}}} is unknown: no attribute or secret can have \
             this name: the name has the character '-'; it may have a to z, 0 to 9 and _",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(check(text), expected, "{text}");
    }
    let long = format!("{{{{secret.{}}}}}", "a".repeat(200));
    let shown = format!("{{{{secret.{}... is unknown", &"a".repeat(91));
    assert!(check(&long).contains(&shown), "{}", check(&long));
}

/// Strings at any depth are looked at; keys, comments, data and other values are not, and a key
/// with braces is told.
#[test]
fn looks_at_strings_alone() {
    let entries = "<key>deep</key><array><dict><key>a</key><array><string>{{host.id}}</string>\
        </array></dict></array><!-- {{host.serial}} --><key>{{host.name}}</key><true/>\
        <key>data</key><data>e3tob3N0Lm1vZGVsfX0=</data><key>b</key><string>{{x}}</string>";
    let document = document(profile(entries).as_bytes());
    let found = placeholders(&document).unwrap();
    let place = document.node(found.places[0].0).unwrap();
    assert_eq!(place.as_str(), Some("{{host.id}}"));
    assert_eq!(found.places.len(), 1);
    assert_eq!(found.placeholders.len(), 1);
    let key = |id: &u32| {
        let node = document.node(*id).unwrap().node();
        node.key.as_ref().unwrap().text.clone()
    };
    let unrecognised: Vec<_> = found.unrecognised.iter().map(key).collect();
    assert_eq!(unrecognised, ["{{host.name}}", "b"]);
}

/// No value of a host becomes part of what names or places a profile or payload, at any depth;
/// other envelope keys may have one, and so may a key that only looks alike.
#[test]
fn names_are_fixed() {
    for key in [
        "PayloadIdentifier",
        "PayloadUUID",
        "PayloadType",
        "PayloadScope",
    ] {
        let string = format!("<key>{key}</key><string>x.{{{{host.serial}}}}</string>");
        let nested = format!("<key>a</key><array><dict>{string}</dict></array>");
        for entries in [string, nested] {
            let error = placeholders(&document(profile(&entries).as_bytes())).unwrap_err();
            let expected = format!("{{{{host.serial}}}} stands in {key}, which");
            assert!(error.to_string().contains(&expected), "{error}");
        }
    }
    for key in ["PayloadOrganization", "PayloadDisplayName", "payloadtype"] {
        let entries = format!("<key>{key}</key><string>{{{{host.serial}}}}</string>");
        let found = placeholders(&document(profile(&entries).as_bytes())).unwrap();
        assert_eq!(found.places.len(), 1, "{key}");
    }
}

/// The number of placeholders and of reported places is bounded.
#[test]
fn bounds() {
    let times = |count: usize| check(&"{{host.id}}".repeat(count));
    assert_eq!(times(256).matches("host.id").count(), 256);
    assert_eq!(times(257), "the profile has more than 256 placeholders");
    let strings = format!(
        "<key>a</key><array>{}</array>",
        "<string>{{</string>".repeat(300)
    );
    let found = placeholders(&document(profile(&strings).as_bytes())).unwrap();
    assert_eq!(found.unrecognised.len(), 100);
}

/// A text with braces only costs time in proportion to its length: half a megabyte of the worst
/// would otherwise take minutes.
#[test]
fn braces_are_cheap() {
    for worst in ["{{a", "{{host.id", "{", "{{ {", "{ {"] {
        let text = worst.repeat(500_000 / worst.len());
        assert!(["", "~"].contains(&check(&text).as_str()), "{worst}");
    }
}

/// Names of values have one form, and a placeholder's text form is read back, by serde too.
#[test]
fn names() {
    let longest = "a".repeat(64);
    for text in ["a", "site", "wifi_2", longest.as_str()] {
        assert_eq!(ValueName::parse(text).unwrap().as_str(), text);
    }
    let too_long = "a".repeat(65);
    for text in [
        "",
        "_a",
        "1a",
        "Site",
        "a.b",
        "a b",
        "é",
        "aé",
        too_long.as_str(),
    ] {
        assert!(ValueName::parse(text).is_err(), "{text}");
        assert!(
            Placeholder::parse(&format!("secret.{text}")).is_err(),
            "{text}"
        );
    }
    for text in ["host.id", "host.serial", "host.name", "host.model"] {
        assert_eq!(Placeholder::parse(text).unwrap().to_string(), text);
    }
    for text in ["attribute.site", "secret.wifi"] {
        let placeholder = Placeholder::parse(text).unwrap();
        assert_eq!(placeholder.to_string(), text);
        assert_eq!(placeholder.is_secret(), text.starts_with("secret"));
        let stored = String::from(placeholder.clone());
        assert_eq!(Placeholder::try_from(stored).unwrap(), placeholder);
    }
    for text in ["", "host", "host.", "host.serial ", "user.name", "secret"] {
        let error = Placeholder::parse(text).unwrap_err();
        assert!(!error.hint().is_empty(), "{text}");
    }
}
