//! Real payloads that lower the guard: rules X but those about consent.
//!
//! Knows the payloads by Apple's documentation. Invariant: what is wrong in a value is found at its
//! key, and what is missing at the dictionary that lacks it.

use mooring_mdm::plist::NodeRef;

use super::Kind;
use super::facts::settings;
use super::source::{Change, Random, Source, put, put_inside, type_of};

pub(crate) const KINDS: &[Kind] = &[
    ("payload that manages", &["X001"], |s, r| {
        retyped(s, r, "com.apple.mdm")
    }),
    ("payload that declares", &["X002"], |s, r| {
        retyped(s, r, "com.apple.declarations")
    }),
    ("secret in a real payload", &["X003"], |s, r| {
        let key = r.pick(&["Password", "SharedSecret", "ClientSecret", "Token"])?;
        let payload = r.pick(&s.payloads())?;
        put(s, payload, key, "<string>correct horse</string>")
    }),
    ("secret of a real network", &["X003"], |s, r| {
        in_type(s, r, WIFI, "Password", "<string>correct horse</string>")
    }),
    ("certificate of a stranger", &["X005"], |s, r| {
        let pem = include_str!("../../data/reading/signed/p256.pem");
        let root = of_type(s, r, "com.apple.security.root")?;
        put(s, root, "PayloadContent", &data(pem))
    }),
    ("certificate made noise", &["X006"], |s, r| {
        let payload = certificate(s, r)?;
        put(
            s,
            payload,
            "PayloadContent",
            "<data>bm90IGEgY2VydGlmaWNhdGU=</data>",
        )
    }),
    ("certificate made a root", &["X007"], |s, r| {
        let pem = include_str!("../../data/reading/signed/ca.pem");
        let payload = certificate(s, r)?;
        put(s, payload, "PayloadContent", &data(pem))
    }),
    ("network made WEP", &["X040"], |s, r| {
        encryption(s, r, "WEP")
    }),
    ("network made open", &["X041"], |s, r| {
        encryption(s, r, "None")
    }),
    ("network made WPA", &["X042"], |s, r| {
        encryption(s, r, "WPA")
    }),
    ("network that proves nothing", &["X043"], |s, r| {
        let content = "<key>AcceptEAPTypes</key><array><integer>25</integer></array>";
        let element = format!("<dict>{content}</dict>");
        in_type(s, r, WIFI, "EAPClientConfiguration", &element)
    }),
    ("network with old TLS", &["X044"], |s, r| {
        eap(s, r, "<key>TLSMinimumVersion</key><string>1.0</string>")
    }),
    ("network with LEAP", &["X045"], |s, r| {
        eap(
            s,
            r,
            "<key>AcceptEAPTypes</key><array><integer>17</integer></array>",
        )
    }),
    ("proxy script in the clear", &["X046"], |s, r| {
        let address = "<string>http://proxy.company.com/pac</string>";
        in_type(s, r, WIFI, "ProxyPACURL", address)
    }),
    ("password of the global proxy", &["X047"], |s, r| {
        in_type(
            s,
            r,
            PROXY,
            "ProxyPassword",
            "<string>correct horse</string>",
        )
    }),
    ("network with a fixed address", &["X048"], |s, r| {
        in_type(s, r, WIFI, "DisableAssociationMACRandomization", "<true/>")
    }),
    ("DNS made plain", &["X060"], |s, r| {
        let node = of_type(s, r, DNS)?.get("DNSSettings")?.get("ServerURL")?;
        Some(s.with_value(node, "<string>http://dns.company.com/</string>"))
    }),
    ("DNS without a name", &["X060"], |s, r| {
        let dns = of_type(s, r, DNS)?.get("DNSSettings")?;
        let node = dns
            .get("DNSProtocol")
            .filter(|_| dns.get("ServerName").is_none())?;
        let (range, at) = (Source::element(node), Source::entry(dns).start);
        Some(s.replaced_with_fault_of(range, "<string>TLS</string>", at))
    }),
    ("filter of nobody", &["X061"], |s, r| {
        let payload = of_type(s, r, "com.apple.webcontent-filter")?;
        let node = payload.get("FilterDataProviderDesignatedRequirement")?;
        let app = payload.get("FilterDataProviderBundleIdentifier")?;
        Some(s.without(Source::entry(node), Source::entry(app).start))
    }),
    ("proxy without a name", &["X062"], |s, r| {
        in_type(s, r, PROXY, "ProxyServer", "<string>10.0.0.1</string>")
    }),
    ("removal forbidden", &["X070"], |s, _| {
        put(s, s.root(), "PayloadRemovalDisallowed", "<true/>")
    }),
    ("disk without escrow", &["X073"], |s, r| {
        let enable = of_type(s, r, "com.apple.MCX.FileVault2")?.get("Enable")?;
        let escrow = of_type(s, r, "com.apple.security.FDERecoveryKeyEscrow")?;
        Some(s.without(Source::element(escrow), Source::entry(enable).start))
    }),
    ("protection turned off", &["X074"], |s, r| {
        let known = settings(s);
        let is_there = |one: &&(&str, &str)| known.iter().any(|(domain, _)| *domain == one.0);
        let there: Vec<_> = PROTECTIONS.iter().filter(is_there).collect();
        let (domain, key) = r.pick(&there)?;
        in_settings(s, r, domain, key, "<false/>")
    }),
    ("extensions of a whole team", &["X075"], |s, r| {
        let kind = "com.apple.syspolicy.kernel-extension-policy";
        let teams = "<array><string>ABCDE12345</string></array>";
        in_type(s, r, kind, "AllowedTeamIdentifiers", teams)
    }),
    ("extensions as people like", &["X076"], |s, r| {
        let kind = "com.apple.system-extension-policy";
        in_type(s, r, kind, "AllowUserOverrides", "<true/>")
    }),
    ("extensions of any name", &["X076"], |s, r| {
        let teams = of_type(s, r, "com.apple.system-extension-policy")?;
        let teams = teams.get("AllowedSystemExtensions")?;
        let lists: Vec<_> = teams.entries().flat_map(|(_, list)| list.items()).collect();
        Some(s.with_value(r.pick(&lists)?, "<string>*</string>"))
    }),
    ("background items of anybody", &["X077"], |s, r| {
        let rules = of_type(s, r, "com.apple.servicemanagement")?.get("Rules")?;
        let rule = r.pick(&rules.items().collect::<Vec<_>>())?;
        let node = rule
            .get("RuleType")
            .filter(|_| rule.get("TeamIdentifier").is_none())?;
        let (range, at) = (Source::element(node), Source::entry(rule).start);
        Some(s.replaced_with_fault_of(range, "<string>LabelPrefix</string>", at))
    }),
    ("login without a password", &["X078"], |s, r| {
        let user = "<string>kiosk</string>";
        in_settings(s, r, "com.apple.loginwindow", "AutologinUsername", user)
    }),
    ("guests", &["X078"], |s, r| {
        in_settings(s, r, "com.apple.MCX", "EnableGuestAccount", "<true/>")
    }),
    ("script that opens a door", &["X079"], |s, r| {
        let payload = r.pick(&s.payloads())?;
        let script = "<string>systemsetup -f -setremotelogin on</string>";
        put(s, payload, "Script", script)
    }),
    ("sign-on anywhere", &["X080"], |s, r| {
        let payload = of_type(s, r, "com.apple.extensiblesso")?;
        let hosts = "<array><string>*.company.com</string></array>";
        put_inside(s, payload, "Hosts", hosts)
    }),
    ("preference that is only a start", &["X082"], |s, r| {
        let frequencies = domains(s).into_iter().filter_map(|one| one.get("Forced"));
        let node = r.pick(&frequencies.collect::<Vec<_>>())?;
        let other = r.pick(&["Set-Once", "Often"])?;
        let is_new = node.parent()?.get(other).is_none();
        is_new.then(|| s.replaced(Source::key(node), format!("<key>{other}</key>")))
    }),
    ("preference that has a type", &["X083"], |s, r| {
        let node = r.pick(&domains(s))?;
        let other = r.pick(&[
            "com.apple.dock",
            "com.apple.finder",
            "com.apple.screensaver",
        ])?;
        let is_new = node.parent()?.get(other).is_none();
        is_new.then(|| s.replaced(Source::key(node), format!("<key>{other}</key>")))
    }),
    ("script at login", &["X084"], |s, r| {
        let hook = "<string>/Library/hook.sh</string>";
        in_settings(s, r, "com.apple.loginwindow", "LoginHook", hook)
    }),
    ("weak key", &["X085"], |s, r| {
        let request = of_type(s, r, "com.apple.security.scep")?.get("PayloadContent")?;
        let (key, value) = r.pick(&[
            ("Keysize", "<integer>1024</integer>"),
            ("Key Usage", "<integer>0</integer>"),
            ("URL", "<string>http://scep.company.com/</string>"),
            ("KeyIsExtractable", "<true/>"),
        ])?;
        put(s, request, key, value)
    }),
];

