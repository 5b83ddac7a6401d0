//! Commands of others that waited when a backup was made.

use std::fs;

use mooring_server::backup::restore_to;
use mooring_tests::{Host, Running, TestClock};

use super::fetching::{begin, ended, fetch};
use super::{settle, start};
use crate::nanomdm::command;

fn enqueue(server: &Running, host: &Host, uuid: &str) {
    let path = format!("/v1/enqueue/{}?nopush=1", host.id());
    let taken = server.api("PUT", &path, &[], &command(uuid, "DeviceLock"));
    assert_eq!(taken.status, 200, "{}", taken.text());
}

fn status_of(server: &Running, host: &Host, uuid: &str) -> String {
    let result = server.get(&format!("/v1/results/{}/{uuid}", host.id()));
    assert_eq!(result.status, 200, "{}", result.text());
    result.json()["status"].as_str().unwrap().to_owned()
}

/// A command that waited when a backup was made, and was delivered since, is not sent by the server
/// over the restored store, which says that it was cleared; one that is taken afterwards is sent,
/// also after a restart.
#[test]
fn are_not_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let clock = TestClock::new();
    let mut host = Host::new(0);
    let server = start(&path("old"), &clock);
    settle(&server, &mut host);
    enqueue(&server, &host, "lock-1");
    let backup = begin(&server);
    let detail = ended(&server, &backup, || {});
    fs::write(path("backup"), fetch(&server, &backup, &detail)).unwrap();
    settle(&server, &mut host);
    assert_eq!(host.count("DeviceLock"), 1);
    drop(server);

    restore_to(&path("backup"), &path("new")).unwrap();
    let server = start(&path("new"), &clock);
    assert_eq!(status_of(&server, &host, "lock-1"), "Cleared");
    settle(&server, &mut host);
    assert_eq!(host.count("DeviceLock"), 1, "{:#?}", host.sent);
    enqueue(&server, &host, "lock-2");
    drop(server);
    let server = start(&path("new"), &clock);
    settle(&server, &mut host);
    assert_eq!(host.count("DeviceLock"), 2, "{:#?}", host.sent);
    assert_ne!(status_of(&server, &host, "lock-2"), "Cleared");
}
