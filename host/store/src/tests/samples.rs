//! Records to store: every field filled, and drawn from a number so that a run can be repeated.

mod scope;
mod state;

use mooring_drift::command::RequestType;
use mooring_drift::desired::Secrets;
use mooring_drift::policy::Timestamp;
use mooring_drift::set::ProfileSet;
use mooring_mdm::device::Attributes;
use mooring_mdm::finding::{Finding, Severity};
use mooring_mdm::ids::{
    Channel, CommandUuid, EnrollmentId, HostId, PayloadIdentifier, PayloadUuid,
};

pub(crate) use scope::facts;

use crate::{
    Access, BuiltInRecord, Change, CommandOutcome, CommandRecord, EnrollmentRecord, Held, Origin,
    Pin, ProfileRecord, PushTarget, VersionRecord, Via,
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
        push: draw.maybe(push_target),
        unlock_token: draw.maybe(|d| d.bytes(2000)),
        user_short_name: draw.maybe(|d| d.text("user")),
        last_seen_at: draw.time(),
        sync: draw.state(),
        access: draw.access(),
        bootstrap_token: draw.maybe(|d| d.bytes(200)),
        is_awaiting_configuration: draw.maybe(|d| d.below(2) == 0),
        push_disabled_at: draw.maybe(Draw::time),
        token_updated_at: draw.maybe(Draw::time),
        token_updates: draw.small(),
        recent_messages: draw.many(|d| d.bytes(16).try_into().unwrap()),
        newest_signed_at: draw.maybe(Draw::time),
        recent_check_ins: draw.many(|d| d.bytes(16).try_into().unwrap()),
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
            secrets: self.maybe(|d| match d.below(3) {
                0 => Secrets::None,
                1 => Secrets::Encryptable,
                _ => Secrets::Fixed,
            }),
            placeholders: self.placeholders(),
            introduced: self.introduced(),
        }
    }

    fn access(&mut self) -> Access {
        let pin = |d: &mut Self| Pin {
            fingerprint: d.digest(),
            not_before: d.time(),
            not_after: d.time(),
            pinned_at: d.time(),
            is_rsa: d.below(2) == 0,
        };
        if self.below(4) == 0 {
            return Access::default();
        }
        Access {
            pins: self.many(pin),
            held: self.maybe(|d| Held {
                fingerprint: d.digest(),
                at: d.time(),
                reason: d.text("another identity "),
                push: d.maybe(push_target),
                not_before: d.time(),
                not_after: d.time(),
                is_rsa: d.below(2) == 0,
                unlock_token: d.maybe(|d| d.bytes(2000)),
                bootstrap_token: d.maybe(|d| d.bytes(200)),
            }),
            is_blocked: self.below(2) == 0,
            is_migrated: self.below(2) == 0,
            via: self.maybe(|d| match d.below(4) {
                0 => Via::None,
                1 => Via::Mtls,
                2 => Via::Signature,
                _ => Via::Header,
            }),
        }
    }

    fn severity(&mut self) -> Severity {
        match self.below(3) {
            0 => Severity::Info,
            1 => Severity::Warning,
            _ => Severity::Error,
        }
    }

    fn finding(&mut self) -> Finding {
        Finding {
            severity: self.severity(),
            rule: self.text("T"),
            message: self.text("a message "),
            hint: self.maybe(|d| d.text("do ")),
            fix: self.maybe(|d| d.text("rename ")),
            line: self.small(),
            column: self.small(),
            length: self.small(),
            source: self.text("plugin"),
            was: self.maybe(Self::severity),
            accepted: self.maybe(|d| d.text("since ")),
        }
    }

    pub(crate) fn set(&mut self) -> ProfileSet {
        ProfileSet::from_entries(self.many(|d| (d.identifier(), d.uuid())))
    }
}

fn push_target(draw: &mut Draw) -> PushTarget {
    PushTarget {
        topic: draw.text("com.apple.mgmt.External."),
        magic: draw.text("magic"),
        token: draw.bytes(32),
    }
}
