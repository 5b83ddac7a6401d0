//! What an upload may be packed in, and what is refused with which rule.

use super::*;

/// The kind of a file is told, and a wrong file is named for what it looks like.
#[test]
fn kinds() {
    for (bytes, expected, words) in [
        (b"".as_slice(), "1:1 error P001", "empty"),
        (b"  \n", "2:1 error P001", "empty"),
        (b"hello", "1:1 error P001", "no XML"),
        (b"{ \"a\": 1 }", "1:1 error P001", "JSON"),
        (b"\n[1, 2]", "2:1 error P001", "JSON"),
        (b"{ a = 1; }", "1:1 error P022", "OpenStep"),
        (b"{ \"a\" = 1; }", "1:1 error P022", "OpenStep"),
        (b"// !$*UTF8*$!\n{}", "1:1 error P022", "OpenStep"),
        (b"(a, b)", "1:1 error P022", "OpenStep"),
        (b"-----BEGIN PKCS7-----\nMII", "1:1 error P001", "PEM"),
        (
            b"MIIHEQYJKoZIhvcNAQcCoIIHAjCCBv4CAQExDzANBglghkgBZQMEAgEFADCCA84GCSqG",
            "1:1 error P001",
            "base64",
        ),
        (b"PK\x03\x04abc", "1:1 error P001", "ZIP"),
        (b"\x1F\x8B\x08", "1:1 error P001", "gzip"),
        (b"bplist15", "1:1 error P021", "version"),
        (b"0\x82\x01\x01\x02\x01\x01", "1:1 error P001", "DER"),
        (b"0123", "1:1 error P001", "no XML"),
        (b"<!DOCTYPE html><html>", "1:1 error P006", "document type"),
        (b"\xFF\xFE<\0", "1:1 error P008", "UTF-16"),
        (
            b"<?xml version=\"1.0\" encoding=\"UTF-8\"?><plist><array/></plist>",
            "1:46 error T001",
            "dictionary",
        ),
    ] {
        let finding = parse(bytes).unwrap_err();
        assert_eq!(shown([&finding]), expected, "{finding}");
        assert!(finding.message.contains(words), "{finding}");
    }
}

/// A file over the soft limit is taken with a warning, one over the hard limit is refused.
#[test]
fn size() {
    let of = |bytes: usize| {
        profile(&format!(
            "<key>a</key><string>{}</string>",
            "x".repeat(bytes)
        ))
    };
    assert_eq!(check(of(500 * 1024).as_bytes()), "");
    assert_eq!(check(of(513 * 1024).as_bytes()), "0:0 warning P020");
    assert_eq!(check(of(6 * 1024 * 1024).as_bytes()), "0:0 error P020");
}

/// What stands in the envelope is read out.
#[test]
fn accessors() {
    let profile = parse(PLAIN).unwrap();
    assert_eq!(profile.container(), Container::Xml);
    assert_eq!(
        profile.identifier().unwrap().as_str(),
        "com.example.screensaver"
    );
    assert_eq!(
        profile.uuid().unwrap().as_str(),
        "0C5C2A0B-7F1E-4C57-8E3B-6D0A4C1B2F3E"
    );
    assert_eq!(profile.scope(), Some(Scope::System));
    assert_eq!(profile.display_name(), Some("Screen saver"));
    assert_eq!(profile.payload_types(), ["com.apple.screensaver"]);
    assert_eq!(profile.text(), PLAIN);
}

/// A signed profile is what it contains, and it is said that nobody checked the signature.
#[test]
fn signed() {
    let profile = parse(SIGNED).unwrap();
    assert_eq!(shown(profile.notices()), "0:0 info S002");
    assert_eq!(
        (profile.container(), profile.text()),
        (Container::Signed, PLAIN)
    );
}

