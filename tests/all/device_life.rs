//! The whole life of a device: it enrolls by SCEP, shows who it is, installs, lists, removes, renews
//! its identity, is erased and enrolls anew, and checks out.
//!
//! The device is a simulated one, which shares no code with the server. Everything it says goes over
//! real connections to a real server; only the time is a test's own.

mod mac;
mod outside;
pub(crate) mod site;

use std::future::pending;

use mooring_drift::status::{ProfileStatus, Status};
use mooring_mdm::ids::EnrollmentId;
use mooring_server::api::{HostDetail, HostSummary};
use mooring_server::clock::Clock;
use mooring_server::device::DeviceAuth;
use mooring_sim::{
    Channel, Device, DeviceOptions, Ending, EnrollmentProgress, EnrollmentSource, Fleet,
    FleetOptions, Habits, Next, OnRenewal, Status as Said,
};
use mooring_tests::clock::HOUR_MS;
use mooring_tests::{Draft, TestClock};

use mac::Mac;
use site::Site;

const A: &str = "com.harborworks.a";
const B: &str = "com.harborworks.b";
const USERS: &str = "com.harborworks.users";
/// A profile with a password in it.
const WIFI: &str = "com.harborworks.network.wifi.pier";
const DAY_MS: u64 = 24 * HOUR_MS;
/// From then on the renewal of any identity of a year is due: 180 days before its end, and a
/// twelfth of a year later at most.
const ALL_RENEW_MS: u64 = 217 * DAY_MS;

/// Four profiles, one of them the user's and one with a secret.
fn push_all(site: &Site) {
    site.push(&Draft::new(A, "first").xml());
    site.push(&Draft::new(B, "first").xml());
    let users = Draft {
        scope: Some("User"),
        ..Draft::new(USERS, "first")
    };
    site.push(&users.xml());
    site.accept(WIFI, "X003");
    site.push(include_str!("../data/secrets/wifi-pier.mobileconfig"));
}

/// The whole life with signed messages, as most devices in the field speak.
#[test]
fn signing_its_messages() {
    let clock = TestClock::new();
    let site = Site::start(DeviceAuth::Signature, false, &clock.for_server());
    live(&site, DeviceAuth::Signature, &clock);
}

/// The whole life through a proxy that passes the device's certificate on in a header, in either of
/// its two forms.
#[test]
fn through_a_proxy() {
    let clock = TestClock::new();
    let site = Site::start(DeviceAuth::Header, false, &clock.for_server());
    live(&site, DeviceAuth::Header, &clock);
}

fn live(site: &Site, way: DeviceAuth, clock: &TestClock) {
    push_all(site);
    let mut mac = Mac::new(site, way, clock, 0);
    installs(site, &mut mac, way);
    removes(site, &mut mac);
    renews(site, &mut mac, clock);
    is_erased(site, &mut mac);
    checks_out(site, &mut mac);
    assert_eq!(site.wrong_pushes(), Vec::<String>::new());
}

/// It enrolls and gets everything; what has a secret comes encrypted to its identity.
fn installs(site: &Site, mac: &mut Mac<'_>, way: DeviceAuth) {
    mac.enroll();
    mac.settle();
    let host = site.host(mac.id());
    assert_eq!(host.authenticated_by.as_deref(), Some(way.as_str()));
    assert_eq!(host.identities.len(), 1);
    assert_eq!(status(&host.summary), Some(Status::Applied));
    for (channel, identifier) in [
        (Channel::Device, A),
        (Channel::Device, B),
        (Channel::Device, WIFI),
        (Channel::User, USERS),
    ] {
        assert!(mac.holds(channel, identifier), "{identifier}");
        assert_applied(site, mac.id(), identifier);
    }
    let wifi = mac
        .device
        .profiles(Channel::Device)
        .find(|one| one.identifier == WIFI);
    assert!(wifi.is_some_and(|one| {
        one.payloads
            .iter()
            .any(|p| p.payload_type == "com.apple.wifi.managed")
    }));
    assert_eq!(mac.count("InstallProfile"), 4);
    assert!(
        mac.count("ProfileList") >= 4,
        "before and after, on both channels"
    );
    assert_eq!(mac.device.tally().bootstrap_mismatches, 0);
    assert_eq!(counts(site), (1, 1, 0));
}

