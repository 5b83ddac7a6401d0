//! Known facts of single payloads, the table's own shape, and what an upgrade passes.

use super::*;
use crate::profile::{Profile, ProfileLimits};

/// What a profile with this text in its outermost dictionary introduces, as text.
fn found_in(lines: &str) -> String {
    let xml = format!("<plist version=\"1.0\"><dict>{lines}</dict></plist>");
    let profile = Profile::parse(xml.as_bytes(), &ProfileLimits::default()).unwrap();
    let found = introductions(profile.document());
    let found = found
        .iter()
        .map(|i| format!("{} {}", i.platform, i.version));
    found.collect::<Vec<_>>().join(", ")
}

/// The same for a profile with one payload of this type.
fn found(payload_type: &str, keys: &str) -> String {
    found_in(&format!(
        "<key>PayloadContent</key><array><dict><key>PayloadType</key><string>{payload_type}\
         </string>{keys}</dict></array>"
    ))
}

fn version(text: &str) -> OsVersion {
    OsVersion::parse(text).unwrap()
}

/// Facts read by hand from the schema: `com.apple.applicationaccess.yaml`,
/// `com.apple.wifi.managed.yaml`, `com.apple.security.firewall.yaml`,
/// `com.apple.declarations.yaml`, `com.apple.vpn.managed.yaml`,
/// `com.apple.TCC.configuration-profile-policy.yaml` and `TopLevel.yaml`.
#[test]
fn known_facts() {
    let restrictions = "com.apple.applicationaccess";
    let mirroring = "<key>allowiPhoneMirroring</key><false/>";
    assert_eq!(
        found(restrictions, mirroring),
        "macos 15.0, ios 18.0, watchos 10.0, visionos 1.1"
    );
    let random = "<key>DisableAssociationMACRandomization</key><true/>";
    assert_eq!(
        found("com.apple.wifi.managed", random),
        "macos 15.0, ios 14.0, watchos 7.0"
    );
    let logging = "<key>EnableLogging</key><true/><key>AllowSigned</key><true/>";
    assert_eq!(
        found("com.apple.security.firewall", logging),
        "macos 12.0, macos 12.3"
    );
    assert_eq!(
        found("com.apple.declarations", ""),
        "macos 14.0, ios 17.0, tvos 17.0, watchos 10.0"
    );
    let ppk = "<key>IKEv2</key><dict><key>PPKMandatory</key><true/></dict>";
    assert_eq!(
        found("com.apple.vpn.managed", ppk),
        "macos 15.0, ios 18.0, tvos 17.0, tvos 18.0, watchos 10.0, watchos 11.0, visionos 2.0"
    );
    let item = |key: &str| {
        format!(
            "<key>Services</key><dict><key>Accessibility</key><array><dict/><dict><key>{key}</key>\
             <string>Allow</string></dict></array></dict>"
        )
    };
    let policy = "com.apple.TCC.configuration-profile-policy";
    assert_eq!(found(policy, &item("Authorization")), "macos 11.0");
    assert_eq!(found(policy, &item("Allowed")), "");
    let top = "<key>PayloadType</key><string>Configuration</string>\
               <key>TargetDeviceType</key><integer>6</integer>";
    assert_eq!(found_in(top), "visionos 1.1");
}

/// Payloads and keys that every system in use has always known say nothing, nor do those that the
/// table has never heard of.
#[test]
fn nothing_new() {
    assert_eq!(
        found("com.apple.dock", "<key>tilesize</key><integer>64</integer>"),
        ""
    );
    let old = "<key>SSID_STR</key><string>Office</string><key>ProxyType</key><string>None</string>";
    assert_eq!(found("com.apple.wifi.managed", old), "");
    assert_eq!(
        found("org.example.app", "<key>allowiPhoneMirroring</key><true/>"),
        ""
    );
    assert_eq!(found("", ""), "");
    assert_eq!(found_in("<key>PayloadContent</key><string>x</string>"), "");
    assert_eq!(
        found_in("<key>PayloadContent</key><array><true/><dict/></array>"),
        ""
    );
    assert_eq!(found_in("<key>allowiPhoneMirroring</key><false/>"), "");
}

/// A key counts at its own place only: neither deeper, nor higher, nor as the start of another.
#[test]
fn places() {
    let vpn = "com.apple.vpn.managed";
    let elsewhere = [
        "<key>PPKMandatory</key><true/>",
        "<key>IKEv2</key><array><dict><key>PPKMandatory</key><true/></dict></array>",
        "<key>ppkmandatory</key><true/>",
        "<key>DNS</key><dict><key>IKEv2</key><dict><key>PPK</key><true/></dict></dict>",
        "<key>TransparentProx</key><true/><key>TransparentProxy2</key><true/>",
    ];
    for keys in elsewhere {
        let found = found(vpn, keys);
        assert!(!found.contains("macos"), "{keys}: {found}");
    }
    assert!(found(vpn, "<key>TransparentProxy</key><dict/>").contains("macos 14.0"));
    // The whole of a key counts, whatever the type of its value.
    assert!(found(vpn, "<key>TransparentProxy</key><true/>").contains("macos 14.0"));
}

