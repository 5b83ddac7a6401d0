//! Profiles over HTTP.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mooring_tests::{Draft, Running};
use serde_json::{Value, json};

use super::assert_problem;

const JSON: &str = "Content-Type: application/json";
const PROFILE: &str = "Content-Type: application/x-apple-aspen-config";
const FIREWALL: &str = "/api/v1/profiles/com.mooring.builtin.firewall";

fn files(files: &[(&str, &str)]) -> Vec<u8> {
    let files: Vec<Value> = files
        .iter()
        .map(|(name, text)| json!({"name": name, "content": STANDARD.encode(text)}))
        .collect();
    json!({ "files": files }).to_string().into_bytes()
}

/// A profile's life: pushed, listed, shown, downloaded, replaced, disabled, deleted.
#[test]
fn life_of_a_profile() {
    let running = Running::start();
    let draft = Draft::new("com.harborworks.a", "one");
    let path = "/api/v1/profiles?name=a%20profile.mobileconfig";
    let pushed = running.api("POST", path, &[PROFILE], draft.xml().as_bytes());
    assert_eq!(pushed.status, 200, "{}", pushed.text());
    let pushed = pushed.json();
    assert_eq!(pushed["outcome"], "created");
    assert_eq!(pushed["name"], "a profile.mobileconfig");
    assert_eq!(
        (&pushed["identifier"], &pushed["version"]),
        (&json!("com.harborworks.a"), &json!(1))
    );

    let two = Draft::new("com.harborworks.a", "two").xml();
    let updated = running.api("POST", "/api/v1/profiles", &[PROFILE], two.as_bytes());
    assert_eq!(updated.json()["outcome"], "updated");
    let shown = running.get("/api/v1/profiles/com.harborworks.a").json();
    assert_eq!(shown["state"], "enabled");
    assert_eq!(shown["channel"], "device");
    assert_eq!(shown["versions"][1]["payload_uuid"], pushed["payload_uuid"]);
    assert_eq!(
        shown["versions"][1]["source_name"],
        "a profile.mobileconfig"
    );
    let version = running.get("/api/v1/profiles/com.harborworks.a/versions/1");
    assert_eq!(version.json(), shown["versions"][1]);

    let raw = running.get("/api/v1/profiles/com.harborworks.a/raw");
    assert_eq!(
        raw.header("content-type"),
        Some("application/x-apple-aspen-config")
    );
    assert!(raw.text().contains("<string>two</string>"));
    let first = running.get("/api/v1/profiles/com.harborworks.a/versions/1/raw");
    assert!(first.text().contains("<string>one</string>"));

    let off = running.api(
        "PATCH",
        "/api/v1/profiles/com.harborworks.a",
        &[JSON],
        br#"{"enabled":false}"#,
    );
    assert_eq!(
        (off.status, &off.json()["state"]),
        (200, &json!("disabled"))
    );
    let gone = running.api("DELETE", "/api/v1/profiles/com.harborworks.a", &[], b"");
    assert_eq!((gone.status, gone.body.len()), (204, 0));
    let names = |path| {
        let listing = running.get(path).json();
        let profiles = listing["profiles"].as_array().unwrap().clone();
        let own = profiles
            .iter()
            .filter(|p| p["origin"]["kind"] == "uploaded");
        own.map(|p| p["state"].clone()).collect::<Vec<_>>()
    };
    assert!(names("/api/v1/profiles").is_empty());
    assert_eq!(names("/api/v1/profiles?deleted=true"), ["deleted"]);
    let late = running.api(
        "PATCH",
        "/api/v1/profiles/com.harborworks.a",
        &[JSON],
        br#"{"enabled":true}"#,
    );
    assert_problem(&late, 409, "conflict");
}

