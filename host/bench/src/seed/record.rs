//! The records of one host, as they would be after years of service.
//!
//! Knows nothing of the store's bytes. Invariant: they are what the server itself would have
//! written for a host in that state, so that nothing about them is due when it starts.

use std::collections::BTreeMap;

use mooring_drift::desired::Revision;
use mooring_drift::policy::Timestamp;
use mooring_drift::set::ProfileSet;
use mooring_drift::state::{
    Attempts, FailureReason, Hardware, NextAttempt, NotNow, Observed, Periodic, Phase, SyncState,
    Target,
};
use mooring_mdm::device::Attributes;
use mooring_mdm::error_chain::ErrorEntry;
use mooring_mdm::ids::{EnrollmentId, HostId, PayloadIdentifier, PayloadUuid};
use mooring_store::{Access, Change, EnrollmentRecord, Pin, PushTarget, Via};

use super::authority::Validity;
use super::plan::{Plan, Role, Seen};
use super::profiles::Known;
use crate::{BenchError, random};

const HOUR_MS: u64 = 3_600_000;
/// The last command of a host.
const SEQUENCE: u32 = 57;
/// States whose sets are kept to be used again: more hosts than that are alike in no fleet.
const KEPT_MAX: usize = 20_000;
const TOPIC: &str = "com.apple.mgmt.External.5f1d3c52-8a6e-4c1b-9d0e-2b7a4f6c8e31";
const MODELS: [&str; 4] = ["Mac14,2", "Mac15,12", "Mac15,3", "MacBookAir10,1"];
const SYSTEMS: [(&str, &str); 3] = [
    ("14.7.1", "23H222"),
    ("15.0.1", "24A348"),
    ("15.1", "24B83"),
];

/// What makes records.
pub(crate) struct Clerk<'a> {
    plan: &'a Plan,
    profiles: Vec<(PayloadIdentifier, PayloadUuid, PayloadUuid)>,
    validity: Validity,
    now: Timestamp,
    sets: BTreeMap<u32, ProfileSet>,
}

impl<'a> Clerk<'a> {
    /// For hosts of this plan that were seen about `now`.
    pub(crate) fn new(
        plan: &'a Plan,
        known: &[Known],
        validity: Validity,
        now: Timestamp,
    ) -> Result<Self, BenchError> {
        let read = |one: &Known| {
            let identifier = PayloadIdentifier::parse(&one.identifier)?;
            let uuids = (
                PayloadUuid::parse(&one.old_uuid)?,
                PayloadUuid::parse(&one.uuid)?,
            );
            Ok((identifier, uuids.0, uuids.1))
        };
        let profiles: Result<Vec<_>, BenchError> = known.iter().map(read).collect();
        Ok(Self {
            plan,
            profiles: profiles?,
            validity,
            now,
            sets: BTreeMap::new(),
        })
    }

