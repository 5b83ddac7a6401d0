//! Which uuid a profile gets, and which bytes change when it does.

use super::*;

fn identify(text: &str) -> Result<Identified, Finding> {
    parse(text.as_bytes())?.identify(Some(PayloadIdentifier::parse("com.example.given").unwrap()))
}

/// The uuids and digests of form 1; a change here would send every profile again.
#[test]
fn golden() {
    let empty = profile("<key>PayloadIdentifier</key><string>com.example.empty</string>");
    let kinds = profile(
        "<key>PayloadIdentifier</key><string>com.example.kinds</string>\n\
         <key>s</key><string>caf\u{e9} &amp; \u{1F600}</string><key>i</key><integer>-1</integer>\n\
         <key>u</key><integer>18446744073709551615</integer><key>r</key><real>-0.5</real>\n\
         <key>t</key><true/><key>f</key><false/><key>d</key><date>2024-02-29T12:00:00Z</date>\n\
         <key>b</key><data>AAEC</data><key>a</key><array><dict/><array/></array>",
    );
    let plain = std::str::from_utf8(PLAIN).unwrap();
    for (text, uuid, content, loose) in [
        (
            plain,
            "2A4EC50F-2332-5466-96E8-FDC5E8FC8511",
            "416702ff0939e75aca04275d7879395497fb0818b1c10bebcb6bf6271759a689",
            "c17c53be5fa4e783859fe75e6e1c3f6045b7791e808c29f95bbc88ce80dbd37e",
        ),
        (
            &empty,
            "2E8C85FB-40AA-5CFF-B259-AB8C9E419719",
            "bc00a22446720a1b77c6aa0e8f2ddbac05f1bcc9d15b3e5f18c1f0c95dd284b8",
            "bc00a22446720a1b77c6aa0e8f2ddbac05f1bcc9d15b3e5f18c1f0c95dd284b8",
        ),
        (
            &kinds,
            "B5AC70FD-0D06-5F19-9B5B-BBBEACE26E74",
            "afcb302afe6436c92bd055ae47be5c7bdbfc804146a6cf4e6fdd0cbee2da6257",
            "afcb302afe6436c92bd055ae47be5c7bdbfc804146a6cf4e6fdd0cbee2da6257",
        ),
    ] {
        let found = identify(text).unwrap();
        assert_eq!(found.uuid.as_str(), uuid);
        assert_eq!(found.content.to_string(), content);
        assert_eq!(found.loose.to_string(), loose);
    }
}

/// Only the uuid's text changes; everything else is delivered byte for byte.
#[test]
fn uuid_is_written_in_place() {
    let found = parse(PLAIN).unwrap().identify(None).unwrap();
    let own = "0C5C2A0B-7F1E-4C57-8E3B-6D0A4C1B2F3E";
    let expected = std::str::from_utf8(PLAIN)
        .unwrap()
        .replace(own, found.uuid.as_str());
    assert_eq!(String::from_utf8(found.raw.clone()).unwrap(), expected);
    assert_eq!(found.uploaded_uuid.unwrap().as_str(), own);
    assert_eq!(found.uploaded_digest, Digest::of(PLAIN));
    assert!(!found.signed && found.notices.is_empty());
    let again = parse(&found.raw).unwrap().identify(None).unwrap();
    assert_eq!((again.raw, again.uuid), (found.raw, found.uuid));
}

