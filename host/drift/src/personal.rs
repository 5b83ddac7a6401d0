//! The uuids of profiles that are filled with the values of one host.
//!
//! A host whose values changed must get the profile anew, so the values have a part in the uuid;
//! a device shows uuids to anybody, so without the key they say nothing of the values. Knows
//! nothing of profiles or of where values come from. Invariant: a uuid is derived (keyed) from
//! the version's own and the values, the same for the same; and every uuid that was ever made for
//! a version is recognised, whatever the values were. It is not bound to the store's incarnation:
//! what a restored store finds on devices is still its own.

use std::collections::BTreeMap;
use std::fmt;

use hmac::{Hmac, Mac};
use mooring_mdm::ids::PayloadUuid;
use mooring_mdm::profile::placeholder::Placeholder;
use sha2::Sha256;
use uuid::Uuid;

/// Names filled profiles and recognises their names; made once from what the store keeps.
#[derive(Clone)]
pub struct PersonalNames {
    keyed: Hmac<Sha256>,
}

impl fmt::Debug for PersonalNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonalNames(secret)")
    }
}

impl PersonalNames {
    /// Names for one store: `key` is its secret. It may be the key of the command names; the two
    /// never hash the same text.
    pub fn new(key: &[u8; 32]) -> Self {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mut keyed = Hmac::<Sha256>::new_from_slice(key).expect("any key length");
        keyed.update(b"mooring personal 1");
        Self { keyed }
    }

    /// The uuid of a version that is filled with `values`, which are those of its placeholders
    /// and no others: 60 bits of a MAC of version and values, then 62 of a MAC of version and
    /// those, in the form of a version 8 UUID (RFC 9562, section 5.8).
    pub fn name(
        &self,
        version: &PayloadUuid,
        values: &BTreeMap<Placeholder, String>,
    ) -> PayloadUuid {
        let mut mac = self.begun(b'v', version);
        for (placeholder, value) in values {
            add(&mut mac, placeholder.to_string().as_bytes());
            add(&mut mac, value.as_bytes());
        }
        let tag = mac.finalize().into_bytes();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&tag[..16]);
        self.sealed(version, bytes).into()
    }

    /// Whether `uuid` was made for `version` here, with whatever values. Another server's, an
    /// author's or another version's passes with a chance of 1 in 2^62.
    pub fn is_made(&self, version: &PayloadUuid, uuid: &PayloadUuid) -> bool {
        Uuid::try_parse(uuid.as_str())
            .is_ok_and(|uuid| self.sealed(version, uuid.into_bytes()) == uuid)
    }

    /// The one uuid of this version that begins with the first half of `bytes`, as far as the
    /// form leaves it free.
    fn sealed(&self, version: &PayloadUuid, bytes: [u8; 16]) -> Uuid {
        let mut bytes = uuid::Builder::from_custom_bytes(bytes)
            .into_uuid()
            .into_bytes();
        let mut mac = self.begun(b'm', version);
        add(&mut mac, &bytes[..8]);
        let tag = mac.finalize().into_bytes();
        bytes[8..].copy_from_slice(&tag[..8]);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }

    fn begun(&self, purpose: u8, version: &PayloadUuid) -> Hmac<Sha256> {
        let mut mac = self.keyed.clone();
        mac.update(&[purpose]);
        add(&mut mac, version.as_str().as_bytes());
        mac
    }
}

