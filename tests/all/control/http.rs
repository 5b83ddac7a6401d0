//! The same over the API: the documents of plans, refusals, pauses and resends.

use mooring_server::api::{PauseState, Planned, ProblemDocument, PushResponse};
use mooring_server::impact::RemovalGuard;
use mooring_tests::Running;
use mooring_tests::http::Answer;
use serde::de::DeserializeOwned;

use super::{A, draft};

const PROFILE: &str = "/api/v1/profiles/com.harborworks.a";

fn document<T: DeserializeOwned>(answer: &Answer) -> T {
    serde_json::from_str(&answer.text())
        .unwrap_or_else(|error| panic!("{error}: {}", answer.text()))
}

/// A plan answers 200 and changes nothing; what is held answers 409 with the plan and the number
/// that lets it through; parameters that are wrong are named.
#[test]
fn planned_held_and_confirmed() {
    let nobody = RemovalGuard {
        hosts_max: 0,
        share_max: 100,
        hosts_min: 0,
    };
    let running = Running::start_with(|options| options.removal_guard = Some(nobody));
    let push = |query: &str| {
        let path = format!("/api/v1/profiles{query}");
        running.api("POST", &path, &[], draft(A, "first").as_bytes())
    };
    let planned: PushResponse = document(&push("?plan=true"));
    assert!(planned.plan.is_some());
    assert_eq!(running.get(PROFILE).status, 404, "it was only planned");
    assert_eq!(push("").status, 200);
    let host = mooring_sim::Device::new(mooring_sim::DeviceOptions {
        seed: 7,
        index: 0,
        has_user: false,
        faults: mooring_tests::host::without_user(),
    });
    let mut host = host;
    for _ in 0..2 {
        host.contact(|_, request| {
            let answer = running.message(&request.body);
            mooring_sim::Reply {
                status: answer.status,
                body: answer.body.clone(),
            }
        });
    }
    let delete = |query: &str| running.api("DELETE", &format!("{PROFILE}{query}"), &[], b"");
    let Planned { plan } = document(&delete("?plan=true&limit=1"));
    assert_eq!((plan.removes, plan.is_held, plan.confirm), (1, true, 1));
    let held = delete("");
    assert_eq!(held.status, 409, "{}", held.text());
    let problem: ProblemDocument = document(&held);
    assert_eq!(problem.kind, "/problems/held");
    assert!(problem.detail.contains("confirm=1"), "{}", problem.detail);
    assert_eq!(problem.other["plan"]["confirm"], 1);
    for wrong in [
        "?plan=maybe",
        "?confirm=all",
        "?plan=true&limit=0",
        "?plan=true&after=",
    ] {
        assert_eq!(delete(wrong).status, 400, "{wrong}");
    }
    let disable = running.api("PATCH", PROFILE, &[], br#"{"enabled":false}"#);
    assert_eq!(disable.status, 409);
    assert_eq!(delete("?confirm=1").status, 204);
}

/// A pause is shown, has a reason, and is ended; what cannot be sent once more is not found.
#[test]
fn paused_and_resumed() {
    let running = Running::start();
    let state = |answer: &Answer| document::<PauseState>(answer).is_paused;
    assert!(!state(&running.get("/api/v1/pause")));
    let body = br#"{"reason":"a release"}"#;
    assert!(state(&running.api("PUT", "/api/v1/pause", &[], body)));
    let status = running.get("/api/v1/status").json();
    assert_eq!(status["pause"]["reason"], "a release");
    assert_eq!(
        running
            .api("PUT", "/api/v1/pause", &[], b"{\"a\":1}")
            .status,
        400
    );
    assert!(!state(&running.api("DELETE", "/api/v1/pause", &[], b"")));
    assert!(running.get("/api/v1/status").json()["pause"].is_null());
    for path in [
        "/api/v1/profiles/com.harborworks.a/resend",
        "/api/v1/hosts/H/profiles/com.harborworks.a/resend",
        "/api/v1/hosts/H/settle",
    ] {
        assert_eq!(running.api("POST", path, &[], b"").status, 404, "{path}");
    }
}