const WIFI: &str = "com.apple.wifi.managed";
const PROXY: &str = "com.apple.proxy.http.global";
const DNS: &str = "com.apple.dnsSettings.managed";

const CERTIFICATES: [&str; 3] = [
    "com.apple.security.root",
    "com.apple.security.pem",
    "com.apple.security.pkcs1",
];

/// Switches that protect a Mac as long as they are on: domain and key.
const PROTECTIONS: &[(&str, &str)] = &[
    ("com.apple.security.firewall", "EnableFirewall"),
    ("com.apple.SoftwareUpdate", "AutomaticCheckEnabled"),
    ("com.apple.SoftwareUpdate", "ConfigDataInstall"),
    ("com.apple.SoftwareUpdate", "CriticalUpdateInstall"),
    (
        "com.apple.applicationaccess",
        "allowRapidSecurityResponseInstallation",
    ),
    ("com.apple.screensaver", "askForPassword"),
];

/// The bytes that a PEM file stands for, as an element.
fn data(pem: &str) -> String {
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    format!("<data>{body}</data>")
}

/// One of the payloads that bring a certificate.
fn certificate<'a>(source: &'a Source, random: &mut Random) -> Option<NodeRef<'a>> {
    let mut found = source.payloads();
    found.retain(|one| type_of(*one).is_some_and(|name| CERTIFICATES.contains(&name)));
    random.pick(&found)
}

