//! Catalogs, circumstances and states, drawn at random: what engines make, and what they never do.

use std::collections::BTreeSet;

use mooring_drift::command::Command;
use mooring_drift::desired::{
    Catalog, CatalogProfile, Circumstances, Hold, Personal, Revision, Secrets, System, Transport,
};
use mooring_drift::personal::PersonalNames;
use mooring_drift::policy::Timestamp;
use mooring_drift::set::ProfileSet;
use mooring_drift::state::{
    Attempts, FailureReason, InFlight, Lost, NextAttempt, NotNow, Observed, Periodic, Phase,
    SyncState, Target, Unproven,
};
use mooring_mdm::device::ListedProfile;
use mooring_mdm::ids::{Channel, CommandUuid, PayloadIdentifier, PayloadUuid};
use mooring_mdm::os::{OsVersion, Platform};
use mooring_mdm::profile::introduced::Introduction;

use crate::random::Random;

/// Identifiers; the last two are for users, the one before them has values of each host.
pub(crate) const PROFILES: u32 = 9;
const PERSONAL: u32 = 6;
const VERSIONS: u32 = 3;
pub(crate) const NOW: Timestamp = Timestamp(1_800_000_000_000);
const HOUR_MS: u64 = 3_600_000;

pub(crate) fn identifier(number: u32) -> PayloadIdentifier {
    PayloadIdentifier::parse(&format!("com.example.p{number}")).unwrap()
}

fn uuid(number: u32, version: u32) -> PayloadUuid {
    PayloadUuid::parse(&format!("uuid-{number}-{version}")).unwrap()
}

pub(crate) fn names() -> PersonalNames {
    PersonalNames::new(&[7; 32])
}

/// The uuid of a host's own copy; hosts with the same value share it.
fn own_uuid(version: u32, value: u32) -> PayloadUuid {
    use mooring_mdm::profile::placeholder::{HostField, Placeholder};
    let values = [(Placeholder::Host(HostField::Serial), format!("S{value}"))];
    names().name(&uuid(PERSONAL, version), &values.into())
}

/// The own copies of a host with this value: uuid and version.
pub(crate) fn own_copies(value: u32) -> Vec<(PayloadIdentifier, PayloadUuid, PayloadUuid)> {
    let versions = 1..=VERSIONS;
    let copy = |version| {
        (
            identifier(PERSONAL),
            own_uuid(version, value),
            uuid(PERSONAL, version),
        )
    };
    versions.map(copy).collect()
}

/// Whether the profile is the one with values.
pub(crate) fn is_personal(name: &PayloadIdentifier) -> bool {
    *name == identifier(PERSONAL)
}

pub(crate) fn profile(random: &mut Random, number: u32) -> CatalogProfile {
    let version = 1 + random.below(VERSIONS);
    let made: Vec<u32> = (1..=VERSIONS).filter(|_| !random.one_in(4)).collect();
    let is_personal = number == PERSONAL && !random.one_in(4);
    CatalogProfile {
        channel: if number >= PROFILES - 2 {
            Channel::User
        } else {
            Channel::Device
        },
        latest: Revision {
            version,
            uuid: uuid(number, version),
        },
        is_wanted: !random.one_in(4),
        secrets: match random.below(4) {
            0 => Secrets::Encryptable,
            1 => Secrets::Fixed,
            _ => Secrets::None,
        },
        made: made
            .into_iter()
            .map(|version| uuid(number, version))
            .collect(),
        personal: (number == PERSONAL).then(names),
        is_personal,
        introduced: if random.one_in(2) {
            let version = OsVersion::parse("15.0").unwrap();
            BTreeSet::from([Introduction {
                platform: Platform::MacOs,
                version,
            }])
        } else {
            BTreeSet::new()
        },
    }
}

pub(crate) fn circumstances(random: &mut Random, catalog: &Catalog, value: u32) -> Circumstances {
    let mut circumstances = Circumstances {
        transport: match random.below(6) {
            0 => Transport::Encrypted,
            1 => Transport::Open,
            _ => Transport::Private,
        },
        hold: random.one_in(12).then_some(Hold::Duplicate),
        system: (!random.one_in(4)).then(|| System {
            platform: Platform::MacOs,
            version: OsVersion::parse(["14.2", "15.1"][random.below(2) as usize]).unwrap(),
        }),
        ..Circumstances::default()
    };
    for number in 0..PROFILES {
        match random.below(10) {
            0 => drop(circumstances.outside.insert(identifier(number))),
            1 => drop(circumstances.waiting.insert(identifier(number))),
            _ => {}
        }
    }
    fill(&mut circumstances, catalog, value, random.one_in(4));
    circumstances
}

/// Says what a host's value makes of the profile with values.
pub(crate) fn fill(
    circumstances: &mut Circumstances,
    catalog: &Catalog,
    value: u32,
    is_missing: bool,
) {
    circumstances.personal.clear();
    let name = identifier(PERSONAL);
    let profile = catalog.profiles.get(&name);
    let Some(profile) = profile.filter(|profile| profile.is_personal) else {
        return;
    };
    let personal = if is_missing {
        Personal::Missing(vec!["host.serial".to_owned()])
    } else {
        let version = profile.latest.version;
        Personal::Filled(Revision {
            version,
            uuid: own_uuid(version, value),
        })
    };
    circumstances.personal.insert(name, personal);
}

