//! Changes to what every profile and every payload must have: rules T, L and R.
//!
//! Knows no schema. Invariant: what is wrong in a value is found at its key, and what is missing at
//! the dictionary that lacks it.

use mooring_mdm::plist::NodeRef;

use super::Kind;
use super::source::{Change, Fault, Random, Source, is_text};

pub(crate) const KINDS: &[Kind] = &[
    ("no PayloadType", &["T001"], |s, _| {
        dropped(s, s.root(), "PayloadType")
    }),
    ("other PayloadType", &["T001"], |s, _| {
        set(s, s.root(), "PayloadType", "<string>Settings</string>")
    }),
    ("no PayloadVersion", &["T002"], |s, _| {
        dropped(s, s.root(), "PayloadVersion")
    }),
    ("other PayloadVersion", &["T002"], |s, r| {
        let other = r.pick(&[
            "<integer>2</integer>",
            "<string>1</string>",
            "<true/>",
            "<real>1</real>",
        ])?;
        set(s, s.root(), "PayloadVersion", other)
    }),
    ("no PayloadIdentifier", &["T003"], |s, _| {
        dropped(s, s.root(), "PayloadIdentifier")
    }),
    ("PayloadIdentifier of another type", &["T003"], |s, _| {
        set(s, s.root(), "PayloadIdentifier", "<integer>7</integer>")
    }),
    ("no PayloadUUID", &["T004"], |s, _| {
        dropped(s, s.root(), "PayloadUUID")
    }),
    ("PayloadUUID of another type", &["T004"], |s, _| {
        set(s, s.root(), "PayloadUUID", "<true/>")
    }),
    ("bad uuid of a payload", &["T005"], |s, r| {
        let other = r.pick(&[
            "my-uuid",
            "1",
            "6F3B1E52-9C0D-4B0E-8A57-2D41C7E9F01",
            "{6F3B1E52}",
        ])?;
        in_payload(s, r, "PayloadUUID", &format!("<string>{other}</string>"))
    }),
    ("no PayloadContent", &["T006"], |s, _| {
        dropped(s, s.root(), "PayloadContent")
    }),
    ("PayloadContent of another type", &["T006"], |s, _| {
        set(
            s,
            s.root(),
            "PayloadContent",
            "<dict><key>a</key><true/></dict>",
        )
    }),
    ("empty PayloadContent", &["T007"], |s, _| {
        set(s, s.root(), "PayloadContent", "<array/>")
    }),
    ("text among the payloads", &["T008"], |s, _| {
        let start = Source::inside(s.payloads().first()?.parent()?).start;
        Some(s.replaced(start..start, "<string>x</string>"))
    }),
    ("scope in the wrong case", &["T009"], |s, r| {
        let other = r.pick(&["system", "SYSTEM", "user", "Device", ""])?;
        set(
            s,
            s.root(),
            "PayloadScope",
            &format!("<string>{other}</string>"),
        )
    }),
    ("no scope", &["T010"], |s, _| {
        dropped(s, s.root(), "PayloadScope")
    }),
    ("miscased key of the profile", &["T011"], |s, r| {
        miscased(s, r, s.root())
    }),
    ("miscased key of a payload", &["T011"], |s, r| {
        let payload = r.pick(&s.payloads())?;
        miscased(s, r, payload)
    }),
    ("unknown key of the profile", &["T012"], |s, _| {
        added(s, "PayloadColour", "<string>red</string>")
    }),
    ("switch that says nothing", &["T013"], |s, _| {
        added(s, "PayloadEnabled", "<true/>")
    }),
    ("identifier with blanks", &["T014"], |s, _| {
        set(
            s,
            s.root(),
            "PayloadIdentifier",
            "<string>my own profile</string>",
        )
    }),
    ("no display name", &["T015"], |s, _| {
        dropped(s, s.root(), "PayloadDisplayName")
    }),
    ("no organization", &["T016"], |s, _| {
        dropped(s, s.root(), "PayloadOrganization")
    }),
    ("removal in the past", &["T017"], |s, _| {
        added(s, "RemovalDate", "<date>2011-01-01T00:00:00Z</date>")
    }),
    ("removal after no time", &["T018"], |s, _| {
        added(s, "DurationUntilRemoval", "<real>0</real>")
    }),
    ("device of no type", &["T019"], |s, _| {
        added(s, "TargetDeviceType", "<integer>9</integer>")
    }),
    ("consent that nobody sees", &["T020"], |s, _| {
        let text = "<dict><key>default</key><string>Agree.</string></dict>";
        added(s, "ConsentText", text)
    }),
    ("removal passcode of nobody", &["T022"], |s, _| {
        added(s, "HasRemovalPasscode", "<true/>")
    }),
    ("encrypted and not", &["T021"], |s, _| {
        let content = s.root().get("PayloadContent")?;
        let mut change = added(s, "IsEncrypted", "<true/>")?;
        // What is in the clear is what is wrong with that.
        let moved = change.bytes.len() - s.bytes.len();
        change.fault = Fault::Offset(Source::entry(content).start + moved);
        Some(change)
    }),
    ("placeholder left over", &["T023"], |s, r| {
        in_string(s, r, "YOUR_ORGANIZATION_HERE")
    }),
    ("variable of another server", &["T024"], |s, r| {
        in_string(s, r, "$FLEET_VAR_HOST_UUID")
    }),
    ("variable in an identifier", &["T025"], |s, r| {
        let other = "<string>com.company.{{host.serial}}</string>";
        in_payload(s, r, "PayloadIdentifier", other)
    }),
    ("payload without PayloadType", &["L001"], |s, r| {
        lacking(s, r, "PayloadType")
    }),
    ("payload without PayloadVersion", &["L001"], |s, r| {
        lacking(s, r, "PayloadVersion")
    }),
    ("payload without PayloadIdentifier", &["L001"], |s, r| {
        lacking(s, r, "PayloadIdentifier")
    }),
    ("payload without PayloadUUID", &["L001"], |s, r| {
        lacking(s, r, "PayloadUUID")
    }),
    ("payload of another version", &["L002"], |s, r| {
        in_payload(s, r, "PayloadVersion", "<integer>3</integer>")
    }),
    ("payload twice, by uuid", &["L003"], |s, r| {
        copied(s, r, "PayloadUUID")
    }),
    ("payload twice, by identifier", &["L004"], |s, r| {
        copied(s, r, "PayloadIdentifier")
    }),
    ("identifier of the profile itself", &["L005"], |s, r| {
        let own = s
            .root()
            .get("PayloadIdentifier")
            .filter(|node| is_text(*node))?;
        let own = String::from_utf8(s.text(Source::element(own)).to_vec()).ok()?;
        in_payload(s, r, "PayloadIdentifier", &own)
    }),
    ("identifier of another family", &["L006"], |s, r| {
        let other = format!("<string>zz.company.{}</string>", r.below(1000));
        in_payload(s, r, "PayloadIdentifier", &other)
    }),
    ("unknown type of Apple's", &["L007"], |s, r| {
        in_payload(
            s,
            r,
            "PayloadType",
            "<string>com.apple.doesnotexist</string>",
        )
    }),
    ("type in the wrong case", &["L008"], |s, r| {
        let payloads = s.payloads();
        let apple = payloads.iter().filter(|one| {
            let kind = one.get("PayloadType").and_then(NodeRef::as_str);
            kind.is_some_and(|kind| KNOWN_TYPES.contains(&kind))
        });
        let apple: Vec<_> = apple.copied().collect();
        let node = r.pick(&apple)?.get("PayloadType")?;
        let other = node
            .as_str()?
            .to_ascii_uppercase()
            .replace("COM.APPLE.", "com.apple.");
        Some(s.with_value(node, format!("<string>{other}</string>")))
    }),
];

