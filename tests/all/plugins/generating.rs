//! Generators, held to what their bindings grant.

use mooring_mdm::finding::Finding;
use mooring_mdm::ids::PayloadIdentifier;
use mooring_server::api::{BindingWish, Level, OnFailure, PluginPlan, PluginRole, PushOutcome};
use mooring_server::plugins::PluginError;
use mooring_tests::server::id;
use mooring_tests::{Draft, Host, TestServer, settle_one};
use serde_json::Value;

use super::{bind, by, done, plan, planned, switch, upgrade, validator, version, with_plugin};

const A: &str = "com.harborworks.made.a";
const B: &str = "com.harborworks.made.b";

/// The payload of every draft.
const INNER: &str = "com.harborworks.settings.1";

/// A profile as it goes into the settings of the plugin that makes what it is told to.
fn flat(draft: &Draft) -> String {
    let own = format!("{}.1", draft.identifier.as_deref().unwrap_or_default());
    let xml = draft.xml().replace('"', "'").replace(INNER, &own);
    let from = xml.find("<plist").expect("a property list");
    xml[from..].replace(['\n', '\t'], "")
}

pub(super) fn made(identifier: &str, value: &str) -> String {
    flat(&Draft::new(identifier, value))
}

/// A binding that makes these profiles.
pub(super) fn generator(profiles: &[String]) -> BindingWish {
    BindingWish {
        role: Some(PluginRole::Generator),
        settings: Some(Value::String(profiles.join("|"))),
        prefixes: ["com.harborworks.made.".to_owned()].into(),
        ..validator(OnFailure::Block)
    }
}

/// What is said where nothing is taken.
#[track_caller]
pub(super) fn refused(server: &TestServer, wish: BindingWish) -> Vec<Finding> {
    let error = bind(server, "gen", wish).unwrap_err();
    let PluginError::Output { findings, .. } = error else {
        panic!("{error}");
    };
    findings
}

/// What a plan says of generated profiles: the version of now, and that of then.
fn generated(plan: &PluginPlan) -> Vec<(&str, Option<u32>, Option<u32>)> {
    let changes = plan.generated.iter();
    changes
        .map(|it| (it.identifier.as_str(), it.from, it.to))
        .collect()
}

/// What a generator makes reaches hosts, is replaced when it makes something else, and leaves with
/// its binding; a plan says so before.
#[test]
fn made_and_gone() {
    let server = with_plugin();
    let mut host = Host::without_user(0);
    let both = generator(&[made(A, "1"), made(B, "1")]);
    let planned_for = plan(server.bind_plugin("gen", both.clone(), &planned()).unwrap());
    assert!(planned_for.hosts.is_some());
    assert_eq!(
        generated(&planned_for),
        [(A, None, Some(1)), (B, None, Some(1))]
    );
    assert!(server.shelf().profiles.is_empty());
    let detail = bind(&server, "gen", both).unwrap();
    let makes: Vec<_> = detail
        .makes
        .values()
        .map(PayloadIdentifier::as_str)
        .collect();
    assert_eq!(makes, [A, B]);
    settle_one(&server, &mut host);
    assert_eq!(host.identifiers(), [A, B]);
    let other = generator(&[made(A, "2")]);
    let planned_for = plan(
        server
            .bind_plugin("gen", other.clone(), &planned())
            .unwrap(),
    );
    assert_eq!(
        generated(&planned_for),
        [(A, Some(1), Some(2)), (B, Some(1), None)]
    );
    bind(&server, "gen", other.clone()).unwrap();
    let same = plan(server.bind_plugin("gen", other, &planned()).unwrap());
    assert_eq!(generated(&same), []);
    settle_one(&server, &mut host);
    assert_eq!(host.identifiers(), [A]);
    server.assert_applied(1);
    done(server.unbind_plugin("gen", &by()).unwrap());
    settle_one(&server, &mut host);
    assert!(host.identifiers().is_empty());
    bind(&server, "gen", generator(&[made(A, "1")])).unwrap();
}

/// A generator that makes what it was not granted, what somebody else owns, what would enroll the
/// device elsewhere, or two of one name is refused as a whole: nothing of it is stored.
#[test]
fn a_hostile_generator() {
    let server = with_plugin();
    let pushed = "com.harborworks.made.pushed";
    server.push_taken(Draft::new(pushed, "an administrator's").xml());
    let mut mdm = Draft::new(B, "elsewhere");
    mdm.payload_type = "com.apple.mdm".to_owned();
    let before = server.shelf().profiles.len();
    for (bad, says) in [
        (made("com.example.outside", "1"), "none of the prefixes"),
        (made("com.harborworks.madeup", "1"), "none of the prefixes"),
        (
            made("com.mooring.builtin.firewall", "1"),
            "none of the prefixes",
        ),
        (made(pushed, "taken over"), "a profile that was pushed"),
        (flat(&mdm), "com.apple.mdm"),
        (made(A, "again"), "two profiles"),
        ("<plist><dict>".to_owned(), "made by"),
    ] {
        let findings = refused(&server, generator(&[made(A, "1"), bad]));
        let texts: Vec<_> = findings.iter().map(|it| it.message.as_str()).collect();
        assert!(
            texts.iter().any(|text| text.contains(says)),
            "{says}: {texts:?}"
        );
        assert_eq!(server.shelf().profiles.len(), before, "{says}");
        assert!(server.binding("gen").is_err());
    }
    for prefix in [
        "com.mooring.builtin.",
        "com.",
        "com.mooring.",
        "com.example",
        "",
    ] {
        let mut wish = generator(&[made(A, "1")]);
        wish.prefixes = [prefix.to_owned()].into();
        let error = bind(&server, "gen", wish).unwrap_err();
        assert!(
            matches!(
                error,
                PluginError::Wish {
                    pointer: "/prefixes",
                    ..
                }
            ),
            "{prefix}"
        );
    }
}

