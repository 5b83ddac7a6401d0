//! The pause: nothing is sent, what is reported counts, and afterwards the least is done.

use std::sync::Arc;

use mooring_drift::status::{PendingReason, ProfileStatus};
use mooring_server::core::CoreOptions;
use mooring_sim::Reply;
use mooring_store::MemoryStore;
use mooring_tests::{Host, TestClock, TestServer, judge, settle, settle_one};

use super::{A, B, draft, settled};

/// While it lasts no command leaves, across a restart too; what was pushed, deleted and pushed
/// again meanwhile costs one command for each profile that differs, and one list.
#[test]
fn stops_and_goes_on() {
    let store = Arc::new(MemoryStore::new().unwrap());
    let clock = TestClock::new();
    let open = || {
        let store = Arc::clone(&store) as _;
        TestServer::with_options(store, judge(), &clock, CoreOptions::default())
    };
    let server = open();
    server.push_taken(draft(A, "first"));
    server.push_taken(draft(B, "first"));
    let mut hosts = settled(&server, 3);
    server.pause("test", Some("a release")).unwrap();
    let pause = server.summary().unwrap().pause.unwrap();
    assert_eq!(
        (pause.by.as_str(), pause.reason.as_deref()),
        ("test", Some("a release"))
    );
    server.push_taken(draft(A, "second"));
    server.remove(B);
    server.push_taken(draft("com.harborworks.c", "first"));
    server.push_taken(draft(A, "third"));
    server.push_taken(draft(B, "first"));
    server.remove("com.harborworks.c");
    server.refresh_host(&hosts[2].id()).unwrap();
    settle(&server, &mut hosts);
    let server = open();
    assert!(server.is_paused());
    settle(&server, &mut hosts);
    assert!(hosts.iter_mut().all(|host| host.take_work().is_empty()));
    let held = ProfileStatus::Pending {
        reason: PendingReason::Held,
    };
    assert_eq!(server.status_of(&hosts[0].id(), A), held);

    server.resume("test").unwrap();
    assert_eq!(server.summary().unwrap().pause, None);
    settle(&server, &mut hosts);
    let install = format!("InstallProfile {A}");
    for host in &mut hosts[..2] {
        assert_eq!(host.take_work(), [install.as_str(), "ProfileList"]);
    }
    let asked = [
        "ProfileList",
        "DeviceInformation",
        install.as_str(),
        "ProfileList",
    ];
    assert_eq!(hosts[2].take_work(), asked);
    server.assert_applied(3);
}

/// A device that has a command already reports on it during a pause, and gets nothing for that; a
/// newcomer enrolls and gets nothing yet.
#[test]
fn reports_count() {
    let server = TestServer::new();
    server.push_taken(draft(A, "first"));
    let mut host = Host::without_user(0);
    let mut replies = 0;
    // The pause begins while the device carries out its install.
    host.contact_through(&server, |_, _, reply: Reply| {
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        if text.contains("InstallProfile") {
            server.pause("test", None).unwrap();
            replies += 1;
        }
        reply
    });
    assert_eq!(replies, 1);
    assert_eq!(host.identifiers(), [A]);
    let acknowledged = ProfileStatus::Pending {
        reason: PendingReason::Acknowledged,
    };
    assert_eq!(server.status_of(&host.id(), A), acknowledged);
    host.forget_work();
    let mut newcomer = Host::without_user(1);
    settle_one(&server, &mut newcomer);
    settle_one(&server, &mut host);
    assert!(newcomer.take_work().is_empty() && host.take_work().is_empty());
    server.resume("test").unwrap();
    settle(&server, &mut [newcomer]);
    settle_one(&server, &mut host);
    assert_eq!(host.take_work(), ["ProfileList"]);
    server.assert_applied(2);
}
