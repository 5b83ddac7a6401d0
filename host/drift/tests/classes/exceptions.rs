//! What makes a host differ from one that simply has its profile, one thing at a time.

use mooring_drift::classes::{Classes, OwnCopies};
use mooring_drift::command::{Command, CommandNames};
use mooring_drift::desired::{
    Catalog, CatalogProfile, Circumstances, Revision, Secrets, System, Transport,
};
use mooring_drift::policy::{Policy, Timestamp};
use mooring_drift::set::ProfileSet;
use mooring_drift::state::{
    Attempts, FailureReason, InFlight, Lost, NextAttempt, NotNow, Observed, Phase, SyncState,
    Target, Unproven,
};
use mooring_drift::status::Status::{self, Applied, Failed, Pending, Unknown};
use mooring_mdm::device::ListedProfile;
use mooring_mdm::ids::{Channel, EnrollmentId, PayloadUuid};
use mooring_mdm::os::{OsVersion, Platform};
use mooring_mdm::profile::introduced::Introduction;

use crate::naive::{Host, World};
use crate::states::{NOW, identifier};

const HOUR_MS: u64 = 3_600_000;

fn uuid(text: &str) -> PayloadUuid {
    PayloadUuid::parse(text).unwrap()
}

fn version(text: &str) -> OsVersion {
    OsVersion::parse(text).unwrap()
}

fn latest() -> Revision {
    Revision {
        version: 2,
        uuid: uuid("two"),
    }
}

/// A host that has its one profile, proven a minute ago, and the catalog with it.
fn synced() -> (World, Host) {
    let wanted = CatalogProfile {
        channel: Channel::Device,
        latest: latest(),
        is_wanted: true,
        secrets: Secrets::None,
        made: [uuid("one"), uuid("two")].into(),
        personal: None,
        is_personal: false,
        introduced: [Introduction {
            platform: Platform::MacOs,
            version: version("15.0"),
        }]
        .into(),
    };
    let mut catalog = Catalog::default();
    catalog.profiles.insert(identifier(0), wanted);
    let world = World {
        catalog,
        policy: Policy::default(),
        names: CommandNames::new(&[1; 32], [2; 16]),
    };
    let mut state = SyncState::new();
    (state.phase, state.sequence) = (Phase::Enrolled, 10);
    state.attributes.answered_at = Some(NOW);
    let host = Host {
        value: 0,
        is_missing: false,
        can_have_user: true,
        build: Some("24B2"),
        circumstances: Circumstances {
            system: Some(System {
                platform: Platform::MacOs,
                version: version("15.1"),
            }),
            ..Circumstances::default()
        },
        channels: vec![(EnrollmentId::parse("host").unwrap(), state)],
        own: OwnCopies::NONE,
    };
    let mut host = host;
    list(&mut host, Some("two"));
    host.channels[0].1.delivered = ProfileSet::from_entries(vec![(identifier(0), uuid("two"))]);
    (world, host)
}

/// Has the device list this copy, or none.
fn list(host: &mut Host, copy: Option<&str>) {
    let entries = copy.map(|copy| (identifier(0), uuid(copy)));
    host.channels[0].1.observed = Some(Observed {
        set: ProfileSet::from_entries(entries.into_iter().collect()),
        unmanaged: Vec::new(),
        sequence: 5,
        at: Timestamp(NOW.0 - 60_000),
    });
}

fn tried(host: &mut Host, target: Target, has_failed: bool, next: NextAttempt) {
    let attempts = Attempts {
        target,
        failed: 1,
        lost: 0,
        reason: has_failed.then_some(FailureReason::NotProven),
        next,
        build_version: Some("24B2".to_owned()),
    };
    host.channels[0].1.attempts.insert(identifier(0), attempts);
}

fn open(host: &mut Host, change: Unproven) {
    host.channels[0].1.unproven.insert(identifier(0), change);
}

fn lost(host: &mut Host, sequence: u32) {
    let state = &mut host.channels[0].1;
    state.last_lost = sequence;
    state.lost.push(Lost {
        sequence,
        identifier: identifier(0),
        target: Target::Present(latest()),
    });
}

