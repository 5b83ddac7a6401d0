//! Profiles that others remove, and hosts that change their names.

use mooring_drift::status::Remark;
use mooring_server::hosts::HostError;
use mooring_tests::clock::HOUR_MS;

use super::puppet::Puppet;
use super::{A, B, push, server_with};

/// Hours of a contested profile's life.
const DAYS: u64 = 60;

/// A user who removes a profile every day for 60 days: each list that misses it leads to one
/// install at most; from the third time on the wait before it grows, so that the last 20 days
/// cost half as many, and people read that it is contested. A person who asks ends the wait
/// (case F14).
#[test]
fn f14_removed_every_day() {
    let server = server_with(&[A, B]);
    let mut host = Puppet::settled(1, &server);
    let mut installs_by_day = Vec::new();
    for _ in 0..DAYS {
        host.profiles.remove(A);
        host.got.clear();
        for _ in 0..24 {
            server.clock.advance(HOUR_MS);
            let before = host.count("ProfileList");
            host.contact(&server);
            let lists = host.count("ProfileList") - before;
            assert!(lists <= 2, "one that is due, one that proves");
        }
        let (installs, lists) = (host.count("InstallProfile"), host.count("ProfileList"));
        assert!(installs <= 1 && installs <= lists, "{:#?}", host.got);
        assert_eq!(host.count("RemoveProfile"), 0);
        installs_by_day.push(installs);
    }
    let sum = |days: &[usize]| days.iter().sum::<usize>();
    assert!(sum(&installs_by_day[..3]) >= 2, "{installs_by_day:?}");
    assert!(sum(&installs_by_day[40..]) <= 11, "{installs_by_day:?}");
    let shown = server.profile_of(&host.id(), A).unwrap();
    let Some(Remark::Contested { times }) = shown.remark else {
        panic!("{shown:?}");
    };
    assert!(times >= 3);
    assert!(shown.note.is_some_and(|note| note.contains("contested")));
    assert!(server.profile_of(&host.id(), B).unwrap().remark.is_none());

    host.profiles.remove(A);
    server.refresh_host(&host.id()).unwrap();
    host.settle(&server);
    assert_eq!(host.holds(), [A, B]);
    server.assert_applied(1);
}

/// Another tool puts its own content under an identifier of ours, again and again: once a list it
/// is installed over the top, and never removed (case F14).
#[test]
fn f14_overwritten_by_another() {
    let server = server_with(&[A]);
    let mut host = Puppet::settled(1, &server);
    for _ in 0..10 {
        let theirs = "00000000-0000-4000-8000-0000000000FF".to_owned();
        host.profiles.insert(A.to_owned(), theirs);
        host.got.clear();
        for _ in 0..24 {
            server.clock.advance(HOUR_MS);
            host.contact(&server);
        }
        assert!(host.count("InstallProfile") <= 1);
        assert_eq!(host.count("RemoveProfile"), 0);
    }
}

/// A name is for people: a device that calls itself something else, or something vile, is the same
/// host, gets no command for it, and its name is in no identifier and no uuid. Two hosts of one
/// name or one serial number stay two (case F15).
#[test]
fn f15_names_are_no_keys() {
    let server = server_with(&[A]);
    let mut host = Puppet::settled(1, &server);
    let mut other = Puppet::settled(2, &server);
    let before = server.host_detail(&host.id()).unwrap();
    for name in [
        "Renamed",
        "../../etc/passwd",
        "{{host.serial}}",
        "Case 2",
        "",
    ] {
        host.name = name.to_owned();
        server.refresh_host(&host.id()).unwrap();
        let work = host.settle(&server);
        assert_eq!(work, ["ProfileList", "DeviceInformation"], "{name}");
        let now = server.host_detail(&host.id()).unwrap();
        assert_eq!(now.summary.id, before.summary.id);
        assert_eq!(now.enrolled_at, before.enrolled_at);
    }
    server.assert_applied(2);

    // A new board: another serial number at an enrollment of its own.
    host.serial = "BOARD0002".to_owned();
    host.enroll(&server);
    host.settle(&server);
    server.assert_applied(2);
    assert_eq!(
        server.host_detail("BOARD0002").unwrap().summary.id,
        before.summary.id
    );
    // Two hosts with one serial number are both served, and only the name is ambiguous.
    other.serial.clone_from(&host.serial);
    other.enroll(&server);
    other.settle(&server);
    push(&server, B, "first");
    host.settle(&server);
    other.settle(&server);
    assert_eq!((host.holds(), other.holds()), (vec![A, B], vec![A, B]));
    server.assert_applied(2);
    let ambiguous = server.host_detail("BOARD0002");
    assert!(matches!(ambiguous, Err(HostError::Ambiguous { .. })));
}
