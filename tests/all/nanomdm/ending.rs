//! How commands end: results kept and forgotten, queues cleared, enrollments begun anew.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mooring_server::nanomdm::{Commands, QueueError, RESULTS_KEPT};
use mooring_tests::TestServer;

use super::{
    answer_to, authenticate, command, enqueue, enroll, fetch, id, report, results, say,
    token_update, waiting,
};

/// A result is what the device sent, byte for byte, with Apple's word for how it ended.
#[test]
fn results_are_kept() {
    let (server, commands) = (TestServer::new(), Commands::default());
    enroll(&server, "D");
    for (uuid, status) in [("ONE", "Error"), ("TWO", "CommandFormatError")] {
        enqueue(&commands, &server, "D", &command(uuid, "SecurityInfo")).unwrap();
        fetch(&server, "D", uuid);
        let sent = report("D", status, Some(uuid));
        say(&server, &sent);
        let result = server.command_result(&id("D"), uuid).unwrap();
        assert_eq!(result.result.status, status);
        assert_eq!(result.result.request_type, "SecurityInfo");
        assert_eq!(result.raw_payload, Some(STANDARD.encode(sent)));
        server.clock.advance(1000);
    }
    let uuids: Vec<_> = results(&server, "D")
        .into_iter()
        .map(|(uuid, _)| uuid)
        .collect();
    assert_eq!(uuids, ["TWO", "ONE"]);
    let missing = server.command_result(&id("D"), "THREE");
    assert!(matches!(missing, Err(QueueError::NoResult { .. })));
    let missing = server.command_results(&id("NOBODY"), None);
    assert!(matches!(missing, Err(QueueError::NotFound(_))));
}

