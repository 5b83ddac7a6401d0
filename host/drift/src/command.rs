//! The commands that the engine chooses, and the uuids by which they come back.
//!
//! Knows nothing of their encoding. Invariant: a uuid is derived (keyed) from the store's
//! incarnation, the enrollment, its epoch, the era and a sequence number, so the same stored state
//! names the same command, no two commands of an enrollment share a uuid, and a report tells era and
//! sequence.

use hmac::{Hmac, Mac};
use mooring_mdm::ids::{CommandUuid, EnrollmentId, PayloadIdentifier};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::desired::Revision;
use crate::state::ERA_RANDOM_BITS;

/// One command to a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Asks which profiles are installed, all of them.
    ProfileList,
    /// Asks for the host's attributes.
    DeviceInformation,
    /// Installs a profile, over the top of an older revision.
    InstallProfile {
        /// The profile.
        identifier: PayloadIdentifier,
        /// Which revision of it.
        revision: Revision,
    },
    /// Removes a profile.
    RemoveProfile {
        /// The profile.
        identifier: PayloadIdentifier,
    },
    /// Installs the enrollment profile once more, so that the device gets a new identity.
    RenewIdentity {
        /// The enrollment profile, which is never part of drift.
        identifier: PayloadIdentifier,
    },
    /// Passes on a command that somebody else made and named.
    Raw {
        /// The uuid that its maker chose.
        uuid: CommandUuid,
        /// Apple's name of it.
        request_type: String,
        /// How often it was handed out without a report so far, this time included.
        deliveries: u8,
    },
}

impl Command {
    /// Apple's name for a command that is ours.
    pub fn request_type(&self) -> Option<RequestType> {
        Some(match self {
            Self::ProfileList => RequestType::ProfileList,
            Self::DeviceInformation => RequestType::DeviceInformation,
            Self::InstallProfile { .. } | Self::RenewIdentity { .. } => RequestType::InstallProfile,
            Self::RemoveProfile { .. } => RequestType::RemoveProfile,
            Self::Raw { .. } => return None,
        })
    }

    /// The profile of the catalog that the command changes, if it changes one.
    pub fn identifier(&self) -> Option<&PayloadIdentifier> {
        match self {
            Self::ProfileList
            | Self::DeviceInformation
            | Self::RenewIdentity { .. }
            | Self::Raw { .. } => None,
            Self::InstallProfile { identifier, .. } | Self::RemoveProfile { identifier } => {
                Some(identifier)
            }
        }
    }
}

/// Apple's name of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RequestType {
    /// `ProfileList`.
    ProfileList,
    /// `DeviceInformation`.
    DeviceInformation,
    /// `InstallProfile`.
    InstallProfile,
    /// `RemoveProfile`.
    RemoveProfile,
}

impl RequestType {
    /// Apple's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ProfileList => "ProfileList",
            Self::DeviceInformation => "DeviceInformation",
            Self::InstallProfile => "InstallProfile",
            Self::RemoveProfile => "RemoveProfile",
        }
    }
}

/// Which of an enrollment's commands one is, as its uuid tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    /// The server's era in which it was handed out.
    pub era: u32,
    /// Its sequence number.
    pub sequence: u32,
}

impl Number {
    /// Whether it is of a later era than `era`. Two that begin at the same old copy of a store are
    /// neither later nor earlier than the other.
    pub fn is_later_than(self, era: u32) -> bool {
        self.era >> ERA_RANDOM_BITS > era >> ERA_RANDOM_BITS
    }

    /// From where an enrollment counts on that learns of this command in an earlier era: above every
    /// sequence number of that era, and in order with other commands of the later one.
    pub fn place(self) -> u32 {
        let of_sequence = (1 << ERA_RANDOM_BITS) - 1;
        let floor = self.era & !of_sequence;
        if self.sequence >= floor {
            return self.sequence;
        }
        floor | (self.sequence & of_sequence)
    }
}

/// Names commands and recognises their names; made once from what the store keeps.
#[derive(Clone)]
pub struct CommandNames {
    keyed: Hmac<Sha256>,
}

impl std::fmt::Debug for CommandNames {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CommandNames(secret)")
    }
}

impl CommandNames {
    /// Names for one store: `key` is its secret, `incarnation` changes with every restore.
    ///
    /// # Panics
    /// Never: HMAC takes a key of any length.
    pub fn new(key: &[u8; 32], incarnation: [u8; 16]) -> Self {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mut keyed = Hmac::<Sha256>::new_from_slice(key).expect("any key length");
        keyed.update(b"mooring command 2");
        keyed.update(&incarnation);
        Self { keyed }
    }

