//! A plugin that says something else after an update.

use std::sync::Arc;

use mooring_mdm::ids::PayloadUuid;
use mooring_server::change::ChangeOptions;
use mooring_server::core::CoreOptions;
use mooring_server::impact::RemovalGuard;
use mooring_store::{Change, MemoryStore, Store};
use mooring_tests::server::{id, judge};
use mooring_tests::{TestClock, TestServer};

use super::puppet::Puppet;

const FIREWALL: &str = "com.mooring.builtin.firewall";
const HOSTS: u32 = 40;

fn over(store: &Arc<MemoryStore>) -> TestServer {
    let shared: Arc<dyn Store> = Arc::clone(store) as _;
    let options = CoreOptions {
        removal_guard: Some(RemovalGuard::default()),
        ..CoreOptions::default()
    };
    TestServer::with_options(shared, judge(), &TestClock::new(), options)
}

/// Stores what an earlier plugin made, as if this one had not been there yet.
fn store_earlier_output(store: &MemoryStore) {
    let mut profiles = store.profiles().unwrap().into_iter();
    let mut record = profiles
        .find(|record| record.identifier.as_str() == FIREWALL)
        .unwrap();
    let mut version = record.versions.pop().unwrap();
    let raw = store
        .raw(&record.identifier, version.version)
        .unwrap()
        .unwrap();
    let earlier = PayloadUuid::parse("00000000-0000-4000-8000-000000000022").unwrap();
    let raw = String::from_utf8(raw).unwrap();
    let raw = raw.replace(version.uuid.as_str(), earlier.as_str());
    version.version += 1;
    version.uuid = earlier;
    version.content_digest = [22; 32];
    let bytes = Change::Raw {
        identifier: record.identifier.clone(),
        version: version.version,
        bytes: raw.into_bytes(),
    };
    record.versions = vec![version];
    store.commit(vec![Change::Profile(record), bytes]).unwrap();
}

/// A plugin that makes the same content as before costs nothing. One whose content differs on
/// every host is held at the start, the last version stays and people are told; with the number
/// that was named, and no smaller one, it goes out, one install a host (case F22).
#[test]
fn f22_another_output_waits() {
    let store = Arc::new(MemoryStore::new().unwrap());
    let server = over(&store);
    server.enable(FIREWALL, true);
    let before = server.profile_detail(&id(FIREWALL)).unwrap();
    server.refresh_builtins().unwrap();
    assert_eq!(server.profile_detail(&id(FIREWALL)).unwrap(), before);
    assert!(server.counts().held_builtins.is_empty());
    store_earlier_output(&store);
    drop(server);

    let server = over(&store);
    let mut hosts: Vec<_> = (0..HOSTS).map(|n| Puppet::settled(n, &server)).collect();
    server.refresh_builtins().unwrap();
    let held = server.counts().held_builtins;
    assert_eq!(held.len(), 1, "{held:?}");
    assert_eq!(held[0].identifier, id(FIREWALL));
    assert_eq!((held[0].hosts, held[0].confirm), (40, 40));
    for host in &mut hosts {
        assert!(host.settle(&server).is_empty());
    }
    server.assert_applied(u64::from(HOSTS));
    let switch = |confirm| {
        let options = ChangeOptions {
            confirm,
            ..ChangeOptions::by("test")
        };
        server.shared().switch(&id(FIREWALL), true, None, &options)
    };
    assert!(switch(None).is_err() && switch(Some(39)).is_err());
    switch(Some(40)).unwrap();
    for host in &mut hosts {
        let expected = [
            format!("InstallProfile {FIREWALL}"),
            "ProfileList".to_owned(),
        ];
        assert_eq!(host.settle(&server), expected);
    }
    server.assert_applied(u64::from(HOSTS));
    assert!(server.counts().held_builtins.is_empty());
}
