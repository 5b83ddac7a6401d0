//! The payload types that Apple publishes, as facts.
//!
//! Read from the `release` branch of `apple/device-management` at commit b6202ca, 2024-10-21 (iOS
//! 18.1, macOS 15.1). Knows nothing of rules. Invariant: both tables are sorted by name, byte by
//! byte, since they are searched by bisection.

/// One payload type of Apple's schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AppleType {
    /// The exact text of `PayloadType`.
    pub(crate) name: &'static str,
    /// Whether one profile may hold several: what the schema says for macOS, else for the systems
    /// that know the type. A type described by several schema files may if any of them allows it.
    pub(crate) multiple: bool,
}

const fn many(name: &'static str) -> AppleType {
    AppleType {
        name,
        multiple: true,
    }
}

const fn one(name: &'static str) -> AppleType {
    AppleType {
        name,
        multiple: false,
    }
}

/// Every payload type of the schema, sorted.
pub(crate) const SCHEMA_TYPES: &[AppleType] = &[
    one(".GlobalPreferences"),
    many("com.apple.ADCertificate.managed"),
    many("com.apple.AIM.account"),
    one("com.apple.AssetCache.managed"),
    one("com.apple.Dictionary"),
    many("com.apple.DirectoryService.managed"),
    one("com.apple.DiscRecording"),
    many("com.apple.MCX"),
    one("com.apple.MCX.FileVault2"),
    one("com.apple.MCX.TimeMachine"),
    many("com.apple.ManagedClient.preferences"),
    many("com.apple.NSExtension"),
    one("com.apple.SetupAssistant.managed"),
    one("com.apple.ShareKitHelper"),
    one("com.apple.SoftwareUpdate"),
    one("com.apple.SystemConfiguration"),
    many("com.apple.TCC.configuration-profile-policy"),
    many("com.apple.airplay"),
    one("com.apple.airplay.security"),
    many("com.apple.airprint"),
    one("com.apple.apn.managed"),
    one("com.apple.app.lock"),
    many("com.apple.applicationaccess"),
    many("com.apple.applicationaccess.new"),
    one("com.apple.appstore"),
    one("com.apple.asam"),
    many("com.apple.associated-domains"),
    many("com.apple.caldav.account"),
    many("com.apple.carddav.account"),
    one("com.apple.cellular"),
    many("com.apple.cellularprivatenetwork.managed"),
    one("com.apple.conferenceroomdisplay"),
    one("com.apple.configurationprofile.identification"),
    one("com.apple.dashboard"),
    many("com.apple.declarations"),
    one("com.apple.desktop"),
    one("com.apple.dnsProxy.managed"),
    many("com.apple.dnsSettings.managed"),
    one("com.apple.dock"),
    one("com.apple.domains"),
    many("com.apple.eas.account"),
    one("com.apple.education"),
    many("com.apple.ews.account"),
    many("com.apple.extensiblesso"),
    one("com.apple.familycontrols.contentfilter"),
    one("com.apple.familycontrols.timelimits.v2"),
    one("com.apple.fileproviderd"),
    one("com.apple.finder"),
    one("com.apple.firstactiveethernet.managed"),
    one("com.apple.firstethernet.managed"),
    many("com.apple.font"),
    one("com.apple.gamed"),
    one("com.apple.globalethernet.managed"),
    many("com.apple.google-oauth"),
    one("com.apple.homescreenlayout"),
    one("com.apple.ironwood.support"),
    many("com.apple.jabber.account"),
    many("com.apple.ldap.account"),
    many("com.apple.loginitems.managed"),
    many("com.apple.loginwindow"),
    one("com.apple.lom"),
    many("com.apple.mail.managed"),
    one("com.apple.mcxMenuExtras"),
    one("com.apple.mcxloginscripts"),
    one("com.apple.mcxprinting"),
    one("com.apple.mdm"),
    many("com.apple.mobiledevice.passwordpolicy"),
    one("com.apple.networkusagerules"),
    many("com.apple.notificationsettings"),
    many("com.apple.osxserver.account"),
    one("com.apple.preference.security"),
    one("com.apple.preference.users"),
    one("com.apple.profileRemovalPassword"),
    one("com.apple.proxy.http.global"),
    many("com.apple.relay.managed"),
    one("com.apple.screensaver"),
    one("com.apple.screensaver.user"),
    one("com.apple.secondactiveethernet.managed"),
    one("com.apple.secondethernet.managed"),
    one("com.apple.security.FDERecoveryKeyEscrow"),
    one("com.apple.security.FDERecoveryRedirect"),
    many("com.apple.security.acme"),
    many("com.apple.security.certificatepreference"),
    many("com.apple.security.certificaterevocation"),
    many("com.apple.security.certificatetransparency"),
    many("com.apple.security.firewall"),
    many("com.apple.security.identitypreference"),
    many("com.apple.security.pem"),
    many("com.apple.security.pkcs1"),
    many("com.apple.security.pkcs12"),
    many("com.apple.security.root"),
    many("com.apple.security.scep"),
    one("com.apple.security.smartcard"),
    many("com.apple.security.wapi-identity"),
    many("com.apple.servicemanagement"),
    one("com.apple.shareddeviceconfiguration"),
    one("com.apple.sso"),
    many("com.apple.subscribedcalendar.account"),
    many("com.apple.syspolicy.kernel-extension-policy"),
    many("com.apple.system-extension-policy"),
    many("com.apple.system.logging"),
    one("com.apple.systemmigration"),
    many("com.apple.systempolicy.control"),
    many("com.apple.systempolicy.managed"),
    many("com.apple.systempolicy.rule"),
    one("com.apple.systempreferences"),
    one("com.apple.systemuiserver"),
    one("com.apple.thirdactiveethernet.managed"),
    one("com.apple.thirdethernet.managed"),
    one("com.apple.tvremote"),
    one("com.apple.universalaccess"),
    many("com.apple.vpn.managed"),
    many("com.apple.vpn.managed.applayer"),
    one("com.apple.vpn.managed.appmapping"),
    many("com.apple.webClip.managed"),
    many("com.apple.webcontent-filter"),
    many("com.apple.wifi.managed"),
    one("com.apple.xsan"),
    many("com.apple.xsan.preferences"),
    one("loginwindow"),
];