fn in_flight(host: &mut Host, command: Command) {
    host.channels[0].1.in_flight = Some(InFlight {
        sequence: 10,
        command,
        at: NOW,
        in_reply_to: None,
        in_reply_to_raw: None,
    });
}

fn unwanted(world: &mut World) {
    let profile = world.catalog.profiles.get_mut(&identifier(0));
    profile.unwrap().is_wanted = false;
}

/// Compares the word and the work with what is expected, and both with the engine's own.
#[track_caller]
fn check(change: impl FnOnce(&mut World, &mut Host), word: Option<Status>, has_work: bool) {
    let (mut world, mut host) = synced();
    change(&mut world, &mut host);
    let naive = world.judge(&host);
    assert_eq!(naive.profiles.get(&identifier(0)).copied(), word, "engine");
    assert_eq!(naive.has_work, has_work, "engine");

    let mut classes = Classes::new(&world.catalog);
    let group = classes.group(&host.circumstances, host.can_have_user);
    classes.place(7, group, &world.seen(&host));
    assert_eq!(classes.profile_status(7, &identifier(0)), word);
    assert_eq!(classes.has_work(7), has_work);
    assert_eq!(classes.status(7), naive.status);
}

fn soon() -> NextAttempt {
    NextAttempt::At(Timestamp(NOW.0 + HOUR_MS))
}

/// Proven is applied, a list that is too old says nothing, and without a list nothing is known.
#[test]
fn lists() {
    check(|_, _| {}, Some(Applied), false);
    check(
        |_, host| {
            let observed = host.channels[0].1.observed.as_mut().unwrap();
            observed.at = Timestamp(NOW.0 - 30 * 24 * HOUR_MS);
        },
        Some(Unknown),
        true,
    );
    check(
        |_, host| host.channels[0].1.observed = None,
        Some(Unknown),
        true,
    );
    check(|_, host| list(host, Some("one")), Some(Pending), true);
    check(|_, host| list(host, None), Some(Pending), true);
}

/// Acknowledged is not applied: only the closing list decides.
#[test]
fn acknowledged_changes() {
    let installed = |_: &mut World, host: &mut Host| open(host, Unproven::Installed(latest()));
    check(installed, Some(Pending), true);
    check(|_, host| open(host, Unproven::Removed), Some(Pending), true);
    check(
        |world, host| {
            unwanted(world);
            open(host, Unproven::Removed);
        },
        Some(Pending),
        true,
    );
    check(
        |_, host| {
            tried(host, Target::Present(latest()), true, NextAttempt::Now);
            open(host, Unproven::Installed(latest()));
        },
        Some(Pending),
        true,
    );
}

/// A command that the device has, or that was lost, leaves open what it did.
#[test]
fn commands_under_way() {
    let install = || Command::InstallProfile {
        identifier: identifier(0),
        revision: latest(),
    };
    check(|_, host| in_flight(host, install()), Some(Pending), false);
    check(
        |_, host| in_flight(host, Command::ProfileList),
        Some(Applied),
        false,
    );
    check(|_, host| lost(host, 7), Some(Pending), true);
    check(|_, host| lost(host, 4), Some(Applied), false);
}

/// Failed is failed until another version, another build, a person or a later attempt.
#[test]
fn attempts() {
    let to = || Target::Present(latest());
    let of = |next: NextAttempt, has_failed: bool, target: Target, build: &'static str| {
        move |_: &mut World, host: &mut Host| {
            list(host, None);
            tried(host, target, has_failed, next);
            host.build = Some(build);
        }
    };
    check(
        of(NextAttempt::Parked, true, to(), "24B2"),
        Some(Failed),
        false,
    );
    check(of(soon(), true, to(), "24B2"), Some(Failed), false);
    check(of(NextAttempt::Now, true, to(), "24B2"), Some(Failed), true);
    check(
        of(NextAttempt::Parked, true, to(), "24C3"),
        Some(Failed),
        true,
    );
    check(of(soon(), false, to(), "24B2"), Some(Pending), false);
    let before = Target::Present(Revision {
        version: 1,
        uuid: uuid("two"),
    });
    check(
        of(NextAttempt::Parked, true, before, "24B2"),
        Some(Pending),
        true,
    );
    check(
        of(NextAttempt::Parked, true, Target::Absent, "24B2"),
        Some(Pending),
        true,
    );
    check(
        |world, host| {
            unwanted(world);
            tried(host, Target::Absent, true, NextAttempt::Parked);
        },
        Some(Failed),
        false,
    );
}