/// One profile is deleted: it is taken off, and nothing else is.
fn removes(site: &Site, mac: &mut Mac<'_>) {
    site.delete(B);
    assert_eq!(status(&site.host(mac.id()).summary), Some(Status::Pending));
    mac.settle();
    assert!(!mac.holds(Channel::Device, B));
    assert_eq!(
        (mac.count("RemoveProfile"), mac.count("InstallProfile")),
        (1, 4)
    );
    let shown = site.profiles(mac.id()).profiles;
    assert!(
        shown.iter().all(|one| one.identifier.as_str() != B),
        "{shown:?}"
    );
    assert_eq!(counts(site), (1, 1, 0));
}

/// Its identity is renewed over the old one: the same epoch, nothing installed again, and the old
/// identity is worth nothing once the new one was used.
fn renews(site: &Site, mac: &mut Mac<'_>, clock: &TestClock) {
    let (before, old) = (
        site.host(mac.id()),
        mac.device.credential().unwrap().clone(),
    );
    clock.advance(ALL_RENEW_MS);
    mac.settle();
    let after = site.host(mac.id());
    assert_eq!(mac.device.tally().renewals, 1);
    assert_ne!(mac.device.credential(), Some(&old));
    assert_eq!(
        mac.count("InstallProfile"),
        5,
        "the enrollment profile and no other"
    );
    assert_eq!(epochs(&after), epochs(&before));
    assert_eq!(after.identities.len(), 1);
    assert_ne!(
        after.identities[0].fingerprint,
        before.identities[0].fingerprint
    );
    assert!(after.identities[0].expires_at > before.identities[0].expires_at);
    assert_eq!(status(&after.summary), Some(Status::Applied));
    let stale = mac.device.bootstrap_token_request();
    assert_eq!(mac.exchange_as(&old, &stale).status, 400);
    assert_eq!(site.host(mac.id()).identities, after.identities);
}

/// It is wiped and enrolls anew by a link for its serial number, with another key: a new epoch, in
/// which nothing is known of it until it says so.
fn is_erased(site: &Site, mac: &mut Mac<'_>) {
    let (before, old) = (
        site.host(mac.id()),
        mac.device.credential().unwrap().clone(),
    );
    let installed = mac.count("InstallProfile");
    mac.device.erase();
    mac.enroll();
    let authenticate = mac.device.begin(Channel::Device).unwrap();
    let Next::Send(update) = mac.step(&authenticate) else {
        panic!("a TokenUpdate follows");
    };
    let next = mac.step(&update);
    let fresh = site.host(mac.id());
    for shown in site.profiles(mac.id()).profiles {
        let is_users = shown.identifier.as_str() == USERS;
        assert_eq!(
            shown.status == ProfileStatus::Unknown,
            !is_users,
            "{shown:?}"
        );
        assert_eq!(shown.listed_uuid, None, "{shown:?}");
    }
    assert_eq!(fresh.enrollments[0].phase, "enrolled");
    assert_ne!(epochs(&fresh)[0], epochs(&before)[0]);
    assert_ne!(fresh.identities, before.identities);
    assert_eq!(fresh.summary.held, None);
    assert_eq!(counts(site), (1, 0, 0));
    assert_eq!(
        mac.talk(Channel::Device, next),
        Ending::Empty(Said::Acknowledged)
    );
    mac.settle();
    assert_eq!(
        mac.count("InstallProfile"),
        installed + 3,
        "all that is wanted"
    );
    for identifier in [A, WIFI, USERS] {
        assert_applied(site, mac.id(), identifier);
    }
    let stale = mac.device.bootstrap_token_request();
    assert_eq!(mac.exchange_as(&old, &stale).status, 400);
    let settled = site.host(mac.id());
    assert_eq!(mac.exchange_as(&old, &authenticate).status, 200);
    let held = site.host(mac.id());
    assert_eq!(
        (&held.identities, epochs(&held)),
        (&settled.identities, epochs(&settled))
    );
    assert_eq!(
        held.summary.held.unwrap().fingerprint,
        before.identities[0].fingerprint
    );
    assert_eq!(counts(site), (1, 1, 0));
}

/// Its owner ends the management: it is kept, and counted no more.
fn checks_out(site: &Site, mac: &mut Mac<'_>) {
    let farewell = mac.device.check_out();
    let reply = mac.exchange(&farewell);
    assert_eq!((reply.status, reply.body.len()), (200, 0));
    assert_eq!(counts(site), (0, 0, 1));
    let host = site.host(mac.id());
    assert_eq!(status(&host.summary), None);
    assert!(
        host.enrollments
            .iter()
            .all(|one| one.phase == "checked_out")
    );
    assert!(!mac.holds(Channel::Device, A));
}

