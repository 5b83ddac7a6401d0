//! What devices say of themselves, where people read it: the command line, the log, the API.
//!
//! Knows nothing of how it is cleaned. Invariant: no text of a device moves a cursor, turns the
//! direction of writing, or begins a line.

use super::process::Attacked;
use super::wire::Wire;

const UDID: &str = "4C6A1F0E-2D35-5B8E-9A77-D1B0C2E4F613";
/// Begins a line of its own where it is shown raw.
const FORGED_LINE: &str = "2026-01-01 WARN forged";

/// Texts as they stand in a property list: markup, a formula, ends of lines, the beginning of an
/// escape sequence in one character, marks that turn the direction of writing.
const HOSTILE: [&str; 6] = [
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "=HYPERLINK(\"http://evil.example\",\"x\")",
    "name\n2026-01-01 WARN forged",
    "name\r2026-01-01 WARN forged",
    "red\u{9b}31m",
    "gpj.\u{202e}exe\u{2066}x\u{200f}",
];
/// Characters that no XML document has; as references they are refused too.
const REFUSED: [&str; 3] = ["red\u{1b}[31m", "red&#27;[31m", "a&#0;b"];

fn plist(entries: &[(&str, &str)]) -> Vec<u8> {
    let entries = entries.iter().map(|(key, value)| {
        let value = value.replace('"', "&quot;");
        format!("<key>{key}</key><string>{value}</string>")
    });
    let entries: String = entries.collect();
    format!("<plist version=\"1.0\"><dict>{entries}</dict></plist>").into_bytes()
}

fn authenticate(udid: &str, text: &str) -> Vec<u8> {
    plist(&[
        ("MessageType", "Authenticate"),
        ("UDID", udid),
        ("Topic", "com.apple.mgmt.External.1"),
        ("DeviceName", text),
        ("Model", text),
        ("ModelName", text),
        ("ProductName", text),
        ("OSVersion", text),
        ("BuildVersion", text),
        ("SerialNumber", text),
    ])
}

/// The error of a command, in every text that it has.
fn failure(uuid: &str, text: &str) -> Vec<u8> {
    let fields = [
        "ErrorDomain",
        "LocalizedDescription",
        "USEnglishDescription",
    ];
    let fields = fields.map(|key| format!("<key>{key}</key><string>{text}</string>"));
    let chain = format!(
        "<key>ErrorChain</key><array><dict><key>ErrorCode</key><integer>1</integer>{}</dict></array>",
        fields.concat().replace('"', "&quot;")
    );
    let head = plist(&[("UDID", UDID), ("Status", "Error"), ("CommandUUID", uuid)]);
    let head = String::from_utf8(head).unwrap();
    head.replace("</dict></plist>", &format!("{chain}</dict></plist>"))
        .into_bytes()
}

/// What `text` has that a terminal would obey.
fn commands_of(text: &str) -> Vec<char> {
    let marks = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let obeyed = |c: &char| (c.is_control() && *c != '\n') || marks(*c);
    text.chars().filter(obeyed).collect()
}

#[track_caller]
fn assert_harmless(text: &str, where_it_is: &str) {
    let commands = commands_of(text);
    assert!(
        commands.is_empty(),
        "{where_it_is}: {commands:?} in {text:?}"
    );
    let forged = text
        .lines()
        .find(|line| line.trim_start().starts_with(FORGED_LINE));
    assert_eq!(forged, None, "{where_it_is}");
}

/// Hostile names, models and errors of a device are harmless in every output of the command line
/// and in the server's log; the API sends them as what they are, and never as a page.
#[test]
fn texts_of_devices() {
    let server = Attacked::start();
    let mut wire = Wire::new(server.device);
    let profile = mooring_tests::Draft::new("com.harborworks.a", "one").xml();
    assert_eq!(
        server
            .api("POST", "/api/v1/profiles", profile.as_bytes())
            .status,
        200
    );
    for text in HOSTILE {
        let answer = wire.message(&authenticate(UDID, text));
        assert_eq!(answer.status, 200, "{text:?}: {}", answer.text());
        let token = plist(&[
            ("MessageType", "TokenUpdate"),
            ("UDID", UDID),
            ("Topic", "t"),
        ]);
        let token = String::from_utf8(token).unwrap();
        let data = "<key>Token</key><data>AAAA</data><key>PushMagic</key><string>m</string></dict></plist>";
        let token = token.replace("</dict></plist>", data);
        assert_eq!(wire.message(token.as_bytes()).status, 200);
        let idle = plist(&[("UDID", UDID), ("Status", "Idle")]);
        let command = wire.message(&idle).text();
        let uuid = command
            .split("<key>CommandUUID</key>")
            .nth(1)
            .expect("a command");
        let uuid = uuid.split(['<', '>']).nth(2).expect("its uuid").to_owned();
        let answer = wire.message(&failure(&uuid, text));
        assert_eq!(answer.status, 200, "{}", answer.text());
        for line in [
            "host list",
            "status",
            &format!("host show {UDID}"),
            "profile list",
        ] {
            assert_harmless(&server.run(line), &format!("{line} with {text:?}"));
        }
        for path in [
            "hosts",
            "status",
            &format!("hosts/{UDID}"),
            &format!("hosts/{UDID}/profiles"),
        ] {
            let answer = server.api("GET", &format!("/api/v1/{path}"), b"");
            assert_eq!(
                answer.header("content-type"),
                Some("application/json"),
                "{path}"
            );
            assert_eq!(
                answer.header("x-content-type-options"),
                Some("nosniff"),
                "{path}"
            );
            assert_harmless(&answer.text(), path);
        }
    }
    assert_harmless(&server.log(), "the log");
}

/// Hostile texts where a name belongs, or in a message that is refused, are harmless in the log and
/// in what the sender is told.
#[test]
fn texts_of_strangers() {
    let server = Attacked::start();
    let mut wire = Wire::new(server.device);
    for text in HOSTILE.into_iter().chain(REFUSED) {
        for entries in [
            &[("UDID", text), ("Status", "Idle")][..],
            &[("UDID", UDID), ("Status", text)],
            &[("UDID", UDID), ("MessageType", text)],
            &[
                ("UDID", UDID),
                ("Status", "Acknowledged"),
                ("CommandUUID", text),
            ],
            &[("UDID", UDID), ("UserID", text), ("Status", "Idle")],
            &[("EnrollmentID", text), ("Status", "Idle")],
            &[
                ("UDID", UDID),
                ("MessageType", "GetToken"),
                ("TokenServiceType", text),
            ],
            &[("UDID", UDID), (text, "Idle")],
        ] {
            let answer = wire.message(&plist(entries));
            assert_eq!(answer.status, 400, "{entries:?}");
            assert_harmless(&answer.text(), &format!("the answer to {entries:?}"));
            assert_eq!(
                answer.header("content-type"),
                Some("text/plain; charset=utf-8")
            );
        }
        let answer = wire.message(&authenticate(text, "a name"));
        assert_harmless(&answer.text(), "the answer to Authenticate");
        let agent = format!("User-Agent: {}\r\n", text.replace(['\n', '\r'], " "));
        wire.send("GET /", &agent, b"");
    }
    for text in REFUSED {
        assert_eq!(
            wire.message(&authenticate(UDID, text)).status,
            400,
            "{text:?}"
        );
    }
    assert_harmless(&server.run("host list"), "host list");
    assert_harmless(&server.log(), "the log");
}