/// What is there is installed once more where a person or a newer system asks for it.
#[test]
fn once_more() {
    let resend = |host: &mut Host| {
        host.channels[0].1.resend.insert(identifier(0));
    };
    let installed_on = |host: &mut Host, on: &str| {
        let state = &mut host.channels[0].1;
        state.installed_on.insert(identifier(0), version(on));
    };
    check(|_, host| resend(host), Some(Pending), true);
    check(|_, host| installed_on(host, "14.0"), Some(Pending), true);
    check(|_, host| installed_on(host, "15.0"), Some(Applied), false);
    check(
        |_, host| {
            installed_on(host, "14.0");
            host.circumstances.system = None;
        },
        Some(Applied),
        false,
    );
}

/// What is not wanted is removed if it is ours, and not even shown if it is not.
#[test]
fn unwanted_copies() {
    check(|world, _| unwanted(world), Some(Pending), true);
    let of = |copy: &'static str, is_delivered: bool| {
        move |world: &mut World, host: &mut Host| {
            unwanted(world);
            list(host, Some(copy));
            if !is_delivered {
                host.channels[0].1.delivered = ProfileSet::empty();
            }
        }
    };
    check(of("one", false), Some(Pending), true);
    check(of("theirs", true), Some(Pending), true);
    check(of("theirs", false), None, false);
    // Listed before it was ours: it is removed, and was never said to be there.
    check(
        |world, host| {
            of("one", false)(world, host);
            list(host, None);
            let observed = host.channels[0].1.observed.as_mut().unwrap();
            observed.unmanaged.push(ListedProfile {
                identifier: identifier(0),
                uuid: uuid("one"),
                display_name: None,
            });
        },
        None,
        true,
    );
}

/// What may not travel, a busy device and two that speak for one host change no word, but nobody
/// has to come for them.
#[test]
fn holds() {
    let of = |hold: fn(&mut World, &mut Host)| {
        move |world: &mut World, host: &mut Host| {
            list(host, None);
            hold(world, host);
        }
    };
    let secret = |world: &mut World, host: &mut Host| {
        let profile = world.catalog.profiles.get_mut(&identifier(0)).unwrap();
        profile.secrets = Secrets::Encryptable;
        host.circumstances.transport = Transport::Open;
    };
    check(of(secret), Some(Pending), false);
    let busy = |_: &mut World, host: &mut Host| {
        host.channels[0].1.not_now = Some(NotNow {
            is_contact_over: true,
            tally: 1,
            push_at: NOW,
        });
    };
    check(of(busy), Some(Pending), false);
    let two = |_: &mut World, host: &mut Host| {
        host.channels[0].1.hardware.is_contradicted = true;
    };
    check(of(two), Some(Pending), false);
}

/// Hosts with the same sets are told apart by what they listed before it was ours, whichever of
/// them is seen first.
#[test]
fn same_sets_and_other_strangers() {
    let (mut world, mut host) = synced();
    unwanted(&mut world);
    list(&mut host, None);
    host.channels[0].1.delivered = ProfileSet::empty();
    let mut other = host.clone();
    let observed = other.channels[0].1.observed.as_mut().unwrap();
    observed.unmanaged.push(ListedProfile {
        identifier: identifier(0),
        uuid: uuid("one"),
        display_name: None,
    });
    for hosts in [[&host, &other], [&other, &host]] {
        let mut classes = Classes::new(&world.catalog);
        for (number, host) in (0..).zip(hosts) {
            let group = classes.group(&host.circumstances, host.can_have_user);
            classes.place(number, group, &world.seen(host));
            assert_eq!(classes.has_work(number), world.judge(host).has_work);
        }
        assert_eq!((classes.len(), classes.with_work()), (2, 1));
    }
}
