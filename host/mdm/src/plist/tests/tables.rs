//! The reader's rules as tables: text in, `line:column rule` out.

use super::{check, plist, table, table_of_bodies};
use crate::plist::{ReaderLimits, read_xml};

/// Of document types only Apple's are accepted, and none that declares anything.
#[test]
fn document_type() {
    const PUBLIC: &str = "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" ";
    let apple = |system: &str, tail: &str| {
        format!(
            "<?xml version='1.0' encoding='utf-8'?>\n{PUBLIC}\"{system}\"{tail}>\n<plist><true/></plist>"
        )
    };
    let http = "http://www.apple.com/DTDs/PropertyList-1.0.dtd";
    table(&[
        (&apple(http, ""), ""),
        (
            &apple("https://www.apple.com/DTDs/PropertyList-1.0.dtd", " "),
            "",
        ),
        (&apple("http://evil.example/x.dtd", ""), "2:1 P006"),
        (&apple(http, " [<!ENTITY a 'b'>]"), "2:103 P004"),
        (&apple(http, "").replace("Apple//", "Apple Computer//"), ""),
        (
            &apple(http, "").replace("plist PUBLIC", "html PUBLIC"),
            "2:1 P006",
        ),
        (
            &plist("<true/>").replacen("?>", "?><!DOCTYPE plist>", 1),
            "",
        ),
        (
            &plist("<true/>").replacen("?>", "?><!DOCTYPE plist [", 1),
            "1:55 P004",
        ),
        (
            &plist("<true/>").replacen("?>", "?><!DOCTYPE plist SYSTEM 'x'>", 1),
            "1:39 P006",
        ),
        (&plist("<!DOCTYPE plist><true/>"), "2:1 P004"),
        (&plist("<!ENTITY a 'b'><true/>"), "2:1 P004"),
    ]);
}

/// The encoding is UTF-8, the declaration that of XML 1.0, and the root is one `<plist>`.
#[test]
fn declaration_and_root() {
    table(&[
        ("<plist version=\"1\"><true/></plist>", "W 1:1 P008"),
        ("\u{FEFF}<plist><true/></plist>", "W 1:1 P007, W 1:2 P008"),
        (
            "\n <?xml version=\"1.0\"?><plist><true/></plist>",
            "W 1:1 P007, W 2:2 P008",
        ),
        ("<?xml version=\"1.1\"?><plist><true/></plist>", "1:7 P002"),
        (
            "<?xml encoding=\"UTF-8\"?><plist><true/></plist>",
            "1:1 P002",
        ),
        (
            "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><plist><true/></plist>",
            "W 1:21 P008",
        ),
        (
            "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><plist><string>\u{e9}</string></plist>",
            "1:21 P008",
        ),
        (
            "<?xml version=\"1.0\" encoding=\"UTF-16\"?><plist><true/></plist>",
            "1:21 P008",
        ),
        (
            "<?xml version=\"1.0\" standalone=\"maybe\"?><plist><true/></plist>",
            "1:21 P002",
        ),
        ("", "1:1 P001"),
        (" hello", "1:2 P001"),
        ("<dict/>", "1:1 P003"),
        ("<plist/>", "1:1 P003"),
        ("<plist></plist>", "1:8 P003"),
        ("<plist><true/>", "1:15 P003"),
        ("<plist><true/><false/></plist>", "1:15 P003"),
        ("<plist><true/></plist>x", "1:23 P003"),
        ("<plist><true/></plist><!-- end --> \n", "W 1:1 P008"),
        ("<plist><true/></plist><plist><true/></plist>", "1:23 P003"),
    ]);
    assert_eq!(check(b"\xFF\xFE<\0?\0"), "1:1 P008");
    assert_eq!(check(b"\0<\0?"), "1:1 P008");
    assert_eq!(
        check(b"<plist><string>caf\xE9</string></plist>"),
        "1:19 P008"
    );
    let latin = b"<?xml version='1.0' encoding='latin1'?><plist><string>caf\xE9</string></plist>";
    assert_eq!(check(latin), "1:21 P008");
}

