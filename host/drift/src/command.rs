//! The commands that the engine chooses, and the uuids by which they come back.
//!
//! Knows nothing of their encoding. Invariant: a uuid is derived (keyed) from the store's
//! incarnation, the enrollment, its epoch and a sequence number, so the same stored state names
//! the same command, no two commands share a uuid, and a report tells its sequence number.

use hmac::{Hmac, Mac};
use mooring_mdm::ids::{CommandUuid, EnrollmentId, PayloadIdentifier};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::desired::Revision;

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
        keyed.update(b"mooring command 1");
        keyed.update(&incarnation);
        Self { keyed }
    }

    /// The uuid of command `sequence` of `enrollment` in `epoch`: the sequence number in clear,
    /// then 90 bits of a MAC, in the form of a version 8 UUID (RFC 9562, section 5.8).
    pub fn name(&self, enrollment: &EnrollmentId, epoch: u32, sequence: u32) -> CommandUuid {
        let mut mac = self.keyed.clone();
        mac.update(&epoch.to_be_bytes());
        mac.update(&sequence.to_be_bytes());
        mac.update(enrollment.to_string().as_bytes());
        let tag = mac.finalize().into_bytes();
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&sequence.to_be_bytes());
        bytes[4..].copy_from_slice(&tag[..12]);
        CommandUuid::from(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// The sequence number of a uuid that was made for `enrollment` in `epoch`; `None` for any
    /// other uuid.
    pub fn sequence_of(
        &self,
        enrollment: &EnrollmentId,
        epoch: u32,
        uuid: &CommandUuid,
    ) -> Option<u32> {
        let text = uuid.as_str().get(..8)?;
        let sequence = u32::from_str_radix(text, 16).ok()?;
        let genuine = self.name(enrollment, epoch, sequence);
        genuine
            .as_str()
            .eq_ignore_ascii_case(uuid.as_str())
            .then_some(sequence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name is recognised only with the key, incarnation, enrollment and epoch it was made for.
    #[test]
    fn names_are_bound_to_their_origin() {
        let a = EnrollmentId::parse("A").unwrap();
        let names = CommandNames::new(&[7; 32], [1; 16]);
        let uuid = names.name(&a, 3, 41);
        assert_eq!(names.name(&a, 3, 41), uuid);
        assert_eq!(names.sequence_of(&a, 3, &uuid), Some(41));
        let lower = CommandUuid::parse(&uuid.as_str().to_lowercase()).unwrap();
        assert_eq!(names.sequence_of(&a, 3, &lower), Some(41));
        assert_eq!(names.sequence_of(&a, 4, &uuid), None);
        assert_eq!(
            names.sequence_of(&EnrollmentId::parse("B").unwrap(), 3, &uuid),
            None
        );
        let other = CommandNames::new(&[7; 32], [2; 16]);
        assert_eq!(other.sequence_of(&a, 3, &uuid), None);
        for text in ["x", "00000029", "é0000000-0000-0000-0000-000000000000"] {
            let uuid = CommandUuid::parse(text).unwrap();
            assert_eq!(names.sequence_of(&a, 3, &uuid), None, "{text}");
        }
    }
}
