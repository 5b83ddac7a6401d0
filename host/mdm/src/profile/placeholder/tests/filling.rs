//! What filling writes, and what it refuses.

use super::*;
use crate::ids::PayloadUuid;

const PLAIN: &[u8] = include_bytes!("../../testdata/plain.mobileconfig");
const SIGNED: &[u8] = include_bytes!("../../testdata/signed.mobileconfig");

const NEW: &str = "0A1B2C3D-0000-8000-8000-00000000ABCD";

fn filled(entries: &str, of: &[(&str, &str)]) -> Result<String, FillError> {
    let uuid = PayloadUuid::parse(NEW).unwrap();
    let filled = fill(profile(entries).as_bytes(), &uuid, &values(of))?;
    Ok(String::from_utf8(filled).unwrap())
}

/// Fills `entries` and compares with `expected`, byte for byte, the rest of the profile included.
fn check(entries: &str, of: &[(&str, &str)], expected: &str) {
    let expected = profile(expected).replace("<string>OLD<", &format!("<string>{NEW}<"));
    assert_eq!(filled(entries, of).unwrap(), expected);
}

/// Values are written so that they are read back the same, whatever XML means by them, and are
/// never looked through for placeholders.
#[test]
fn values_are_inert() {
    let string = |text: &str| format!("<key>a</key><string>{text}</string>");
    let cases = [
        ("C02XYZ", "C02XYZ"),
        ("", ""),
        ("a&b", "a&amp;b"),
        ("&amp;&#65;", "&amp;amp;&amp;#65;"),
        ("</string><true/>", "&lt;/string&gt;&lt;true/&gt;"),
        ("<![CDATA[x]]>", "&lt;![CDATA[x]]&gt;"),
        ("<!-- x -->", "&lt;!-- x --&gt;"),
        ("{{secret.wifi}}", "{{secret.wifi}}"),
        ("{{host.serial}}", "{{host.serial}}"),
        ("secret.wifi", "secret.wifi"),
        ("$1 \\ %s {}", "$1 \\ %s {}"),
        ("ä\u{1F600} \u{A0}", "ä\u{1F600} \u{A0}"),
    ];
    for (value, written) in cases {
        let of = [("host.serial", value), ("secret.wifi", "canary")];
        check(&string("{{host.serial}}"), &of, &string(written));
        let expected = format!("{{{{{written}}}}}");
        check(&string("{{{{ host.serial }}}}"), &of, &string(&expected));
    }
    // Values that would make a placeholder only together.
    let of = [
        ("attribute.a", "{{secret"),
        ("attribute.b", ".wifi}}"),
        ("secret.wifi", "canary"),
    ];
    check(
        &string("{{attribute.a}}{{attribute.b}}"),
        &of,
        &string("{{secret.wifi}}"),
    );
}

/// Only the strings with placeholders and the top-level uuid change; comments, layout, keys, data
/// and odd ways of writing stay, other strings' references too.
#[test]
fn nothing_else_changes() {
    let around = |first: &str, second: &str| {
        format!(
            "\t<!-- {{{{host.serial}}}} --><key>{{{{host.serial}}}}</key>\r\n\
             <string  >&#65;&lt;x></string>\n<key>PayloadUUID</key><string>OLD2</string>\
             <key>b</key><data>e3tob3N0Lm1vZGVsfX0=</data><key>c</key><string/>\
             <key>d</key><array><dict><key>e</key>{first}</dict>{second}</array>\
             <key>f</key><integer>-7</integer><key>g</key><string>{{{{ user }}}}</string>"
        )
    };
    let of = [
        ("host.serial", "C02&"),
        ("attribute.site", "K\u{f6}ln"),
        ("secret.unused", "x"),
    ];
    check(
        &around(
            "<string >&lt;{{host&#x2E;serial}}&#38;&amp;\r\n{{ y }}</string>",
            "<string>{{attribute.site}}/{{host.serial}}/{{attribute.site}}</string>",
        ),
        &of,
        &around(
            "<string >&lt;C02&amp;&amp;&amp;\n{{ y }}</string>",
            "<string>K\u{f6}ln/C02&amp;/K\u{f6}ln</string>",
        ),
    );
    check("", &[], "");
}

