//! What a policy and acceptances do on a server.
//!
//! Knows the API alone. Invariant: see the parent module.

use mooring_tests::Running;
use serde_json::{Value, json};

use super::MISTAKES;

const JSON: &str = "Content-Type: application/json";
const PROFILE: &str = "Content-Type: application/x-apple-aspen-config";

fn put(running: &Running, path: &str, body: &Value) -> (u16, Value) {
    let answer = running.api("PUT", path, &[JSON], body.to_string().as_bytes());
    (answer.status, answer.json())
}

/// The rules of the errors for which an upload is refused; none if it is taken.
fn refused(running: &Running) -> Vec<String> {
    let path = "/api/v1/profiles?name=a.mobileconfig";
    let answer = running.api("POST", path, &[PROFILE], MISTAKES.as_bytes());
    if answer.status == 200 {
        return Vec::new();
    }
    assert_eq!(answer.status, 422, "{}", answer.text());
    let findings = answer.json()["findings"].as_array().unwrap().clone();
    let errors = findings.iter().filter(|one| one["severity"] == "error");
    let mut rules: Vec<String> = errors
        .map(|one| one["rule"].as_str().unwrap().to_owned())
        .collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

/// Errors block until they are weighed otherwise or accepted for the profile; the version keeps
/// the findings as they were judged, and what is taken back counts again.
#[test]
fn policy_and_acceptance() {
    let running = Running::start();
    let errors = refused(&running);
    assert!(errors.len() > 2, "{errors:?}");
    let (first, rest) = errors.split_first().unwrap();
    let policy = format!("/api/v1/policy/{first}");
    let (status, rule) = put(&running, &policy, &json!({"level": "warning"}));
    assert_eq!(
        (status, &rule["level"], &rule["own"]),
        (200, &json!("warning"), &json!("error"))
    );
    assert_eq!(refused(&running), rest);
    let accepted = "/api/v1/profiles/com.harborworks.wifi/accepted";
    for rule in rest {
        let wish = json!({"reason": "a test network"});
        assert_eq!(put(&running, &format!("{accepted}/{rule}"), &wish).0, 200);
    }
    assert_eq!(refused(&running), [""; 0]);
    let version = running.get("/api/v1/profiles/com.harborworks.wifi/versions/1");
    let findings = version.json()["findings"].as_array().unwrap().clone();
    let of = |rule: &str| {
        findings
            .iter()
            .find(|one| one["rule"] == *rule)
            .unwrap()
            .clone()
    };
    assert_eq!(
        (&of(first)["severity"], &of(first)["was"]),
        (&json!("warning"), &json!("error"))
    );
    let one = of(&rest[0]);
    assert_eq!(
        (&one["severity"], &one["accepted"]),
        (&json!("info"), &json!("a test network"))
    );
    let listed = running.get(accepted).json();
    assert_eq!(listed["accepted"].as_array().unwrap().len(), rest.len());
    assert_eq!(
        running.get("/api/v1/policy").json()["rules"][0]["rule"],
        json!(first)
    );
    let delete = |path: &str| running.api("DELETE", path, &[], b"").status;
    assert_eq!(delete(&policy), 204);
    assert_eq!(delete(&format!("{accepted}/{}", rest[0])), 204);
    assert_eq!(refused(&running), [first.clone(), rest[0].clone()]);
    assert_eq!(delete(&format!("{accepted}/{}", rest[0])), 404);
}

/// What the host itself refuses nobody can let in, a typo is told with what was meant, and a
/// reason has to be given.
#[test]
fn what_cannot_be_changed() {
    let running = Running::start();
    let off = json!({"level": "off"});
    for rule in ["P002", "S006", "reserved", "duplicate"] {
        let (status, problem) = put(&running, &format!("/api/v1/policy/{rule}"), &off);
        assert_eq!(
            (status, &problem["type"]),
            (409, &json!("/problems/conflict")),
            "{rule}"
        );
        assert!(
            problem["detail"]
                .as_str()
                .unwrap()
                .contains("neither weighed otherwise nor accepted")
        );
        let path = format!("/api/v1/profiles/com.example.a/accepted/{rule}");
        assert_eq!(put(&running, &path, &json!({"reason": "x"})).0, 409);
    }
    let (status, problem) = put(&running, "/api/v1/policy/T0002", &off);
    assert_eq!(status, 404);
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .ends_with("did you mean T002?")
    );
    let path = "/api/v1/profiles/com.example.a/accepted/T002";
    assert_eq!(put(&running, path, &json!({"reason": " "})).0, 400);
    assert_eq!(
        put(&running, "/api/v1/policy/T002", &json!({"level": "loud"})).0,
        400
    );
}