/// A missing key is added last, in the layout of its neighbours, with a warning that names it.
#[test]
fn missing_keys_are_added() {
    let uuid = |text: &str| identify(text).unwrap().uuid;
    let delivered = |text: &str| String::from_utf8(identify(text).unwrap().raw).unwrap();
    let added = |before: &str| {
        format!(
            "{before}<key>PayloadIdentifier</key>{before}<string>com.example.given</string>\
             {before}<key>PayloadUUID</key>{before}<string>UUID</string>"
        )
    };
    for (text, expected) in [
        (
            "<plist><dict>\n  <key>a</key>\n  <true/>\n</dict></plist>",
            format!("<plist><dict>\n  <key>a</key>\n  <true/>{}\n</dict></plist>", added("\n  ")),
        ),
        (
            "<plist><dict>\r\n\t<key>a</key><true/> <!-- last -->\r\n</dict></plist>",
            format!("<plist><dict>\r\n\t<key>a</key><true/> <!-- last -->{}\r\n</dict></plist>", added("\r\n\t")),
        ),
        (
            "<plist><dict><key>a</key><true/></dict></plist>",
            format!("<plist><dict><key>a</key><true/>{}</dict></plist>", added("")),
        ),
        ("<plist><dict/></plist>", format!("<plist><dict>{}</dict></plist>", added(""))),
        ("<plist><dict>\n</dict></plist>", format!("<plist><dict>{}\n</dict></plist>", added(""))),
        (
            "<plist><dict><key>PayloadUUID</key><string/><key>PayloadIdentifier</key><string>com.example.given</string></dict></plist>",
            "<plist><dict><key>PayloadUUID</key><string>UUID</string><key>PayloadIdentifier</key><string>com.example.given</string></dict></plist>".to_owned(),
        ),
        (
            "<plist><dict><key>PayloadIdentifier</key><string>com.example.given</string><key>PayloadUUID</key><string>&#x41;</string></dict></plist>",
            "<plist><dict><key>PayloadIdentifier</key><string>com.example.given</string><key>PayloadUUID</key><string>UUID</string></dict></plist>".to_owned(),
        ),
    ] {
        assert_eq!(delivered(text), expected.replace("UUID</string>", &format!("{}</string>", uuid(text))));
    }
    let found = identify(&profile("<key>a</key><true/>")).unwrap();
    assert_eq!(
        shown(&found.notices),
        "1:60 warning T003, 1:60 warning T004"
    );
    assert!(found.notices[0].message.contains("com.example.given"));
    assert!(found.notices[1].message.contains(found.uuid.as_str()));
}

/// The same content has the same uuid and digest, whether its identifier was written or given.
#[test]
fn a_given_identifier_is_as_good_as_a_written_one() {
    let without = identify(&profile("<key>a</key><true/>")).unwrap();
    let with = identify(&profile(
        "<key>PayloadIdentifier</key><string>com.example.given</string><key>a</key><true/>",
    ))
    .unwrap();
    assert_eq!((&without.uuid, without.content), (&with.uuid, with.content));
    let other = identify(&profile(
        "<key>PayloadIdentifier</key><string>com.example.other</string><key>a</key><true/>",
    ))
    .unwrap();
    assert_ne!(other.uuid, with.uuid);
    assert_eq!(other.content, with.content);
}

/// Identities that cannot be used are refused where they stand.
#[test]
fn unusable_identities() {
    let refused = |lines: &str| shown([&identify(&profile(lines)).unwrap_err()]);
    let identifier = "<key>PayloadIdentifier</key>";
    assert_eq!(
        refused(&format!("{identifier}\n<integer>1</integer>")),
        "2:1 error T003"
    );
    assert_eq!(refused(&format!("{identifier}<string/>")), "2:1 error T003");
    assert_eq!(
        refused(&format!("{identifier}<string>a&#10;b</string>")),
        "2:1 error T003"
    );
    assert_eq!(
        refused(&format!("{identifier}<string>{}</string>", "x".repeat(256))),
        "2:1 error T003"
    );
    assert_eq!(refused("<key>PayloadUUID</key><true/>"), "2:1 error T004");
    let none = parse(profile("<key>a</key><true/>").as_bytes())
        .unwrap()
        .identify(None);
    assert_eq!(shown([&none.unwrap_err()]), "1:60 error T003");
    let odd = PayloadIdentifier::parse("com.example.\u{FFFF}").unwrap();
    let odd = parse(profile("<key>a</key><true/>").as_bytes())
        .unwrap()
        .identify(Some(odd));
    assert_eq!(shown([&odd.unwrap_err()]), "0:0 error T003");
}