/// Other CMS messages are refused by the rule that they break.
#[test]
fn other_cms() {
    let detached = include_bytes!("../testdata/detached.mobileconfig");
    let streamed = include_bytes!("../testdata/streamed.mobileconfig");
    let nested = include_bytes!("../testdata/nested.mobileconfig");
    let encrypted = include_bytes!("../testdata/encrypted.mobileconfig");
    assert_eq!(check(detached), "0:0 error S001");
    assert_eq!(check(streamed), "0:0 error S001");
    assert_eq!(check(nested), "0:0 error S006");
    assert_eq!(check(encrypted), "0:0 error S008");
    assert_eq!(check(&[SIGNED, b"\n"].concat()), "0:0 error S009");
    assert_eq!(check(&[SIGNED, SIGNED].concat()), "0:0 error S009");
    for length in 8..SIGNED.len() {
        assert!(
            check(&SIGNED[..length]).ends_with("error S001"),
            "cut at {length}"
        );
    }
}

/// Lengths and tags around `content`, as DER.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [[tag, 0x84].as_slice(), &length, content].concat()
}

/// DER that is deep, or whose sets are large, is refused before any crate sees it.
#[test]
fn hostile_der() {
    let identifier = [0x06, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 2];
    let mut deep = Vec::new();
    for _ in 0..5_000 {
        deep = der(0x30, &deep);
    }
    assert_eq!(
        check(&der(0x30, &[&identifier, deep.as_slice()].concat())),
        "0:0 error S001"
    );
    let set = der(0x31, &[5, 0].repeat(1_000_000));
    let large = der(
        0x30,
        &[&identifier, der(0xA0, &der(0x30, &set)).as_slice()].concat(),
    );
    assert_eq!(check(&large), "0:0 error S001");
}

/// A binary plist of these objects, the first of which is the root.
fn binary(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"bplist00".to_vec();
    let mut offsets = Vec::new();
    for object in objects {
        offsets.push(u8::try_from(bytes.len()).unwrap());
        bytes.extend(object);
    }
    let table = bytes.len() as u64;
    bytes.extend(&offsets);
    bytes.extend([0, 0, 0, 0, 0, 0, 1, 1]);
    for number in [offsets.len() as u64, 0, table] {
        bytes.extend(number.to_be_bytes());
    }
    bytes
}

/// A binary profile becomes XML that says the same, with a notice.
#[test]
fn binary_is_converted() {
    let mut bytes = Vec::new();
    let value = ::plist::Value::from_reader_xml(PLAIN).unwrap();
    value.to_writer_binary(&mut bytes).unwrap();
    let converted = parse(&bytes).unwrap();
    assert_eq!(shown(converted.notices()), "0:0 warning P021");
    assert_eq!(converted.container(), Container::Binary);
    let (binary, xml) = (
        converted.identify(None).unwrap(),
        parse(PLAIN).unwrap().identify(None).unwrap(),
    );
    assert_eq!((binary.uuid, binary.content), (xml.uuid, xml.content));
    assert_ne!(binary.uploaded_digest, xml.uploaded_digest);
    assert!(binary.raw.starts_with(b"<?xml"));
}

/// Binary plists that grow without end, or hold what XML cannot, are refused.
#[test]
fn hostile_binary() {
    // Each array holds the next one twice; the last is empty.
    let level = |next: u8| vec![0xA2, next, next];
    let mut bomb: Vec<_> = (1..=40).map(level).collect();
    bomb.push(vec![0xA0]);
    let bomb = binary(&bomb);
    assert!(bomb.len() <= 206, "{} bytes", bomb.len());
    assert_eq!(check(&bomb), "0:0 error P021");

    // One text of 100 bytes, ten thousand times over a hundred arrays, is 1 MB: only a limit
    // on bytes stops this kind.
    let limits = ProfileLimits {
        reader: ReaderLimits {
            bytes: 5_000,
            ..ReaderLimits::default()
        },
        ..ProfileLimits::default()
    };
    let text = [&[0x5F, 0x10, 100], [b'x'; 100].as_slice()].concat();
    let texts = binary(&[[&[0xAF, 0x10, 90], [1; 90].as_slice()].concat(), text]);
    assert_eq!(Profile::parse(&texts, &limits).unwrap_err().rule, "P019");
}