/// Adds a text with its length, so that no two lists of texts are hashed alike.
fn add(mac: &mut Hmac<Sha256>, text: &[u8]) {
    mac.update(&(text.len() as u64).to_be_bytes());
    mac.update(text);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VERSION: &str = "0A1B2C3D-0000-5000-8000-00000000ABCD";

    fn names() -> PersonalNames {
        PersonalNames::new(&[7; 32])
    }

    fn uuid(text: &str) -> PayloadUuid {
        PayloadUuid::parse(text).unwrap()
    }

    fn values(of: &[(&str, &str)]) -> BTreeMap<Placeholder, String> {
        let named =
            |(name, value): &(&str, &str)| (Placeholder::parse(name).unwrap(), (*value).into());
        of.iter().map(named).collect()
    }

    /// The uuid of one version, key and values is pinned: another one would have every host
    /// install its profiles anew. It has the form of version 8, in upper case.
    #[test]
    fn the_form_is_pinned() {
        let of = values(&[("host.serial", "C02XYZ"), ("secret.wifi", "correct horse")]);
        let name = names().name(&uuid(VERSION), &of);
        assert_eq!(name.as_str(), "FBBB4373-BA03-8C73-AD31-C3ECB4266312");
    }

    /// Another version, key, placeholder or value, and the same texts divided otherwise, all give
    /// another uuid.
    #[test]
    fn everything_counts() {
        let of: [&[(&str, &str)]; 9] = [
            &[],
            &[("attribute.a", "")],
            &[("attribute.b", "")],
            &[("secret.a", "")],
            &[("attribute.a", "x")],
            &[("attribute.a", "x"), ("attribute.b", "")],
            &[("attribute.a", ""), ("attribute.b", "x")],
            &[("attribute.a", "xattribute.b")],
            &[("attribute.a", "X")],
        ];
        let mut seen = std::collections::BTreeSet::new();
        for key in [[7; 32], [8; 32]] {
            for version in [VERSION, "revision-a"] {
                for of in of {
                    let name = PersonalNames::new(&key).name(&uuid(version), &values(of));
                    assert!(seen.insert(name.clone()), "{version} {of:?}");
                    let (first, second) = name.as_str().split_at(18);
                    for half in [first, second] {
                        assert!(seen.insert(uuid(half)), "{version} {of:?}");
                    }
                }
            }
        }
    }

    /// Only the version it was made for, and the key it was made with, recognise a uuid; and
    /// other uuids, the version's own among them, are never taken for one.
    #[test]
    fn recognises_its_own_alone() {
        let name = names().name(&uuid(VERSION), &values(&[("host.id", "A")]));
        assert!(names().is_made(&uuid(VERSION), &name));
        let lower = uuid(&name.as_str().to_lowercase());
        assert!(names().is_made(&uuid(VERSION), &lower));
        assert!(!names().is_made(&uuid("revision-a"), &name));
        assert!(!PersonalNames::new(&[8; 32]).is_made(&uuid(VERSION), &name));
        for other in [
            VERSION,
            "revision-a",
            "",
            "00000000-0000-0000-0000-000000000000",
        ] {
            let other = PayloadUuid::parse(other).unwrap_or_else(|_| PayloadUuid::unreadable());
            assert!(!names().is_made(&uuid(VERSION), &other), "{other}");
        }
    }

    /// Nothing of the key is shown.
    #[test]
    fn debug_shows_no_key() {
        assert_eq!(format!("{:?}", names()), "PersonalNames(secret)");
    }

    proptest! {
        /// Whatever the values, the uuid is the same each time, is recognised without them, and
        /// is not once a single bit of it is another.
        #[test]
        fn made_uuids_are_recognised(
            serial in "\\PC{0,20}",
            secret in "\\PC{0,20}",
            version in "[A-Za-z0-9-]{1,40}",
            bit in 0..128u32,
        ) {
            let version = uuid(&version);
            let of = values(&[("host.serial", &serial), ("secret.wifi", &secret)]);
            let name = names().name(&version, &of);
            prop_assert_eq!(&name, &names().name(&version, &of));
            prop_assert!(names().is_made(&version, &name));
            let bits = Uuid::try_parse(name.as_str()).unwrap().as_u128();
            let flipped = PayloadUuid::from(Uuid::from_u128(bits ^ (1 << bit)));
            prop_assert!(!names().is_made(&version, &flipped));
        }
    }
}