/// An identity is renewed whatever a device does around it: with or without a signature of the old
/// one, saying Authenticate before or after the acknowledgement, or not at all.
#[test]
fn renewing_in_each_order() {
    let clock = TestClock::new();
    let site = Site::start(DeviceAuth::Signature, false, &clock.for_server());
    push_all(&site);
    for (index, on_renewal, signs_renewal) in [
        (0, OnRenewal::Quiet, true),
        (1, OnRenewal::AcknowledgesFirst, true),
        (2, OnRenewal::AuthenticatesFirst, false),
        (3, OnRenewal::Quiet, false),
    ] {
        let habits = Habits {
            on_renewal,
            signs_renewal,
            ..Habits::default()
        };
        let mac = Mac::new(&site, DeviceAuth::Signature, &clock, index);
        let mut mac = mac.with_habits(habits);
        mac.enroll();
        mac.settle();
        renews(&site, &mut mac, &clock);
        for identifier in [A, B, WIFI, USERS] {
            assert_applied(&site, mac.id(), identifier);
        }
    }
}

/// The life in short over mutual TLS: the enrollment profile and the identity come before there is
/// a certificate to show, and nothing is taken without one after that.
#[test]
fn over_mutual_tls() {
    let clock = Clock::system();
    let site = Site::start(DeviceAuth::Mtls, true, &clock);
    push_all(&site);
    let options = DeviceOptions {
        seed: 1,
        ..DeviceOptions::default()
    };
    let who = Device::new(options).identity().clone();
    let link = site.link(&who.serial);
    assert!(
        link.url.starts_with("https://"),
        "the profile comes over TLS too"
    );
    let mut fleet = Fleet::new(FleetOptions {
        poll_ms: 5,
        exit_when_idle: true,
        auth: mooring_sim::DeviceAuth::Mtls,
        ca_pem: Some(std::fs::read(site.ca_file()).unwrap()),
        enrollment: Some(EnrollmentSource::Url(link.url.clone())),
        ..FleetOptions::new(format!("https://{}", site.device), 1)
    })
    .unwrap();
    let summary = site.runtime.block_on(fleet.run(pending(), |_| {})).unwrap();
    assert_eq!((summary.enrolled, summary.first_error), (1, None));
    assert_eq!(site.state_of(&link), "used");
    let host = site.host(&who.udid);
    assert_eq!(host.authenticated_by.as_deref(), Some("mtls"));
    assert_eq!(host.summary.attributes.serial_number, Some(who.serial));
    for identifier in [A, B, WIFI, USERS] {
        assert_applied(&site, &who.udid, identifier);
    }
    assert_eq!(counts(&site), (1, 1, 0));

    let gone = site.runtime.block_on(fleet.check_out(0)).unwrap();
    assert_eq!((gone.status, gone.body.len()), (200, 0));
    assert_eq!(counts(&site), (0, 0, 1));
    let device = fleet.devices().next().unwrap();
    assert_eq!(
        device.progress(Channel::Device),
        Some(EnrollmentProgress::New)
    );
    assert_eq!(site.wrong_pushes(), Vec::<String>::new());
}

/// Counted hosts, those of them that are applied, and those that checked out.
fn counts(site: &Site) -> (u64, u64, u64) {
    let summary = site.summary();
    (summary.hosts, summary.counts.applied, summary.checked_out)
}

fn status(host: &HostSummary) -> Option<Status> {
    host.status
}

/// Each channel and its epoch.
fn epochs(host: &HostDetail) -> Vec<(EnrollmentId, u32)> {
    let channels = host.enrollments.iter();
    channels.map(|one| (one.id.clone(), one.epoch)).collect()
}

#[track_caller]
fn assert_applied(site: &Site, host: &str, identifier: &str) {
    let profiles = site.profiles(host).profiles;
    let found = profiles
        .iter()
        .find(|one| one.identifier.as_str() == identifier);
    let found = found.unwrap_or_else(|| panic!("{identifier} is not shown: {profiles:#?}"));
    assert_eq!(found.status, ProfileStatus::Applied, "{identifier}");
    assert_eq!(found.listed_uuid, found.wanted_uuid, "{identifier}");
}
