//! The addresses of labels, assignments and values: what they take, what they refuse.

use mooring_tests::{Draft, Running};
use serde_json::{Value, json};

use super::A;

fn put(running: &Running, path: &str, body: &Value) -> (u16, Value) {
    send(running, "PUT", path, body)
}

fn send(running: &Running, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let body = if body.is_null() {
        Vec::new()
    } else {
        body.to_string().into_bytes()
    };
    let answer = running.api(method, path, &["Content-Type: application/json"], &body);
    let document = if answer.status == 204 {
        Value::Null
    } else {
        answer.json()
    };
    (answer.status, document)
}

fn enroll(running: &Running) -> String {
    let authenticate = include_bytes!("../../data/messages/authenticate.plist");
    assert_eq!(running.message(authenticate).status, 200);
    let hosts = running.get("/api/v1/hosts").json();
    hosts["hosts"][0]["id"].as_str().expect("a host").to_owned()
}

/// A label, its hosts, an assignment and a value go in and are read back, and go away again.
#[test]
fn there_and_back() {
    let running = Running::start();
    let host = enroll(&running);
    let (status, label) = put(&running, "/api/v1/labels/staff", &json!({"kind": "manual"}));
    let expected =
        json!({"name": "staff", "kind": "manual", "hosts": 0, "hosts_unknown": 0, "used_by": []});
    assert_eq!((status, label), (200, expected));
    let added = send(
        &running,
        "POST",
        "/api/v1/labels/staff/hosts",
        &json!({"add": [host]}),
    );
    assert_eq!(
        added,
        (200, json!({"label": "staff", "added": 1, "removed": 0}))
    );
    let detail = running.get("/api/v1/labels/staff?limit=1").json();
    assert_eq!(detail["members"][0]["id"], json!(host));
    let path = format!("/api/v1/profiles/{A}/assignment");
    let (status, assigned) = put(
        &running,
        &path,
        &json!({"include_all": ["staff"], "percent": 50}),
    );
    assert_eq!(
        (status, &assigned["is_profile_known"]),
        (200, &json!(false))
    );
    assert_eq!(running.get(&path).json(), assigned);
    assert_eq!(
        running.get("/api/v1/assignments").json()["assignments"][0],
        assigned
    );
    assert_values(&running, &host);
    let why = running
        .get(&format!("/api/v1/hosts/{host}/profiles/{A}"))
        .json();
    assert_eq!(why["rules"][0]["rule"], json!("include_all"));

    let in_use = send(&running, "DELETE", "/api/v1/labels/staff", &Value::Null);
    assert_eq!(
        (in_use.0, &in_use.1["type"]),
        (409, &json!("/problems/conflict"))
    );
    assert_eq!(send(&running, "DELETE", &path, &Value::Null).0, 200);
    assert_eq!(
        send(&running, "DELETE", "/api/v1/labels/staff", &Value::Null).0,
        204
    );
    assert_eq!(
        send(&running, "DELETE", "/api/v1/values/site", &Value::Null).0,
        204
    );
    assert_eq!(
        send(&running, "DELETE", "/api/v1/values/site", &Value::Null).0,
        404
    );
    assert_eq!(
        running
            .get(&format!("/api/v1/profiles/{A}/assignment"))
            .status,
        404
    );
}

/// A value is declared, set for the host, and read back.
fn assert_values(running: &Running, host: &str) {
    let (status, _) = put(
        running,
        "/api/v1/values/site",
        &json!({"kind": "attribute"}),
    );
    assert_eq!(status, 200);
    let values = format!("/api/v1/hosts/{host}/values");
    let (status, set) = put(running, &values, &json!({"set": {"site": "oslo"}}));
    assert_eq!((status, &set["values"][0]["value"]), (200, &json!("oslo")));
    assert_eq!(running.get(&values).json(), set);
    assert_eq!(
        running.get("/api/v1/values").json()["values"][0]["hosts"],
        json!(1)
    );
}

