//! What Apple's schema says of payload types, as far as these rules need it.
//!
//! Read from the `release` branch of `apple/device-management` at commit b6202ca, 2024-10-21 (iOS
//! 18.1, macOS 15.1). Knows nothing of rules. Invariant: every table is sorted, byte by byte.

/// Types of which a host may have one payload, whatever profile it is in. Left out are those that
/// belong to their profile (a removal password), those that [`EXCLUSIVE`] has, and types described
/// by several schema files of which one allows more.
const SINGLE: &[&str] = &[
    ".GlobalPreferences",
    "com.apple.AssetCache.managed",
    "com.apple.Dictionary",
    "com.apple.DiscRecording",
    "com.apple.MCX.FileVault2",
    "com.apple.MCX.TimeMachine",
    "com.apple.SetupAssistant.managed",
    "com.apple.ShareKitHelper",
    "com.apple.SoftwareUpdate",
    "com.apple.SystemConfiguration",
    "com.apple.airplay.security",
    "com.apple.appstore",
    "com.apple.asam",
    "com.apple.conferenceroomdisplay",
    "com.apple.dashboard",
    "com.apple.desktop",
    "com.apple.dnsProxy.managed",
    "com.apple.dock",
    "com.apple.domains",
    "com.apple.education",
    "com.apple.familycontrols.contentfilter",
    "com.apple.familycontrols.timelimits.v2",
    "com.apple.fileproviderd",
    "com.apple.finder",
    "com.apple.firstactiveethernet.managed",
    "com.apple.firstethernet.managed",
    "com.apple.gamed",
    "com.apple.globalethernet.managed",
    "com.apple.ironwood.support",
    "com.apple.lom",
    "com.apple.mcxMenuExtras",
    "com.apple.mcxloginscripts",
    "com.apple.mcxprinting",
    "com.apple.networkusagerules",
    "com.apple.preference.security",
    "com.apple.preference.users",
    "com.apple.screensaver",
    "com.apple.screensaver.user",
    "com.apple.secondactiveethernet.managed",
    "com.apple.secondethernet.managed",
    "com.apple.security.FDERecoveryKeyEscrow",
    "com.apple.security.FDERecoveryRedirect",
    "com.apple.security.smartcard",
    "com.apple.shareddeviceconfiguration",
    "com.apple.sso",
    "com.apple.systemmigration",
    "com.apple.systempreferences",
    "com.apple.systemuiserver",
    "com.apple.thirdactiveethernet.managed",
    "com.apple.thirdethernet.managed",
    "com.apple.tvremote",
    "com.apple.universalaccess",
    "com.apple.vpn.managed.appmapping",
    "com.apple.xsan",
    "loginwindow",
];

/// Types of which a device refuses a second payload, with the thing that there is one of.
const EXCLUSIVE: &[(&str, &str)] = &[
    ("com.apple.apn.managed", "set of cellular settings"),
    ("com.apple.app.lock", "app that a device is locked to"),
    ("com.apple.cellular", "set of cellular settings"),
    ("com.apple.homescreenlayout", "home screen layout"),
    ("com.apple.proxy.http.global", "global HTTP proxy"),
];

/// The type whose payloads are about single apps.
pub(crate) const NOTIFICATIONS: &str = "com.apple.notificationsettings";

/// Repeatable types of Apple's whose keys are settings of the whole device.
const SETTINGS: &[&str] = &[
    "com.apple.MCX",
    "com.apple.applicationaccess",
    "com.apple.applicationaccess.new",
    "com.apple.loginwindow",
    "com.apple.mobiledevice.passwordpolicy",
    "com.apple.security.firewall",
    "com.apple.systempolicy.control",
    "com.apple.systempolicy.managed",
];

/// Types that connect a device to a network.
const NETWORKS: &[&str] = &[
    "com.apple.apn.managed",
    "com.apple.cellular",
    "com.apple.cellularprivatenetwork.managed",
    "com.apple.firstactiveethernet.managed",
    "com.apple.firstethernet.managed",
    "com.apple.globalethernet.managed",
    "com.apple.secondactiveethernet.managed",
    "com.apple.secondethernet.managed",
    "com.apple.thirdactiveethernet.managed",
    "com.apple.thirdethernet.managed",
    "com.apple.wifi.managed",
];

/// Types that hold an identity: a certificate with its key.
const IDENTITIES: &[&str] = &[
    "com.apple.ADCertificate.managed",
    "com.apple.security.acme",
    "com.apple.security.pkcs12",
    "com.apple.security.scep",
];

/// The type that carries preferences of any domain.
pub(crate) const PREFERENCES: &str = "com.apple.ManagedClient.preferences";

/// The two types of restrictions, in which the stricter value wins.
pub(crate) const RESTRICTIONS: [&str; 2] = [
    "com.apple.applicationaccess",
    "com.apple.applicationaccess.new",
];

/// The type of rules for passcodes, in which the stricter value wins.
pub(crate) const PASSCODE: &str = "com.apple.mobiledevice.passwordpolicy";

pub(crate) fn is_single(kind: &str) -> bool {
    has(SINGLE, kind)
}

/// What there is one of, if a device refuses a second payload of the type.
pub(crate) fn exclusive(kind: &str) -> Option<&'static str> {
    let found = EXCLUSIVE.binary_search_by(|(name, _)| (*name).cmp(kind));
    found.ok().map(|at| EXCLUSIVE[at].1)
}

/// Whether the type's keys are settings that several payloads can give.
pub(crate) fn has_settings(kind: &str) -> bool {
    let is_apples = kind.starts_with("com.apple.");
    has(SETTINGS, kind) || !is_apples && !is_single(kind) && kind.contains('.')
}

pub(crate) fn is_network(kind: &str) -> bool {
    has(NETWORKS, kind)
}

pub(crate) fn is_identity(kind: &str) -> bool {
    has(IDENTITIES, kind)
}

fn has(table: &[&str], kind: &str) -> bool {
    table.binary_search(&kind).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every table is sorted, so that it can be searched, and no type is in two that exclude each
    /// other.
    #[test]
    fn tables() {
        for table in [SINGLE, SETTINGS, NETWORKS, IDENTITIES] {
            assert!(table.is_sorted());
        }
        assert!(EXCLUSIVE.is_sorted());
        assert!(EXCLUSIVE.iter().all(|(kind, _)| !is_single(kind)));
        assert!(SETTINGS.iter().all(|kind| !is_single(kind)));
    }
}
