//! Profiles for users: they wait for one, and say so.

use mooring_drift::state::FailureReason;
use mooring_drift::status::{PendingReason, ProfileStatus};
use mooring_sim::Channel;
use mooring_tests::{Draft, TestServer};

use super::mac::Mac;
use super::{A, assign, manual, members};

fn for_user(content: &str) -> String {
    let draft = Draft {
        scope: Some("User"),
        ..Draft::new(A, content)
    };
    draft.xml()
}

/// A profile for users waits on a Mac without one, and is delivered once a user has enrolled.
#[test]
fn a_user_comes_later() {
    let server = TestServer::new();
    server.push_taken(for_user("1"));
    let mut mac = Mac::with_user(0);
    mac.has_user_line = false;
    mac.settle(&server);
    let waits = server.profile_of(&mac.id(), A).unwrap();
    assert!(waits.enrollment.is_none());
    let reason = PendingReason::Waiting;
    assert_eq!(waits.status, ProfileStatus::Pending { reason });
    mac.has_user_line = true;
    mac.settle(&server);
    assert!(mac.host.holds(Channel::User).contains_key(A));
    server.assert_applied(1);
}

/// An iPhone has no user channel and never will, so the profile fails there and says so; where an
/// assignment leaves the iPhone out nothing is amiss.
#[test]
fn an_iphone_has_no_users() {
    let server = TestServer::new();
    server.push_taken(for_user("1"));
    let mut phone = Mac::new(0);
    phone.told.insert("Model", "iPhone15,2".to_owned());
    phone.settle(&server);
    let status = server.status_of(&phone.id(), A);
    assert!(matches!(
        status,
        ProfileStatus::Failed {
            error: FailureReason::NoUserChannel,
            ..
        }
    ));
    assign(&server, A, r#"{"platforms":["macos"]}"#);
    assert!(server.profile_of(&phone.id(), A).is_none());
    server.assert_applied(1);
}

/// A label counts for every channel of a host: its user gets the profile and loses it.
#[test]
fn labels_count_for_users() {
    let server = TestServer::new();
    server.push_taken(for_user("1"));
    manual(&server, &["staff"]);
    assign(&server, A, r#"{"include_all":["staff"]}"#);
    let mut mac = Mac::with_user(0);
    mac.settle(&server);
    for (is_member, holds) in [(true, true), (false, false)] {
        let host = [mac.id()];
        let (add, remove) = if is_member {
            (&host[..], &[][..])
        } else {
            (&[][..], &host[..])
        };
        members(&server, "staff", add, remove);
        mac.settle(&server);
        assert_eq!(mac.host.holds(Channel::User).contains_key(A), holds);
        server.assert_applied(1);
    }
}
