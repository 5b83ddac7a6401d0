//! Uploads before bound validators.

use mooring_mdm::finding::Severity;
use mooring_server::api::{BindingState, OnFailure, PluginState, PushOutcome, PushResult};
use mooring_server::plugins::PluginError;
use mooring_tests::clock::MINUTE_MS;
use mooring_tests::server::id;
use mooring_tests::{Draft, Host, TestServer, settle_one};

use super::{
    HOSTILE, ID, bind, by, done, plan, planned, provoking, switch, upgrade, validator, version,
    with_plugin,
};

const A: &str = "com.harborworks.a";

/// What the plugin said of a push.
fn said(result: &PushResult) -> Vec<(&str, Severity)> {
    let own = result.findings.iter().filter(|it| it.source == ID);
    own.map(|it| (it.rule.as_str(), it.severity)).collect()
}

/// An installed plugin judges nothing until it is bound; then it judges uploads, but not while it is
/// disabled or after its binding was removed. What hosts have stays all the while.
#[test]
fn bound_and_unbound() {
    let server = with_plugin();
    let push = |value: &str| server.push_one(Draft::new(A, value).xml());
    assert_eq!(said(&push("1")), []);
    let mut host = Host::without_user(0);
    settle_one(&server, &mut host);
    bind(&server, "all", validator(OnFailure::Block)).unwrap();
    assert_eq!(said(&push("2")), [("H000", Severity::Info)]);
    let bad = server.push_one(provoking(A, "panic"));
    assert_eq!(bad.outcome, PushOutcome::Refused);
    let detail = switch(&server, false);
    assert_eq!(detail.summary.state, PluginState::Disabled);
    assert_eq!(detail.bound[0].state, BindingState::Disabled);
    assert_eq!(said(&push("3")), []);
    switch(&server, true);
    assert_eq!(said(&push("4")).len(), 1);
    done(server.unbind_plugin("all", &by()).unwrap());
    assert_eq!(said(&push("5")), []);
    settle_one(&server, &mut host);
    server.assert_applied(1);
}

/// A binding judges the profiles that it names, and those of its labels, and no others.
#[test]
fn what_a_binding_covers() {
    let server = with_plugin();
    let judged = |identifier: &str, value: &str| {
        !said(&server.push_one(Draft::new(identifier, value).xml())).is_empty()
    };
    let mut wish = validator(OnFailure::Block);
    wish.profiles = ["com.harborworks.a".to_owned(), "com.example.*".to_owned()].into();
    bind(&server, "some", wish).unwrap();
    assert!(judged("com.harborworks.a", "1"));
    assert!(!judged("com.harborworks.ab", "1"));
    assert!(judged("com.example.b", "1"));
}

/// A failing plugin refuses a profile, lets it pass with a warning, or counts as it last did, as its
/// binding says.
#[test]
fn on_failure() {
    let server = with_plugin();
    bind(&server, "all", validator(OnFailure::Block)).unwrap();
    let result = server.push_one(provoking(A, "panic"));
    assert_eq!(said(&result), [("plugin-panic", Severity::Error)]);
    bind(&server, "all", validator(OnFailure::Warn)).unwrap();
    let result = server.push_one(provoking(A, "panic"));
    assert_eq!(result.outcome, PushOutcome::Created);
    assert_eq!(said(&result), [("plugin-panic", Severity::Warning)]);
    bind(&server, "all", validator(OnFailure::LastKnown)).unwrap();
    let result = server.push_one(provoking(A, "memory"));
    assert_eq!(result.outcome, PushOutcome::Refused, "nothing is known");
    assert_eq!(said(&server.push_one(Draft::new(A, "well").xml())).len(), 1);
    let result = server.push_one(provoking(A, "memory"));
    assert_eq!(result.outcome, PushOutcome::Updated);
    let expected = [
        ("H000", Severity::Info),
        ("plugin-memory", Severity::Warning),
    ];
    let mut found = said(&result);
    found.sort();
    assert_eq!(found, expected);
}