/// A profile without placeholders gets the uuid alone, also where it has that one already.
#[test]
fn the_uuid_alone() {
    let uuid = PayloadUuid::parse(NEW).unwrap();
    let once = fill(PLAIN, &uuid, &BTreeMap::new()).unwrap();
    let old = document(PLAIN);
    let own = old.root().get("PayloadUUID").unwrap().as_str().unwrap();
    let expected = String::from_utf8(PLAIN.to_vec()).unwrap();
    assert_eq!(
        String::from_utf8(once.clone()).unwrap(),
        expected.replace(own, NEW)
    );
    assert_eq!(fill(&once, &uuid, &BTreeMap::new()).unwrap(), once);
}

/// What cannot be filled is refused with the placeholder's name, and without any value.
#[test]
fn refusals() {
    const CANARY: &str = "canary-5f1d";
    let string = "<key>a</key><string>{{host.serial}} {{secret.wifi}}</string>";
    let long = CANARY.repeat(400);
    let with = |end: &str| format!("{CANARY}{end}");
    let cases = [
        (string, None, "secret.wifi has no value"),
        (
            string,
            Some(long),
            "the value of secret.wifi cannot be used: the value has more than 4096 bytes",
        ),
        (
            string,
            Some(with("\n")),
            "the value of secret.wifi cannot be used: the value has a control",
        ),
        (
            string,
            Some(with("\u{0}")),
            "the value of secret.wifi cannot be used: the value has a control",
        ),
        (
            string,
            Some(with("\u{85}")),
            "the value of secret.wifi cannot be used: the value has a control",
        ),
        (
            string,
            Some(with("\u{FFFE}")),
            "the value of secret.wifi cannot be used: the value has a control",
        ),
        (
            "<key>a</key><string>{{host.serail}}</string>",
            Some(with("")),
            "the profile cannot be filled: the placeholder {{host.serail}}",
        ),
        (
            "<key>a</key><string>",
            Some(with("")),
            "the profile cannot be read: ",
        ),
    ];
    for (entries, secret, expected) in cases {
        let mut of = vec![("host.serial", CANARY)];
        of.extend(secret.as_deref().map(|secret| ("secret.wifi", secret)));
        let error = filled(entries, &of).unwrap_err();
        let text = chain(&error);
        assert!(text.starts_with(expected), "{text}");
        assert!(!format!("{text}{error:?}").contains(CANARY), "{error:?}");
    }
    assert_eq!(check_value(&"a".repeat(4096)), Ok(()));
    assert_eq!(check_value(""), Ok(()));
}

/// Signed and binary files are never touched, nor is a file without a uuid of its own.
#[test]
fn refuses_what_it_cannot_change() {
    let uuid = PayloadUuid::parse(NEW).unwrap();
    let refusal = |raw: &[u8]| fill(raw, &uuid, &BTreeMap::new()).unwrap_err();
    assert_eq!(refusal(SIGNED), FillError::Signed);
    let mut binary = Vec::new();
    let plain = ::plist::Value::from_reader_xml(PLAIN).unwrap();
    plain.to_writer_binary(&mut binary).unwrap();
    assert_eq!(refusal(&binary), FillError::Binary);
    for root in [
        "<dict/>",
        "<array/>",
        "<dict><key>PayloadUUID</key><true/></dict>",
    ] {
        let xml = format!("<plist version=\"1.0\">{root}</plist>");
        assert_eq!(refusal(xml.as_bytes()), FillError::NoUuid, "{root}");
    }
    assert!(matches!(refusal(b""), FillError::Profile(_)));
    let odd = PayloadUuid::parse("\u{FFFF}").unwrap();
    let refused = fill(PLAIN, &odd, &BTreeMap::new()).unwrap_err();
    assert_eq!(refused, FillError::Changed);
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
