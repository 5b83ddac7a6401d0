//! A host that an administrator blocked is the only one that is ever told to leave.

use mooring_server::device::DeviceReply;
use mooring_tests::identity::{Site, WAYS, Way, outside, stranger};

use super::matrix::{OTHER, OURS, ROWS};

/// A blocked host is dismissed with 401 by each of its messages, nobody else is, and unblocked it
/// goes on where it was.
#[test]
fn blocked_hosts() {
    for way in WAYS {
        let site = Site::new(way);
        let (ours, other) = (outside().card("ours", 0), outside().card("other", 1));
        site.enroll(way, &ours, &OURS);
        site.enroll(way, &other, &OTHER);
        site.server.block_host(OURS.udid, true).unwrap();
        let shown = site.server.host_detail(OURS.udid).unwrap();
        assert!(shown.summary.is_blocked);
        let before = site.snapshot();
        let unknown = stranger().card("ours", 2);
        let trusted = outside().card("trusted", 2);
        for row in ROWS {
            site.server.clock.advance(1000);
            let body = OURS.says(row);
            let reply = site.tell(way, &ours, &body);
            assert_eq!(reply, DeviceReply::Dismissed, "{row} by {way:?}");
            assert_eq!(reply.status(), 401);
            assert_eq!(
                site.tell(way, &unknown, &body).status(),
                400,
                "{row} by {way:?}"
            );
            assert_eq!(
                site.tell(way, &other, &body).status(),
                400,
                "{row} by {way:?}"
            );
            if !["authenticate", "ios-user-enrollment-authenticate"].contains(&row) {
                let reply = site.tell(way, &trusted, &body);
                assert_eq!(reply.status(), 400, "{row} by {way:?}");
            }
        }
        assert!(site.snapshot() == before, "{way:?}");
        // One that is trusted and says it is the host is held, not dismissed.
        let reply = site.tell(way, &trusted, &OURS.says("authenticate"));
        assert_eq!(reply, DeviceReply::Empty);
        let reply = site.tell(way, &other, &OTHER.says("idle"));
        assert_eq!(reply.status(), 200, "another host does not notice");

        site.server.block_host(OURS.udid, false).unwrap();
        site.server.clock.advance(1000);
        let reply = site.tell(way, &ours, &OURS.says("idle"));
        assert!(matches!(reply, DeviceReply::Command(_)), "{reply:?}");
    }
}

/// A blocked host that left and enrolls anew with the same certificate is dismissed at once.
#[test]
fn blocking_outlasts_an_enrollment() {
    let site = Site::new(Way::Mtls);
    let card = outside().card("ours", 0);
    site.enroll(Way::Mtls, &card, &OURS);
    site.tell(Way::Mtls, &card, &OURS.says("check-out"));
    site.server.block_host(OURS.udid, true).unwrap();
    for row in ["authenticate", "token-update", "idle"] {
        let reply = site.tell(Way::Mtls, &card, &OURS.says(row));
        assert_eq!(reply, DeviceReply::Dismissed, "{row}");
    }
}
