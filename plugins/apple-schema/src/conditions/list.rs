//! The conditions themselves, each from the prose of Apple's data on the keys it names.
//!
//! Invariant: each is true on every system that takes the payload, or names its platform.

use super::Test::{Has, Is};
use super::Then::{Begins, Needs, NeedsOneOf, NeedsValue, Without};
use super::{Condition, Test, Then};
use crate::target::Platform;

const TOP: &[&str] = &[""];
const YES: &[&str] = &["true"];
const NO: &[&str] = &["false"];

const VPN: &str = "com.apple.vpn.managed";
const WIFI: &str = "com.apple.wifi.managed";
const DNS: &str = "com.apple.dnsSettings.managed";
const FILTER: &str = "com.apple.webcontent-filter";
const PROXY: &str = "com.apple.proxy.http.global";
const SSO: &str = "com.apple.extensiblesso";
const ACME: &str = "com.apple.security.acme";
const HOME: &str = "com.apple.homescreenlayout";
const MDM: &str = "com.apple.mdm";

/// Where a home screen has icons: the Dock, the pages, and the pages of folders in both.
const ICONS: &[&str] = &[
    "Dock/*",
    "Pages/*/*",
    "Dock/*/Pages/*/*",
    "Pages/*/*/Pages/*/*",
];

const fn must(
    payload: &'static str,
    within: &'static [&'static str],
    when: &'static [Test],
    then: Then,
) -> Condition {
    Condition {
        payload,
        within,
        when,
        then,
        is_error: true,
        on: None,
    }
}

const fn should(
    payload: &'static str,
    within: &'static [&'static str],
    when: &'static [Test],
    then: Then,
) -> Condition {
    Condition {
        is_error: false,
        ..must(payload, within, when, then)
    }
}

const fn on_mac(condition: Condition) -> Condition {
    Condition {
        on: Some(Platform::Macos),
        ..condition
    }
}