/// A signed file keeps its bytes and its uuid; what it lacks cannot be filled in.
#[test]
fn signed_is_left_alone() {
    let found = parse(SIGNED).unwrap().identify(None).unwrap();
    assert_eq!(found.raw, SIGNED);
    assert_eq!(found.uuid.as_str(), "0C5C2A0B-7F1E-4C57-8E3B-6D0A4C1B2F3E");
    assert!(found.signed);
    assert_eq!(found.uploaded_digest, Digest::of(SIGNED));
    assert_eq!(
        found.content,
        parse(PLAIN).unwrap().identify(None).unwrap().content
    );
    // The same length under another name: the signature is void, but that is checked elsewhere.
    for (from, to, expected) in [
        (
            "<key>PayloadIdentifier</key>\n\t<string>com.example.screensaver<",
            "PayloadIdentifiex",
            "4:1 error T003",
        ),
        (
            "<key>PayloadUUID</key>\n\t<string>0C5C",
            "PayloadUUIx",
            "4:1 error T004",
        ),
    ] {
        let at = SIGNED
            .windows(from.len())
            .position(|part| part == from.as_bytes())
            .unwrap();
        let mut bytes = SIGNED.to_vec();
        bytes[at + 5..at + 5 + to.len()].copy_from_slice(to.as_bytes());
        let given = PayloadIdentifier::parse("com.example.given").unwrap();
        let refused = parse(&bytes).unwrap().identify(Some(given)).unwrap_err();
        assert_eq!(shown([&refused]), expected);
    }
}

/// The uuids of payloads are content, and the loose digest is blind to them alone.
#[test]
fn payload_uuids() {
    let plain = std::str::from_utf8(PLAIN).unwrap();
    let base = identify(plain).unwrap();
    let inner = identify(&plain.replace("5B6A1C52", "00000000")).unwrap();
    assert_ne!((&inner.uuid, inner.content), (&base.uuid, base.content));
    assert_eq!(inner.loose, base.loose);
    let outer = identify(&plain.replace("0C5C2A0B", "00000000")).unwrap();
    assert_eq!(
        (outer.uuid, outer.content),
        (base.uuid.clone(), base.content)
    );
    let value = identify(&plain.replace("600", "601")).unwrap();
    assert_ne!(value.loose, base.loose);
    // A uuid in a dictionary without a type is a setting like any other.
    let setting = |uuid| {
        identify(&profile(&format!(
            "<key>a</key><dict><key>PayloadUUID</key><string>{uuid}</string></dict>"
        )))
        .unwrap()
    };
    assert_ne!(setting("A").loose, setting("B").loose);
}

/// Nodes of the delivered tree are found again in the uploaded text, at their keys.
#[test]
fn places() {
    let text = "<plist><dict>\n<key>PayloadUUID</key>\n<string>A</string>\n<key>b</key>\n<array>\n <true/></array>\n</dict></plist>";
    let found = identify(text).unwrap();
    let root = found.document.root();
    let place = |node: NodeRef<'_>| found.place(node.id());
    assert_eq!(place(root), (1, 8));
    assert_eq!(place(root.get("PayloadUUID").unwrap()), (2, 1));
    assert_eq!(
        place(root.get("b").unwrap().items().next().unwrap()),
        (6, 2)
    );
    assert_eq!(place(root.get("PayloadIdentifier").unwrap()), (1, 8));
    assert_eq!(found.place(9999), (1, 8));
}

/// A missing uuid is added by a fix, which makes of the file what would be delivered; without an
/// identifier of the file's own there is no safe answer.
#[test]
fn a_missing_uuid_is_fixed() {
    for uuid in ["", "<key>PayloadUUID</key>\n<string></string>"] {
        let text = profile(&format!(
            "<key>PayloadIdentifier</key>\n<string>com.example.given</string>\n{uuid}"
        ));
        let found = identify(&text).unwrap();
        assert!(found.notices[0].fix.is_some(), "{:?}", found.notices);
        let fixed = crate::fix::apply(text.as_bytes(), &found.notices, &ReaderLimits::default());
        let fixed = String::from_utf8(fixed.unwrap().text).unwrap();
        let again = identify(&fixed).unwrap();
        assert_eq!(again.notices, []);
        assert_eq!(
            again.uploaded_uuid.map(|uuid| uuid.to_string()),
            Some(found.uuid.to_string())
        );
        assert_eq!((again.content, again.uuid), (found.content, found.uuid));
    }
    let nameless = identify(&profile("<key>a</key><true/>")).unwrap();
    assert!(nameless.notices.iter().all(|notice| notice.fix.is_none()));
}