/// Types that Apple documents and that real profiles have often.
const KNOWN_TYPES: [&str; 8] = [
    "com.apple.applicationaccess",
    "com.apple.TCC.configuration-profile-policy",
    "com.apple.dnsSettings.managed",
    "com.apple.SetupAssistant.managed",
    "com.apple.notificationsettings",
    "com.apple.dock",
    "com.apple.wifi.managed",
    "com.apple.screensaver",
];

/// A dictionary without one of its entries: the fault is the dictionary's.
fn dropped(source: &Source, dictionary: NodeRef<'_>, key: &str) -> Option<Change> {
    let node = dictionary.get(key)?;
    Some(source.without(Source::entry(node), Source::entry(dictionary).start))
}

/// Another value for a key that is there.
fn set(source: &Source, dictionary: NodeRef<'_>, key: &str, element: &str) -> Option<Change> {
    Some(source.with_value(dictionary.get(key)?, element))
}

/// One more entry of the profile, unless it has that key.
fn added(source: &Source, key: &str, element: &str) -> Option<Change> {
    let is_new = source.root().get(key).is_none();
    let entry = format!("<key>{key}</key>{element}");
    is_new
        .then(|| source.with_entry(source.root(), &entry))
        .flatten()
}

fn in_payload(source: &Source, random: &mut Random, key: &str, element: &str) -> Option<Change> {
    let payload = random.pick(&source.payloads())?;
    set(source, payload, key, element)
}

fn lacking(source: &Source, random: &mut Random, key: &str) -> Option<Change> {
    let payload = random.pick(&source.payloads())?;
    dropped(source, payload, key)
}

/// A key of the envelope with one letter in the other case.
fn miscased(source: &Source, random: &mut Random, dictionary: NodeRef<'_>) -> Option<Change> {
    let names = [
        "PayloadType",
        "PayloadVersion",
        "PayloadIdentifier",
        "PayloadDisplayName",
    ];
    let key = random.pick(&names)?;
    let node = dictionary.get(key)?;
    let other = match random.below(2) {
        0 => key.to_ascii_lowercase(),
        _ => key.replacen("Payload", "payload", 1),
    };
    Some(source.replaced(Source::key(node), format!("<key>{other}</key>")))
}

/// A text that people read, replaced.
fn in_string(source: &Source, random: &mut Random, text: &str) -> Option<Change> {
    let names = [
        "PayloadDescription",
        "PayloadDisplayName",
        "PayloadOrganization",
    ];
    let node = source.any(random, |node| {
        let key = node.node().key.as_ref();
        is_text(node) && key.is_some_and(|key| names.contains(&key.text.as_str()))
    })?;
    Some(source.with_value(node, format!("<string>{text}</string>")))
}

/// A payload once more behind itself; the fault is at a key of the copy.
fn copied(source: &Source, random: &mut Random, key: &str) -> Option<Change> {
    let payload = random.pick(&source.payloads())?;
    let node = payload.get(key).filter(|node| is_text(*node))?;
    let element = Source::element(payload);
    let fault = element.end + Source::entry(node).start - element.start;
    let copy = source.text(element.clone()).to_vec();
    Some(source.replaced_with_fault_at(element.end..element.end, copy, fault))
}