/// App-layer VPN has the keys of VPN, but is no newer for being based on it.
#[test]
fn extensions() {
    let layer = "com.apple.vpn.managed.applayer";
    assert_eq!(found(layer, ""), "watchos 10.0, visionos 1.1");
    let route = "<key>VPN</key><dict><key>EnforceRoutes</key><true/></dict>";
    assert_eq!(
        found(layer, route),
        "macos 11.0, ios 14.2, watchos 10.0, visionos 1.1"
    );
}

/// A profile as deep as one may be, with empty keys all the way, is looked up like any other.
#[test]
fn deep_profile() {
    let depth = 60;
    for key in ["", "IKEv2", "IKEv2.", "Services"] {
        let open = format!("<key>{key}</key><dict>").repeat(depth);
        let close = "</dict>".repeat(depth);
        let found = found("com.apple.vpn.managed", &format!("{open}{close}"));
        assert!(found.contains("tvos 17.0"), "{key}: {found}");
    }
    let open = "<array>".repeat(depth) + &"</array>".repeat(depth);
    assert_eq!(
        found("com.apple.airplay", &format!("<key>Passwords</key>{open}")),
        ""
    );
}

/// Every line of the table is a remark or a row, no fact is there twice, none is too old to
/// matter, iPadOS is not named, and no profile can exceed the limit.
#[test]
fn table() {
    let lines = include_str!("../../../data/introduced.tsv").lines();
    let facts = lines.filter(|line| !line.starts_with('#')).count();
    assert_eq!(TABLE.len(), facts);
    assert!(facts > 300, "{facts}");
    let place = |row: &Row| (row.payload_type, row.path, row.introduction.platform);
    let places: BTreeSet<_> = TABLE.iter().map(place).collect();
    assert_eq!(places.len(), facts);
    let different: BTreeSet<_> = TABLE.iter().map(|row| row.introduction).collect();
    assert!(different.len() <= INTRODUCTIONS_MAX, "{}", different.len());
    for Introduction {
        platform,
        version: at,
    } in different
    {
        let (_, oldest) = OLDEST.iter().find(|(p, _)| *p == platform).unwrap();
        assert!(at > version(oldest), "{platform} {at}");
    }
}

/// An introduction is news from the upgrade that reaches it, and for that upgrade alone; versions
/// are compared as numbers, and iPadOS has those of iOS.
#[test]
fn upgrades() {
    let introductions = [
        (Platform::MacOs, "14.0"),
        (Platform::MacOs, "15.1"),
        (Platform::Ios, "9.3"),
    ];
    let introductions = introductions.map(|(platform, text)| Introduction {
        platform,
        version: version(text),
    });
    let introductions = BTreeSet::from(introductions);
    for (platform, from, to, expected) in [
        (Platform::MacOs, "13.6", "14", true),
        (Platform::MacOs, "13.6", "13.7", false),
        (Platform::MacOs, "14", "15.0.1", false),
        (Platform::MacOs, "14.0.0", "15.1", true),
        (Platform::MacOs, "15.0", "15.10", true),
        (Platform::MacOs, "15.1", "15.10", false),
        (Platform::MacOs, "15.1", "15.1", false),
        (Platform::MacOs, "13", "26.1", true),
        // A device that was set back to an earlier system.
        (Platform::MacOs, "15.1", "13", false),
        (Platform::Ios, "9.2", "10.0", true),
        (Platform::IpadOs, "9.2", "10.0", true),
        (Platform::IpadOs, "13", "26", false),
        (Platform::TvOs, "8", "26", false),
    ] {
        let (from, to) = (version(from), version(to));
        let news = is_news(&introductions, platform, &from, &to);
        assert_eq!(news, expected, "{platform} {from} {to}");
        assert!(!is_news(&BTreeSet::new(), platform, &from, &to));
    }
    for (platform, from, expected) in [
        (Platform::MacOs, "15.0.9", true),
        (Platform::MacOs, "15.1", false),
        (Platform::IpadOs, "9", true),
        (Platform::IpadOs, "9.3", false),
        (Platform::WatchOs, "1", false),
    ] {
        let later = has_later(&introductions, platform, &version(from));
        assert_eq!(later, expected, "{platform} {from}");
    }
}