fn any_uuid(random: &mut Random, number: u32, value: u32) -> PayloadUuid {
    match random.below(8) {
        0 => PayloadUuid::parse("somebody-else").unwrap(),
        1 | 2 if number == PERSONAL => own_uuid(1 + random.below(VERSIONS), random.below(2)),
        3.. if number == PERSONAL => own_uuid(1 + random.below(VERSIONS), value),
        _ => uuid(number, 1 + random.below(VERSIONS)),
    }
}

fn revision(random: &mut Random, number: u32, value: u32) -> Revision {
    let version = 1 + random.below(VERSIONS);
    let is_own = number == PERSONAL && !random.one_in(3);
    Revision {
        version,
        uuid: if is_own {
            own_uuid(version, value)
        } else {
            uuid(number, version)
        },
    }
}

fn some(random: &mut Random, one_in: u32) -> Vec<u32> {
    // Two more than there are: what is never in the catalog.
    (0..PROFILES + 2)
        .filter(|_| random.one_in(one_in))
        .collect()
}

fn ago(random: &mut Random) -> Timestamp {
    Timestamp(NOW.0 - u64::from(random.below(100)) * HOUR_MS)
}

fn soon(random: &mut Random) -> Timestamp {
    Timestamp(NOW.0 - HOUR_MS + u64::from(random.below(3)) * HOUR_MS)
}

/// Any state of a channel of a host with this value.
pub(crate) fn state(random: &mut Random, value: u32) -> SyncState {
    let mut state = SyncState::new();
    state.phase = match random.below(10) {
        0 => Phase::Authenticated,
        1 => Phase::CheckedOut,
        _ => Phase::Enrolled,
    };
    state.sequence = 10;
    if !random.one_in(5) {
        state.observed = Some(observed(random, value));
    }
    let delivered = some(random, 2).into_iter();
    let delivered = delivered.map(|n| (identifier(n), any_uuid(random, n, value)));
    state.delivered = ProfileSet::from_entries(delivered.collect());
    if random.one_in(2) {
        return state;
    }
    add_work(&mut state, random, value);
    state
}

fn observed(random: &mut Random, value: u32) -> Observed {
    let listed: Vec<_> = some(random, 2)
        .into_iter()
        .map(|n| (identifier(n), any_uuid(random, n, value)))
        .collect();
    let unmanaged = some(random, 8).into_iter().map(|n| ListedProfile {
        identifier: identifier(n),
        uuid: any_uuid(random, n, value),
        display_name: None,
    });
    Observed {
        unmanaged: unmanaged.collect(),
        set: ProfileSet::from_entries(listed),
        sequence: 5,
        at: ago(random),
    }
}

fn add_work(state: &mut SyncState, random: &mut Random, value: u32) {
    for number in some(random, 8) {
        let open = if random.one_in(2) {
            Unproven::Installed(revision(random, number, value))
        } else {
            Unproven::Removed
        };
        state.unproven.insert(identifier(number), open);
    }
    for number in some(random, 6) {
        let attempts = attempts(random, number, value);
        state.attempts.insert(identifier(number), attempts);
    }
    for number in some(random, 9) {
        state.resend.insert(identifier(number));
        let version = OsVersion::parse(["14.0", "15.1"][random.below(2) as usize]).unwrap();
        state.installed_on.insert(identifier(number), version);
    }
    for number in some(random, 9) {
        state.lost.push(Lost {
            sequence: 3 + random.below(5),
            identifier: identifier(number),
            target: Target::Absent,
        });
    }
    if random.one_in(4) {
        state.in_flight = Some(in_flight(random, value));
    }
    if random.one_in(5) {
        state.not_now = Some(NotNow {
            is_contact_over: !random.one_in(3),
            tally: 1,
            push_at: soon(random),
        });
    }
    state.last_lost = random.below(8);
    state.list_asked = random.one_in(6).then_some(7);
    let periodic = |random: &mut Random| Periodic {
        answered_at: (!random.one_in(3)).then(|| ago(random)),
        failed: 0,
        retry_at: random.one_in(4).then(|| soon(random)),
    };
    state.list = periodic(random);
    state.attributes = periodic(random);
    state.hardware.is_contradicted = random.one_in(10);
}

fn attempts(random: &mut Random, number: u32, value: u32) -> Attempts {
    Attempts {
        target: if random.one_in(3) {
            Target::Absent
        } else {
            Target::Present(revision(random, number, value))
        },
        failed: 1,
        lost: 0,
        reason: (!random.one_in(3)).then_some(FailureReason::NotProven),
        next: match random.below(3) {
            0 => NextAttempt::Now,
            1 => NextAttempt::At(soon(random)),
            _ => NextAttempt::Parked,
        },
        build_version: random.one_in(2).then(|| "24A1".to_owned()),
    }
}

fn in_flight(random: &mut Random, value: u32) -> InFlight {
    let number = random.below(PROFILES);
    let command = match random.below(4) {
        0 => Command::ProfileList,
        1 => Command::RemoveProfile {
            identifier: identifier(number),
        },
        2 => Command::Raw {
            uuid: CommandUuid::parse("raw").unwrap(),
            request_type: "Settings".to_owned(),
            deliveries: 1,
        },
        _ => Command::InstallProfile {
            identifier: identifier(number),
            revision: revision(random, number, value),
        },
    };
    InFlight {
        sequence: 10,
        command,
        at: NOW,
        in_reply_to: None,
        in_reply_to_raw: None,
    }
}
