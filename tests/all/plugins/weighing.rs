//! Policy and acceptances before what plugins make, before settings, and in plans.

use mooring_mdm::finding::{Finding, Severity};
use mooring_server::api::{BindingWish, Level, OnFailure};
use mooring_server::findings::FindingsError;
use mooring_server::plugins::PluginError;
use mooring_tests::server::id;
use mooring_tests::{Draft, TestServer};
use serde_json::Value;

use super::generating::{generator, made};
use super::{bind, plan, planned, upgrade, validator, version, with_plugin};

const A: &str = "com.harborworks.made.a";

/// The rule by which the plugin remarks on every profile.
const RULE: &str = "H000";

fn set_level(server: &TestServer, rule: &str, level: Level) {
    server.set_level(rule, level, "test").expect("a rule");
}

/// How the plugin's remark weighs, and why it was accepted.
fn weight(findings: &[Finding]) -> Option<(Severity, Option<&str>)> {
    let remark = findings.iter().find(|it| it.rule == RULE)?;
    Some((remark.severity, remark.accepted.as_deref()))
}

/// The findings of the latest version of a profile.
fn kept(server: &TestServer, identifier: &str) -> Vec<Finding> {
    let detail = server.profile_detail(&id(identifier)).expect("a profile");
    detail.versions[0].findings.clone()
}

/// What a generator makes is judged as an upload is: a rule that is an error here refuses it, with an
/// acceptance in that profile it is taken, and the version has what was said of it.
#[test]
fn made_profiles() {
    let server = with_plugin();
    bind(&server, "judge", validator(OnFailure::Block)).unwrap();
    set_level(&server, RULE, Level::Error);
    let error = bind(&server, "gen", generator(&[made(A, "1")])).unwrap_err();
    let PluginError::Output { findings, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(weight(&findings), Some((Severity::Error, None)));
    let remark = findings.iter().find(|it| it.rule == RULE);
    assert_eq!(remark.and_then(|it| it.was), Some(Severity::Info));
    assert!(server.shelf().profiles.is_empty());

    let accepted = server.accept_rule(&id(A), RULE, "a trial", "test");
    accepted.expect("a rule");
    bind(&server, "gen", generator(&[made(A, "1")])).unwrap();
    let expected = Some((Severity::Info, Some("a trial")));
    assert_eq!(weight(&kept(&server, A)), expected);

    let revoked = server.revoke_rule(&id(A), RULE, "test");
    revoked.expect("it was accepted");
    let error = upgrade(&server, &version("0.2.0")).unwrap_err();
    assert!(matches!(error, PluginError::Output { .. }), "{error}");
    set_level(&server, RULE, Level::Off);
    upgrade(&server, &version("0.2.0")).unwrap();
    bind(&server, "gen", generator(&[made(A, "2")])).unwrap();
    assert_eq!(weight(&kept(&server, A)), None);
}

/// A binding is refused for settings by rules that are errors here, and by no others.
#[test]
fn settings() {
    let server = with_plugin();
    let wish = || BindingWish {
        settings: Some(Value::String("bad".to_owned())),
        ..validator(OnFailure::Block)
    };
    let error = bind(&server, "judge", wish()).unwrap_err();
    assert!(matches!(error, PluginError::Settings { .. }), "{error}");
    set_level(&server, "H001", Level::Warning);
    bind(&server, "judge", wish()).unwrap();
}

/// A plugin that speaks of settings under a rule that is not its own is refused for that, however little
/// it says.
#[test]
fn settings_under_a_stray_rule() {
    let server = with_plugin();
    let wish = BindingWish {
        settings: Some(Value::String("stray".to_owned())),
        ..validator(OnFailure::Block)
    };
    let error = bind(&server, "judge", wish).unwrap_err();
    let PluginError::Settings { findings, .. } = error else {
        panic!("{error}");
    };
    let rules: Vec<_> = findings.iter().map(|it| it.rule.as_str()).collect();
    assert_eq!(rules, ["X001", "plugin-output"]);
}

/// What any plugin says under the rule for settings is weighed by nobody, and neither is what is said of
/// a plugin that fails.
#[test]
fn nobody_weighs_settings() {
    let server = with_plugin();
    for rule in ["settings", "plugin-timeout", "plugin-not-loaded", "owned"] {
        let set = server.set_level(rule, Level::Off, "test");
        assert!(matches!(set, Err(FindingsError::Fixed { .. })), "{rule}");
        let accepted = server.accept_rule(&id(A), rule, "a trial", "test");
        assert!(
            matches!(accepted, Err(FindingsError::Fixed { .. })),
            "{rule}"
        );
    }
}

/// The plan of a binding tells findings as they would weigh.
#[test]
fn plans() {
    let server = with_plugin();
    server.push_taken(Draft::new(A, "1").xml());
    let added = || {
        let wish = validator(OnFailure::Block);
        let found = plan(server.bind_plugin("all", wish, &planned()).unwrap());
        assert_eq!(found.judged, 1);
        let added = found.profiles.into_iter().flat_map(|it| it.added);
        added.collect::<Vec<_>>()
    };
    set_level(&server, RULE, Level::Error);
    assert_eq!(weight(&added()), Some((Severity::Error, None)));
    let accepted = server.accept_rule(&id(A), RULE, "a trial", "test");
    accepted.expect("a rule");
    assert_eq!(weight(&added()), Some((Severity::Info, Some("a trial"))));
    set_level(&server, RULE, Level::Off);
    assert_eq!(added(), []);
}
