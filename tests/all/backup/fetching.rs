//! The routes about backups.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use mooring_server::backup::{read_backup, sha256};
use mooring_server::limits::BACKUP_PIECE_BYTES_MAX;
use mooring_tests::{Host, Running, TestClock};
use serde_json::Value;

use super::{contact, make_pipe, push, settle, start};

const PATH: &str = "/api/v1/backups";
/// A key that is not there unless the server issues identities.
const KEY: &str = "device-ca-key.pem";

/// Begins a backup; gives its address.
pub(super) fn begin(server: &Running) -> String {
    let begun = server.api("POST", PATH, &[], b"");
    assert_eq!(begun.status, 202, "{}", begun.text());
    let begun = begun.json();
    assert_eq!(begun["state"], "running");
    format!("{PATH}/{}", begun["id"].as_str().unwrap())
}

/// Looks until a backup ended, and lets `meanwhile` happen.
pub(super) fn ended(server: &Running, path: &str, mut meanwhile: impl FnMut()) -> Value {
    loop {
        meanwhile();
        let detail = server.get(path).json();
        if detail["state"] != "running" {
            return detail;
        }
    }
}

/// All of a backup that is done, piece by piece.
pub(super) fn fetch(server: &Running, path: &str, detail: &Value) -> Vec<u8> {
    assert_eq!(detail["state"], "done", "{detail}");
    let bytes = detail["bytes"].as_u64().unwrap();
    let mut all = Vec::new();
    loop {
        let piece = server.get(&format!("{path}/bytes?offset={}", all.len()));
        assert_eq!(piece.status, 200);
        assert!(piece.body.len() <= BACKUP_PIECE_BYTES_MAX);
        if piece.body.is_empty() {
            assert_eq!(all.len() as u64, bytes);
            return all;
        }
        all.extend(piece.body);
    }
}

/// A backup is begun, shown, fetched and removed; one at a time, and only what is there.
#[test]
fn one_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = start(&data, &TestClock::new());
    push(&server, "com.harborworks.a", "first");
    make_pipe(&data.join(KEY));
    let first = begin(&server);
    assert_eq!(server.get(&first).json()["state"], "running");
    for (method, path) in [
        ("POST", PATH.to_owned()),
        ("DELETE", first.clone()),
        ("GET", format!("{first}/bytes")),
    ] {
        let refused = server.api(method, &path, &[], b"");
        assert_eq!(refused.status, 409, "{method} {path}: {}", refused.text());
    }
    let mode = fs::metadata(data.join("backups"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
    fs::write(data.join(KEY), "a key").unwrap();
    let detail = ended(&server, &first, || {});
    assert_eq!(detail["files"][0], KEY, "{detail}");
    assert_eq!(detail["rows"]["profiles"], 1, "{detail}");
    let bytes = fetch(&server, &first, &detail);
    for offset in [
        (bytes.len() + 1).to_string(),
        "-1".to_owned(),
        "a".to_owned(),
    ] {
        let refused = server.get(&format!("{first}/bytes?offset={offset}"));
        assert_eq!(refused.status, 400, "{offset}");
    }
    assert_eq!(server.get(&format!("{PATH}/0123456789abcdef")).status, 404);

    fs::remove_file(data.join(KEY)).unwrap();
    let second = begin(&server);
    assert_eq!(server.get(&first).status, 404);
    let detail = ended(&server, &second, || {});
    assert_eq!(detail["files"], Value::Null);
    assert_eq!(server.api("DELETE", &second, &[], b"").status, 204);
    assert_eq!(server.get(&second).status, 404);
    assert_eq!(fs::read_dir(data.join("backups")).unwrap().count(), 0);
}

/// A backup that cannot be made says why, and the next one can be.
#[test]
fn a_failure_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = start(&data, &TestClock::new());
    fs::create_dir(data.join(KEY)).unwrap();
    let path = begin(&server);
    let detail = ended(&server, &path, || {});
    assert_eq!(detail["state"], "failed");
    assert!(detail["error"].as_str().unwrap().contains(KEY), "{detail}");
    assert_eq!(server.get(&format!("{path}/bytes")).status, 409);
    fs::remove_dir(data.join(KEY)).unwrap();
    let path = begin(&server);
    assert_eq!(ended(&server, &path, || {})["state"], "done");
}

/// What is fetched while devices go on is one whole backup: it has the digest that the server tells,
/// can be read back, and has every host that was there before it began.
#[test]
fn devices_go_on_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = start(&data, &TestClock::new());
    let mut hosts: Vec<_> = (0..8).map(Host::new).collect();
    for host in &mut hosts {
        settle(&server, host);
    }
    for number in 0..4 {
        push(&server, &format!("com.harborworks.p{number}"), "first");
    }
    let path = begin(&server);
    let mut turn = 0;
    let detail = ended(&server, &path, || {
        let number = turn % hosts.len();
        contact(&server, &mut hosts[number]);
        turn += 1;
    });
    let file = folder.path().join("backup");
    fs::write(&file, fetch(&server, &path, &detail)).unwrap();
    assert_eq!(sha256(&file).unwrap(), detail["sha256"].as_str().unwrap());
    let summary = read_backup(&file).unwrap();
    assert_eq!((summary.rows["hosts"], summary.rows["profiles"]), (8, 4));
    assert_eq!(
        summary.rows["hosts"],
        detail["rows"]["hosts"].as_u64().unwrap()
    );
    for host in &mut hosts {
        settle(&server, host);
        assert_eq!(host.identifiers().len(), 4);
    }
}

/// What a server left is removed when one starts and when it stops; what a person put there is not.
#[test]
fn nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let backups = data.join("backups");
    fs::create_dir_all(&backups).unwrap();
    let left = [
        "0123456789abcdef.backup",
        ".0123456789abcdef.backup.0011223344556677.unfinished",
    ];
    for name in left {
        fs::write(backups.join(name), "left").unwrap();
    }
    fs::write(backups.join("monday"), "a person's own").unwrap();
    let names = || {
        let entries = fs::read_dir(&backups).into_iter().flatten();
        let names = entries.map(|entry| entry.unwrap().file_name());
        names.collect::<Vec<_>>()
    };
    let server = start(&data, &TestClock::new());
    assert_eq!(names(), ["monday"]);
    let path = begin(&server);
    ended(&server, &path, || {});
    assert_eq!(names().len(), 2);
    drop(server);
    assert_eq!(names(), ["monday"]);
    fs::remove_file(backups.join("monday")).unwrap();
    let server = start(&data, &TestClock::new());
    let path = begin(&server);
    ended(&server, &path, || {});
    drop(server);
    assert!(!backups.exists());
}
