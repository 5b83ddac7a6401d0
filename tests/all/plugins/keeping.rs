//! Plugins over a restart, and in a store that lost something.

use mooring_server::api::{BindingState, OnFailure, PluginState, PushOutcome};
use mooring_store::{Change, Expected, KeyRange, RedbOptions, RedbStore, Space, Store};
use mooring_tests::{Draft, TestClock, TestServer};

use super::{HOSTILE, ID, bind, install, provoking, validator};

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
    server.switch_plugin(ID, false).unwrap();
    drop(server);
    let server = TestServer::open(&file, &clock);
    assert_eq!(
        server.plugin(ID).unwrap().summary.state,
        PluginState::Disabled
    );
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
    let store = RedbStore::open(&file, RedbOptions::default()).unwrap();
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
    drop(store);
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