/// One of the payloads of a type.
fn of_type<'a>(source: &'a Source, random: &mut Random, kind: &str) -> Option<NodeRef<'a>> {
    let mut found = source.payloads();
    found.retain(|one| type_of(*one) == Some(kind));
    random.pick(&found)
}

fn in_type(s: &Source, r: &mut Random, kind: &str, key: &str, element: &str) -> Option<Change> {
    put(s, of_type(s, r, kind)?, key, element)
}

/// The same with the settings of a domain, whether it comes as a payload or among preferences.
fn in_settings(s: &Source, r: &mut Random, name: &str, key: &str, element: &str) -> Option<Change> {
    let mut found = settings(s);
    found.retain(|(domain, _)| *domain == name);
    let (_, node) = r.pick(&found)?;
    put(s, node, key, element)
}

/// The domains of all preferences.
fn domains(source: &Source) -> Vec<NodeRef<'_>> {
    let mut payloads = source.payloads();
    let kind = "com.apple.ManagedClient.preferences";
    payloads.retain(|one| type_of(*one) == Some(kind));
    let contents = payloads.iter().filter_map(|one| one.get("PayloadContent"));
    contents
        .flat_map(NodeRef::entries)
        .map(|(_, node)| node)
        .collect()
}

/// A payload of another type; what is wrong is the payload.
fn retyped(source: &Source, random: &mut Random, kind: &str) -> Option<Change> {
    let payload = random.pick(&source.payloads())?;
    let node = payload.get("PayloadType")?;
    let (range, at) = (Source::element(node), Source::entry(payload).start);
    Some(source.replaced_with_fault_of(range, format!("<string>{kind}</string>"), at))
}

fn encryption(source: &Source, random: &mut Random, other: &str) -> Option<Change> {
    let element = format!("<string>{other}</string>");
    in_type(source, random, WIFI, "EncryptionType", &element)
}

/// A network with 802.1X of this content, of which a part is wrong.
fn eap(source: &Source, random: &mut Random, content: &str) -> Option<Change> {
    let element = format!("<dict>{content}</dict>");
    let network = of_type(source, random, WIFI)?;
    put_inside(source, network, "EAPClientConfiguration", &element)
}