/// What cannot be read, or names what is not there, is refused, and nothing is changed.
#[test]
fn refusals() {
    let running = Running::start();
    let host = enroll(&running);
    let values = format!("/api/v1/hosts/{host}/values");
    put(&running, "/api/v1/values/wifi", &json!({"kind": "secret"}));
    let rule = |rule: &str| json!({"kind": "rule", "rule": rule});
    for (path, body, status) in [
        ("/api/v1/labels/Staff", json!({"kind": "manual"}), 400),
        (
            "/api/v1/labels/staff",
            json!({"kind": "manual", "rule": "true"}),
            400,
        ),
        ("/api/v1/labels/staff", json!({"kind": "rule"}), 400),
        (
            "/api/v1/labels/staff",
            json!({"kind": "manual", "colour": 1}),
            400,
        ),
        (
            "/api/v1/labels/staff?plan=maybe",
            json!({"kind": "manual"}),
            400,
        ),
        (
            "/api/v1/labels/staff?confirm=all",
            json!({"kind": "manual"}),
            400,
        ),
        (
            "/api/v1/labels/staff",
            rule("attributes.site == \"x\""),
            422,
        ),
        (
            "/api/v1/profiles/a/assignment",
            json!({"include_any": ["nowhere"]}),
            422,
        ),
        (
            "/api/v1/profiles/a/assignment",
            json!({"percent": 101}),
            400,
        ),
        (
            "/api/v1/profiles/a/assignment",
            json!({"everyone": true}),
            400,
        ),
        ("/api/v1/values/Site", json!({"kind": "attribute"}), 400),
        ("/api/v1/values/wifi", json!({"kind": "attribute"}), 409),
        (values.as_str(), json!({"set": {"site": "x"}}), 422),
        (values.as_str(), json!({"set": {"wifi": "a\nb"}}), 422),
        (
            "/api/v1/hosts/nobody/values",
            json!({"set": {"wifi": "x"}}),
            404,
        ),
    ] {
        let (found, problem) = put(&running, path, &body);
        assert_eq!(found, status, "{path} {body} {problem}");
    }
    let (_, labels) = send(&running, "GET", "/api/v1/labels", &Value::Null);
    assert_eq!(labels, json!({"labels": []}));
}

/// A rule that cannot be read is told with its place and a hint; a body that may hold secrets is told
/// by its place alone.
#[test]
fn places_and_hints() {
    let running = Running::start();
    let host = enroll(&running);
    let values = format!("/api/v1/hosts/{host}/values");
    let rule = |rule: &str| json!({"kind": "rule", "rule": rule});
    let (status, problem) = put(
        &running,
        "/api/v1/labels/x",
        &rule("host.os_versoin >= \"15\""),
    );
    assert_eq!(status, 422);
    assert_eq!(
        problem["errors"][0],
        json!({"pointer": "/rule",
            "detail": "line 1, column 1: there is no host.os_versoin (did you mean host.os_version?)"})
    );
    for body in [
        json!({"set": {"wifi": 4711}}),
        json!({"set": {"Wi-Fi 4711": "x"}}),
        json!({"set": "4711"}),
        json!({"4711": 1}),
    ] {
        let (status, problem) = put(&running, &values, &body);
        assert_eq!(status, 400, "{problem}");
        assert!(!problem.to_string().contains("4711"), "{problem}");
    }
}

/// Each change can be planned: the answer says what would follow, and nothing is changed.
#[test]
fn plans_change_nothing() {
    let running = Running::start();
    let host = enroll(&running);
    let pushed = running.api(
        "POST",
        "/api/v1/profiles",
        &[],
        Draft::new(A, "1").xml().as_bytes(),
    );
    assert_eq!(pushed.status, 200);
    put(&running, "/api/v1/labels/staff", &json!({"kind": "manual"}));
    put(
        &running,
        "/api/v1/values/site",
        &json!({"kind": "attribute"}),
    );
    let state = || {
        ["labels", "assignments", "values", "status"]
            .map(|path| running.get(&format!("/api/v1/{path}")).text())
    };
    let before = state();
    let assignment = format!("/api/v1/profiles/{A}/assignment");
    let values = format!("/api/v1/hosts/{host}/values");
    for (method, path, body) in [
        ("PUT", "/api/v1/labels/new", json!({"kind": "manual"})),
        ("DELETE", "/api/v1/labels/staff", Value::Null),
        ("POST", "/api/v1/labels/staff/hosts", json!({"add": [host]})),
        ("PUT", assignment.as_str(), json!({"percent": 1})),
        ("DELETE", assignment.as_str(), Value::Null),
        ("PUT", "/api/v1/values/new", json!({"kind": "secret"})),
        ("DELETE", "/api/v1/values/site", Value::Null),
        ("PUT", values.as_str(), json!({"set": {"site": "x"}})),
    ] {
        let (status, answer) = send(&running, method, &format!("{path}?plan=true"), &body);
        assert_eq!(status, 200, "{method} {path} {answer}");
        assert!(answer["plan"]["hosts"].is_u64(), "{method} {path} {answer}");
    }
    assert_eq!(state(), before);
}
