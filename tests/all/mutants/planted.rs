//! One more payload, right but for one thing: rules A, X and R, and the schema's part of L.
//!
//! Knows the rules by their facts alone, not by how they are judged. Invariant: the line with the
//! mark is where a person should look, and nothing else of the payload is wrong.

use super::source::{Change, Random, Source};

/// What stands before the line of the fault.
const MARK: char = '\u{bb}';

/// A payload: the name of the kind, the rules that find it, its type, and its other lines. The mark
/// stands before one of them or before the type; without it the fault is the payload's as a whole.
pub(crate) type Planted = (
    &'static str,
    &'static [&'static str],
    &'static str,
    &'static str,
);

pub(crate) const PLANTED: &[Planted] = &[
    (
        "no URL of a web clip",
        &["A001"],
        "com.apple.webClip.managed",
        "<key>Label</key><string>Help</string>",
    ),
    (
        "no rules of a policy",
        &["A001"],
        "com.apple.servicemanagement",
        "",
    ),
    (
        "text for a boolean",
        &["A002"],
        "com.apple.screensaver",
        "<key>moduleName</key><string>Flurry</string>\n\u{bb}<key>askForPassword</key><string>maybe</string>",
    ),
    (
        "text for an integer",
        &["A002"],
        "com.apple.dock",
        "\u{bb}<key>tilesize</key><string>big</string>",
    ),
    (
        "array for a text",
        &["A002"],
        "com.apple.screensaver",
        "\u{bb}<key>moduleName</key><array/>",
    ),
    (
        "not on the list",
        &["A003"],
        "com.apple.dock",
        "\u{bb}<key>orientation</key><string>top</string>",
    ),
    (
        "Wi-Fi of no kind",
        &["A003"],
        "com.apple.wifi.managed",
        "<key>SSID_STR</key><string>Guests</string>\n\u{bb}<key>EncryptionType</key><string>WPA9</string>",
    ),
    (
        "over the range",
        &["A004"],
        "com.apple.dock",
        "\u{bb}<key>tilesize</key><integer>1000</integer>",
    ),
    (
        "under the range",
        &["A004"],
        "com.apple.mobiledevice.passwordpolicy",
        "\u{bb}<key>minLength</key><integer>-1</integer>",
    ),
    (
        "misspelt key",
        &["A006"],
        "com.apple.dock",
        "\u{bb}<key>tilesizze</key><integer>64</integer>",
    ),
    (
        "key of nobody",
        &["A006"],
        "com.apple.screensaver",
        "<key>moduleName</key><string>Flurry</string>\n\u{bb}<key>colour</key><string>red</string>",
    ),
    (
        "not on a Mac",
        &["A011"],
        "\u{bb}com.apple.homescreenlayout",
        "<key>Dock</key><array/><key>Pages</key><array/>",
    ),
    (
        "certificate that is not there",
        &["R001"],
        "com.apple.wifi.managed",
        "<key>SSID_STR</key><string>Office</string><key>EncryptionType</key><string>WPA2</string>\n\u{bb}<key>PayloadCertificateUUID</key><string>0B7C5A0E-51D6-4C1A-9E55-0F2B6F3C9D11</string>",
    ),
    (
        "management in a pushed profile",
        &["X001"],
        "com.apple.mdm",
        "<key>Topic</key><string>com.apple.mgmt.External.x</string>",
    ),
    (
        "clear password",
        &["X003"],
        "com.apple.wifi.managed",
        "<key>SSID_STR</key><string>Home</string><key>EncryptionType</key><string>WPA2</string>\n\u{bb}<key>Password</key><string>correct horse</string>",
    ),
    (
        "certificate of noise",
        &["X006"],
        "com.apple.security.root",
        "\u{bb}<key>PayloadContent</key><data>bm90IGEgY2VydGlmaWNhdGU=</data>",
    ),
    (
        "consent without requirement",
        &["X020"],
        "com.apple.TCC.configuration-profile-policy",
        "<key>Services</key><dict><key>SystemPolicyDownloadsFolder</key><array><dict><key>Identifier</key><string>com.example.app</string><key>IdentifierType</key><string>bundleID</string><key>Allowed</key><true/>\n\u{bb}<key>CodeRequirement</key><string></string>\n</dict></array></dict>",
    ),
    (
        "consent for the camera",
        &["X024"],
        "com.apple.TCC.configuration-profile-policy",
        "<key>Services</key><dict>\n<key>Camera</key><array>\n<dict><key>Identifier</key><string>com.example.app</string><key>IdentifierType</key><string>bundleID</string><key>CodeRequirement</key><string>identifier \"com.example.app\" and anchor apple generic and certificate leaf[subject.OU] = ABCDE12345</string>\n\u{bb}<key>Allowed</key><true/>\n</dict></array></dict>",
    ),
    (
        "Wi-Fi with WEP",
        &["X040"],
        "com.apple.wifi.managed",
        "<key>SSID_STR</key><string>Old</string>\n\u{bb}<key>EncryptionType</key><string>WEP</string>",
    ),
    (
        "open Wi-Fi",
        &["X041"],
        "com.apple.wifi.managed",
        "<key>SSID_STR</key><string>Guests</string>\n\u{bb}<key>EncryptionType</key><string>None</string>",
    ),
    (
        "VPN with PPTP",
        &["X050"],
        "com.apple.vpn.managed",
        "<key>UserDefinedName</key><string>Old</string>\n\u{bb}<key>VPNType</key><string>PPTP</string>",
    ),
    (
        "VPN with DES",
        &["X052"],
        "com.apple.vpn.managed",
        "<key>UserDefinedName</key><string>Old</string><key>VPNType</key><string>IKEv2</string><key>IKEv2</key><dict><key>RemoteAddress</key><string>vpn.example.com</string><key>LocalIdentifier</key><string>a</string><key>RemoteIdentifier</key><string>b</string><key>AuthenticationMethod</key><string>Certificate</string><key>ChildSecurityAssociationParameters</key><dict>\n\u{bb}<key>EncryptionAlgorithm</key><string>3DES</string>\n</dict></dict>",
    ),
    (
        "VPN with a small group",
        &["X054"],
        "com.apple.vpn.managed",
        "<key>UserDefinedName</key><string>Old</string><key>VPNType</key><string>IKEv2</string><key>IKEv2</key><dict><key>RemoteAddress</key><string>vpn.example.com</string><key>LocalIdentifier</key><string>a</string><key>RemoteIdentifier</key><string>b</string><key>AuthenticationMethod</key><string>Certificate</string><key>IKESecurityAssociationParameters</key><dict>\n\u{bb}<key>DiffieHellmanGroup</key><integer>2</integer>\n</dict></dict>",
    ),
    (
        "consent both ways",
        &["X025"],
        "com.apple.TCC.configuration-profile-policy",
        "<key>Services</key><dict><key>SystemPolicyDownloadsFolder</key><array>\n\u{bb}<dict><key>Identifier</key><string>com.example.app</string><key>IdentifierType</key><string>bundleID</string><key>CodeRequirement</key><string>identifier \"com.example.app\" and anchor apple generic and certificate leaf[subject.OU] = ABCDE12345</string><key>Allowed</key><true/><key>Authorization</key><string>Allow</string></dict>\n</array></dict>",
    ),
    (
        "DNS over TLS without a name",
        &["X060"],
        "com.apple.dnsSettings.managed",
        "\u{bb}<key>DNSSettings</key><dict><key>DNSProtocol</key><string>TLS</string><key>ServerAddresses</key><array><string>192.0.2.1</string></array></dict>",
    ),
    (
        "SCEP in the clear",
        &["X085"],
        "com.apple.security.scep",
        "<key>PayloadContent</key><dict>\n\u{bb}<key>URL</key><string>http://scep.example.com/scep</string>\n<key>Keysize</key><integer>2048</integer><key>Key Usage</key><integer>5</integer></dict>",
    ),
    (
        "web clip with a script",
        &["X081"],
        "com.apple.webClip.managed",
        "<key>Label</key><string>Help</string>\n\u{bb}<key>URL</key><string>javascript:alert(1)</string>",
    ),
];

/// The profile with this payload at the end of its own.
pub(crate) fn plant(source: &Source, random: &mut Random, planted: &Planted) -> Option<Change> {
    let (_, _, kind, lines) = planted;
    let own = source.payloads();
    let end = Source::element(*own.last()?).end;
    let uuid = random.uuid();
    let is_the_type = kind.starts_with(MARK);
    let head = format!(
        "\n<dict>\n<key>PayloadType</key><string>{}</string>\n\
         <key>PayloadIdentifier</key><string>com.example.planted.{uuid}</string>\n\
         <key>PayloadUUID</key><string>{uuid}</string>\n\
         <key>PayloadVersion</key><integer>1</integer>\n\
         <key>PayloadDisplayName</key><string>Planted</string>\n",
        kind.trim_start_matches(MARK)
    );
    let payload = format!("{head}{lines}\n</dict>");
    let whole = if is_the_type { "\n<dict>\n".len() } else { 1 };
    let fault = payload.find(MARK).unwrap_or(whole);
    let payload = payload.replace(MARK, "");
    Some(source.replaced_with_fault_at(end..end, payload, end + fault))
}
