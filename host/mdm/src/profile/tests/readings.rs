//! What Apple's reader takes otherwise than XML says.

use super::*;

/// A carriage return within a text or a key is refused at its place; between elements, in data and
/// as a reference it changes nothing.
#[test]
fn carriage_returns() {
    for (lines, expected) in [
        ("<key>a</key><string>b\r\nc</string>", "2:22 error P012"),
        ("<key>a</key>\r\n<string>\rb</string>", "3:9 error P012"),
        ("<key>a\r</key><true/>", "2:7 error P012"),
        ("<key >\r\na</key><true/>", "2:7 error P012"),
        (
            "<key>a</key><array><string>b\r</string></array>",
            "2:29 error P012",
        ),
        ("<key>a</key>\r\n\t<string>b\nc&#13;d</string>\r", ""),
        ("<key\r>a</key\r\n><string\r\n>b</string\r>", ""),
        ("<key>a</key><data>\r\nQQ==\r\n</data><!-- \r\n -->", ""),
    ] {
        assert_eq!(check(profile(lines).as_bytes()), expected, "{lines:?}");
    }
    let whole = profile("<key>a</key>\n<string>b</string>").replace('\n', "\r\n");
    assert_eq!(check(whole.as_bytes()), "");
    let finding = parse(profile("<key>a</key><string>b\rc</string>").as_bytes()).unwrap_err();
    assert!(finding.hint.unwrap().contains("LF line ends"));
}

/// What Apple's reader makes a UID of is refused, as in binary; with another key, another type of
/// value or the key alone in text it is a dictionary like any other.
#[test]
fn references_of_archives() {
    let number = "<key>CF$UID</key><integer>1</integer>";
    let inside = |entries: &str| profile(&format!("<key>a</key>\n<dict>{entries}</dict>"));
    let refused = "3:7 error P021";
    assert_eq!(check(inside(number).as_bytes()), refused);
    assert_eq!(
        check(inside("<key>CF&#36;UID</key><real>1</real>").as_bytes()),
        refused
    );
    let listed = profile(&format!(
        "<key>a</key>\n<array><dict>{number}</dict></array>"
    ));
    assert_eq!(check(listed.as_bytes()), "3:14 error P021");
    for entries in [
        "<key>CF$UID</key><string>1</string>",
        "<key>CF$UID</key><integer>1</integer><key>b</key><true/>",
        "<key>cf$uid</key><integer>1</integer>",
        "<key>b</key><string>CF$UID</string>",
    ] {
        assert_eq!(check(inside(entries).as_bytes()), "", "{entries}");
    }
}
