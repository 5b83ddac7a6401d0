//! Devices and lines that misbehave: each case ends in applied, or in a stated failure, without a
//! spurious command.

mod crossing;
mod enrolling;
mod failing;
mod storing;

use mooring_drift::state::{FailureReason, NextAttempt};
use mooring_drift::status::{PendingReason, ProfileStatus};
use mooring_sim::{Channel, Ending, Faults, Reply, Status};
use mooring_tests::clock::{HOUR_MS, MINUTE_MS};
use mooring_tests::host::without_user;
use mooring_tests::{Draft, Host, TestServer, settle, settle_one};

const A: &str = "com.harborworks.a";
const B: &str = "com.harborworks.b";

/// A server with the profiles A and B.
fn server() -> TestServer {
    let server = TestServer::new();
    server.push_taken(Draft::new(A, "first").xml());
    server.push_taken(Draft::new(B, "first").xml());
    server
}

/// Installs that the device carried out, lost ones not counted.
fn received(host: &Host, request_type: &str) -> u64 {
    let commands = &host.device.tally().commands;
    commands.get(request_type).copied().unwrap_or(0)
}

/// Whichever reply gets lost, the device ends with everything, gets each profile once, and no more
/// is handed out than the lost command again and the list that decides about it.
#[test]
fn any_reply_lost() {
    let mut undisturbed = Host::new(0);
    let mut exchanges = 0;
    let quiet = server();
    undisturbed.contact_through(&quiet, |_, _, reply| {
        exchanges += 1;
        reply
    });
    for lost in 0..exchanges {
        let (server, mut host) = (server(), Host::new(0));
        let (mut at, mut carried) = (0, String::new());
        host.contact_through(&server, |_, _, reply| {
            at += 1;
            if at != lost + 1 {
                return reply;
            }
            if !reply.body.is_empty() {
                carried = mooring_tests::host::read_command(Channel::Device, &reply.body).what;
            }
            Reply::lost()
        });
        settle_one(&server, &mut host);
        server.assert_applied(1);
        assert_eq!(host.identifiers(), [A, B], "reply {lost}");
        assert_eq!(received(&host, "InstallProfile"), 2, "reply {lost}");
        let again = usize::from(carried.starts_with("InstallProfile"));
        assert_eq!(host.count("InstallProfile"), 2 + again, "reply {lost}");
        let lists = host.count("ProfileList") - undisturbed.count("ProfileList");
        assert!(lists <= 1, "reply {lost} ({carried}): {:#?}", host.sent);
    }
}

/// A report that never leaves the device: the Idle that follows closes the command as lost, the
/// list shows the profile, and nothing is installed twice.
#[test]
fn report_lost() {
    let faults = Faults {
        dropped_reports: 1,
        ..without_user()
    };
    let (server, mut host) = (server(), Host::with_faults(0, faults));
    assert_eq!(host.contact(&server).device, Ending::Dropped);
    host.take_work();
    settle_one(&server, &mut host);
    assert_eq!(
        host.take_work(),
        [
            "ProfileList",
            "InstallProfile com.harborworks.b",
            "ProfileList"
        ]
    );
    server.assert_applied(1);
}

/// An Idle while a command is in flight, from a device that never got it: a list decides, then the
/// command comes again under another uuid, and the late report of the first changes nothing.
#[test]
fn idle_while_in_flight() {
    let (server, mut host) = (server(), Host::without_user(0));
    let mut first = None;
    host.contact_through(&server, |channel, _, reply| {
        if reply.body.is_empty() {
            return reply;
        }
        let sent = mooring_tests::host::read_command(channel, &reply.body);
        if first.is_none() && sent.what.starts_with("InstallProfile") {
            first = Some(sent.uuid);
            return Reply::lost();
        }
        reply
    });
    host.take_work();
    let mut late = None;
    host.contact_through(&server, |_, request, reply| {
        late.get_or_insert_with(|| request.clone());
        reply
    });
    // What was lost does not stop the rest, and comes again after it.
    let (a, b) = (
        "InstallProfile com.harborworks.a",
        "InstallProfile com.harborworks.b",
    );
    assert_eq!(host.take_work()[..3], ["ProfileList", b, a]);
    server.assert_applied(1);

    // The Idle that opened the contact, made into a report on the lost command.
    let mut late = late.unwrap();
    let report = String::from_utf8(late.body).unwrap().replace(
        "<string>Idle</string>",
        &format!(
            "<string>Acknowledged</string><key>CommandUUID</key><string>{}</string>",
            first.unwrap()
        ),
    );
    late.body = report.into_bytes();
    assert_eq!(host.say(&server, Channel::Device, &late).status, 200);
    settle_one(&server, &mut host);
    let work = host.take_work();
    let lists = work.iter().filter(|what| *what == "ProfileList").count();
    assert!(
        lists == work.len() && lists > 0,
        "compared, not adopted: {work:?}"
    );
    server.assert_applied(1);
}

