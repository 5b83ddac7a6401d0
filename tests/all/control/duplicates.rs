//! Two devices with one identity: seen, left alone, and settled by a person.

use mooring_drift::status::{PendingReason, ProfileStatus};
use mooring_server::hosts::HostError;
use mooring_sim::{Channel, Request};
use mooring_tests::clock::HOUR_MS;
use mooring_tests::host::{Sent, exchange};
use mooring_tests::{Host, TestServer, settle_one};

use super::{A, B, draft};

const TWIN: &str = "TW1N000000";

/// A contact of the copy of `host` that has another serial number.
fn contact_of_twin(server: &TestServer, twin: &mut Host) -> Vec<String> {
    let own = twin.device.identity().serial.clone();
    let mut sent: Vec<Sent> = Vec::new();
    twin.device.contact(|channel: Channel, request| {
        let text = String::from_utf8(request.body).unwrap().replace(&own, TWIN);
        let body = text.into_bytes();
        exchange(server, channel, &Request { body, ..request }, &mut sent)
    });
    sent.into_iter().map(|sent| sent.what).collect()
}

/// A cloned disk speaks in turn with its original: within two contacts of the copy the host is
/// flagged, neither gets a change from then on though both lack one, no record is lost, and
/// once one of them is gone a person settles it.
#[test]
fn flagged_held_and_settled() {
    let server = TestServer::new();
    server.push_taken(draft(A, "first"));
    let mut host = Host::without_user(0);
    settle_one(&server, &mut host);
    let refused = server.settle_host(&host.id());
    assert!(
        matches!(refused, Err(HostError::OneDevice(_))),
        "{refused:?}"
    );
    let mut twin = host.clone();
    let serial = host.device.identity().serial.clone();
    // What it is asked for its name, its answer gives it away.
    server.clock.advance(27 * HOUR_MS);
    let is_flagged = || server.summary().unwrap().duplicates == 1;
    let contacts = (1..=4).find(|_| {
        contact_of_twin(&server, &mut twin);
        settle_one(&server, &mut host);
        is_flagged()
    });
    assert!(
        contacts.is_some_and(|contacts| contacts <= 2),
        "{contacts:?}"
    );
    let hosts = server.host_listing(&mooring_server::hosts::HostsQuery {
        limit: 10,
        ..Default::default()
    });
    let hosts = hosts.unwrap().hosts;
    assert_eq!(hosts.len(), 1, "one record");
    let told = &hosts[0].duplicate.as_ref().unwrap().serial_numbers;
    let mut told = told.clone();
    told.sort();
    let mut both = vec![serial.clone(), TWIN.to_owned()];
    both.sort();
    assert_eq!(told, both);

    server.push_taken(draft(B, "first"));
    host.forget_work();
    for _ in 0..4 {
        let of_twin = contact_of_twin(&server, &mut twin);
        assert!(
            !of_twin.iter().any(|what| what.contains("Profile ")),
            "{of_twin:?}"
        );
        host.contact(&server);
    }
    assert_eq!(
        host.count("InstallProfile") + host.count("RemoveProfile"),
        0
    );
    let held = ProfileStatus::Pending {
        reason: PendingReason::Held,
    };
    assert_eq!(server.status_of(&host.id(), B), held);

    // The copy is erased.
    server.settle_host(&host.id()).unwrap();
    assert!(!is_flagged());
    host.forget_work();
    settle_one(&server, &mut host);
    assert_eq!(host.identifiers(), [A, B]);
    assert_eq!(host.count("InstallProfile"), 1);
    server.assert_applied(1);
    let detail = server.host_detail(&host.id()).unwrap();
    assert_eq!(detail.summary.duplicate, None);
    assert_eq!(detail.summary.attributes.serial_number, Some(serial));
}