/// What one binding makes is neither pushed over nor made by another.
#[test]
fn owners() {
    let server = with_plugin();
    bind(&server, "first", generator(&[made(A, "1")])).unwrap();
    let result = server.push_one(Draft::new(A, "mine").xml());
    assert_eq!(result.outcome, PushOutcome::Refused);
    assert_eq!(result.findings[0].rule, "owned");
    let findings = refused(&server, generator(&[made(A, "2")]));
    assert!(
        findings[0].message.contains("the binding first's"),
        "{findings:?}"
    );
}

/// A generator that fails, under new settings or in a new version, leaves what it made before.
#[test]
fn the_last_good_output_stays() {
    let server = with_plugin();
    let mut host = Host::without_user(0);
    bind(&server, "gen", generator(&[made(A, "1")])).unwrap();
    settle_one(&server, &mut host);
    let mut looping = generator(&[]);
    looping.settings = Some(Value::String("loop".to_owned()));
    let findings = refused(&server, looping);
    assert_eq!(findings[0].rule, "plugin-timeout");
    let before = server.binding("gen").unwrap();
    assert_eq!(before.makes.len(), 1);
    upgrade(&server, &version("0.2.0")).unwrap();
    assert_eq!(server.binding("gen").unwrap(), before);
    switch(&server, false);
    settle_one(&server, &mut host);
    assert_eq!(host.identifiers(), [A]);
    upgrade(&server, &version("0.3.0")).unwrap();
    assert_eq!(server.binding("gen").unwrap().makes, before.makes);
    switch(&server, true);
    assert_eq!(server.binding("gen").unwrap(), before);
    settle_one(&server, &mut host);
    assert_eq!(host.identifiers(), [A]);
}

/// Under settings by which it answers otherwise each time it is refused, however often it is tried,
/// and so is one that makes too much.
#[test]
fn unsteady_and_too_much() {
    let server = with_plugin();
    bind(&server, "gen", generator(&[made(A, "1")])).unwrap();
    let before = server.binding("gen").unwrap();
    let mut too_much = generator(&[]);
    too_much.settings = Some(Value::String("much".to_owned()));
    let findings = refused(&server, too_much);
    assert_eq!(findings[0].rule, "plugin-output");
    let many: Vec<_> = (0..201).map(|n| made(&format!("{A}{n}"), "1")).collect();
    let findings = refused(&server, generator(&many));
    assert!(
        findings[0].message.contains("200 are the most"),
        "{findings:?}"
    );
    assert_eq!(server.binding("gen").unwrap(), before);
}

/// What is generated passes the same validators as an upload, bound ones too.
#[test]
fn validators_judge_it() {
    let server = with_plugin();
    bind(&server, "judge", validator(OnFailure::Block)).unwrap();
    let bad = made(A, "panic").replace("<key>Greeting</key>", "<key>Misbehave</key>");
    let findings = refused(&server, generator(&[bad]));
    assert!(
        findings.iter().any(|it| it.rule == "plugin-panic"),
        "{findings:?}"
    );
}

/// What a generator remarks on a profile is shown with it, and weighs as the policy has it; under the
/// rule of somebody else it is refused.
#[test]
fn remarks() {
    let server = with_plugin();
    let remarked = |rule: &str| {
        let mut wish = generator(&[]);
        wish.settings = Some(Value::String(format!("{rule}:{}", made(A, "1"))));
        wish
    };
    let findings = refused(&server, remarked("X001"));
    assert_eq!(findings[0].rule, "plugin-output", "{findings:?}");
    assert!(server.shelf().profiles.is_empty());
    bind(&server, "gen", remarked("H002")).unwrap();
    let detail = server.profile_detail(&id(A)).unwrap();
    let said = &detail.versions[0].findings;
    assert!(said.iter().any(|it| it.rule == "H002"), "{said:?}");
    server
        .set_level("H002", Level::Error, "test")
        .expect("a rule that is known");
    let mut wish = remarked("H002");
    wish.settings = Some(Value::String(format!("H002:{}", made(A, "2"))));
    let findings = refused(&server, wish);
    assert!(findings.iter().any(|it| it.rule == "H002"), "{findings:?}");
}

/// Settings that the plugin does not take are refused with what it says of them.
#[test]
fn bad_settings() {
    let server = with_plugin();
    let mut wish = generator(&[]);
    wish.settings = Some(Value::String("bad".to_owned()));
    let error = bind(&server, "gen", wish).unwrap_err();
    let PluginError::Settings { findings, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(findings[0].rule, "H001");
}

/// A profile that a binding makes is switched off like any other, but deleted only by its binding.
#[test]
fn deleted_by_the_binding_alone() {
    let server = with_plugin();
    bind(&server, "gen", generator(&[made(A, "1")])).unwrap();
    server.enable(A, false);
    server.enable(A, true);
    let error = server.delete(&id(A)).unwrap_err();
    assert!(error.to_string().contains("binding gen"), "{error}");
    done(server.unbind_plugin("gen", &by()).unwrap());
    assert!(
        server
            .push_one(Draft::new(A, "mine").xml())
            .version
            .is_some()
    );
}
