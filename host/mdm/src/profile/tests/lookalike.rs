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
    ] {
        let found = pair(a, b);
        assert!(found.starts_with("4:1 error P023"), "{a} {b}: {found}");
    }
    for (a, b) in [
        ("Password", "Passwort"),
        ("a b", "ab"),
        ("\u{ff41}", "a"),
        ("allowWPS", "allow WPS"),
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
    let key = profile("<key>a\u{200B}b</key><true/>");
    assert_eq!(check(key.as_bytes()), "2:1 warning P024");
    let elsewhere = profile("<key>Text</key><string>a\u{200B}b</string>");
    assert_eq!(check(elsewhere.as_bytes()), "");
    let many = "<dict><key>\u{200B}</key><true/></dict>".repeat(300);
    let many = profile(&format!("<key>a</key><array>{many}</array>"));
    assert_eq!(check(many.as_bytes()).matches("P024").count(), 100);
}