/// Elements, attributes and their nesting are checked.
#[test]
fn structure() {
    table_of_bodies(&[
        ("<dict><key>a</key><array><true/></array></dict>", ""),
        ("<dict ><key >a</key ><true /></dict\n>", ""),
        ("<dict><key>a</key><true></true></dict>", ""),
        (
            "<dict>\n<key>a</key><true/><key>a</key><true/></dict>",
            "3:20 P009",
        ),
        (
            "<dict><key>a</key><true/><key><!-- x -->a</key><true/></dict>",
            "2:31 P012",
        ),
        (
            "<dict><key>a&amp;</key><true/><key>a&#38;</key><true/></dict>",
            "2:31 P009",
        ),
        ("<dict><string>a</string><true/></dict>", "2:7 P010"),
        ("<dict><true/></dict>", "2:7 P010"),
        ("<dict>\n <key>a</key></dict>", "3:2 P010"),
        ("<dict><key>a</key><key>b</key><true/></dict>", "2:7 P010"),
        ("<array><key>a</key></array>", "2:8 P010"),
        ("<key>a</key>", "2:1 P010"),
        ("<set><true/></set>", "2:1 P011"),
        ("<Dict/>", "2:1 P011"),
        ("<p:dict/>", "2:1 P011"),
        ("<string>a<b>c</b></string>", "2:10 P011"),
        ("<dict id=\"1\"/>", "2:7 P011"),
        ("<array>text</array>", "2:8 P011"),
        ("<array><![CDATA[text]]></array>", "2:8 P011"),
        ("<?php ?><true/>", "2:1 P011"),
        ("<string>a<?php ?></string>", "2:10 P011"),
        ("<true>yes</true>", "2:1 P011"),
        ("<dict><key>a</key><true/></array>", "2:26 P002"),
        ("<dict><key>a<string>b</string></dict>", "2:13 P002"),
        ("<string>a</strin>", "2:10 P002"),
        ("<string>a", "3:1 P002"),
        ("</dict>", "2:1 P002"),
        ("<dict", "2:1 P002"),
        ("<true/ >", "2:1 P002"),
        ("< true/>", "2:1 P002"),
        ("<!-- a -- b --><true/>", "2:8 P002"),
        ("<!-- a <true/>", "2:1 P002"),
        ("<!-- a ---><true/>", "2:8 P002"),
    ]);
    let unquoted = plist("<true/>").replace("\"1.0\">", "1.0>");
    assert_eq!(check(unquoted.as_bytes()), "1:46 P002");
    assert_eq!(
        check(b"<plist version='1' version='1'><true/></plist>"),
        "1:20 P002"
    );
    assert_eq!(check(b"<plist><dict><key>a</key>"), "1:26 P002");
}

/// Text is read as XML says, and what readers take differently is named.
#[test]
fn text() {
    table_of_bodies(&[
        ("<string>a<!-- b -->c</string>", "2:10 P012"),
        ("<string><!----></string>", "2:9 P012"),
        ("<integer>1<!-- b --></integer>", "2:11 P012"),
        ("<real><!-- b -->1</real>", "2:7 P012"),
        ("<date>2024-02-29T23:59:59Z<!----></date>", "2:27 P012"),
        ("<data>QQ<!-- b -->==</data>", "2:9 P012"),
        ("<true><!-- b --></true>", "2:7 P012"),
        ("<string>a<!-- b", "2:10 P012"),
        ("<string>a<?b c?>d</string>", "2:10 P011"),
        (
            "<!-- a --><array><!-- b --><string>c</string><!-- d --></array>",
            "",
        ),
        (
            "<string>&lt;&gt;&amp;&quot;&apos;&#65;&#x1F600;</string>",
            "",
        ),
        ("<string>]] ></string>", ""),
        ("<string>a<![CDATA[<b>]]>c</string>", "2:10 P012"),
        ("<dict><key><![CDATA[a]]></key><true/></dict>", "2:12 P012"),
        ("<string>a]]>b</string>", "2:10 P002"),
        ("<string>a<![CDATA[b</string>", "2:10 P012"),
        ("<string>a & b</string>", "2:11 P002"),
        ("<string>a &amp b</string>", "2:11 P002"),
        ("<string>&foo;</string>", "2:9 P005"),
        ("<string>&#;</string>", "2:9 P002"),
        ("<string>&#xZZ;</string>", "2:9 P002"),
        ("<string>&#0;</string>", "2:9 P013"),
        ("<string>&#xD800;</string>", "2:9 P013"),
        ("<string>&#xFFFE;</string>", "2:9 P013"),
        ("<string>&#99999999999;</string>", "2:9 P013"),
        ("<string>a\u{0}b</string>", "2:10 P013"),
        ("<string>\u{7f}\u{FFFD}</string>", ""),
        ("<string>\u{e9}\u{FFFF}b</string>", "2:10 P013"),
        ("<!-- \u{1} --><true/>", "2:6 P013"),
        ("<string><![CDATA[\u{1}]]></string>", "2:9 P012"),
        ("\u{1}<true/>", "2:1 P013"),
    ]);
    let read = |body: &str| {
        let read = read_xml(plist(body).as_bytes(), &ReaderLimits::default()).unwrap();
        read.document.root().as_str().unwrap().to_owned()
    };
    assert_eq!(read("<string>p\r\ny\rqr</string>"), "p\ny\nqr");
    assert_eq!(
        read("<string>a\r\nb\rc&#13;d\u{e4}&amp;</string>"),
        "a\nb\nc\rd\u{e4}&"
    );
    assert_eq!(read("<string/>"), "");
    assert_eq!(
        read("<string>\u{FF21}\u{EFFF}</string>"),
        "\u{FF21}\u{EFFF}"
    );
}

