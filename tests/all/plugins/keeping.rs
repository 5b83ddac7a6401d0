//! Plugins over a restart, and in a store that lost something.

use std::path::Path;

use mooring_server::api::{BindingState, OnFailure, PluginState, PushOutcome};
use mooring_store::{Change, Expected, KeyRange, RedbOptions, RedbStore, Space, Store};
use mooring_tests::{Draft, TestClock, TestServer};

use super::{HOSTILE, ID, bind, by, done, install, provoking, validator, version};

/// A restart keeps plugins, bindings and what was disabled.
#[test]
fn restarts() {
    let folder = tempfile::tempdir().unwrap();
    let (file, clock) = (folder.path().join("a.redb"), TestClock::new());
    let server = TestServer::open(&file, &clock);
    install(&server, HOSTILE).unwrap();
    bind(&server, "all", validator(OnFailure::Warn)).unwrap();
    let before = (server.plugin(ID).unwrap(), server.binding("all").unwrap());
    drop(server);
    let server = TestServer::open(&file, &clock);
    let after = (server.plugin(ID).unwrap(), server.binding("all").unwrap());
    assert_eq!(after, before);
    let result = server.push_one(provoking("com.harborworks.a", "panic"));
    assert_eq!(result.outcome, PushOutcome::Created);
    super::switch(&server, false);
    drop(server);
    let server = TestServer::open(&file, &clock);
    assert_eq!(
        server.plugin(ID).unwrap().summary.state,
        PluginState::Disabled
    );
}

/// Changes a byte of the component in a store that nobody has open.
fn damage(file: &Path) {
    let store = RedbStore::open(file, RedbOptions::default()).unwrap();
    let range = KeyRange::default();
    let part = store
        .documents(Space::PluginCode, range, 1)
        .unwrap()
        .remove(0);
    let mut value = part.value;
    value[100] ^= 1;
    let change = Change::Document {
        space: Space::PluginCode,
        key: part.key,
        value: Some(value),
        expected: Expected::Any,
    };
    store.commit(vec![change]).unwrap();
}

/// What a plugin last said counts after a restart as well, and also when the plugin does not even load
/// any more; what it said of no profile, in another version, or before its binding changed does not:
/// then the profile is refused.
#[test]
fn what_was_said_last() {
    let folder = tempfile::tempdir().unwrap();
    let (file, clock) = (folder.path().join("a.redb"), TestClock::new());
    let (a, b) = ("com.harborworks.a", "com.harborworks.b");
    let server = TestServer::open(&file, &clock);
    install(&server, HOSTILE).unwrap();
    bind(&server, "all", validator(OnFailure::LastKnown)).unwrap();
    server.push_taken(Draft::new(a, "well").xml());
    drop(server);
    let server = TestServer::open(&file, &clock);
    let outcome = |server: &TestServer, identifier: &str, how: &str| {
        let result = server.push_one(provoking(identifier, how));
        let rules: Vec<_> = result.findings.iter().map(|it| it.rule.clone()).collect();
        (result.outcome, rules)
    };
    let (taken, rules) = outcome(&server, a, "memory");
    assert_eq!(taken, PushOutcome::Updated, "{rules:?}");
    assert!(rules.contains(&"H000".to_owned()), "{rules:?}");
    assert_eq!(outcome(&server, b, "memory").0, PushOutcome::Refused);
    drop(server);

    damage(&file);
    let server = TestServer::open(&file, &clock);
    assert_eq!(server.binding("all").unwrap().state, BindingState::Failed);
    let (taken, rules) = outcome(&server, a, "panic");
    assert_eq!(taken, PushOutcome::Updated, "{rules:?}");
    assert!(rules.contains(&"plugin-not-loaded".to_owned()), "{rules:?}");
    assert_eq!(outcome(&server, b, "panic").0, PushOutcome::Refused);

    super::upgrade(&server, &version("0.2.0")).unwrap();
    assert_eq!(outcome(&server, a, "memory").0, PushOutcome::Refused);
    drop(server);
    let server = TestServer::open(&file, &clock);
    assert_eq!(outcome(&server, a, "memory").0, PushOutcome::Refused);
    server.push_taken(Draft::new(a, "well again").xml());
    done(server.unbind_plugin("all", &by()).unwrap());
    bind(&server, "all", validator(OnFailure::LastKnown)).unwrap();
    drop(server);
    let server = TestServer::open(&file, &clock);
    assert_eq!(outcome(&server, a, "memory").0, PushOutcome::Refused);
}

/// A plugin whose component is damaged is listed with its reason, the status names it, and its
/// binding decides; it can be replaced.
#[test]
fn a_damaged_component() {
    let folder = tempfile::tempdir().unwrap();
    let (file, clock) = (folder.path().join("a.redb"), TestClock::new());
    let server = TestServer::open(&file, &clock);
    install(&server, HOSTILE).unwrap();
    bind(&server, "all", validator(OnFailure::Block)).unwrap();
    drop(server);
    damage(&file);
    let server = TestServer::open(&file, &clock);
    let plugin = server.plugins().plugins.remove(0);
    assert_eq!(plugin.state, PluginState::Failed);
    assert!(plugin.problem.unwrap().contains("damaged"));
    assert_eq!(server.summary().unwrap().plugin_problems.len(), 1);
    assert_eq!(server.binding("all").unwrap().state, BindingState::Failed);
    let result = server.push_one(Draft::new("com.harborworks.a", "1").xml());
    assert_eq!(result.outcome, PushOutcome::Refused);
    assert_eq!(result.findings[0].rule, "plugin-not-loaded");
    super::upgrade(&server, HOSTILE).unwrap();
    let result = server.push_one(Draft::new("com.harborworks.a", "1").xml());
    assert_eq!(result.outcome, PushOutcome::Created);
}