/// NotNow ends the contact without further work, is shown as the reason, costs no attempt, and the
/// work goes on once the device is unlocked.
#[test]
fn not_now_then_unlock() {
    let faults = Faults {
        locked_contacts: 5,
        ..without_user()
    };
    let (server, mut host) = (server(), Host::with_faults(0, faults));
    let ending = host.contact(&server).device;
    assert_eq!(ending, Ending::Empty(Status::NotNow));
    for _ in 1..5 {
        host.take_work();
        host.contact(&server);
        assert_eq!(host.take_work(), ["InstallProfile com.harborworks.a"]);
        let reason = PendingReason::NotNow;
        for name in [A, B] {
            let status = server.status_of(&host.id(), name);
            assert_eq!(status, ProfileStatus::Pending { reason });
        }
        assert_eq!(server.counts().counts.pending, 1);
    }
    let detail = server.host_detail(&host.id()).unwrap();
    assert!(
        detail.enrollments[0].push_at.is_some(),
        "it would be pushed"
    );
    settle_one(&server, &mut host);
    let detail = server.host_detail(&host.id()).unwrap();
    assert!(detail.enrollments[0].push_at.is_none());
    assert_eq!(
        host.take_work(),
        [
            "InstallProfile com.harborworks.a",
            "InstallProfile com.harborworks.b",
            "ProfileList",
        ]
    );
    server.assert_applied(1);
}

/// A NotNow in the middle of the work: what was done before it is proven only after the unlock.
#[test]
fn not_now_in_between() {
    let (server, mut host) = (server(), Host::without_user(0));
    settle_one(&server, &mut host);
    server.push_taken(Draft::new(A, "second").xml());
    host.take_work();
    host.device.lock(1);
    host.contact(&server);
    assert_eq!(host.take_work(), ["InstallProfile com.harborworks.a"]);
    settle_one(&server, &mut host);
    assert_eq!(
        host.take_work(),
        ["InstallProfile com.harborworks.a", "ProfileList"]
    );
    server.assert_applied(1);
}

/// Acknowledgements of commands that nobody sent, or that another device got, change nothing and
/// are answered 200.
#[test]
fn unknown_and_foreign_uuids() {
    let faults = Faults {
        stray_reports: 3,
        ..without_user()
    };
    let (server, mut stray) = (server(), Host::with_faults(0, faults));
    for _ in 0..3 {
        let ending = stray.contact(&server).device;
        assert_eq!(ending, Ending::Empty(Status::Acknowledged));
        assert!(stray.sent.is_empty(), "nothing for a stray report");
    }
    settle_one(&server, &mut stray);
    assert_eq!(stray.count("InstallProfile"), 2);
    assert_eq!(stray.sent.len(), 5);
    server.assert_applied(1);

    let mut reports = Vec::new();
    let mut one = Host::without_user(1);
    one.contact_through(&server, |_, request, reply| {
        reports.push(request.clone());
        reply
    });
    let before = server.host_detail(&stray.id()).unwrap();
    stray.take_work();
    for mut report in reports.into_iter().skip(3) {
        let body = String::from_utf8(report.body).unwrap();
        report.body = body.replace(&one.id(), &stray.id()).into_bytes();
        let reply = stray.say(&server, Channel::Device, &report);
        assert_eq!((reply.status, reply.body.len()), (200, 0));
    }
    assert_eq!(server.host_detail(&stray.id()).unwrap(), before);
    assert!(stray.take_work().is_empty());
}

