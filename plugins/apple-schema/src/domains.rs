//! The preference domains of Apple's own software that its schema does not list.
//!
//! macOS takes a domain as a payload type and manages its preferences, and real profiles rely on
//! that. Knows no rule. Invariant: both lists are sorted byte by byte,
//! since they are searched by bisection.

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
    "com.apple.defaults.managed",
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

/// Types of Apple's schema that macOS hands over as preferences of a domain of that name, sorted. It
/// refuses none of their content: what an app reads works, also where the schema does not list it.
const MANAGED_DOMAINS: &[&str] = &[
    ".GlobalPreferences",
    "com.apple.Dictionary",
    "com.apple.DiscRecording",
    "com.apple.MCX",
    "com.apple.MCX.TimeMachine",
    "com.apple.SetupAssistant.managed",
    "com.apple.ShareKitHelper",
    "com.apple.SoftwareUpdate",
    "com.apple.SystemConfiguration",
    "com.apple.appstore",
    "com.apple.dashboard",
    "com.apple.desktop",
    "com.apple.dock",
    "com.apple.finder",
    "com.apple.gamed",
    "com.apple.ironwood.support",
    "com.apple.loginitems.managed",
    "com.apple.loginwindow",
    "com.apple.mcxMenuExtras",
    "com.apple.mcxprinting",
    "com.apple.preference.security",
    "com.apple.preference.users",
    "com.apple.screensaver",
    "com.apple.screensaver.user",
    "com.apple.systempreferences",
    "com.apple.systemuiserver",
    "com.apple.universalaccess",
    "loginwindow",
];

/// Whether a type of the schema is a preference domain at heart.
pub(crate) fn is_managed_domain(name: &str) -> bool {
    MANAGED_DOMAINS.binary_search(&name).is_ok()
}

/// Whether macOS has a preference domain of exactly this name.
pub(crate) fn is_preference_domain(name: &str) -> bool {
    PREFERENCE_DOMAINS.binary_search(&name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lists are sorted and without repetition, so that bisection finds every entry.
    #[test]
    fn sorted() {
        assert!(PREFERENCE_DOMAINS.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(MANAGED_DOMAINS.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(is_preference_domain("com.apple.Safari"));
        assert!(!is_preference_domain("com.apple.safari"));
    }
}
