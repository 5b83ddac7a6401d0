//! The payload that makes a device managed: `com.apple.mdm`.
//!
//! Keys and values are those of Apple's schema for it. Knows nothing of how the identity is issued.
//! Invariant: the rights are what this server's own work needs and nothing that could lock, erase or
//! reconfigure a device. A right cannot be added later: devices refuse an update of the profile that
//! asks for more.

use mooring_sdk::Finding;

use crate::profile::Payload;
use crate::settings::Settings;
use mooring_sdk::plist::Value;

/// See the installed configuration profiles: `ProfileList`, which every comparison starts from.
const INSPECT_PROFILES: i64 = 1;
/// Install and remove configuration profiles. Apple demands `INSPECT_PROFILES` with it.
const CHANGE_PROFILES: i64 = 2;
/// Query device information: model, serial number, version of the system.
const QUERY_DEVICE: i64 = 16;
/// Query network information: MAC addresses and phone numbers, which are part of the same answer.
const QUERY_NETWORK: i64 = 32;
/// See the installed applications.
const INSPECT_APPLICATIONS: i64 = 256;
/// Query restrictions: what profiles add up to.
const QUERY_RESTRICTIONS: i64 = 512;
/// Query security: encryption, firewall, passcode compliance.
const QUERY_SECURITY: i64 = 1024;

/// `AccessRights`: 1843.
const ACCESS_RIGHTS: i64 = INSPECT_PROFILES
    | CHANGE_PROFILES
    | QUERY_DEVICE
    | QUERY_NETWORK
    | INSPECT_APPLICATIONS
    | QUERY_RESTRICTIONS
    | QUERY_SECURITY;

/// The payload, referring to the identity by the uuid of its payload.
pub(crate) fn payload(settings: &Settings, identity_uuid: &str) -> Payload {
    let mut entries = vec![
        ("IdentityCertificateUUID", Value::from(identity_uuid)),
        ("Topic", settings.topic.as_str().into()),
        ("ServerURL", settings.server_url.as_str().into()),
    ];
    let check_in_url = settings.check_in_url.as_deref();
    entries.extend(check_in_url.map(|url| ("CheckInURL", url.into())));
    if !settings.capabilities.is_empty() {
        let names = settings.capabilities.iter().map(|name| Value::from(*name));
        entries.push(("ServerCapabilities", Value::List(names.collect())));
    }
    entries.extend([
        ("SignMessage", Value::Boolean(settings.signs_messages)),
        ("CheckOutWhenRemoved", Value::Boolean(true)),
        (
            "UseDevelopmentAPNS",
            Value::Boolean(settings.is_development),
        ),
    ]);
    match settings.account.as_deref() {
        // User Enrollment has rights of its own and ignores these.
        Some(account) => entries.extend([
            ("EnrollmentMode", Value::from("BYOD")),
            ("AssignedManagedAppleID", account.into()),
        ]),
        None => entries.push(("AccessRights", Value::Integer(ACCESS_RIGHTS))),
    }
    Payload {
        slot: "mdm".to_owned(),
        kind: "com.apple.mdm",
        name: "Device management",
        settings: entries,
    }
}

/// What a person who hands out the profile should know.
pub(crate) fn notes(settings: &Settings) -> Vec<Finding> {
    if settings.account.is_some() {
        return Vec::new();
    }
    let message = "devices let this server see, install and remove profiles and query the device, \
                   its network, apps, restrictions and security; they refuse to be locked, erased, \
                   unlocked or reconfigured, or to have apps installed";
    let hint = "rights cannot be added to an enrolled device: it must enroll again";
    vec![Finding::info_document("access-rights", message).with_hint(hint)]
}