/// A report that comes twice gets the same reply twice; one that comes again later gets none and
/// changes nothing.
#[test]
fn duplicate_reports() {
    let faults = Faults {
        repeated_reports: 9,
        ..without_user()
    };
    let (server, mut host) = (server(), Host::with_faults(0, faults));
    let mut reports = Vec::new();
    host.contact_through(&server, |_, request, reply| {
        reports.push(request.clone());
        reply
    });
    settle_one(&server, &mut host);
    server.assert_applied(1);
    assert_eq!(host.device.tally().duplicates, 0);
    assert_eq!(received(&host, "InstallProfile"), 2);
    let installs: Vec<_> = host.sent.iter().filter(|s| s.what.contains(B)).collect();
    assert_eq!(installs.len(), 2, "the reply to the first report, twice");
    assert_eq!(installs[0], installs[1], "under one uuid");
    host.take_work();

    let before = server.host_detail(&host.id()).unwrap();
    for report in reports.iter().skip(3) {
        assert_eq!(host.say(&server, Channel::Device, report).status, 200);
    }
    assert!(host.take_work().is_empty());
    assert_eq!(server.host_detail(&host.id()).unwrap(), before);
}

/// A device that refuses a list is unknown, not empty: nothing is changed on it, and it is asked
/// again after a wait.
#[test]
fn refused_list() {
    let faults = Faults {
        refused_lists: 1,
        ..without_user()
    };
    let (server, mut host) = (server(), Host::with_faults(0, faults));
    settle_one(&server, &mut host);
    assert_eq!(host.take_work(), ["ProfileList"]);
    assert_eq!(server.counts().counts.unknown, 1);
    server.clock.advance(12 * MINUTE_MS);
    settle_one(&server, &mut host);
    assert_eq!(host.count("InstallProfile"), 2);
    server.assert_applied(1);
}

/// A device that loses a profile at once after each acknowledgement: the list shows it, the
/// profile failed, and after a wait it is installed once more.
#[test]
fn loses_a_profile_at_once() {
    let faults = Faults {
        lose_after_contacts: Some(0),
        ..without_user()
    };
    let (server, mut host) = (server(), Host::with_faults(0, faults));
    settle_one(&server, &mut host);
    assert_eq!(host.identifiers(), [B]);
    let status = server.status_of(&host.id(), A);
    let ProfileStatus::Failed {
        error,
        next_attempt: NextAttempt::At(_),
    } = status
    else {
        panic!("{status:?}");
    };
    assert_eq!(error, FailureReason::NotProven);
    host.take_work();
    server.clock.advance(12 * MINUTE_MS);
    settle_one(&server, &mut host);
    assert_eq!(
        host.take_work(),
        ["InstallProfile com.harborworks.a", "ProfileList"]
    );
    server.assert_applied(1);
}

/// A profile that is lost later is found missing by the next list and comes back at once.
#[test]
fn loses_a_profile_later() {
    let faults = Faults {
        lose_after_contacts: Some(2),
        ..without_user()
    };
    let (server, mut host) = (server(), Host::with_faults(0, faults));
    settle_one(&server, &mut host);
    host.take_work();
    host.contact(&server);
    assert!(host.take_work().is_empty(), "nobody has noticed");
    assert_eq!(host.identifiers(), [B]);
    server.clock.advance(27 * HOUR_MS);
    settle_one(&server, &mut host);
    assert_eq!(
        host.take_work(),
        [
            "ProfileList",
            "DeviceInformation",
            "InstallProfile com.harborworks.a",
            "ProfileList",
        ]
    );
    server.assert_applied(1);
}

/// A device of which only the user channel makes contact for a while gets that channel's work and
/// no device profile by it.
#[test]
fn only_the_user_channel_speaks() {
    let faults = Faults {
        user_only_polls: 3,
        ..Faults::default()
    };
    let server = server();
    let user = Draft {
        scope: Some("User"),
        ..Draft::new("com.harborworks.user", "first")
    };
    let mut hosts = vec![Host::with_faults(0, faults)];
    settle(&server, &mut hosts);
    server.push_taken(user.xml());
    server.push_taken(Draft::new(A, "second").xml());
    hosts[0].take_work();
    hosts[0].contact(&server);
    hosts[0].contact(&server);
    assert!(hosts[0].holds(Channel::User).len() == 1);
    settle(&server, &mut hosts);
    assert_eq!(hosts[0].count("InstallProfile"), 2);
    server.assert_applied(1);
}
