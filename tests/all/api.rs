//! The HTTP side of a whole server: what administrators and devices get over the wire.

mod devices;
mod hosts;
mod profiles;
mod starting;

use mooring_tests::Running;
use mooring_tests::http::{Answer, exchange, request};

/// Every route that needs the token, with a method it takes.
const ROUTES: [(&str, &str); 14] = [
    ("GET", "/api/v1/status"),
    ("GET", "/api/v1/profiles"),
    ("POST", "/api/v1/profiles"),
    ("GET", "/api/v1/profiles/com.harborworks.a"),
    ("PATCH", "/api/v1/profiles/com.harborworks.a"),
    ("DELETE", "/api/v1/profiles/com.harborworks.a"),
    ("GET", "/api/v1/profiles/com.harborworks.a/raw"),
    ("GET", "/api/v1/profiles/com.harborworks.a/versions/1"),
    ("GET", "/api/v1/profiles/com.harborworks.a/versions/1/raw"),
    ("GET", "/api/v1/hosts"),
    ("GET", "/api/v1/hosts/H"),
    ("DELETE", "/api/v1/hosts/H"),
    ("GET", "/api/v1/hosts/H/profiles"),
    ("POST", "/api/v1/hosts/H/refresh"),
];

/// Checks that an answer is a problem document of this status and kind, and gives it back.
#[track_caller]
fn assert_problem(answer: &Answer, status: u16, slug: &str) -> serde_json::Value {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    let document = answer.json();
    assert_eq!(document["type"], format!("/problems/{slug}"));
    assert_eq!(document["status"], status);
    for key in ["title", "detail", "instance"] {
        let text = document[key].as_str().unwrap_or_default();
        assert!(!text.is_empty(), "{key} in {document}");
    }
    document
}

/// Without the right token every address, known or not, gets the same 401, whatever the
/// credentials look like and whatever the body is.
#[test]
fn nothing_without_the_token() {
    let running = Running::start();
    let half = &running.token[..32];
    let credentials = [
        String::new(),
        "Authorization: Bearer wrong".to_owned(),
        format!("Authorization: Bearer {half}"),
        format!("Authorization: Bearer {}x", running.token),
        "Authorization: Bearer ".to_owned(),
        "Authorization: Bearer".to_owned(),
        format!("Authorization: Basic {}", running.token),
        format!("Authorization: {}", running.token),
        format!("X-Token: {}", running.token),
        format!("Cookie: token={}", running.token),
    ];
    let elsewhere = [
        ("GET", "/"),
        ("GET", "/nothing"),
        ("GET", "/api/v1/nothing"),
        ("PUT", "/api/v1/status"),
        ("GET", "//api/v1/status"),
        ("GET", "/api/v1/status/"),
        ("GET", "/api/v1/%73tatus"),
        ("GET", "/healthz/"),
        ("GET", "/healthz/../api/v1/status"),
        ("GET", "/HEALTHZ"),
        ("POST", "/healthz"),
        ("PUT", "/mdm"),
    ];
    let mut bodies = std::collections::BTreeSet::new();
    for (method, path) in ROUTES.into_iter().chain(elsewhere) {
        for credential in &credentials {
            let headers: Vec<_> = [credential.as_str()]
                .into_iter()
                .filter(|c| !c.is_empty())
                .collect();
            let answer = exchange(running.admin, &request(method, path, &headers, b""));
            let mut document = assert_problem(&answer, 401, "unauthorized");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
            document["instance"] = "".into();
            bodies.insert(document.to_string());
        }
    }
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    let token = running.token.clone();
    assert!(!bodies.into_iter().next().unwrap().contains(&token));
}

/// The token may be given with any case of the scheme; two addresses need none.
#[test]
fn open_and_admitted() {
    let running = Running::start();
    let open = |path| exchange(running.admin, &request("GET", path, &[], b""));
    assert_eq!(
        (open("/healthz").status, open("/healthz").text()),
        (200, "ok\n".to_owned())
    );
    assert_eq!(
        open("/version").json()["version"],
        env!("CARGO_PKG_VERSION")
    );
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let header = format!("authorization: {scheme} {}", running.token);
        let raw = request("GET", "/api/v1/status", &[&header], b"");
        let answer = exchange(running.admin, &raw);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        let expected = serde_json::json!({
            "hosts": 0, "applied": 0, "pending": 0, "failed": 0, "unknown": 0,
            "checked_out": 0, "commands_sent": 0, "held": 0, "duplicates": 0, "push": {"waiting": 0},
            "identities": {"under_60_days": 0, "under_30_days": 0, "under_7_days": 0, "expired": 0},
            "profiles": []
        });
        assert_eq!(answer.json(), expected);
    }
}

/// Addresses that do not exist are 404, methods that an address does not take are 405 and named,
/// tricks with paths lead nowhere.
#[test]
fn no_such_address() {
    let running = Running::start();
    for path in [
        "/",
        "/nothing",
        "/api",
        "/api/v1",
        "/api/v2/status",
        "//api/v1/status",
        "/api/v1/status/",
        "/api/v1//status",
        "/api/v1/./status",
        "/api/v1/hosts/../status",
        "/api/v1/status;x",
        "/API/v1/status",
        "/api/v1/%zz",
        "/api/v1%2Fstatus",
        "/api/v1/profiles/a/b",
        "/api/v1/profiles/a/versions",
        "/mdm",
        "/checkin",
    ] {
        assert_problem(&running.get(path), 404, "no-route");
    }
    for (method, path) in [
        ("PUT", "/api/v1/status"),
        ("POST", "/healthz"),
        ("DELETE", "/api/v1/profiles"),
        ("POST", "/api/v1/profiles/a"),
        ("GET", "/api/v1/hosts/H/refresh"),
        ("BREW", "/api/v1/status"),
    ] {
        let answer = running.api(method, path, &[], b"");
        let document = assert_problem(&answer, 405, "method-not-allowed");
        let allowed = answer.header("allow").expect("which methods are");
        let detail = document["detail"].as_str().unwrap();
        assert!(detail.ends_with(&format!("takes {allowed}")), "{detail}");
    }
}

/// Every route is answered by a handler: none is left to the catch-all.
#[test]
fn every_route_has_a_handler() {
    let running = Running::start();
    for (method, path) in ROUTES {
        let answer = running.api(method, path, &[], b"");
        assert!(
            [200, 400, 404].contains(&answer.status),
            "{method} {path}: {}",
            answer.text()
        );
        if answer.status != 200 {
            let document = answer.json();
            let kind = document["type"].as_str().unwrap();
            assert!(
                ["/problems/not-found", "/problems/bad-request"].contains(&kind),
                "{kind}"
            );
        }
    }
}

/// A head or a body over the limit is refused without harm; the server goes on.
#[test]
fn too_large() {
    let running = Running::start();
    let padding = format!("X-Padding: {}", "x".repeat(20_000));
    let answer = exchange(running.admin, &request("GET", "/healthz", &[&padding], b""));
    assert_eq!(answer.status, 431, "{}", answer.text());
    let body = vec![b'x'; 8 * 1024 * 1024 + 1];
    let answer = running.api("POST", "/api/v1/profiles", &[], &body);
    assert_problem(&answer, 413, "too-large");
    let answer = exchange(running.admin, b"no HTTP at all\r\n\r\n");
    assert_eq!(answer.status, 400);
    assert_eq!(running.get("/healthz").status, 200);
}
