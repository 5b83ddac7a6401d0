//! Which keys are one name, and which characters nobody sees.

use super::*;

/// Keys of one dictionary that differ in case, blanks, accents or what nobody sees are refused at
/// the later one; in different dictionaries they may.
#[test]
fn twins_are_refused() {
    let pair = |a: &str, b: &str| {
        let lines = format!("<key>{a}</key>\n<true/>\n<key>{b}</key>\n<true/>");
        check(profile(&lines).as_bytes())
    };
    for (a, b) in [
        ("Password", "password"),
        ("Password", " Password"),
        ("Password", "Password\n"),
        ("Password", "Password\u{200B}"),
        ("Password", "\u{FEFF}Password"),
        ("caf\u{e9}", "cafe\u{301}"),
        ("CAF\u{c9}", "cafe\u{301}"),
        ("stra\u{df}e", "STRASSE"),
        ("\u{3a3}\u{3a3}", "\u{3c3}\u{3c2}"),
        ("K", "\u{212A}"),
        ("Password", "Pass\u{200B}word"),
        ("Pass\u{2060}word", "Password"),
        ("Pass\u{FEFF}word", "Pass\u{AD}word"),
        ("Password", "\u{202E}P\u{2066}assword\u{2069}"),
        ("Password", "Pass\u{FE0F}word"),
        ("Password", "Passw\u{E0100}ord"),
        ("Password", "P\u{180B}assword"),
        ("Password", "\u{FF30}assword"),
        (
            "password",
            "\u{FF30}\u{FF21}\u{FF33}\u{FF33}\u{FF37}\u{FF2F}\u{FF32}\u{FF24}",
        ),
        ("Password", "\u{1D40F}assword"),
        ("a b", "a\u{A0}b"),
        ("a b", "a\u{3000}b"),
        ("caf\u{e9}", "caf\u{200B}e\u{301}"),
    ] {
        let found = pair(a, b);
        assert!(found.starts_with("4:1 error P023"), "{a} {b}: {found}");
    }
    for (a, b) in [
        ("Password", "Passwort"),
        ("a b", "ab"),
        ("\u{30a2}", "\u{3042}"),
        ("allowWPS", "allow WPS"),
        ("a b", "a\tb"),
        ("e", "\u{e9}"),
        ("", "x"),
    ] {
        assert_eq!(pair(a, b), "", "{a} {b}");
    }
    let apart = "<key>A</key><dict><key>a</key><true/></dict><key>b</key><array><dict>\
                 <key>c</key><true/></dict><dict><key>C</key><true/></dict></array>";
    assert_eq!(check(profile(apart).as_bytes()), "");
    let long = "K".repeat(2000);
    assert!(pair(&long, &long.to_lowercase()).starts_with("4:1 error P023"));
    let dear = "\u{301}".repeat(70_000);
    assert_eq!(pair("a", &dear), "0:0 error P019");
}

/// The pair is named whose later key comes first in the text, with the line of the other.
#[test]
fn the_first_pair_is_named() {
    let lines =
        "<key>z</key><true/>\n<key>a</key><true/>\n<key>Z</key><true/>\n<key>A</key><true/>";
    let finding = parse(profile(lines).as_bytes()).unwrap_err();
    assert_eq!((finding.line, finding.column), (4, 1));
    assert!(
        finding.message.contains("the key Z is that of line 2"),
        "{finding}"
    );
}

/// Characters that nobody sees are warned of in keys and names, and not where they belong.
#[test]
fn hidden_characters_are_shown() {
    let named = |text: &str| {
        let lines = format!("<key>PayloadDisplayName</key>\n<string>{text}</string>");
        check(profile(&lines).as_bytes())
    };
    for text in [
        "Wi\u{200B}Fi",
        "a\u{202E}b",
        "a\u{200D}b",
        "abc\u{200F}",
        "soft\u{AD}hyphen",
        "\u{FEFF}a",
        "\u{5d0}\u{2067}x",
        "\u{1F600}\u{E0041}",
    ] {
        assert_eq!(named(text), "2:1 warning P024", "{text:?}");
    }
    for text in [
        "",
        "Wi-Fi \u{1F468}\u{200D}\u{1F4BB} \u{2764}\u{FE0F}",
        "\u{5d0}\u{200F}!",
        "\u{645}\u{6cc}\u{200C}\u{62e}",
        "na\u{ef}ve \u{a0}",
        "\u{1F3F4}\u{E0067}\u{E0062}\u{E007F}",
    ] {
        assert_eq!(named(text), "", "{text:?}");
    }
    for key in ["a\u{200B}b", "a\u{FE0F}", "\u{FF41}b", "Pass\u{E0100}word"] {
        let key = profile(&format!("<key>{key}</key><true/>"));
        assert_eq!(check(key.as_bytes()), "2:1 warning P024");
    }
    let kana = profile("<key>\u{30a2}\u{3000}caf\u{e9}</key><true/>");
    assert_eq!(check(kana.as_bytes()), "");
    let elsewhere = profile("<key>Text</key><string>a\u{200B}b</string>");
    assert_eq!(check(elsewhere.as_bytes()), "");
    let many = "<dict><key>\u{200B}</key><true/></dict>".repeat(300);
    let many = profile(&format!("<key>a</key><array>{many}</array>"));
    assert_eq!(check(many.as_bytes()).matches("P024").count(), 100);
}

/// A hidden character goes by a fix where all else is plain, and where the text names nothing.
#[test]
fn hidden_characters_are_fixed() {
    let fixed = |lines: &str| {
        let text = profile(lines);
        let found = parse(text.as_bytes()).unwrap().notices().to_vec();
        assert_eq!(found.len(), 1, "{found:?}");
        let fixed = crate::fix::apply(text.as_bytes(), &found, &ReaderLimits::default()).unwrap();
        (!fixed.done.is_empty()).then(|| String::from_utf8(fixed.text).unwrap())
    };
    let named =
        |key: &str, value: &str| profile(&format!("<key>{key}</key><string>{value}</string>"));
    let line = |key: &str, value: &str| format!("<key>{key}</key><string>{value}</string>");
    let name = "PayloadDisplayName";
    for (key, value, wanted) in [
        (
            name,
            "\u{FEFF}Wi\u{200B}Fi &amp; more",
            named(name, "WiFi &amp; more"),
        ),
        ("Payload\u{FF34}ype\u{FE0F}", "x", named("PayloadType", "x")),
        ("Payload\u{200B}Type", "x", named("PayloadType", "x")),
        (
            "PayloadType\u{200B}",
            "x\u{200B}",
            named("PayloadType", "x\u{200B}"),
        ),
    ] {
        assert_eq!(fixed(&line(key, value)), Some(wanted));
    }
    for (key, value) in [
        (name, "caf\u{e9}\u{200B}"),
        (name, "\u{200B}"),
        ("PayloadIdentifier", "com.\u{200B}example"),
        ("a\u{200B} b", "x"),
    ] {
        assert_eq!(fixed(&line(key, value)), None, "{key} {value}");
    }
}
