//! Records to store: every field filled, and drawn from a number so that a run can be repeated.

use std::collections::BTreeMap;

use mooring_drift::command::{Command, RequestType};
use mooring_drift::desired::Revision;
use mooring_drift::policy::Timestamp;
use mooring_drift::set::ProfileSet;
use mooring_drift::state::{
    Attempts, FailureReason, InFlight, Lost, NextAttempt, NotNow, Observed, Periodic, Phase,
    SyncState, Target, Unproven,
};
use mooring_mdm::device::{Attributes, ListedProfile};
use mooring_mdm::error_chain::ErrorEntry;
use mooring_mdm::finding::{Finding, Severity};
use mooring_mdm::ids::{
    Channel, CommandUuid, EnrollmentId, HostId, PayloadIdentifier, PayloadUuid,
};

use crate::{
    BuiltInRecord, Change, CommandOutcome, CommandRecord, EnrollmentRecord, Origin, ProfileRecord,
    PushTarget, VersionRecord,
};

pub(crate) fn host_id(text: &str) -> HostId {
    HostId::parse(text).unwrap()
}

pub(crate) fn enrollment_id(text: &str) -> EnrollmentId {
    EnrollmentId::parse(text).unwrap()
}

pub(crate) fn identifier(text: &str) -> PayloadIdentifier {
    PayloadIdentifier::parse(text).unwrap()
}

/// A new host with its device channel.
pub(crate) fn enroll(host: &str) -> Vec<Change> {
    let id = host_id(host);
    vec![
        host_change(id, 1),
        Change::Enrollment(enrollment(enrollment_id(host), 0, 1)),
    ]
}

pub(crate) fn host_change(id: HostId, seed: u64) -> Change {
    let mut draw = Draw(seed);
    Change::Host {
        id,
        attributes: Attributes {
            serial_number: draw.maybe(|d| d.text("serial")),
            model: draw.maybe(|d| d.text("Mac")),
            device_name: draw.maybe(|d| d.text("Ünï’s Mac")),
            os_version: draw.maybe(|d| d.text("15.")),
            build_version: draw.maybe(|d| d.text("24B")),
            is_supervised: draw.maybe(|d| d.below(2) == 0),
        },
        attributes_at: draw.maybe(Draw::time),
        enrolled_at: draw.time(),
    }
}

pub(crate) fn enrollment(id: EnrollmentId, revision: u64, seed: u64) -> EnrollmentRecord {
    let mut draw = Draw(seed);
    EnrollmentRecord {
        id,
        push: draw.maybe(|d| PushTarget {
            topic: d.text("com.apple.mgmt.External."),
            magic: d.text("magic"),
            token: d.bytes(32),
        }),
        unlock_token: draw.maybe(|d| d.bytes(2000)),
        user_short_name: draw.maybe(|d| d.text("user")),
        last_seen_at: draw.time(),
        sync: draw.state(),
        revision,
    }
}

pub(crate) fn profile(text: &str, revision: u64, versions: u32, seed: u64) -> ProfileRecord {
    let mut draw = Draw(seed);
    ProfileRecord {
        identifier: identifier(text),
        channel: if draw.below(2) == 0 {
            Channel::Device
        } else {
            Channel::User
        },
        origin: match draw.below(2) {
            0 => Origin::Uploaded,
            _ => Origin::BuiltIn {
                plugin: draw.text("com.mooring.plugin"),
            },
        },
        is_enabled: draw.below(2) == 0,
        deleted_at: draw.maybe(Draw::time),
        versions: (1..=versions)
            .map(|version| draw.version(version))
            .collect(),
        revision,
    }
}

pub(crate) fn command(enrollment: EnrollmentId, sequence: u32, seed: u64) -> CommandRecord {
    let mut draw = Draw(seed);
    CommandRecord {
        enrollment,
        sequence,
        uuid: CommandUuid::parse(&draw.text("command")).unwrap(),
        request_type: match draw.below(4) {
            0 => RequestType::ProfileList,
            1 => RequestType::DeviceInformation,
            2 => RequestType::InstallProfile,
            _ => RequestType::RemoveProfile,
        },
        identifier: draw.maybe(Draw::identifier),
        profile_version: draw.maybe(Draw::small),
        sent_at: draw.time(),
        closed_at: draw.maybe(Draw::time),
        outcome: draw.maybe(|d| match d.below(4) {
            0 => CommandOutcome::Acknowledged,
            1 => CommandOutcome::NotNow,
            2 => CommandOutcome::Lost,
            _ => CommandOutcome::Failed(d.failure()),
        }),
    }
}

pub(crate) fn builtin(text: &str, seed: u64) -> BuiltInRecord {
    let mut draw = Draw(seed);
    BuiltInRecord {
        identifier: identifier(text),
        is_enabled: draw.below(2) == 0,
        settings: format!("{{\"minutes\":{}}}", draw.below(60)),
    }
}

