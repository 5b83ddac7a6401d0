//! Bounds, spans, and ways through the tree.

use super::super::*;
use super::{check, plist};

/// Size, depth and count are bounded, and the bound is met exactly.
#[test]
fn limits() {
    let nested = |depth: usize| {
        plist(&format!(
            "{}{}",
            "<array>".repeat(depth),
            "</array>".repeat(depth)
        ))
    };
    assert_eq!(check(nested(64).as_bytes()), "");
    assert_eq!(
        check(nested(65).as_bytes()),
        format!("2:{} P018", 64 * 7 + 1)
    );
    assert_eq!(
        check("<plist>".as_bytes().repeat(400_000).as_slice()),
        "1:8 P011"
    );
    let bottomless = format!("<plist>{}", "<array>".repeat(400_000));
    assert_eq!(
        check(bottomless.as_bytes()),
        format!("1:{} P018", 8 + 64 * 7)
    );
    let limits = ReaderLimits {
        nodes: 3,
        bytes: 200,
        ..ReaderLimits::default()
    };
    let many = |count: usize| plist(&format!("<array>{}</array>", "<true/>".repeat(count)));
    assert!(read_xml(many(2).as_bytes(), &limits).is_ok());
    assert_eq!(
        read_xml(many(3).as_bytes(), &limits).unwrap_err().rule,
        "P019"
    );
    assert_eq!(
        read_xml(many(20).as_bytes(), &limits).unwrap_err().rule,
        "P020"
    );
    let endless = ReaderLimits {
        depth: usize::MAX,
        ..ReaderLimits::default()
    };
    assert_eq!(
        read_xml(bottomless.as_bytes(), &endless).unwrap_err().rule,
        "P018"
    );
}

/// Entities that expand to more entities are refused where they are declared.
#[test]
fn billion_laughs() {
    let mut text = String::from("<?xml version=\"1.0\"?>\n<!DOCTYPE plist [\n<!ENTITY a \"lol\">");
    for _ in 0..40 {
        text.push_str("<!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">");
    }
    text.push_str("]>\n<plist><string>&b;</string></plist>");
    assert_eq!(check(text.as_bytes()), "2:17 P004");
}

/// Warnings stop at their bound, whatever the document.
#[test]
fn notices_are_bounded() {
    let body = format!(
        "<array>{}</array>",
        "<integer>0x1</integer>".repeat(10 * NOTICES_MAX)
    );
    let read = read_xml(plist(&body).as_bytes(), &ReaderLimits::default()).unwrap();
    assert_eq!(read.notices.len(), NOTICES_MAX);
}

/// Spans name the very bytes of each element, its content and its key.
#[test]
fn spans() {
    let text = plist(
        "<dict>\n\t<key>a</key> <string>b &amp; c</string><key >d</key><array><integer>1</integer></array><key>e</key><string/></dict>",
    );
    let document = read_xml(text.as_bytes(), &ReaderLimits::default())
        .unwrap()
        .document;
    let cut = |span: Span| &text[span.start as usize..span.end as usize];
    let shown: Vec<_> = document
        .nodes()
        .iter()
        .map(|node| {
            (
                node.key.as_ref().map(|key| cut(key.span)),
                cut(node.span),
                cut(node.text),
            )
        })
        .skip(1)
        .collect();
    assert_eq!(
        shown,
        [
            (
                Some("<key>a</key>"),
                "<string>b &amp; c</string>",
                "b &amp; c"
            ),
            (
                Some("<key >d</key>"),
                "<array><integer>1</integer></array>",
                "<integer>1</integer>"
            ),
            (None, "<integer>1</integer>", "1"),
            (Some("<key>e</key>"), "<string/>", ""),
        ]
    );
    let root = document.root();
    assert!(
        cut(root.node().text).starts_with("\n\t<key>a")
            && cut(root.node().span).ends_with("</dict>")
    );
    assert_eq!(
        root.get("e").unwrap().node().text.start,
        root.get("e").unwrap().node().span.end
    );
}

/// A tree is walked by key, by place and by path, and a path leads back to its node.
#[test]
fn navigation() {
    let text = plist(
        "<dict><key>a</key><array><true/><dict><key>x</key><real>1.5</real></dict></array><key>b</key><date>2024-01-01T00:00:00Z</date><key>c</key><data>QQ==</data></dict>",
    );
    let document = read_xml(text.as_bytes(), &ReaderLimits::default())
        .unwrap()
        .document;
    let root = document.root();
    let inner = root
        .get("a")
        .and_then(|a| a.items().nth(1))
        .and_then(|d| d.get("x"))
        .unwrap();
    assert_eq!(inner.as_real(), Some(1.5));
    assert_eq!(
        inner.path(),
        [
            Segment::Key("a".into()),
            Segment::Index(1),
            Segment::Key("x".into())
        ]
    );
    for id in (0..).take(document.nodes().len()) {
        let node = document.node(id).unwrap();
        assert_eq!(document.at(&node.path()).unwrap().id(), id);
    }
    assert_eq!(
        root.entries().map(|(key, _)| key).collect::<Vec<_>>(),
        ["a", "b", "c"]
    );
    assert_eq!(
        root.get("b").unwrap().as_date(),
        Some("2024-01-01T00:00:00Z")
    );
    assert_eq!(root.get("c").unwrap().as_data(), Some(b"A".as_slice()));
    assert_eq!(
        root.get("a").unwrap().items().next().unwrap().as_bool(),
        Some(true)
    );
    assert!(root.items().next().is_none() && root.get("a").unwrap().get("x").is_none());
    assert!(document.node(99).is_none() && root.parent().is_none());
}
