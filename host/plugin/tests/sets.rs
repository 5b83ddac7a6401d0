//! Sets of profiles in the real engine: what arrives at a plugin, and what comes back.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::LazyLock;

use mooring_mdm::plist::{Document, ReaderLimits, read_xml};
use mooring_plugin::{
    Context, Limits, Outcome, Plugin, ProfileSet, Role, Runtime, RuntimeOptions, SetEdition,
    SetMember, SetPart,
};

static PLUGIN: LazyLock<Plugin> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let guests = mooring_guest_build::build(&["mooring-profile-set"], folder).unwrap();
    let component = std::fs::read(&guests[0].component).unwrap();
    let runtime = Runtime::new(&RuntimeOptions::default()).unwrap();
    runtime.load(&component).unwrap()
});

fn document(payloads: &str) -> Document {
    let xml = format!(
        "<plist version=\"1.0\"><dict><key>PayloadContent</key><array>{payloads}</array>\
         </dict></plist>"
    );
    let read = read_xml(xml.as_bytes(), &ReaderLimits::default());
    read.unwrap().document
}

fn payload(kind: &str, uuid: &str) -> String {
    format!(
        "<dict><key>PayloadType</key><string>{kind}</string><key>PayloadIdentifier</key>\
         <string>p</string><key>PayloadUUID</key><string>{uuid}</string></dict>"
    )
}

fn edition<'a>(identifier: &'a str, version: u32, document: &'a Document) -> SetEdition<'a> {
    SetEdition {
        identifier,
        uuid: identifier,
        version,
        channel: "device",
        origin: "uploaded",
        document,
    }
}

/// Members, the versions before them and those that are gone arrive apart, and findings come back
/// with both profiles and the values that they are about.
#[test]
fn everything_arrives() {
    assert_eq!(PLUGIN.manifest().roles, [Role::SetValidator]);
    let (dock, dock_too) = (
        document(&payload("com.apple.dock", "A")),
        document(&payload("com.apple.dock", "B")),
    );
    let before = document(&payload("com.apple.dock", "C"));
    let network = document(&payload("com.apple.wifi.managed", "D"));
    let member = |identifier, document, before: Option<SetEdition<'static>>| SetMember {
        now: edition(identifier, 2, document),
        before,
    };
    let mut set = ProfileSet {
        members: vec![member("one", &dock, None), member("two", &dock_too, None)],
        gone: vec![edition("gone", 7, &network)],
    };
    set.members[1].before = Some(edition("two", 1, &before));
    let call = PLUGIN.validate_set(&set, &Context::default(), &Limits::default());
    let Outcome::Done(found) = call.outcome else {
        panic!("{call:?}")
    };
    let rules: Vec<_> = found.iter().map(|it| it.finding.rule.as_str()).collect();
    assert_eq!(rules, ["R007", "R010", "R011"]);
    let payload = dock.root().get("PayloadContent").unwrap().items().next();
    let payload = payload.unwrap().id();
    assert_eq!(found[0].about.part, SetPart::Member(1));
    assert_eq!(found[0].about.node, Some(payload));
    let other = found[0].other.unwrap();
    assert_eq!(
        (other.part, other.node),
        (SetPart::Member(0), Some(payload))
    );
    assert!(found[1].finding.message.contains("than in version 1"));
    assert_eq!(found[2].about.part, SetPart::Gone(0));
    assert_eq!(found[0].finding.source, "profile-set");
}

/// A set counts against the limits as a whole, and a plugin without the role is not asked.
#[test]
fn limits_and_roles() {
    let large = document(&format!("<string>{}</string>", "x".repeat(40_000)));
    let member = SetMember {
        now: edition("one", 1, &large),
        before: Some(edition("one", 1, &large)),
    };
    let set = ProfileSet {
        members: vec![member],
        gone: vec![edition("two", 1, &large)],
    };
    let limits = Limits {
        input_bytes: 100_000,
        ..Limits::default()
    };
    let call = PLUGIN.validate_set(&set, &Context::default(), &limits);
    let Outcome::InputTooLarge { bytes, .. } = call.outcome else {
        panic!("{call:?}")
    };
    assert!(bytes > 120_000);
    let document = document("");
    let subject = mooring_plugin::Subject::new(&document, b"", |_| (0, 0));
    let call = PLUGIN.validate(&subject, &Context::default(), &Limits::default());
    assert!(matches!(call.outcome, Outcome::Incompatible { .. }));
}