/// Several files in one request: each has its own outcome, in order; a bad one refuses itself alone.
#[test]
fn several_files() {
    let running = Running::start();
    let a = Draft::new("com.harborworks.a", "one").xml();
    let b = Draft::new("com.harborworks.b", "one").xml();
    let bad = a.replace("<integer>1</integer>", "<integer>one</integer>");
    let body = files(&[("a", &a), ("bad", &bad), ("b", &b)]);
    let answer = running.api("POST", "/api/v1/profiles", &[JSON], &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let results = answer.json()["results"].clone();
    let outcomes: Vec<_> = (0..3)
        .map(|n| results[n]["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes, ["created", "refused", "created"]);
    let finding = &results[1]["findings"][0];
    assert_eq!(finding["severity"], "error");
    assert!(finding["line"].as_u64().unwrap() > 1, "{finding}");
    assert!(finding["column"].as_u64().unwrap() > 0, "{finding}");
}

/// A profile alone that is refused or held is 422 with its findings; nothing has changed.
#[test]
fn refused_profiles() {
    let running = Running::start();
    let draft = Draft::new("com.harborworks.a", "one");
    let push = |text: &str| running.api("POST", "/api/v1/profiles", &[PROFILE], text.as_bytes());
    for text in [
        "rubbish",
        "<plist version=\"1.0\"><dict>",
        &draft.xml().replace("Configuration", "x"),
    ] {
        let document = assert_problem(&push(text), 422, "invalid");
        assert!(!document["findings"].as_array().unwrap().is_empty());
    }
    let missing = running.get("/api/v1/profiles/com.harborworks.a");
    assert_problem(&missing, 404, "not-found");

    assert_eq!(push(&draft.xml()).status, 200);
    let renumbered = Draft {
        payload_uuid: "AAAAAAAA-0000-4000-8000-000000000001".to_owned(),
        ..draft
    };
    let document = assert_problem(&push(&renumbered.xml()), 422, "invalid");
    assert_eq!(document["findings"][0]["rule"], "held");
    let path = "/api/v1/profiles?accept_uuid_changes=true";
    let taken = running.api("POST", path, &[PROFILE], renumbered.xml().as_bytes());
    assert_eq!(taken.json()["version"], 2);
}

/// Bodies that are not what belongs there are 400 and say where.
#[test]
fn unreadable_bodies() {
    let running = Running::start();
    let post =
        |headers: &[&str], body: &[u8]| running.api("POST", "/api/v1/profiles", headers, body);
    for body in [&b""[..], b"{", b"[]", b"{\"files\": 3}", b"\xff\xfe"] {
        let document = assert_problem(&post(&[JSON], body), 400, "bad-request");
        let place = document["errors"][0]["pointer"].as_str().unwrap();
        assert!(place.starts_with("line "), "{place}");
    }
    let body = br#"{"files":[{"name":"a","content":"!"}]}"#;
    let document = assert_problem(&post(&[JSON], body), 400, "bad-request");
    assert_eq!(document["errors"][0]["pointer"], "/files/0/content");
    assert_problem(&post(&[PROFILE], b""), 400, "bad-request");
    let patch = |body: &[u8]| running.api("PATCH", FIREWALL, &[JSON], body);
    for body in [
        &b""[..],
        b"{}",
        br#"{"enabled":1}"#,
        br#"{"enabled":true,"more":1}"#,
    ] {
        assert_problem(&patch(body), 400, "bad-request");
    }
    for path in [
        "/api/v1/profiles/com.harborworks.a/versions/first",
        "/api/v1/profiles/com.harborworks.a/versions/-1",
        "/api/v1/profiles/%00",
    ] {
        assert_problem(&running.get(path), 400, "bad-request");
    }
    let zero = running.get("/api/v1/profiles/com.harborworks.a/versions/0");
    assert_problem(&zero, 404, "not-found");
}

/// An identifier with signs that paths give a meaning to is found under its percent-encoded form.
#[test]
fn identifiers_are_percent_encoded() {
    let running = Running::start();
    let text = Draft::new("com/harborworks ü?#%", "one").xml();
    let pushed = running.api("POST", "/api/v1/profiles", &[PROFILE], text.as_bytes());
    assert_eq!(pushed.status, 200, "{}", pushed.text());
    let path = "/api/v1/profiles/com%2Fharborworks%20%C3%BC%3F%23%25";
    let shown = running.get(path).json();
    assert_eq!(shown["identifier"], "com/harborworks ü?#%");
    assert_eq!(running.get(&format!("{path}/raw")).status, 200);
    assert_eq!(running.api("DELETE", path, &[], b"").status, 204);
}

/// Built-ins over HTTP: enabled with settings, refused with findings, never deleted.
#[test]
fn builtins() {
    let running = Running::start();
    let patch = |path, body: &str| running.api("PATCH", path, &[JSON], body.as_bytes());
    let on = patch(
        FIREWALL,
        r#"{"enabled":true,"settings":{"stealth_mode":false}}"#,
    );
    assert_eq!(on.status, 200, "{}", on.text());
    assert_eq!(on.json()["settings"], json!({"stealth_mode": false}));
    assert_eq!(on.json()["version"], 1);
    let wrong = patch(FIREWALL, r#"{"enabled":true,"settings":{"nothing":1}}"#);
    let document = assert_problem(&wrong, 422, "invalid");
    assert!(!document["findings"].as_array().unwrap().is_empty());
    let vault = patch(
        "/api/v1/profiles/com.mooring.builtin.filevault",
        r#"{"enabled":true}"#,
    );
    assert_problem(&vault, 422, "invalid");
    assert_problem(&running.api("DELETE", FIREWALL, &[], b""), 409, "conflict");
    assert_eq!(
        running.get("/api/v1/status").json()["profiles"][0]["version"],
        1
    );
    let text = Draft::new("com.harborworks.a", "one").xml();
    running.api("POST", "/api/v1/profiles", &[PROFILE], text.as_bytes());
    let settings = patch(
        "/api/v1/profiles/com.harborworks.a",
        r#"{"enabled":true,"settings":{}}"#,
    );
    assert_problem(&settings, 400, "bad-request");
}
