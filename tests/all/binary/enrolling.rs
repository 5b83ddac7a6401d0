//! Devices that enroll and show who they are, by the real binary.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use mooring_tests::command::Started;
use mooring_tests::{Draft, Terminal};
use serde_json::{Value, json};

/// Tries to get a port that nobody else takes meanwhile.
const PORTS: usize = 8;

/// A server that devices enroll at and sign their messages to. Its address is part of the profiles
/// that it makes, so the port has to be known before.
fn serve(terminal: &Terminal, more: &str) -> (Started, String) {
    for _ in 0..PORTS {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let line = format!(
            "serve --data data --admin 127.0.0.1:0 --device {address} --device-auth signature \
             --public-url http://{address} {more} --json"
        );
        if let Some(started) = terminal.start(&line) {
            return (started, format!("http://{address}"));
        }
    }
    panic!("no port stays free");
}

fn json(terminal: &Terminal, line: &str) -> Value {
    let line = format!("{line} --data data --json");
    terminal.run(&line).expect(0).json()
}

/// From an empty folder to three simulated devices that have an identity each, sign what they say
/// and are in sync; whoever has none gets nowhere.
#[test]
fn devices_enroll_and_sign() {
    let terminal = Terminal::new();
    let apns = terminal.start("sim apns --dir apns --json").expect("push");
    let file = |key: &str| apns.ready[key].as_str().unwrap().to_owned();
    let (served, public_url) = serve(
        &terminal,
        &format!(
            "--apns-url {} --apns-ca {}",
            file("apns_url"),
            file("ca_file")
        ),
    );
    assert_eq!(served.ready["device_auth"], json!(["signature"]));
    assert_eq!(served.ready["public_url"], json!(public_url));

    let refused = terminal.run("enroll --data data").expect(2);
    assert!(
        refused.err.contains("mooring pushcert set FILE"),
        "{refused:#?}"
    );
    let certificate = file("push_certificate_file");
    let set = json(&terminal, &format!("pushcert set {certificate}"));
    assert!(
        set["topic"]
            .as_str()
            .unwrap()
            .starts_with("com.apple.mgmt."),
        "{set}"
    );
    assert_eq!(json(&terminal, "pushcert show"), set);

    let line = "enroll --serial C02X --out p.mobileconfig";
    assert_eq!(json(&terminal, line)["file"], "p.mobileconfig");
    let path = terminal.path("p.mobileconfig");
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    assert!(fs::read_to_string(&path).unwrap().contains(&public_url));

    let name = "com.harborworks.a";
    terminal.write("a.mobileconfig", &Draft::new(name, "one").xml());
    json(&terminal, "profile push a.mobileconfig");
    let sim = json(&terminal, "sim --hosts 3 --poll-ms 20 --exit-when-idle");
    assert_eq!(
        (&sim["enrolled"], &sim["errors"]),
        (&json!(3), &json!(0)),
        "{sim}"
    );
    let status = json(&terminal, "status");
    assert_eq!(
        (&status["hosts"], &status["applied"]),
        (&json!(3), &json!(3)),
        "{status}"
    );

    let device_url = served.ready["device_url"].as_str().unwrap();
    let line = format!("sim --device-url {device_url} --hosts 1 --seed 9 --timeout 1s");
    let stranger = terminal.run(&line).expect(1);
    assert!(stranger.err.contains("failed"), "{stranger:#?}");
    assert_eq!(json(&terminal, "status")["hosts"], 3);
}

/// What an administrator decides about who may speak is done, shown, and refused where it makes no
/// sense.
#[test]
fn access() {
    let terminal = Terminal::new();
    let apns = terminal.start("sim apns --dir apns --json").expect("push");
    let certificate = apns.ready["push_certificate_file"].as_str().unwrap();
    let (_served, public_url) = serve(&terminal, "");
    json(&terminal, &format!("pushcert set {certificate}"));

    let made = json(&terminal, "enroll --link --serial C02X --expires 2h");
    assert!(
        made["url"]
            .as_str()
            .unwrap()
            .starts_with(&format!("{public_url}/enroll/"))
    );
    let links = json(&terminal, "enroll links");
    assert_eq!(links["links"][0]["serial"], "C02X");
    let revoke = format!("enroll revoke {} --data data", made["id"].as_str().unwrap());
    terminal.run(&revoke).expect(0);
    terminal.run(&revoke).expect(5);

    json(&terminal, "sim --hosts 1 --poll-ms 20 --exit-when-idle");
    let listed = json(&terminal, "host list");
    let id = listed["hosts"][0]["id"].as_str().unwrap();
    let shown = json(&terminal, &format!("host show {id}"));
    assert_eq!(shown["authenticated_by"], "signature");
    assert_eq!(shown["identities"].as_array().map(Vec::len), Some(1));
    terminal
        .run(&format!(
            "host accept {id} --fingerprint 0011223344556677 --data data"
        ))
        .expect(2);
    terminal
        .run(&format!("host block {id} --data data"))
        .expect(0);
    let listed = terminal.run("host list --data data").expect(0);
    assert!(listed.out.contains("applied, blocked"), "{listed:#?}");
    terminal
        .run(&format!("host unblock {id} --data data"))
        .expect(0);
    let listed = terminal.run("host list --data data").expect(0);
    assert!(!listed.out.contains("blocked"), "{listed:#?}");
}