    /// What has to be stored of a host; `fingerprint` is that of its certificate, if it has one.
    pub(crate) fn changes(
        &mut self,
        host: u32,
        fingerprint: Option<[u8; 32]>,
    ) -> Result<[Change; 2], BenchError> {
        let id = HostId::parse(&self.plan.udid(host))?;
        let serial = format!("BENCH{host:07}");
        // Over the last hour, so that what is due falls due one after the other.
        let drawn = random::mixed(u64::from(host) ^ 0xa11);
        let at = Timestamp(self.now.0.saturating_sub(drawn % HOUR_MS));
        let (os_version, build_version) = SYSTEMS[pick(drawn, SYSTEMS.len())];
        let attributes = Attributes {
            serial_number: Some(serial.clone()),
            model: Some(MODELS[pick(drawn >> 8, MODELS.len())].to_owned()),
            device_name: Some(format!("Mac of user {host}")),
            os_version: Some(os_version.to_owned()),
            build_version: Some(build_version.to_owned()),
            is_supervised: Some(true),
        };
        let mut sync = self.sync(host, at, build_version);
        sync.hardware = Hardware {
            serial: Some(serial),
            ..Hardware::default()
        };
        let enrolled_at = Timestamp(at.0.saturating_sub(90 * 24 * HOUR_MS));
        let mut record = EnrollmentRecord::new(EnrollmentId::device(id.clone()), sync, at);
        record.push = Some(PushTarget {
            topic: TOPIC.to_owned(),
            magic: random::uuid(drawn, u64::from(host)),
            token: random::bytes(drawn, 1).to_vec(),
        });
        record.unlock_token = Some(random::bytes(drawn, 2).repeat(8));
        record.token_updated_at = Some(enrolled_at);
        record.token_updates = 1;
        record.access = Access {
            pins: vec![Pin {
                fingerprint: fingerprint.unwrap_or_else(|| random::bytes(drawn, 3)),
                not_before: Timestamp(self.validity.from_ms),
                not_after: Timestamp(self.validity.to_ms),
                pinned_at: enrolled_at,
                is_rsa: false,
            }],
            via: Some(Via::Header),
            ..Access::default()
        };
        let host = Change::Host {
            id,
            attributes,
            attributes_at: Some(at),
            enrolled_at,
        };
        Ok([host, Change::Enrollment(record)])
    }

    fn sync(&mut self, host: u32, at: Timestamp, build_version: &str) -> SyncState {
        let role = self.plan.role(host);
        let set = self.set(role);
        let answered = Periodic {
            answered_at: Some(at),
            ..Periodic::default()
        };
        let mut state = SyncState {
            epoch: 1,
            phase: Phase::Enrolled,
            sequence: SEQUENCE,
            delivered: set.clone(),
            observed: Some(Observed {
                set,
                unmanaged: Vec::new(),
                sequence: SEQUENCE,
                at,
            }),
            list: answered,
            attributes: answered,
            ..SyncState::new()
        };
        match role {
            Role::Idle | Role::Behind | Role::Silent(_) => {}
            Role::Failed => state.attempts.extend(self.failure(build_version)),
            Role::Busy => {
                state.not_now = Some(NotNow {
                    is_contact_over: true,
                    tally: 1,
                    push_at: Timestamp(self.now.0 + HOUR_MS),
                });
            }
        }
        state
    }

    fn failure(&self, build_version: &str) -> Option<(PayloadIdentifier, Attempts)> {
        let (identifier, _, wanted) = self.profiles.first()?;
        let entry = ErrorEntry {
            code: 4001,
            domain: "MCInstallationErrorDomain".to_owned(),
            description: "Profile Installation Failed".to_owned(),
        };
        let attempts = Attempts {
            target: Target::Present(Revision {
                version: 2,
                uuid: wanted.clone(),
            }),
            failed: 3,
            lost: 0,
            reason: Some(FailureReason::Error { chain: vec![entry] }),
            next: NextAttempt::Parked,
            build_version: Some(build_version.to_owned()),
        };
        Some((identifier.clone(), attempts))
    }

    /// The profiles that were seen on a host.
    fn set(&mut self, role: Role) -> ProfileSet {
        let state = match role {
            Role::Idle => 0,
            Role::Behind => return ProfileSet::empty(),
            Role::Silent(state) => state,
            // The first profile is missing, all others are there.
            Role::Failed | Role::Busy => 2,
        };
        if let Some(set) = self.sets.get(&state) {
            return set.clone();
        }
        let seen = self.profiles.iter().enumerate();
        let seen = seen.filter_map(|(at, (identifier, older, wanted))| {
            let uuid = match Plan::seen(state, at) {
                Seen::Wanted => wanted,
                Seen::Older => older,
                Seen::Missing => return None,
            };
            Some((identifier.clone(), uuid.clone()))
        });
        let set = ProfileSet::from_entries(seen.collect());
        if self.sets.len() < KEPT_MAX {
            self.sets.insert(state, set.clone());
        }
        set
    }
}

fn pick(drawn: u64, of: usize) -> usize {
    usize::try_from(drawn % of.max(1) as u64).unwrap_or(0)
}