/// All conditions, by payload type.
pub(super) const CONDITIONS: &[Condition] = &[
    must(
        VPN,
        TOP,
        &[Is("VPNType", &["VPN", "TransparentProxy"])],
        Needs("VPNSubType"),
    ),
    must(VPN, TOP, &[Is("VPNType", &["IKEv2"])], Needs("IKEv2")),
    must(VPN, TOP, &[Is("VPNType", &["IPSec"])], Needs("IPSec")),
    must(VPN, TOP, &[Is("VPNType", &["L2TP"])], Needs("PPP")),
    must(VPN, TOP, &[Is("VPNType", &["VPN"])], Needs("VPN")),
    must(VPN, &["IKEv2"], &[Has("PPK")], Needs("PPKIdentifier")),
    must(VPN, &["IKEv2"], &[Has("PPKIdentifier")], Needs("PPK")),
    must(
        VPN,
        &["IKEv2"],
        &[Has("CertificateType"), Is("ExtendedAuthEnabled", YES)],
        Needs("ServerCertificateIssuerCommonName"),
    ),
    must(
        VPN,
        &["DNS"],
        &[Is("DNSProtocol", &["HTTPS"])],
        Needs("ServerURL"),
    ),
    must(
        VPN,
        &["DNS"],
        &[Is("DNSProtocol", &["TLS"])],
        Needs("ServerName"),
    ),
    must(VPN, &["Proxies"], &[Has("HTTPProxy")], Needs("HTTPPort")),
    must(VPN, &["Proxies"], &[Has("HTTPSProxy")], Needs("HTTPSPort")),
    must(
        DNS,
        &["DNSSettings"],
        &[Is("DNSProtocol", &["HTTPS"])],
        Needs("ServerURL"),
    ),
    must(
        DNS,
        &["DNSSettings"],
        &[Is("DNSProtocol", &["TLS"])],
        Needs("ServerName"),
    ),
    must(
        DNS,
        &["DNSSettings"],
        &[Is("DNSProtocol", &["HTTPS"])],
        Begins("ServerURL", "https://"),
    ),
    must(
        FILTER,
        TOP,
        &[Is("FilterType", &["Plugin"])],
        Needs("UserDefinedName"),
    ),
    must(
        FILTER,
        TOP,
        &[Is("FilterType", &["Plugin"])],
        Needs("PluginBundleID"),
    ),
    on_mac(must(
        FILTER,
        TOP,
        &[Is("FilterType", &["Plugin"]), Is("FilterSockets", YES)],
        Needs("FilterDataProviderBundleIdentifier"),
    )),
    on_mac(must(
        FILTER,
        TOP,
        &[Is("FilterType", &["Plugin"]), Is("FilterPackets", YES)],
        Needs("FilterPacketProviderBundleIdentifier"),
    )),
    on_mac(must(
        FILTER,
        TOP,
        &[Is("FilterType", &["Plugin"]), Is("FilterPackets", YES)],
        Needs("FilterPacketProviderDesignatedRequirement"),
    )),
    should(
        FILTER,
        TOP,
        &[Has("PermittedURLs")],
        NeedsValue("AutoFilterEnabled", YES),
    ),
    must(
        PROXY,
        TOP,
        &[Is("ProxyType", &["Manual"])],
        Needs("ProxyServer"),
    ),
    must(
        PROXY,
        TOP,
        &[Is("ProxyType", &["Manual"])],
        Needs("ProxyServerPort"),
    ),
    must(
        WIFI,
        TOP,
        &[Is("ProxyType", &["Manual"])],
        Needs("ProxyServer"),
    ),
    must(
        WIFI,
        TOP,
        &[Is("ProxyType", &["Manual"])],
        Needs("ProxyServerPort"),
    ),
    must(WIFI, TOP, &[], NeedsOneOf(&["SSID_STR", "DomainName"])),
    must(
        WIFI,
        &["EAPClientConfiguration"],
        &[Has("SystemModeCredentialsSource")],
        Without("SystemModeUseOpenDirectoryCredentials"),
    ),
    must(
        WIFI,
        &["EAPClientConfiguration"],
        &[Is("TLSMinimumVersion", &["1.3"])],
        Needs("OuterIdentity"),
    ),
    must(SSO, TOP, &[Is("Type", &["Redirect"])], Needs("URLs")),
    must(SSO, TOP, &[Is("Type", &["Credential"])], Needs("Hosts")),
    on_mac(must(SSO, TOP, &[], Needs("TeamIdentifier"))),
    must(
        SSO,
        &["PlatformSSO"],
        &[Is("EnableCreateUserAtLogin", YES)],
        NeedsValue("UseSharedDeviceKeys", YES),
    ),
    must(
        SSO,
        &["PlatformSSO"],
        &[Is("EnableAuthorization", YES)],
        NeedsValue("UseSharedDeviceKeys", YES),
    ),
    must(
        ACME,
        TOP,
        &[Is("HardwareBound", YES)],
        NeedsValue("KeyType", &["ECSECPrimeRandom"]),
    ),
    must(
        ACME,
        TOP,
        &[Is("HardwareBound", YES)],
        NeedsValue("KeySize", &["256", "384"]),
    ),
    must(
        ACME,
        TOP,
        &[Is("Attest", YES)],
        NeedsValue("HardwareBound", YES),
    ),
    must(ACME, TOP, &[], Begins("DirectoryURL", "https://")),
    must(MDM, TOP, &[], Begins("Topic", "com.apple.mgmt.")),
    must(
        HOME,
        ICONS,
        &[Is("Type", &["App", "Application"])],
        Needs("BundleID"),
    ),
    must(HOME, ICONS, &[Is("Type", &["WebClip"])], Needs("URL")),
    must(HOME, ICONS, &[Is("Type", &["Folder"])], Needs("Pages")),
    must(
        "com.apple.configurationprofile.identification",
        &["PayloadIdentification"],
        &[Is("AuthMethod", &["Password"])],
        Needs("Password"),
    ),
    must(
        "com.apple.airplay.security",
        TOP,
        &[Is("SecurityType", &["PASSWORD"])],
        Needs("Password"),
    ),
    must(
        "com.apple.familycontrols.contentfilter",
        TOP,
        &[Is("whiteListEnabled", YES)],
        Needs("siteWhitelist"),
    ),
    must(
        "com.apple.AssetCache.managed",
        TOP,
        &[Is("AllowPersonalCaching", NO)],
        NeedsValue("AllowSharedCaching", &["true", "absent"]),
    ),
    should(
        "com.apple.mobiledevice.passwordpolicy",
        TOP,
        &[Has("minutesUntilFailedLoginReset")],
        Needs("maxFailedAttempts"),
    ),
    should(
        "com.apple.screensaver",
        TOP,
        &[Is("askForPassword", YES)],
        Needs("askForPasswordDelay"),
    ),
    should(
        "com.apple.screensaver",
        TOP,
        &[Has("askForPasswordDelay")],
        NeedsValue("askForPassword", YES),
    ),
    must(
        "com.apple.ews.account",
        TOP,
        &[Has("OAuthSignInURL")],
        Needs("Host"),
    ),
];
