//! Which values of profiles are taken for secrets.

use super::*;
use crate::profile::secrets::{has_secrets, secret_places};

/// The keys of the secrets in a profile with one payload of this type.
fn found(payload_type: &str, entries: &str) -> Vec<String> {
    let lines = format!(
        "<key>PayloadContent</key><array><dict>{entries}<key>PayloadType</key>\
         <string>{payload_type}</string></dict></array>"
    );
    let read = parse(profile(&lines).as_bytes()).unwrap();
    let document = read.document();
    let places = secret_places(document);
    assert_eq!(has_secrets(document), !places.is_empty());
    let key = |id: &plist::NodeId| {
        let key = document.node(*id).unwrap().node().key.clone();
        key.unwrap().text
    };
    places.iter().map(key).collect()
}

/// Payload types, each with the keys that lead to a secret; a last one in brackets holds data.
const PUBLISHED: [&str; 28] = [
    "com.apple.wifi.managed Password",
    "com.apple.wifi.managed ProxyPassword",
    "com.apple.wifi.managed EAPClientConfiguration UserPassword",
    "com.apple.firstactiveethernet.managed EAPClientConfiguration UserPassword",
    "com.apple.vpn.managed IPSec [SharedSecret]",
    "com.apple.vpn.managed IPSec XAuthPassword",
    "com.apple.vpn.managed IKEv2 SharedSecret",
    "com.apple.vpn.managed IKEv2 AuthPassword",
    "com.apple.vpn.managed PPP AuthPassword",
    "com.apple.vpn.managed VPN Password",
    "com.apple.vpn.managed VendorConfig WgQuickConfig",
    "com.apple.mail.managed IncomingPassword",
    "com.apple.mail.managed OutgoingPassword",
    "com.apple.eas.account Password",
    "com.apple.caldav.account CalDAVPassword",
    "com.apple.carddav.account CardDAVPassword",
    "com.apple.ldap.account LDAPAccountPassword",
    "com.apple.subscribedcalendar.account SubCalAccountPassword",
    "com.apple.security.pkcs12 Password",
    "com.apple.security.pkcs12 [PayloadContent]",
    "com.apple.security.scep PayloadContent Challenge",
    "com.apple.DirectoryService.managed Password",
    "com.apple.proxy.http.global ProxyPassword",
    "com.apple.profileRemovalPassword RemovalPassword",
    "com.apple.apn.managed [password]",
    "com.apple.xsan sharedSecret",
    "com.apple.extensiblesso RegistrationToken",
    "com.example.vendor diskPassphrase",
];

/// The secrets of Apple's payload types are found by their keys, at any depth, as text or data.
#[test]
fn published_keys() {
    for case in PUBLISHED {
        let (payload_type, keys) = case.split_once(' ').unwrap();
        let mut keys = keys.split(' ').rev();
        let last = keys.next().unwrap();
        let key = last.trim_matches(['[', ']']);
        let value = if last.starts_with('[') {
            "<data>AQID</data>"
        } else {
            "<string>x</string>"
        };
        let secret = format!("<key>{key}</key>{value}");
        let entries = keys.fold(secret, |inner, key| {
            format!("<key>{key}</key><dict>{inner}</dict>")
        });
        assert_eq!(found(payload_type, &entries), [key], "{case}");
    }
}

/// Switches, numbers, empty values, public certificates and keys that only speak of passwords
/// are no secrets.
#[test]
fn no_false_alarms() {
    let entries = "<key>allowPasswordSharing</key><true/><key>askForPassword</key><true/>\
        <key>forcePIN</key><true/><key>minLength</key><integer>8</integer>\
        <key>OneTimeUserPassword</key><true/><key>maxPassword</key><integer>3</integer>\
        <key>OutgoingPasswordSameAsIncomingPassword</key><true/>\
        <key>Password</key><string></string><key>SharedSecret</key><data></data>\
        <key>XAuthPasswordEncryption</key><string>Prompt</string>\
        <key>passwordChangeURL</key><string>https://example.com</string>\
        <key>passwordContentRegex</key><string>.*</string>\
        <key>Challenge</key><array><string>x</string></array>";
    assert!(found("com.apple.applicationaccess", entries).is_empty());
    let certificate = "<key>PayloadContent</key><data>AQID</data>";
    assert!(found("com.apple.security.root", certificate).is_empty());
    let token = "<key>RegistrationToken</key><string>x</string>";
    assert!(found("com.example.vendor", token).is_empty());
}

/// The payload's own type decides, not that of the one before it or of the profile.
#[test]
fn types_do_not_leak() {
    let payload = |payload_type: &str| {
        format!(
            "<dict><key>PayloadType</key><string>{payload_type}</string>\
             <key>PayloadContent</key><data>AQID</data></dict>"
        )
    };
    let [root, identity] = ["com.apple.security.root", "com.apple.security.pkcs12"].map(payload);
    let lines = format!(
        "<key>PayloadType</key><string>com.apple.security.pkcs12</string>\
         <key>PayloadContent</key><array>{identity}{root}</array>\
         <key>Other</key><array>{identity}</array>"
    );
    let read = parse(profile(&lines).as_bytes()).unwrap();
    assert_eq!(secret_places(read.document()).len(), 1);
}
