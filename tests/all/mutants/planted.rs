//! One more payload, right but for one thing: rules about what no real profile at hand has.
//!
//! Knows the rules by their facts alone, not by how they are judged. Invariants: no kind is here that
//! can be made of what a real profile has; the line with the mark is where a person should look, and
//! nothing else of the payload is wrong.

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
        "certificate that nobody uses",
        &["R003"],
        "com.apple.wifi.managed",
        "<key>SSID_STR</key><string>Office</string><key>EAPClientConfiguration</key><dict><key>TLSTrustedServerNames</key><array><string>radius</string></array></dict>\n</dict>\n\u{bb}<dict>\n<key>PayloadType</key><string>com.apple.security.pkcs12</string><key>PayloadIdentifier</key><string>com.company.unused</string><key>PayloadUUID</key><string>0B7C5A0E-51D6-4C1A-9E55-0F2B6F3C9D12</string><key>PayloadVersion</key><integer>1</integer>",
    ),
    (
        "password beside its file",
        &["X004"],
        "com.apple.security.pkcs12",
        "<key>PayloadContent</key><data>MIAAAA==</data>\n\u{bb}<key>Password</key><string>correct horse</string>",
    ),
    (
        "identity without a password",
        &["X008"],
        "com.apple.security.pkcs12",
        "<key>PayloadContent</key><data>MIAAAA==</data>\n\u{bb}<key>Password</key><string></string>",
    ),
    (
        "VPN with PPTP",
        &["X050"],
        "com.apple.vpn.managed",
        "<key>UserDefinedName</key><string>Old</string>\n\u{bb}<key>VPNType</key><string>PPTP</string>",
    ),
    (
        "VPN with a shared secret",
        &["X051"],
        "com.apple.vpn.managed",
        "<key>UserDefinedName</key><string>Old</string><key>VPNType</key><string>IPSec</string><key>IPSec</key><dict>\n\u{bb}<key>AuthenticationMethod</key><string>SharedSecret</string>\n</dict>",
    ),
    (
        "VPN with DES",
        &["X052"],
        "com.apple.vpn.managed",
        "<key>UserDefinedName</key><string>Old</string><key>VPNType</key><string>IKEv2</string><key>IKEv2</key><dict><key>RemoteAddress</key><string>vpn.example.com</string><key>LocalIdentifier</key><string>a</string><key>RemoteIdentifier</key><string>b</string><key>AuthenticationMethod</key><string>Certificate</string><key>ChildSecurityAssociationParameters</key><dict>\n\u{bb}<key>EncryptionAlgorithm</key><string>3DES</string>\n</dict></dict>",
    ),
    (
        "VPN with SHA-1",
        &["X053"],
        "com.apple.vpn.managed",
        "<key>UserDefinedName</key><string>Old</string><key>VPNType</key><string>IKEv2</string><key>IKEv2</key><dict><key>IKESecurityAssociationParameters</key><dict>\n\u{bb}<key>IntegrityAlgorithm</key><string>SHA1-96</string>\n</dict></dict>",
    ),
    (
        "VPN with a small group",
        &["X054"],
        "com.apple.vpn.managed",
        "<key>UserDefinedName</key><string>Old</string><key>VPNType</key><string>IKEv2</string><key>IKEv2</key><dict><key>RemoteAddress</key><string>vpn.example.com</string><key>LocalIdentifier</key><string>a</string><key>RemoteIdentifier</key><string>b</string><key>AuthenticationMethod</key><string>Certificate</string><key>IKESecurityAssociationParameters</key><dict>\n\u{bb}<key>DiffieHellmanGroup</key><integer>2</integer>\n</dict></dict>",
    ),
    (
        "VPN that checks nothing",
        &["X055"],
        "com.apple.vpn.managed",
        "<key>UserDefinedName</key><string>Old</string><key>VPNType</key><string>IKEv2</string><key>IKEv2</key><dict>\n\u{bb}<key>EnablePFS</key><integer>0</integer>\n</dict>",
    ),
    (
        "VPN that connects everywhere",
        &["X056"],
        "com.apple.vpn.managed",
        "<key>UserDefinedName</key><string>Old</string><key>VPNType</key><string>IKEv2</string><key>IKEv2</key><dict><key>OnDemandEnabled</key><integer>1</integer><key>OnDemandRules</key><array>\n\u{bb}<dict><key>Action</key><string>Connect</string></dict>\n</array></dict>",
    ),
    (
        "VPN that leaks",
        &["X057"],
        "com.apple.vpn.managed",
        "<key>UserDefinedName</key><string>Old</string><key>VPNType</key><string>VPN</string><key>VPN</key><dict><key>IncludeAllNetworks</key><integer>1</integer>\n\u{bb}<key>ExcludeLocalNetworks</key><integer>1</integer>\n</dict>",
    ),
    (
        "removal password in the clear",
        &["X071"],
        "com.apple.profileRemovalPassword",
        "\u{bb}<key>RemovalPassword</key><string>correct horse</string>",
    ),
    (
        "passcode of four",
        &["X072"],
        "com.apple.mobiledevice.passwordpolicy",
        "<key>forcePIN</key><true/>\n\u{bb}<key>minLength</key><integer>4</integer>",
    ),
    (
        "FileVault without escrow",
        &["X073"],
        "com.apple.MCX.FileVault2",
        "\u{bb}<key>Enable</key><string>On</string>",
    ),
    (
        "web clip with a script",
        &["X081"],
        "com.apple.webClip.managed",
        "<key>Label</key><string>Help</string>\n\u{bb}<key>URL</key><string>javascript:alert(1)</string>",
    ),
    (
        "attested key of software",
        &["X086"],
        "com.apple.security.acme",
        "<key>Attest</key><true/>\n\u{bb}<key>HardwareBound</key><false/>",
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
