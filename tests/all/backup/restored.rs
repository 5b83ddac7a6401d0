//! A server that is started over a restored store while its devices went on without it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use mooring_server::backup::{RestoreError, restore_to};
use mooring_sim::Channel;
use mooring_tests::clock::MINUTE_MS;
use mooring_tests::{Host, Running, TestClock};
use serde_json::json;

use super::fetching::{begin, ended, fetch};
use super::{assert_lists_come_first, contact, delete, push, settle, start, status};

const HOSTS: u32 = 8;
const PROFILES: usize = 5;
/// Changes of profiles and contacts of hosts between the backup and the end of the old server.
const CHANGES: usize = 500;

fn kept(number: usize) -> String {
    format!("com.harborworks.kept{number}")
}

fn later(number: usize) -> String {
    format!("com.harborworks.later{number}")
}

/// A fleet that is in sync, of which a backup is made by the API while it goes on.
fn backed_up(server: &Running, hosts: &mut [Host], file: &Path) {
    for number in 0..PROFILES {
        push(server, &kept(number), "first");
    }
    for host in &mut *hosts {
        settle(server, host);
    }
    let path = begin(server);
    let mut turn = 0;
    let detail = ended(server, &path, || {
        contact(server, &mut hosts[turn]);
        turn = (turn + 1) % hosts.len();
    });
    fs::write(file, fetch(server, &path, &detail)).unwrap();
    assert_eq!(server.api("DELETE", &path, &[], b"").status, 204);
}

/// What administrators and devices do after the backup: profiles of before are edited and deleted,
/// new ones come and go, and hosts get all that.
fn go_on(server: &Running, hosts: &mut [Host], clock: &TestClock) {
    for change in 0..CHANGES {
        let number = change / 5 % PROFILES;
        match change % 10 {
            0 | 5 => push(server, &kept(number), &format!("edit {change}")),
            1 | 3 | 6 => push(server, &later(number), &format!("edit {change}")),
            2 | 7 => drop(delete(server, &later(number))),
            8 => drop(delete(server, &kept(number))),
            _ => drop(contact(server, &mut hosts[change / 10 % HOSTS as usize])),
        }
        clock.advance(MINUTE_MS);
    }
    push(server, &later(0), "last");
    delete(server, &kept(1));
    for host in hosts {
        settle(server, host);
    }
}

/// A backup of a server at work, 500 changes, a restore, and a server over what was restored: every
/// host is unknown and observed anew; nothing is installed or removed before it has listed; nothing
/// is removed at all, since what the old server did afterwards is not known to the new one; no
/// command uuid comes twice; then every host has what the backup says.
#[test]
fn hosts_are_observed_before_they_are_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let clock = TestClock::new();
    let mut hosts: Vec<_> = (0..HOSTS).map(Host::new).collect();
    let server = start(&path("old"), &clock);
    backed_up(&server, &mut hosts, &path("backup"));
    go_on(&server, &mut hosts, &clock);
    drop(server);
    let before: Vec<_> = hosts
        .iter()
        .map(|host| host.holds(Channel::Device))
        .collect();
    let sent = hosts.iter_mut().flat_map(|host| host.sent.drain(..));
    let mut uuids: BTreeSet<_> = sent.map(|sent| sent.uuid).collect();

    let made = restore_to(&path("backup"), &path("new")).unwrap();
    assert_ne!(made.incarnation, made.backup.incarnation);
    let server = start(&path("new"), &clock);
    assert_ne!(server.token, "", "a new token is made");
    let counts = status(&server);
    assert_eq!(
        (&counts["hosts"], &counts["unknown"]),
        (&json!(HOSTS), &json!(HOSTS))
    );
    let host = format!("/api/v1/hosts/{}", hosts[0].id());
    let shown = server.get(&host).json();
    assert_eq!(shown["status"], "unknown", "{shown}");
    assert_eq!(shown["enrollments"][0]["begun"], "observed", "{shown}");

    for (host, before) in hosts.iter_mut().zip(&before) {
        settle(&server, host);
        assert_lists_come_first(&host.sent);
        assert_eq!(host.count("RemoveProfile"), 0, "{:#?}", host.sent);
        assert!(host.count("InstallProfile") <= PROFILES, "{:#?}", host.sent);
        assert!(host.sent.iter().all(|sent| uuids.insert(sent.uuid.clone())));
        let holds = host.holds(Channel::Device);
        assert!(
            before
                .keys()
                .all(|identifier| holds.contains_key(identifier))
        );
        assert!((0..PROFILES).all(|number| holds.contains_key(&kept(number))));
    }
    let counts = status(&server);
    assert_eq!(counts["applied"], HOSTS, "{counts}");
    let profiles = server.get(&format!("{host}/profiles")).json();
    let mut unmanaged = profiles["unmanaged"].as_array().unwrap().iter();
    assert!(
        unmanaged.any(|one| one["identifier"] == later(0)),
        "{profiles}"
    );
    let work: Vec<_> = hosts.iter().map(|host| host.sent.len()).collect();
    for host in &mut hosts {
        settle(&server, host);
    }
    assert!(
        hosts
            .iter()
            .zip(work)
            .all(|(host, work)| host.sent.len() == work),
        "then silence"
    );
}

/// Nothing is made of a backup that is not as it was written, and no store is replaced.
#[test]
fn what_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let server = start(&path("old"), &TestClock::new());
    push(&server, &kept(0), "first");
    let backup = begin(&server);
    let detail = ended(&server, &backup, || {});
    let mut bytes = fetch(&server, &backup, &detail);
    fs::write(path("whole"), &bytes).unwrap();
    fs::write(path("cut"), &bytes[..bytes.len() - 1]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path("damaged"), &bytes).unwrap();
    fs::write(path("other"), "no backup").unwrap();
    for name in ["cut", "damaged", "other", "missing"] {
        let error = restore_to(&path(name), &path("new")).unwrap_err();
        let shown = path(name).display().to_string();
        assert!(error.to_string().contains(&shown), "{name}: {error}");
        assert!(!path("new").exists(), "{name}");
    }
    let error = restore_to(&path("whole"), &path("old")).unwrap_err();
    assert!(matches!(error, RestoreError::Running { .. }), "{error}");
    drop(server);
    let error = restore_to(&path("whole"), &path("old")).unwrap_err();
    assert!(matches!(error, RestoreError::HasStore { .. }), "{error}");
    // The address that a server leaves when it is killed is no server.
    fs::create_dir(path("killed")).unwrap();
    fs::write(path("killed/admin-url"), "http://127.0.0.1:1\n").unwrap();
    restore_to(&path("whole"), &path("killed")).unwrap();
    restore_to(&path("whole"), &path("new")).unwrap();
}
