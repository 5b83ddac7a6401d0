//! Secrets of hosts against the log of a server that tells all it does, and against the command
//! line.

use mooring_tests::Draft;
use serde_json::json;

use super::process::{Attacked, sync};
use mooring_sim::{Device, DeviceOptions};

const CANARY: &str = "canary-4711-open-sesame";

/// A secret that is set, filled in, refused and set wrongly is in no line of the log, at its most
/// talkative, in no answer, and in nothing that the command line prints.
#[test]
fn no_secret_is_logged() {
    let server = Attacked::start();
    let mut device = Device::new(DeviceOptions {
        seed: 11,
        ..DeviceOptions::default()
    });
    sync(server.device, &mut device);
    let host = device.identity().udid.clone();
    let values = format!("/api/v1/hosts/{host}/values");
    let profile = Draft::new("com.harborworks.wifi", "{{secret.wifi}}").xml();
    let mut answers = String::new();
    for (method, path, body) in [
        (
            "PUT",
            "/api/v1/values/wifi",
            json!({"kind": "secret", "default": CANARY}).to_string(),
        ),
        ("POST", "/api/v1/profiles", profile),
        (
            "PUT",
            &values,
            json!({"set": {"wifi": format!("{CANARY}-own")}}).to_string(),
        ),
        (
            "PUT",
            &values,
            json!({"set": {"wifi": format!("{CANARY}\n")}}).to_string(),
        ),
        (
            "PUT",
            &values,
            json!({"set": {"other": CANARY}}).to_string(),
        ),
        ("PUT", &values, json!({"set": CANARY}).to_string()),
        ("PUT", &values, format!("{{\"set\": {{\"wifi\": \"{CANARY}")),
        (
            "PUT",
            "/api/v1/values/wifi",
            json!({"kind": CANARY}).to_string(),
        ),
    ] {
        answers += &server.api(method, path, body.as_bytes()).text();
    }
    sync(server.device, &mut device);
    let mut held = device.profiles(mooring_sim::Channel::Device);
    assert!(held.any(|profile| profile.identifier == "com.harborworks.wifi"));
    for path in [
        "values".to_owned(),
        format!("hosts/{host}"),
        format!("hosts/{host}/profiles"),
        format!("hosts/{host}/profiles/com.harborworks.wifi"),
        format!("hosts/{host}/values"),
        "profiles/com.harborworks.wifi/raw".to_owned(),
    ] {
        answers += &server.api("GET", &format!("/api/v1/{path}"), b"").text();
    }
    for line in [
        "value list".to_owned(),
        format!("host set {host}"),
        format!("host set {host} wifi={CANARY}"),
        format!("why {host} com.harborworks.wifi"),
    ] {
        let out = server.run(&line);
        assert!(!out.contains(CANARY), "{line}: {out}");
        answers += &out;
    }
    let log = server.log();
    assert!(log.contains("values of a host were set"), "{log}");
    assert!(answers.contains("set, not shown") && answers.contains("is a secret"));
    assert!(!log.contains("canary-4711"), "in the log");
    assert!(!answers.contains("canary-4711"), "in an answer");
}