/// Checks texts that an element may hold, and texts that it may not, all at 2:1.
fn check_scalar(element: &str, rule: &str, good: &[&str], bad: &[&str]) {
    let body = |text: &&str| format!("<{element}>{text}</{element}>");
    let refused = format!("2:1 {rule}");
    let bodies: Vec<_> = good.iter().chain(bad).map(body).collect();
    let expected = good
        .iter()
        .map(|_| "")
        .chain(bad.iter().map(|_| refused.as_str()));
    let cases: Vec<_> = bodies.iter().map(String::as_str).zip(expected).collect();
    table_of_bodies(&cases);
}

/// Integers are decimal digits within 64 bits.
#[test]
fn integers() {
    let good = [
        "0",
        "-1",
        "007",
        "-0",
        "18446744073709551615",
        "-9223372036854775808",
    ];
    let bad = [
        "",
        "+1",
        " 1",
        "1 ",
        "1.0",
        "1_0",
        "0x",
        "--1",
        "18446744073709551616",
        "-9223372036854775809",
    ];
    check_scalar("integer", "P014", &good, &bad);
    table_of_bodies(&[
        ("<integer>0x1F</integer>", "W 2:1 P014"),
        ("<integer>-0Xff</integer>", "W 2:1 P014"),
        ("<integer>0x10000000000000000</integer>", "2:1 P014"),
    ]);
}

/// Reals are finite.
#[test]
fn reals() {
    let good = ["0", "-1.5", "1e10", ".5", "5.", "1E-3"];
    let bad = [
        "",
        "nan",
        "inf",
        "-Infinity",
        "1e999",
        " 1",
        "0x1p3",
        ".",
        "1,5",
    ];
    check_scalar("real", "P015", &good, &bad);
}

/// Dates are days that exist, in whole seconds of UTC.
#[test]
fn dates() {
    let good = [
        "2024-02-29T23:59:59Z",
        "1900-01-01T00:00:00Z",
        "9999-12-31T00:00:00Z",
    ];
    let bad = [
        "",
        "2023-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2024-13-01T00:00:00Z",
        "2024-01-00T00:00:00Z",
        "2024-01-01T24:00:00Z",
        "2024-01-01T00:00:60Z",
        "2024-01-01T00:00:00",
        "2024-01-01T00:00:00+01:00",
        "2024-01-01T00:00:00.5Z",
        "1899-12-31T00:00:00Z",
        "99999-01-01T00:00:00Z",
    ];
    check_scalar("date", "P016", &good, &bad);
}

/// Data is padded base64; the place of a character that cannot occur in it is named.
#[test]
fn data() {
    let good = ["", "QQ==", " Q\n\tUI=\r\n", "QUJD"];
    let bad = ["QQ", "QQ=", "Q===", "QR==", "QQ==QQ=="];
    check_scalar("data", "P017", &good, &bad);
    table_of_bodies(&[("<data>\nQU*D\n</data>", "3:3 P017")]);
}
