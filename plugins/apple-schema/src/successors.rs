//! What takes the place of payload types that Apple gives up.
//!
//! Apple's data says since when a type is deprecated, and names its successor in prose only, or not
//! at all; these are the declarations and payloads that cover the same settings. Knows no rule.
//! Invariant: sorted by type.

const SUCCESSORS: &[(&str, &str)] = &[
    (
        "com.apple.SoftwareUpdate",
        "the declaration com.apple.configuration.softwareupdate.settings",
    ),
    ("com.apple.apn.managed", "the payload com.apple.cellular"),
    (
        "com.apple.caldav.account",
        "the declaration com.apple.configuration.account.caldav",
    ),
    (
        "com.apple.carddav.account",
        "the declaration com.apple.configuration.account.carddav",
    ),
    (
        "com.apple.dnsProxy.managed",
        "the declaration com.apple.configuration.network.dns-proxy",
    ),
    (
        "com.apple.dnsSettings.managed",
        "the declaration com.apple.configuration.network.dns-settings",
    ),
    (
        "com.apple.eas.account",
        "the declaration com.apple.configuration.account.exchange",
    ),
    (
        "com.apple.ews.account",
        "the declaration com.apple.configuration.account.exchange",
    ),
    (
        "com.apple.extensiblesso",
        "the declaration com.apple.configuration.extensible-sso",
    ),
    (
        "com.apple.google-oauth",
        "the declaration com.apple.configuration.account.google",
    ),
    (
        "com.apple.ldap.account",
        "the declaration com.apple.configuration.account.ldap",
    ),
    (
        "com.apple.mail.managed",
        "the declaration com.apple.configuration.account.mail",
    ),
    (
        "com.apple.mobiledevice.passwordpolicy",
        "the declaration com.apple.configuration.passcode.settings",
    ),
    (
        "com.apple.relay.managed",
        "the declaration com.apple.configuration.network.relay",
    ),
    (
        "com.apple.security.FDERecoveryRedirect",
        "the payload com.apple.security.FDERecoveryKeyEscrow",
    ),
    (
        "com.apple.security.acme",
        "the declaration com.apple.configuration.security.identity",
    ),
    (
        "com.apple.security.scep",
        "the declaration com.apple.configuration.security.identity",
    ),
    (
        "com.apple.subscribedcalendar.account",
        "the declaration com.apple.configuration.account.subscribed-calendar",
    ),
    (
        "com.apple.systempreferences",
        "the key DisabledSystemSettings of the same payload",
    ),
    (
        "com.apple.webcontent-filter",
        "the declaration com.apple.configuration.webcontent-filter.plugin",
    ),
];

/// What to use in place of a payload type, if there is something.
pub(crate) fn successor(name: &str) -> Option<&'static str> {
    let found = SUCCESSORS.binary_search_by(|(known, _)| (*known).cmp(name));
    found.ok().map(|at| SUCCESSORS[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The list is sorted, so that bisection finds every entry.
    #[test]
    fn sorted() {
        assert!(SUCCESSORS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(successor("com.apple.SoftwareUpdate").is_some());
        assert!(successor("com.apple.dock").is_none());
    }
}
