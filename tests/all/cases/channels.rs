//! Profiles for users: they wait for one, and go to nobody else.

use mooring_drift::state::FailureReason;
use mooring_drift::status::{PendingReason, ProfileStatus, Remark};
use mooring_tests::clock::HOUR_MS;
use mooring_tests::{Draft, TestServer};

use super::puppet::Puppet;
use super::{A, B, push};

/// A profile for users on a Mac without one waits, says so, and keeps waiting: somebody may sign
/// in next month. It is delivered to the user who comes, and to no device channel. An iPhone, which
/// never has a user channel, fails it, with a reason of its own (case A37).
#[test]
fn a37_waiting_for_a_user() {
    let server = TestServer::new();
    push(&server, B, "first");
    let for_users = Draft {
        scope: Some("User"),
        ..Draft::new(A, "first")
    };
    server.push_taken(for_users.xml());
    let mut mac = Puppet::settled(1, &server);
    for _ in 0..3 {
        let waits = server.profile_of(&mac.id(), A).unwrap();
        let reason = PendingReason::Waiting;
        assert_eq!(waits.status, ProfileStatus::Pending { reason });
        assert_eq!(waits.remark, Some(Remark::NoUser));
        assert!(waits.note.is_some_and(|note| note.contains("user")));
        server.clock.advance(100 * HOUR_MS);
        mac.settle(&server);
    }
    assert_eq!(mac.holds(), [B]);

    let mut user = mac.clone();
    user.user = Some("0C0FFEE0-0000-4000-8000-000000000037".to_owned());
    user.profiles.clear();
    user.got.clear();
    user.token_update(&server, false);
    assert_eq!(user.settle(&server)[0], "ProfileList");
    assert_eq!((user.holds(), mac.holds()), (vec![A], vec![B]));
    mac.got.clear();
    mac.settle(&server);
    assert_eq!(mac.count("InstallProfile"), 0);
    server.assert_applied(1);

    let mut tablet = Puppet::new(2);
    tablet.model = "iPad13,1".to_owned();
    tablet.system = ("17.4".to_owned(), "21E219".to_owned());
    tablet.enroll(&server);
    tablet.settle(&server);
    let reason = PendingReason::Waiting;
    let shared = server.status_of(&tablet.id(), A);
    assert_eq!(
        shared,
        ProfileStatus::Pending { reason },
        "it may be a shared one"
    );
    let mut phone = Puppet::new(3);
    phone.model = "iPhone14,5".to_owned();
    phone.system = ("17.4".to_owned(), "21E219".to_owned());
    phone.enroll(&server);
    phone.settle(&server);
    assert_eq!(phone.holds(), [B]);
    let failed = server.status_of(&phone.id(), A);
    let ProfileStatus::Failed { error, .. } = failed else {
        panic!("{failed:?}");
    };
    assert_eq!(error, FailureReason::NoUserChannel);
}
