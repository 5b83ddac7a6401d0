//! Hosts over HTTP: pages, one host, refresh, removal.

use mooring_sim::{Channel, Device, DeviceOptions, Reply};
use mooring_tests::{Draft, Running};
use serde_json::{Value, json};

use super::assert_problem;

/// Enrolls that many devices over HTTP and lets each come to rest.
fn enroll(running: &Running, hosts: u32) -> Vec<Device> {
    let mut devices: Vec<_> = (0..hosts)
        .map(|index| {
            Device::new(DeviceOptions {
                seed: 3,
                index,
                ..DeviceOptions::default()
            })
        })
        .collect();
    for device in &mut devices {
        device.contact(|_: Channel, request| {
            let answer = running.message(&request.body);
            Reply {
                status: answer.status,
                body: answer.body,
            }
        });
    }
    devices
}

fn ids(listing: &Value) -> Vec<String> {
    let hosts = listing["hosts"].as_array().unwrap();
    hosts
        .iter()
        .map(|h| h["id"].as_str().unwrap().to_owned())
        .collect()
}

/// Hosts come in pages that together hold each host once, in order; filters by status hold.
#[test]
fn pages() {
    let running = Running::start();
    let mut expected: Vec<_> = enroll(&running, 7)
        .iter()
        .map(|device| device.identity().udid.clone())
        .collect();
    expected.sort();
    let (mut found, mut after, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = running.get(&format!("/api/v1/hosts?limit=3{after}")).json();
        found.extend(ids(&page));
        pages += 1;
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!((found, pages), (expected.clone(), 3));
    assert_eq!(
        ids(&running.get("/api/v1/hosts?status=applied").json()),
        expected
    );
    assert!(ids(&running.get("/api/v1/hosts?status=failed").json()).is_empty());
    let exact = running.get("/api/v1/hosts?limit=7").json();
    assert_eq!((ids(&exact).len(), exact.get("next")), (7, None));
    for query in [
        "limit=x",
        "limit=-1",
        "limit=0",
        "limit=1001",
        "status=fine",
        "after=%00",
    ] {
        let answer = running.get(&format!("/api/v1/hosts?{query}"));
        let document = assert_problem(&answer, 400, "bad-request");
        let name = query.split('=').next().unwrap();
        assert_eq!(document["errors"][0]["pointer"], name);
    }
}

/// One host, by id and by serial number: what it is, what it has, what it was sent; refresh and
/// removal.
#[test]
fn one_host() {
    let running = Running::start();
    let text = Draft::new("com.harborworks.a", "one").xml();
    running.api("POST", "/api/v1/profiles", &[], text.as_bytes());
    let devices = enroll(&running, 1);
    let who = devices[0].identity().clone();
    let path = format!("/api/v1/hosts/{}", who.udid);
    let shown = running.get(&path).json();
    assert_eq!(shown["serial_number"], who.serial);
    assert_eq!(shown["os_version"], who.os_version);
    assert_eq!(shown["status"], "applied");
    assert_eq!(shown["enrollments"][0]["phase"], "enrolled");
    let types: Vec<_> = shown["commands"].as_array().unwrap().iter().collect();
    let types: Vec<_> = types
        .iter()
        .map(|c| c["request_type"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        [
            "ProfileList",
            "InstallProfile",
            "DeviceInformation",
            "ProfileList"
        ]
    );
    assert_eq!(
        running.get(&format!("/api/v1/hosts/{}", who.serial)).json(),
        shown
    );

    let profiles = running.get(&format!("{path}/profiles")).json();
    assert_eq!(profiles["profiles"][0]["identifier"], "com.harborworks.a");
    assert_eq!(profiles["profiles"][0]["status"], "applied");
    assert_eq!(profiles["unmanaged"].as_array().unwrap().len(), 2);

    let refresh = running.api("POST", &format!("{path}/refresh"), &[], b"");
    assert_eq!((refresh.status, refresh.body.len()), (202, 0));
    let marked = running.get(&path).json();
    assert_eq!(marked["enrollments"][0]["is_refresh_asked"], json!(true));

    assert_eq!(running.api("DELETE", &path, &[], b"").status, 204);
    for (method, rest) in [
        ("GET", ""),
        ("GET", "/profiles"),
        ("POST", "/refresh"),
        ("DELETE", ""),
    ] {
        let answer = running.api(method, &format!("{path}{rest}"), &[], b"");
        assert_problem(&answer, 404, "not-found");
    }
    assert_eq!(running.get("/api/v1/status").json()["hosts"], 0);
}

/// A serial number that two hosts have names neither of them; their ids do.
#[test]
fn one_serial_number_twice() {
    let running = Running::start();
    let first = include_str!("../../data/messages/authenticate.plist");
    let second = first.replace("4C6A1F0E", "4C6A1F0F");
    for message in [first, &second] {
        assert_eq!(running.message(message.as_bytes()).status, 200);
    }
    let by_serial = running.get("/api/v1/hosts/H4RB0RW1DG");
    let document = assert_problem(&by_serial, 409, "conflict");
    assert!(document["detail"].as_str().unwrap().contains("2 hosts"));
    let id = "4C6A1F0F-2D35-5B8E-9A77-D1B0C2E4F613";
    assert_eq!(running.get(&format!("/api/v1/hosts/{id}")).status, 200);
}
