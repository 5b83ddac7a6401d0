//! Identities from an outside SCEP server: another Mooring, whose CA the first one trusts.

use std::fs;

use mooring_drift::status::Status;
use mooring_identity::Secret;
use mooring_server::device::{DeviceAuth, Reenroll};
use mooring_sim::{Channel, Ending, Habits, Next, OnRenewal, Status as Said};
use mooring_tests::TestClock;

use super::mac::Mac;
use super::site::Site;
use super::{
    A, ALL_RENEW_MS, B, DAY_MS, USERS, WIFI, assert_applied, counts, epochs, push_all, renews,
    status,
};

/// What the outside server asks of everybody.
const CHALLENGE: &str = "a challenge for all of Harborworks";
const WAY: DeviceAuth = DeviceAuth::Signature;

/// The outside server and the one that devices enroll in.
fn sites(clock: &TestClock, reenroll: Reenroll) -> (Site, Site) {
    let clock = clock.for_server();
    let outside = Site::adapted(WAY, false, &clock, |_, enrollment| {
        enrollment.scep_challenge = Some(Secret::new(CHALLENGE));
    });
    let site = Site::adapted(WAY, false, &clock, |options, enrollment| {
        options.device_ca = Some(outside.device_ca_file());
        options.devices.reenroll = reenroll;
        enrollment.scep_url = Some(format!("http://{}/scep", outside.device));
        enrollment.scep_challenge = Some(Secret::new(CHALLENGE));
    });
    assert!(!site.device_ca_file().exists(), "it issues nothing itself");
    (outside, site)
}

/// Devices enroll with identities of the outside server and renew them there, in whatever order
/// they go about it: nothing is installed again, and no epoch begins.
#[test]
fn renewing_elsewhere() {
    let clock = TestClock::new();
    let (outside, site) = sites(&clock, Reenroll::Auto);
    push_all(&site);
    for (index, on_renewal) in [
        (0, OnRenewal::Quiet),
        (1, OnRenewal::AcknowledgesFirst),
        (2, OnRenewal::AuthenticatesFirst),
    ] {
        let habits = Habits {
            on_renewal,
            ..Habits::default()
        };
        let mut mac = Mac::new(&site, WAY, &clock, index).with_habits(habits);
        mac.enroll_outside();
        mac.settle();
        assert_eq!(mac.count("InstallProfile"), 4, "{on_renewal:?}");
        renews(&site, &mut mac, &clock);
        for identifier in [A, B, WIFI, USERS] {
            assert_applied(&site, mac.id(), identifier);
        }
        clock.advance(30 * DAY_MS);
        mac.settle();
        assert_eq!(mac.device.tally().renewals, 1, "{on_renewal:?}: once");
        assert_eq!(site.host(mac.id()).summary.held, None);
        // It is another server that knows these devices.
        assert_eq!(counts(&outside), (0, 0, 0));
    }
    assert_eq!(site.wrong_pushes(), Vec::<String>::new());
}

/// Where unknown identities are held, no renewal is asked for, since its outcome would be held;
/// whoever comes with another identity is held until an administrator accepts it.
#[test]
fn holding_who_enrolls_anew() {
    let clock = TestClock::new();
    let (_outside, site) = sites(&clock, Reenroll::Hold);
    push_all(&site);
    let mut mac = Mac::new(&site, WAY, &clock, 0);
    mac.enroll_outside();
    mac.settle();
    clock.advance(ALL_RENEW_MS);
    mac.settle();
    assert_eq!(mac.device.tally().renewals, 0);
    assert_eq!(mac.count("InstallProfile"), 4);
    let before = site.host(mac.id());
    assert_eq!(status(&before.summary), Some(Status::Applied));

    mac.device.erase();
    mac.enroll_outside();
    let authenticate = mac.device.begin(Channel::Device).unwrap();
    let Next::Send(update) = mac.step(&authenticate) else {
        panic!("a TokenUpdate follows");
    };
    let next = mac.step(&update);
    assert_eq!(mac.talk(Channel::Device, next), Ending::Empty(Said::Idle));
    let held = site.host(mac.id());
    assert_eq!(held.identities, before.identities);
    assert_eq!(epochs(&held), epochs(&before));
    assert_eq!(mac.count("InstallProfile"), 4, "it hears nothing");

    let path = format!("/api/v1/hosts/{}/accept", mac.id());
    let shown = held.summary.held.unwrap().fingerprint;
    let meant = serde_json::json!({ "fingerprint": shown }).to_string();
    let accepted = site.api("POST", &path, meant.as_bytes());
    assert!(accepted.status < 300, "{}", accepted.text());
    mac.settle();
    assert_ne!(epochs(&site.host(mac.id())), epochs(&before));
    assert_applied(&site, mac.id(), A);
    assert!(!fs::exists(site.device_ca_file()).unwrap());
}
