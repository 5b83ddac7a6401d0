//! The two commands, by the real binary.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use mooring_tests::command::mooring;
use mooring_tests::{Draft, Terminal};
use serde_json::{Value, json};

use super::make_pipe;

const KEY: &str = "device-ca-key.pem";

fn sim(terminal: &Terminal, device_url: &str) -> Value {
    let line = format!(
        "sim --device-url {device_url} --hosts 6 --seed 4 --state fleet --poll-ms 20 \
         --exit-when-idle --json"
    );
    terminal.run(&line).expect(0).json()
}

fn push(terminal: &Terminal, name: &str, content: &str) {
    terminal.write("p.mobileconfig", &Draft::new(name, content).xml());
    terminal
        .run("profile push p.mobileconfig --data data")
        .expect(0);
}

/// Serve, back up, go on, lose the server, restore, serve again: every host is observed before it is
/// changed, nothing is removed, and the fleet ends as the backup says.
#[test]
fn from_one_folder_to_another() {
    let terminal = Terminal::new();
    let served = terminal.serve();
    push(&terminal, "com.harborworks.a", "first");
    sim(&terminal, &served.device_url);
    let made = terminal.run("backup b --data data --json").expect(0).json();
    assert_eq!(
        (&made["hosts"], &made["profiles"]),
        (&json!(6), &json!(1)),
        "{made}"
    );
    assert_eq!(
        made["bytes"],
        fs::metadata(terminal.path("b")).unwrap().len()
    );
    let again = terminal.run("backup b --data data").expect(64);
    assert!(again.err.contains("--replace"), "{again:#?}");
    let again = terminal.run("backup b --data data --replace").expect(0);
    assert!(
        again.out.contains("sha256") && again.out.contains("profiles"),
        "{again:#?}"
    );
    assert!(!terminal.path("data/backups/").exists() || is_empty(&terminal.path("data/backups")));
    push(&terminal, "com.harborworks.a", "second");
    push(&terminal, "com.harborworks.b", "first");
    sim(&terminal, &served.device_url);
    let refused = terminal.run("restore b --data data").expect(64);
    assert!(refused.err.contains("stop it first"), "{refused:#?}");
    drop(served);
    let refused = terminal.run("restore b --data data").expect(64);
    assert!(refused.err.contains("has a store"), "{refused:#?}");

    let restored = terminal.run("restore b --data new --json").expect(0).json();
    assert!(restored["era"].as_u64() > Some(0), "{restored}");
    assert_ne!(restored["incarnation"], made["incarnation"]);
    let line = "serve --data new --admin 127.0.0.1:0 --device 127.0.0.1:0 --json";
    let served = terminal.start(line).expect("a server over the new folder");
    let status = |key: &str| terminal.run("status --data new --json").expect(0).json()[key].clone();
    assert_eq!((status("hosts"), status("unknown")), (json!(6), json!(6)));
    let listed = terminal.run("host list --data new --json").expect(0).json();
    let id = listed["hosts"][0]["id"].as_str().unwrap().to_owned();
    let shown = terminal
        .run(&format!("host show {id} --data new"))
        .expect(0);
    assert!(shown.out.contains("observed anew"), "{shown:#?}");
    let ran = sim(&terminal, served.ready["device_url"].as_str().unwrap());
    assert_eq!(ran["commands"]["RemoveProfile"], Value::Null, "{ran}");
    assert_eq!(ran["commands"]["InstallProfile"], 6, "{ran}");
    assert_eq!(status("applied"), 6);
}

/// Wrong names, a damaged file and no server: each says what it is, has its code and leaves nothing.
#[test]
fn what_goes_wrong() {
    let terminal = Terminal::new();
    let served = terminal.serve();
    terminal.run("backup b --data data").expect(0);
    let mut bytes = fs::read(terminal.path("b")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(terminal.path("damaged"), bytes).unwrap();
    terminal.write("other", "something else than a backup");
    let token = [
        ("MOORING_URL", served.admin_url.as_str()),
        ("MOORING_TOKEN", "wrong"),
    ];
    let nobody = [
        ("MOORING_URL", "http://127.0.0.1:1"),
        ("MOORING_TOKEN", "t"),
    ];
    for (line, variables, code) in [
        ("backup new", &token[..], 4),
        ("backup new", &nobody, 3),
        ("backup no/such/folder --data data", &[], 1),
        ("backup other --replace --data data", &[], 64),
        ("restore damaged --data new", &[], 1),
        ("restore other --data new", &[], 64),
        ("restore new --data new", &[], 1),
    ] {
        let ran = terminal.run_with(line, variables).expect(code);
        assert!(ran.err.starts_with("error: "), "{ran:#?}");
        assert!(!terminal.path("new").exists(), "{line}");
    }
    let damaged = terminal.run("restore damaged --data new").expect(1);
    assert!(
        damaged
            .err
            .contains("damaged: it does not have the SHA-256"),
        "{damaged:#?}"
    );
    assert_eq!(names(&terminal.path("")), ["b", "damaged", "data", "other"]);
}

/// A backup that is interrupted, or whose server goes away, leaves no file and says so.
#[test]
fn interrupted() {
    for by_person in [true, false] {
        let terminal = Terminal::new();
        let served = terminal.serve();
        let pipe = terminal.path("data").join(KEY);
        make_pipe(&pipe);
        let child = spawn_backup(&terminal.path(""));
        // The server reads the key, so the backup has begun, and goes on once this is closed.
        let key = fs::File::options().write(true).open(&pipe).unwrap();
        if by_person {
            let id = child.id().to_string();
            let sent = Command::new("kill").args(["-s", "INT", &id]).status();
            assert!(sent.unwrap().success());
        } else {
            drop(served);
        }
        let Output { status, stderr, .. } = child.wait_with_output().unwrap();
        drop(key);
        let said = String::from_utf8(stderr).unwrap();
        assert_eq!(status.code(), Some(if by_person { 1 } else { 3 }), "{said}");
        assert!(said.contains("no backup was made"), "{said}");
        assert_eq!(names(&terminal.path("")), ["data"], "{said}");
    }
}

fn spawn_backup(folder: &Path) -> Child {
    let mut command = Command::new(mooring());
    command
        .args(["backup", "b", "--data", "data"])
        .current_dir(folder);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command.spawn().expect("the binary runs")
}

fn is_empty(folder: &Path) -> bool {
    names(folder).is_empty()
}

/// What is in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}