/// Draws values from a number (`SplitMix64`).
pub(crate) struct Draw(pub(super) u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn small(&mut self) -> u32 {
        u32::try_from(self.below(1000)).unwrap()
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(3) > 0).then(|| make(self))
    }

    fn many<T>(&mut self, make: impl Fn(&mut Self) -> T) -> Vec<T> {
        (0..self.below(4)).map(|_| make(self)).collect()
    }

    fn text(&mut self, start: &str) -> String {
        format!("{start}{}", self.below(10_000))
    }

    fn time(&mut self) -> Timestamp {
        Timestamp(self.next())
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.byte()).collect()
    }

    fn digest(&mut self) -> [u8; 32] {
        self.bytes(32).try_into().unwrap()
    }

    fn identifier(&mut self) -> PayloadIdentifier {
        identifier(&format!("com.example.{}", self.below(5)))
    }

    fn uuid(&mut self) -> PayloadUuid {
        PayloadUuid::parse(&format!("revision-{}", self.below(3))).unwrap()
    }

    fn version(&mut self, version: u32) -> VersionRecord {
        VersionRecord {
            version,
            uuid: self.uuid(),
            is_signed: self.below(2) == 0,
            display_name: self.maybe(|d| d.text("Name ")),
            scope: self.maybe(|d| d.text("System")),
            payload_types: self.many(|d| d.text("com.apple.")),
            content_digest: self.digest(),
            loose_digest: self.digest(),
            uploaded_digest: self.digest(),
            uploaded_uuid: self.maybe(|d| d.text("theirs")),
            findings: self.many(Self::finding),
            uploaded_at: self.time(),
            uploaded_by: self.text("admin"),
            source_name: self.text("file.mobileconfig"),
            bytes: self.small(),
        }
    }

    fn finding(&mut self) -> Finding {
        Finding {
            severity: match self.below(3) {
                0 => Severity::Info,
                1 => Severity::Warning,
                _ => Severity::Error,
            },
            rule: self.text("T"),
            message: self.text("a message "),
            hint: self.maybe(|d| d.text("do ")),
            line: self.small(),
            column: self.small(),
            source: self.text("plugin"),
        }
    }

    pub(crate) fn set(&mut self) -> ProfileSet {
        ProfileSet::from_entries(self.many(|d| (d.identifier(), d.uuid())))
    }

    fn failure(&mut self) -> FailureReason {
        let entry = |d: &mut Self| ErrorEntry {
            code: -i64::from(d.small()),
            domain: d.text("Domain"),
            description: d.text("it failed "),
        };
        match self.below(5) {
            0 => FailureReason::Error {
                chain: self.many(entry),
            },
            1 => FailureReason::CommandFormatError {
                chain: self.many(entry),
            },
            2 => FailureReason::NotProven,
            3 => FailureReason::IncompleteList {
                detail: self.text("entry "),
            },
            _ => FailureReason::Lost,
        }
    }

    fn in_flight(&mut self) -> InFlight {
        let command = match self.below(4) {
            0 => Command::ProfileList,
            1 => Command::DeviceInformation,
            2 => Command::InstallProfile {
                identifier: self.identifier(),
                revision: self.revision(),
            },
            _ => Command::RemoveProfile {
                identifier: self.identifier(),
            },
        };
        let in_reply_to = self.maybe(Self::small);
        InFlight {
            sequence: self.small(),
            command,
            at: self.time(),
            in_reply_to,
        }
    }

    fn attempts(&mut self) -> Attempts {
        Attempts {
            target: self.target(),
            failed: self.byte(),
            lost: self.byte(),
            reason: self.maybe(Self::failure),
            next: match self.below(3) {
                0 => NextAttempt::Now,
                1 => NextAttempt::At(self.time()),
                _ => NextAttempt::Parked,
            },
            build_version: self.maybe(|d| d.text("24B")),
        }
    }

    fn observed(&mut self) -> Observed {
        let listed = |d: &mut Self| ListedProfile {
            identifier: d.identifier(),
            uuid: d.uuid(),
            display_name: d.maybe(|d| d.text("Other ")),
        };
        Observed {
            set: self.set(),
            unmanaged: self.many(listed),
            sequence: self.small(),
            at: self.time(),
        }
    }

    fn periodic(&mut self) -> Periodic {
        Periodic {
            answered_at: self.maybe(Self::time),
            failed: self.byte(),
            retry_at: self.maybe(Self::time),
        }
    }

    fn lost(&mut self) -> Lost {
        Lost {
            sequence: self.small(),
            identifier: self.identifier(),
            target: self.target(),
        }
    }

    fn target(&mut self) -> Target {
        match self.below(2) {
            0 => Target::Present(self.revision()),
            _ => Target::Absent,
        }
    }

    fn revision(&mut self) -> Revision {
        Revision {
            version: self.small(),
            uuid: self.uuid(),
        }
    }

    fn unproven(&mut self) -> Unproven {
        match self.below(2) {
            0 => Unproven::Installed(self.revision()),
            _ => Unproven::Removed,
        }
    }

    pub(crate) fn state(&mut self) -> SyncState {
        let unproven: BTreeMap<_, _> = self
            .many(|d| (d.identifier(), d.unproven()))
            .into_iter()
            .collect();
        let attempts = self
            .many(|d| (d.identifier(), d.attempts()))
            .into_iter()
            .collect();
        SyncState {
            epoch: self.small(),
            phase: match self.below(3) {
                0 => Phase::Authenticated,
                1 => Phase::Enrolled,
                _ => Phase::CheckedOut,
            },
            sequence: self.small(),
            observed: self.maybe(Self::observed),
            delivered: self.set(),
            unproven,
            in_flight: self.maybe(Self::in_flight),
            lost: self.many(Self::lost),
            last_lost: self.small(),
            list_asked: self.maybe(Self::small),
            list: self.periodic(),
            attributes: self.periodic(),
            not_now: self.maybe(|d| NotNow {
                is_contact_over: d.below(2) == 0,
                tally: d.byte(),
                push_at: d.time(),
            }),
            attempts,
        }
    }
}