/// What a binary plist may be damaged by, each with its rule.
#[test]
fn damaged_binary() {
    let pair = |value: Vec<u8>| binary(&[vec![0xD1, 1, 2], vec![0x51, b'a'], value]);
    let date = |seconds: f64| [&[0x33], seconds.to_be_bytes().as_slice()].concat();
    let real = |number: f64| [&[0x23], number.to_be_bytes().as_slice()].concat();
    let wide = |high: u8| [[0x14, high].as_slice(), &[0xFF; 15]].concat();
    for taken in [
        pair(vec![0x09]),
        pair(date(0.5)),
        pair(vec![0x13, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]),
        pair(vec![0x22, 0x3F, 0x80, 0, 0]),
        pair(vec![0x62, 0xD8, 0x3D, 0xDE, 0x00]),
        binary(&[vec![0xD1, 1, 2], vec![0x51, b'a'], vec![0xA2, 1, 1]]),
    ] {
        assert_eq!(check(&taken), "0:0 warning P021", "{taken:x?}");
    }
    for (rule, refused) in [
        ("P021", pair(vec![0x80, 1])),
        ("P021", pair(vec![0x00])),
        ("P021", pair(vec![0x0F])),
        ("P021", pair(vec![0xC1, 1])),
        ("P021", pair(vec![0x15])),
        ("P021", pair(vec![0x51, 0x80])),
        ("P021", pair(vec![0x61, 0xD8, 0x00])),
        (
            "P021",
            pair(vec![
                0x5F, 0x13, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
            ]),
        ),
        ("P021", pair(vec![0xA1, 0])),
        ("P021", binary(&[vec![0xA2, 1, 1], vec![0xA0]])),
        ("P021", binary(&[vec![0xD1, 1, 1], vec![0x10, 7]])),
        ("P021", binary(&[vec![0xA1, 0]])),
        ("P021", binary(&[vec![0xA1, 9]])),
        ("P021", b"bplist00".to_vec()),
        (
            "P021",
            b"bplist00 and then something else, long enough for a trailer".to_vec(),
        ),
        ("P021", [pair(vec![0x09]), vec![0]].concat()),
        (
            "P009",
            binary(&[vec![0xD2, 1, 1, 2, 2], vec![0x51, b'a'], vec![0x09]]),
        ),
        ("P013", pair(vec![0x51, 1])),
        ("P014", pair(wide(0x7F))),
        ("P015", pair(real(f64::INFINITY))),
        ("P016", pair(date(3e11))),
        ("P016", pair(date(-1e11))),
        ("P016", pair(date(f64::NAN))),
        (
            "P023",
            binary(&[
                vec![0xD2, 1, 2, 3, 3],
                vec![0x51, b'a'],
                vec![0x51, b'A'],
                vec![0x09],
            ]),
        ),
    ] {
        let found = check(&refused);
        assert!(
            found.ends_with(&format!("error {rule}")),
            "{rule} {found} {refused:x?}"
        );
    }
}

/// Dates of a binary plist are the days and seconds that they are in XML.
#[test]
fn binary_dates() {
    for (seconds, expected) in [
        (0.0, "2001-01-01T00:00:00Z"),
        (-1.0, "2000-12-31T23:59:59Z"),
        (0.999, "2001-01-01T00:00:00Z"),
        (94_694_399.0, "2004-01-01T23:59:59Z"),
        (99_791_999.5, "2004-02-29T23:59:59Z"),
        (-3_187_296_000.0, "1900-01-01T00:00:00Z"),
        (252_423_993_599.0, "9999-12-31T23:59:59Z"),
    ] {
        let date = [&[0x33], f64::to_be_bytes(seconds).as_slice()].concat();
        let file = binary(&[vec![0xD1, 1, 2], vec![0x51, b'a'], date]);
        let profile = parse(&file).unwrap();
        let found = profile.document().root().get("a").unwrap();
        assert_eq!(found.as_date(), Some(expected), "{seconds}");
    }
}
