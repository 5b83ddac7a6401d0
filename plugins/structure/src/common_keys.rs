//! The keys that Apple defines for every profile and every payload, and the shape of their values.
//!
//! Facts of `TopLevel.yaml` and `CommonPayloadKeys.yaml` of `apple/device-management` at commit
//! b6202ca (iOS 18.1, macOS 15.1).
//! Knows no rule. Invariant: none.

/// The keys of a profile's top level.
pub(crate) const TOP_LEVEL: &[&str] = &[
    "ConsentText",
    "DurationUntilRemoval",
    "EncryptedPayloadContent",
    "HasRemovalPasscode",
    "IsEncrypted",
    "PayloadContent",
    "PayloadDescription",
    "PayloadDisplayName",
    "PayloadExpirationDate",
    "PayloadIdentifier",
    "PayloadOrganization",
    "PayloadRemovalDisallowed",
    "PayloadScope",
    "PayloadType",
    "PayloadUUID",
    "PayloadVersion",
    "RemovalDate",
    "TargetDeviceType",
];

/// Keys that profile editors write, that no schema names and that devices pass over.
pub(crate) const HARMLESS: &[&str] = &["PayloadEnabled"];

/// The keys that every payload may have.
pub(crate) const PAYLOAD: &[&str] = &[
    "PayloadDescription",
    "PayloadDisplayName",
    "PayloadIdentifier",
    "PayloadOrganization",
    "PayloadType",
    "PayloadUUID",
    "PayloadVersion",
];

/// Whether `text` is a uuid written as 8-4-4-4-12 hexadecimal digits, in either case.
pub(crate) fn is_canonical_uuid(text: &str) -> bool {
    let groups: Vec<_> = text.split('-').collect();
    let lengths = groups.iter().map(|group| group.len());
    lengths.eq([8, 4, 4, 4, 12])
        && groups
            .iter()
            .all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Whether `text` is made of two or more labels with dots between, such as `com.company.wifi`; a
/// label is letters, digits, `-` and `_`.
pub(crate) fn is_reverse_dns(text: &str) -> bool {
    let is_label = |label: &str| {
        let mut bytes = label.bytes();
        !label.is_empty() && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    text.contains('.') && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only the form 8-4-4-4-12 counts as a canonical uuid.
    #[test]
    fn uuids() {
        assert!(is_canonical_uuid("606a707d-e587-420c-a932-88A2A430046C"));
        assert!(!is_canonical_uuid("606a707de587420ca93288a2a430046c"));
        assert!(!is_canonical_uuid("206DA067-8CBG-43C5-A3CB-10A683F98104"));
        assert!(!is_canonical_uuid("{606a707d-e587-420c-a932-88a2a430046c}"));
        assert!(!is_canonical_uuid(""));
    }

    /// A dot is needed, and no label may be empty or hold a space.
    #[test]
    fn reverse_dns() {
        assert!(is_reverse_dns("com.company.wi-fi_2"));
        for wrong in [
            "wifi",
            "com.company.",
            ".company",
            "com.my company",
            "com..a",
            "",
        ] {
            assert!(!is_reverse_dns(wrong), "{wrong}");
        }
    }
}