/// Old results are forgotten, new ones are not, and pages show each once.
#[test]
fn old_results_are_forgotten() {
    let (server, commands) = (TestServer::new(), Commands::default());
    enroll(&server, "D");
    for number in 0..400 {
        let uuid = format!("C-{number}");
        enqueue(&commands, &server, "D", &command(&uuid, "SecurityInfo")).unwrap();
        say(&server, &answer_to("D", &fetch(&server, "D", &uuid)));
        server.clock.advance(1);
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = server.command_results(&id("D"), after.as_deref()).unwrap();
        seen.extend(page.results.into_iter().map(|one| one.command_uuid));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let newest: Vec<_> = (400 - seen.len()..400)
        .rev()
        .map(|number| format!("C-{number}"))
        .collect();
    assert_eq!(seen, newest);
    assert!(
        (RESULTS_KEPT..RESULTS_KEPT + 66).contains(&seen.len()),
        "{}",
        seen.len()
    );
}

/// Clearing takes out what waits and leaves what the device has: its report is still a result.
#[test]
fn clearing_leaves_what_is_in_flight() {
    let (server, commands) = (TestServer::new(), Commands::default());
    enroll(&server, "D");
    for uuid in ["ONE", "TWO", "THREE"] {
        enqueue(&commands, &server, "D", &command(uuid, "SecurityInfo")).unwrap();
    }
    let one = fetch(&server, "D", "ONE");
    let cleared = commands.clear(&server, &id("D")).unwrap();
    assert_eq!((cleared.cleared, cleared.in_flight), (2, 1));
    assert_eq!(waiting(&server, "D"), ["ONE"]);
    say(&server, &answer_to("D", &one));
    assert!(waiting(&server, "D").is_empty());
    let mut results = results(&server, "D");
    results.sort();
    let statuses: Vec<_> = results.iter().map(|(_, status)| status.as_str()).collect();
    assert_eq!(statuses, ["Acknowledged", "Cleared", "Cleared"]);
    let again = commands.clear(&server, &id("D")).unwrap();
    assert_eq!((again.cleared, again.in_flight), (0, 0));
}

/// A device that enrolls anew, or leaves, gets nothing that was meant for it as it was; nor do its
/// users.
#[test]
fn a_new_enrollment_has_an_empty_queue() {
    for ending in ["Authenticate", "CheckOut"] {
        let (server, commands) = (TestServer::new(), Commands::default());
        enroll(&server, "D");
        say(&server, &token_update("D", Some("U")));
        enqueue(&commands, &server, "D,D:U", &command("C", "SecurityInfo")).unwrap();
        if ending == "CheckOut" {
            say(
                &server,
                &super::message(&[("MessageType", "CheckOut"), ("UDID", "D")]),
            );
            let late = enqueue(&commands, &server, "D", &command("E", "SecurityInfo")).unwrap();
            assert_eq!(late.code(1), 500);
        } else {
            say(&server, &authenticate("D"));
        }
        for channel in ["D", "D:U"] {
            assert!(waiting(&server, channel).is_empty(), "{ending} {channel}");
            let cleared = ("C".to_owned(), "Cleared".to_owned());
            assert_eq!(results(&server, channel), [cleared], "{ending} {channel}");
        }
    }
}

/// A command that the device has when it enrolls anew, or leaves, is lost: it may have been done.
/// The one behind it was never handed out.
#[test]
fn what_was_handed_out_is_lost() {
    for ending in ["Authenticate", "CheckOut"] {
        let (server, commands) = (TestServer::new(), Commands::default());
        enroll(&server, "D");
        for uuid in ["ONE", "TWO"] {
            enqueue(&commands, &server, "D", &command(uuid, "SecurityInfo")).unwrap();
        }
        fetch(&server, "D", "ONE");
        let last = super::message(&[
            ("MessageType", ending),
            ("UDID", "D"),
            ("SerialNumber", "C02SERIAL"),
        ]);
        say(&server, &last);
        let mut results = results(&server, "D");
        results.sort();
        let wanted = [("ONE", "Lost"), ("TWO", "Cleared")];
        let wanted = wanted.map(|(uuid, status)| (uuid.to_owned(), status.to_owned()));
        assert_eq!(results, wanted, "{ending}");
    }
}

/// A host that is removed leaves nothing of its queue and its results, however many there are, and
/// nobody else's go with them.
#[test]
fn a_removed_host_leaves_nothing() {
    let (server, commands) = (TestServer::new(), Commands::default());
    for udid in ["D", "E"] {
        enroll(&server, udid);
        for number in 0..40 {
            let uuid = format!("C-{number}");
            enqueue(&commands, &server, udid, &command(&uuid, "SecurityInfo")).unwrap();
            say(&server, &answer_to(udid, &fetch(&server, udid, &uuid)));
        }
        for number in 40..80 {
            let uuid = format!("C-{number}");
            enqueue(&commands, &server, udid, &command(&uuid, "SecurityInfo")).unwrap();
        }
    }
    server.remove_host("D").unwrap();
    enroll(&server, "D");
    assert!(waiting(&server, "D").is_empty() && results(&server, "D").is_empty());
    assert_eq!(
        (waiting(&server, "E").len(), results(&server, "E").len()),
        (40, 40)
    );
}

/// A command waits through a restart, and the one behind it is still behind it.
#[test]
fn a_queue_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store.redb");
    let clock = mooring_tests::TestClock::new();
    {
        let server = TestServer::open(&file, &clock);
        enroll(&server, "D");
        for uuid in ["ONE", "TWO"] {
            enqueue(
                &Commands::default(),
                &server,
                "D",
                &command(uuid, "SecurityInfo"),
            )
            .unwrap();
        }
    }
    let server = TestServer::open(&file, &clock);
    enqueue(
        &Commands::default(),
        &server,
        "D",
        &command("THREE", "SecurityInfo"),
    )
    .unwrap();
    assert_eq!(waiting(&server, "D"), ["ONE", "TWO", "THREE"]);
    assert_eq!(fetch(&server, "D", "ONE"), command("ONE", "SecurityInfo"));
}
