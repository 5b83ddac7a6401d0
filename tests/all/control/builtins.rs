//! A newer plugin that generates something else for everybody: it waits for a person.

use std::sync::Arc;

use mooring_server::core::CoreOptions;
use mooring_server::judge::Judge;
use mooring_store::{BuiltInRecord, Change, MemoryStore, Store};
use mooring_tests::server::id;
use mooring_tests::{TestClock, TestServer, judge, settle};

use super::{SMALL, confirming, held, impact, planning, settled};

const FIREWALL: &str = "com.mooring.builtin.firewall";
const GATEKEEPER: &str = "com.mooring.builtin.gatekeeper";

fn open(store: &Arc<MemoryStore>, judge: Arc<Judge>) -> TestServer {
    let options = CoreOptions {
        removal_guard: Some(SMALL),
        ..CoreOptions::default()
    };
    let shared: Arc<dyn Store> = Arc::clone(store) as _;
    TestServer::with_options(shared, judge, &TestClock::new(), options)
}

/// The next start finds that the plugin makes something else of the same settings: what a newer
/// plugin would do.
fn change_output(store: &MemoryStore) {
    let changed = BuiltInRecord {
        identifier: id(FIREWALL),
        is_enabled: true,
        settings: r#"{"block_all_incoming": true}"#.to_owned(),
    };
    store.commit(vec![Change::BuiltIn(changed)]).unwrap();
}

/// Beyond the guard the last good version stays, status says so, nobody gets anything; the number
/// that it tells confirms it, and without that the profile cannot even be enabled again by accident.
#[test]
fn held_until_confirmed() {
    let store = Arc::new(MemoryStore::new().unwrap());
    let server = open(&store, judge());
    server.enable(FIREWALL, true);
    server.enable(GATEKEEPER, true);
    let mut hosts = settled(&server, 4);
    change_output(&store);

    let server = open(&store, judge());
    server.refresh_builtins().unwrap();
    let waits = server.summary().unwrap().held_builtins;
    assert_eq!(waits.len(), 1);
    assert_eq!(
        (
            waits[0].identifier.as_str(),
            waits[0].hosts,
            waits[0].confirm
        ),
        (FIREWALL, 4, 4)
    );
    assert_eq!(
        server.profile_detail(&id(FIREWALL)).unwrap().versions.len(),
        1
    );
    settle(&server, &mut hosts);
    assert!(hosts.iter_mut().all(|host| host.take_work().is_empty()));

    let core = server.shared();
    let refused = held(server.switch(&id(FIREWALL), true, None));
    assert_eq!((refused.replaces, refused.confirm), (4, 4));
    let plan = impact(core.switch(&id(FIREWALL), true, None, &planning()).unwrap());
    assert_eq!(plan, refused);
    core.switch(&id(FIREWALL), true, None, &confirming(4))
        .unwrap();
    assert!(server.summary().unwrap().held_builtins.is_empty());
    settle(&server, &mut hosts);
    assert!(hosts.iter().all(|host| host.count("InstallProfile") == 1));
    server.assert_applied(4);
}

/// Few hosts hold nothing: the newer version is taken at the start. A plugin that is gone, or that
/// makes nothing, removes nothing.
#[test]
fn small_changes_and_lost_plugins() {
    let store = Arc::new(MemoryStore::new().unwrap());
    let server = open(&store, judge());
    server.enable(FIREWALL, true);
    let mut hosts = settled(&server, 1);
    change_output(&store);
    let server = open(&store, judge());
    server.refresh_builtins().unwrap();
    assert!(server.summary().unwrap().held_builtins.is_empty());
    settle(&server, &mut hosts);
    assert_eq!(hosts[0].count("InstallProfile"), 1);

    let others = mooring_builtin::ALL
        .iter()
        .filter(|one| one.name != "baseline");
    let others = others.map(|one| (one.name, one.component));
    let judge = Judge::with_plugins(others, mooring_plugin::Limits::default()).unwrap();
    assert!(
        judge
            .builtins()
            .iter()
            .all(|one| one.identifier != id(FIREWALL))
    );
    let server = open(&store, Arc::new(judge));
    server.refresh_builtins().unwrap();
    hosts[0].forget_work();
    settle(&server, &mut hosts);
    assert!(hosts[0].take_work().is_empty());
    assert_eq!(hosts[0].identifiers(), [FIREWALL]);
}
