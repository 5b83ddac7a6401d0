//! A set validator of others over a fleet that does not change.

use std::sync::Arc;

use mooring_plugin::Limits;
use mooring_server::api::{BindingWish, OnFailure, PluginRole, PluginState};
use mooring_server::judge::Judge;
use mooring_tests::clock::MINUTE_MS;
use mooring_tests::server::id;
use mooring_tests::{Draft, Host, TestClock, TestServer, settle};

use super::{bind, install, validator};

const A: &str = "com.harborworks.a";
const B: &str = "com.harborworks.b";

/// The shipped set validator as somebody else's: with rules of its own, `Q...` for `R...`.
fn set_validator() -> Vec<u8> {
    let mut component = mooring_builtin::PROFILE_SET.component.to_vec();
    for at in 0..component.len().saturating_sub(3) {
        let part = &component[at..at + 4];
        if part.starts_with(b"R0") && part[2..].iter().all(u8::is_ascii_digit) {
            component[at] = b'Q';
        }
    }
    component
}

/// A profile with a payload of which a host can have one.
fn dock(identifier: &str) -> String {
    let draft = Draft {
        payload_type: "com.apple.dock".to_owned(),
        ..Draft::new(identifier, "1")
    };
    draft.xml()
}

/// The rules of what is said of a profile together with others.
fn said(server: &TestServer) -> Vec<String> {
    let detail = server.profile_detail(&id(A)).unwrap();
    let findings = detail.together.findings.into_iter();
    findings.map(|it| it.finding.rule).collect()
}

/// A fleet that does not change runs no code of a bound set validator, however often it is looked at
/// and comes back; with other limits it is judged anew, since they may change the answer.
#[test]
fn judged_once_under_the_same_limits() {
    let plugin = mooring_builtin::STRUCTURE;
    let judge = Judge::with_plugins([(plugin.name, plugin.component)], Limits::default());
    let server = TestServer::with_judge(Arc::new(judge.unwrap()));
    let id = install(&server, &set_validator()).unwrap().summary.id;
    let mut wish = BindingWish {
        plugin: id,
        role: Some(PluginRole::SetValidator),
        ..validator(OnFailure::Block)
    };
    wish.limits.timeout_ms = Some(5_000);
    bind(&server, "sets", wish.clone()).unwrap();
    server.push_taken(dock(A));
    server.push_taken(dock(B));
    let mut hosts: Vec<_> = (0..3).map(Host::without_user).collect();
    settle(&server, &mut hosts);
    assert_eq!(said(&server), ["Q007"]);
    let calls = server.plugin_calls_made();
    for _ in 0..3 {
        settle(&server, &mut hosts);
        server.clock.advance(2 * MINUTE_MS);
        assert_eq!(said(&server), ["Q007"]);
    }
    assert_eq!(server.plugin_calls_made(), calls, "no code was run");

    wish.limits.timeout_ms = Some(6_000);
    bind(&server, "sets", wish).unwrap();
    let calls = server.plugin_calls_made();
    assert_eq!(said(&server), ["Q007"]);
    assert_eq!(server.plugin_calls_made(), calls + 1, "judged anew");
}

/// A set validator that fails again and again is in quarantine, also after a restart. Its role is
/// written with a hyphen, and a limit beyond that of its class is refused.
#[test]
fn quarantined_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (file, clock) = (folder.path().join("a.redb"), TestClock::new());
    let server = TestServer::open(&file, &clock);
    let mut component = set_validator();
    let own_id = b"\"id\": \"profile-set\"";
    let other_id = b"\"id\": \"another-set\"";
    while let Some(at) = component.windows(own_id.len()).position(|it| it == own_id) {
        component[at..at + own_id.len()].copy_from_slice(other_id);
    }
    let plugin = install(&server, &component).unwrap().summary.id;
    let wish = |memory_bytes| {
        let mut wish = BindingWish {
            plugin: plugin.clone(),
            role: Some(PluginRole::SetValidator),
            ..validator(OnFailure::Block)
        };
        wish.limits.memory_bytes = Some(memory_bytes);
        wish
    };
    let written = serde_json::to_value(wish(1)).unwrap();
    assert_eq!(written["role"], "set-validator");
    let error = bind(&server, "sets", wish(1 << 40)).unwrap_err();
    assert!(error.to_string().contains("67108864"), "{error}");
    // Enough for settings, and too little for a profile of this size.
    bind(&server, "sets", wish(1_800_000)).unwrap();
    server.push_taken(Draft::new(A, &"x".repeat(1 << 19)).xml());
    let mut hosts: Vec<_> = (0..3).map(Host::without_user).collect();
    settle(&server, &mut hosts);
    for _ in 0..40 {
        server.clock.advance(2 * MINUTE_MS);
        said(&server);
    }
    let state = |server: &TestServer| server.plugin(&plugin).unwrap().summary.state;
    assert_eq!(state(&server), PluginState::Quarantined);
    drop(server);
    let server = TestServer::open(&file, &clock);
    assert_eq!(state(&server), PluginState::Quarantined);
}