/// Preference domains of Apple's own software, sorted. The schema does not list them, but macOS takes
/// a domain as a payload type and manages its preferences, and real profiles rely on that.
pub(crate) const PREFERENCE_DOMAINS: &[&str] = &[
    "com.apple.Accessibility",
    "com.apple.ActivityMonitor",
    "com.apple.AdLib",
    "com.apple.AddressBook",
    "com.apple.AppStore",
    "com.apple.AppleMultitouchMouse",
    "com.apple.AppleMultitouchTrackpad",
    "com.apple.BezelServices",
    "com.apple.Bluetooth",
    "com.apple.CrashReporter",
    "com.apple.DiskUtility",
    "com.apple.FaceTime",
    "com.apple.HIToolbox",
    "com.apple.ImageCapture",
    "com.apple.LaunchServices",
    "com.apple.MCXBluetooth",
    "com.apple.MCXPrinting",
    "com.apple.Maps",
    "com.apple.Music",
    "com.apple.NetworkBrowser",
    "com.apple.Notes",
    "com.apple.Photos",
    "com.apple.Preview",
    "com.apple.RemoteDesktop",
    "com.apple.RemoteManagement",
    "com.apple.Safari",
    "com.apple.Safari.SandboxBroker",
    "com.apple.Siri",
    "com.apple.Spotlight",
    "com.apple.SubmitDiagInfo",
    "com.apple.TV",
    "com.apple.Terminal",
    "com.apple.TextEdit",
    "com.apple.TimeMachine",
    "com.apple.WindowManager",
    "com.apple.assistant.support",
    "com.apple.commerce",
    "com.apple.controlcenter",
    "com.apple.desktopservices",
    "com.apple.digihub",
    "com.apple.driver.AppleBluetoothMultitouch.mouse",
    "com.apple.driver.AppleBluetoothMultitouch.trackpad",
    "com.apple.driver.AppleHIDMouse",
    "com.apple.dt.Xcode",
    "com.apple.frameworks.diskimages",
    "com.apple.iCal",
    "com.apple.iChat",
    "com.apple.iTunes",
    "com.apple.mDNSResponder",
    "com.apple.mail",
    "com.apple.menuextra.battery",
    "com.apple.menuextra.clock",
    "com.apple.ncprefs",
    "com.apple.networkConnect",
    "com.apple.podcasts",
    "com.apple.preferences.sharing.SharingPrefsExtension",
    "com.apple.print.PrintingPrefs",
    "com.apple.screencapture",
    "com.apple.screensaver.ByHost",
    "com.apple.security",
    "com.apple.sharingd",
    "com.apple.spaces",
    "com.apple.symbolichotkeys",
    "com.apple.trackpad",
];

/// The schema's entry for a type, if it has one of exactly this name.
pub(crate) fn schema_type(name: &str) -> Option<AppleType> {
    let found = SCHEMA_TYPES.binary_search_by(|entry| entry.name.cmp(name));
    found.ok().map(|index| SCHEMA_TYPES[index])
}

/// Whether macOS has a preference domain of exactly this name.
pub(crate) fn is_preference_domain(name: &str) -> bool {
    PREFERENCE_DOMAINS.binary_search(&name).is_ok()
}

/// The right spelling of a name that differs from a known one in case only.
pub(crate) fn right_case(name: &str) -> Option<&'static str> {
    let schema = SCHEMA_TYPES.iter().map(|entry| entry.name);
    schema
        .chain(PREFERENCE_DOMAINS.iter().copied())
        .find(|known| known.eq_ignore_ascii_case(name))
        .filter(|known| *known != name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tables are sorted and without repetition, so that bisection finds every entry.
    #[test]
    fn tables_are_sorted() {
        assert!(
            SCHEMA_TYPES
                .windows(2)
                .all(|pair| pair[0].name < pair[1].name)
        );
        assert!(PREFERENCE_DOMAINS.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(
            PREFERENCE_DOMAINS
                .iter()
                .all(|name| schema_type(name).is_none())
        );
    }

    /// Known names are found, and a name in the wrong case is led to the right one.
    #[test]
    fn names_are_found() {
        assert_eq!(
            schema_type("com.apple.dock").map(|entry| entry.multiple),
            Some(false)
        );
        assert_eq!(
            schema_type("com.apple.wifi.managed").map(|entry| entry.multiple),
            Some(true)
        );
        assert!(is_preference_domain("com.apple.Safari"));
        assert_eq!(
            right_case("com.apple.webclip.managed"),
            Some("com.apple.webClip.managed")
        );
        assert_eq!(right_case("com.apple.safari"), Some("com.apple.Safari"));
        assert_eq!(right_case("com.apple.dock"), None);
    }
}