/// A plugin that loops is stopped a few times and then not asked for a while: uploads go on as the
/// binding says. Again and again, and it is in quarantine until somebody lifts that.
#[test]
fn a_looping_plugin_is_left_alone() {
    let server = with_plugin();
    bind(&server, "all", validator(OnFailure::Warn)).unwrap();
    let push = |number: u32, how: &str| {
        let name = format!("com.harborworks.p{number}");
        let result = server.push_one(provoking(&name, how));
        assert_eq!(result.outcome, PushOutcome::Created, "{result:#?}");
        said(&result)[0].0.to_owned()
    };
    for number in 0..5 {
        assert_eq!(push(number, "loop"), "plugin-timeout");
    }
    assert_eq!(push(5, "nothing"), "plugin-back-off");
    let state = || server.binding("all").unwrap().state;
    assert_eq!(state(), BindingState::BackOff);
    server.clock.advance(MINUTE_MS);
    assert_eq!(push(6, "nothing"), "H000");
    assert_eq!(state(), BindingState::Active);
    for number in 10..20 {
        for again in 0..5 {
            push(number * 10 + again, "loop");
        }
        server.clock.advance(5 * MINUTE_MS);
        if state() == BindingState::Quarantined {
            break;
        }
    }
    assert_eq!(state(), BindingState::Quarantined);
    assert_eq!(server.summary().unwrap().plugin_problems[0].id, ID);
    server.clock.advance(1000 * MINUTE_MS);
    assert_eq!(push(900, "nothing"), "plugin-quarantined");
    let detail = server.lift_plugin(ID).unwrap();
    assert_eq!(detail.summary.state, PluginState::Enabled);
    assert_eq!(push(901, "nothing"), "H000");
}

/// An identical push runs no code of the plugin, whether it was taken or refused, and neither do a fleet
/// that comes back, a plan, and what is shown: a profile is judged once.
#[test]
fn judged_once() {
    let server = with_plugin();
    bind(&server, "all", validator(OnFailure::Block)).unwrap();
    let before = server.plugin_calls_made();
    let bad = provoking("com.harborworks.b", "failure");
    let good = Draft::new(A, "1").xml();
    let first = [server.push_one(&bad), server.push_one(&good)];
    assert_eq!(said(&first[0]), [("plugin-failure", Severity::Error)]);
    assert_eq!(said(&first[1]), [("H000", Severity::Info)]);
    assert_eq!(server.plugin_calls_made(), before + 2, "each is judged");
    // What is stored may differ from what was pushed.
    plan(server.unbind_plugin("all", &planned()).unwrap());
    let calls = server.plugin_calls_made();
    let mut host = Host::without_user(0);
    for _ in 0..3 {
        assert_eq!(said(&server.push_one(&bad)), said(&first[0]));
        let again = server.push_one(&good);
        assert_eq!(again.outcome, PushOutcome::Unchanged);
        assert_eq!(said(&again), said(&first[1]));
        settle_one(&server, &mut host);
        server.clock.advance(MINUTE_MS);
        let told = plan(server.unbind_plugin("all", &planned()).unwrap());
        assert_eq!(told.judged, 1);
        server.profile_detail(&id(A)).unwrap();
    }
    assert_eq!(server.plugin_calls_made(), calls, "no code was run");
}

/// What a plugin says under a rule that is not in its manifest counts as a failure: nobody could tell
/// whose word it is, or weigh it.
#[test]
fn only_its_own_rules() {
    let server = TestServer::new();
    let undeclared = super::changed(HOSTILE, "\"id\": \"H002\"", "\"id\": \"H009\"");
    super::install(&server, &undeclared).unwrap();
    bind(&server, "all", validator(OnFailure::Block)).unwrap();
    let result = server.push_one(provoking(A, "wrong-path"));
    assert_eq!(result.outcome, PushOutcome::Refused);
    assert_eq!(said(&result), [("plugin-output", Severity::Error)]);
}

/// An upgrade goes on with the bindings; what they cannot be is refused with the part that is wrong.
#[test]
fn bindings_over_an_upgrade() {
    let server = with_plugin();
    bind(&server, "all", validator(OnFailure::Block)).unwrap();
    upgrade(&server, &version("0.2.0")).unwrap();
    assert_eq!(said(&server.push_one(Draft::new(A, "1").xml())).len(), 1);
    let only = super::changed(HOSTILE, "\"version\": \"0.1.0\"", "\"version\": \"0.3.0\"");
    upgrade(&server, &only).unwrap();
    let wrong = |change: &dyn Fn(&mut super::BindingWish)| {
        let mut wish = validator(OnFailure::Block);
        change(&mut wish);
        let error = bind(&server, "other", wish).unwrap_err();
        let PluginError::Wish { pointer, .. } = error else {
            panic!("{error}");
        };
        pointer
    };
    assert_eq!(wrong(&|wish| wish.role = None), "/role");
    assert_eq!(
        wrong(&|wish| wish.limits.timeout_ms = Some(0)),
        "/limits/timeout_ms"
    );
    assert_eq!(
        wrong(&|wish| wish.profiles = ["a b\n".to_owned()].into()),
        "/profiles"
    );
    assert_eq!(
        wrong(&|wish| wish.prefixes = ["com.example.".to_owned()].into()),
        "/prefixes"
    );
    let mut unknown = validator(OnFailure::Block);
    unknown.plugin = "com.example.nobody".to_owned();
    let error = bind(&server, "other", unknown).unwrap_err();
    assert!(matches!(error, PluginError::NotFound(_)), "{error}");
    let server: &TestServer = &server;
    assert!(bind(server, "No Name", validator(OnFailure::Block)).is_err());
}