    /// The uuid of command `number` of `enrollment` in `epoch`: the sequence number in clear, then
    /// 58 bits of a MAC, then the era in clear, in the form of a version 8 UUID (RFC 9562, section
    /// 5.8).
    pub fn name(&self, enrollment: &EnrollmentId, epoch: u32, number: Number) -> CommandUuid {
        let (sequence, era) = (number.sequence.to_be_bytes(), number.era.to_be_bytes());
        let mut mac = self.keyed.clone();
        for part in [epoch.to_be_bytes(), era, sequence] {
            mac.update(&part);
        }
        mac.update(enrollment.to_string().as_bytes());
        let tag = mac.finalize().into_bytes();
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&sequence);
        bytes[4..12].copy_from_slice(&tag[..8]);
        bytes[12..].copy_from_slice(&era);
        CommandUuid::from(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// The number of a uuid that was made for `enrollment` in `epoch`, in any era; `None` for any
    /// other uuid.
    pub fn number_of(
        &self,
        enrollment: &EnrollmentId,
        epoch: u32,
        uuid: &CommandUuid,
    ) -> Option<Number> {
        let text = uuid.as_str();
        let part = |digits: Option<&str>| u32::from_str_radix(digits?, 16).ok();
        let number = Number {
            era: part(text.get(text.len().checked_sub(8)?..))?,
            sequence: part(text.get(..8))?,
        };
        let genuine = self.name(enrollment, epoch, number);
        genuine
            .as_str()
            .eq_ignore_ascii_case(text)
            .then_some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name is recognised only with the key, incarnation, enrollment and epoch it was made for; it
    /// tells its sequence number and its era, and neither can be changed.
    #[test]
    fn names_are_bound_to_their_origin() {
        let a = EnrollmentId::parse("A").unwrap();
        let names = CommandNames::new(&[7; 32], [1; 16]);
        let number = Number {
            era: 5,
            sequence: 41,
        };
        let uuid = names.name(&a, 3, number);
        assert_eq!(names.name(&a, 3, number), uuid);
        assert_eq!(names.number_of(&a, 3, &uuid), Some(number));
        let lower = CommandUuid::parse(&uuid.as_str().to_lowercase()).unwrap();
        assert_eq!(names.number_of(&a, 3, &lower), Some(number));
        assert_eq!(names.number_of(&a, 4, &uuid), None);
        let b = EnrollmentId::parse("B").unwrap();
        assert_eq!(names.number_of(&b, 3, &uuid), None);
        let other = CommandNames::new(&[7; 32], [2; 16]);
        assert_eq!(other.number_of(&a, 3, &uuid), None);
        let later_era = uuid.as_str().replace("00000005", "00000006");
        let later = uuid.as_str().replace("00000029", "0000002A");
        for text in [
            later_era.as_str(),
            &later,
            "x",
            "00000029",
            "é0000000-0000-0000-0000-000000000000",
            "00000000-0000-0000-0000-00000000000é",
        ] {
            let uuid = CommandUuid::parse(text).unwrap();
            assert_eq!(names.number_of(&a, 3, &uuid), None, "{text}");
        }
    }

    /// A name is a version 8 UUID of the variant of RFC 9562, whatever its numbers are.
    #[test]
    fn names_are_uuids() {
        let names = CommandNames::new(&[7; 32], [1; 16]);
        for (era, sequence) in [(0, 0), (0, 1), (1 << 20, 300), (u32::MAX, u32::MAX)] {
            for enrollment in ["A", "A:B", "C", "D"] {
                let enrollment = EnrollmentId::parse(enrollment).unwrap();
                let number = Number { era, sequence };
                let name = names.name(&enrollment, u32::MAX, number);
                let read = uuid::Uuid::try_parse(name.as_str()).unwrap();
                assert_eq!(read.get_version(), Some(uuid::Version::Custom));
                assert_eq!(read.get_variant(), uuid::Variant::RFC4122);
                assert_eq!(names.number_of(&enrollment, u32::MAX, &name), Some(number));
            }
        }
    }

    /// A command of a later era lies above all that an earlier one counted, in order with others of
    /// its own, and a sequence number that was moved there once stays where it is.
    #[test]
    fn places_are_in_order() {
        let place = |count: u32, sequence: u32| {
            let era = (count << ERA_RANDOM_BITS) | 0x77;
            Number { era, sequence }.place()
        };
        assert_eq!(place(0, 500), 500);
        assert!(place(1, 1) > 1_000_000);
        assert!(place(1, 21) > place(1, 20));
        assert!(place(2, 1) > place(1, 500));
        let moved = place(2, 1) + 3;
        assert_eq!([place(1, moved), place(2, moved)], [moved; 2]);
        let last = u32::MAX >> ERA_RANDOM_BITS;
        assert!(place(last, 2_000) > place(last - 1, 2_000));
        assert!(place(last, 2_000) < u32::MAX - 1_000_000);
    }
}
