//! Commands of others: taken for many at once, and handed out in order.

use mooring_server::device::DeviceReply;
use mooring_server::nanomdm::{Commands, EnqueueError, ListingQuery, QUEUE_MAX, QueueQuery};
use mooring_sim::Channel;
use mooring_tests::{Draft, Host, TestServer, settle_one};

use super::{
    answer_to, authenticate, command, enqueue, enroll, fetch, id, install, message, report,
    results, say, token_update, uuid_of, waiting,
};

/// One bad id among a hundred fails alone: all others have the command.
#[test]
fn a_bad_id_fails_alone() {
    let (server, commands) = (TestServer::new(), Commands::default());
    let known: Vec<_> = (0..99).map(|number| format!("DEVICE-{number}")).collect();
    for udid in &known {
        say(&server, &authenticate(udid));
    }
    let ids = format!("{},STRANGER", known.join(","));
    let result = enqueue(&commands, &server, &ids, &command("C", "ProfileList")).unwrap();
    assert_eq!(result.code(100), 207);
    assert_eq!(result.status.keys().collect::<Vec<_>>(), ["STRANGER"]);
    let error = result.status["STRANGER"].command_error.as_deref();
    assert_eq!(error, Some("it is not an enrollment here"));
    assert_eq!(result.command_uuid.as_deref(), Some("C"));
    assert_eq!(result.request_type.as_deref(), Some("ProfileList"));
    for udid in &known {
        assert_eq!(waiting(&server, udid), ["C"]);
    }
}

/// A client that tries again after it got no answer makes no second command, neither while the
/// first waits nor after it ended; other bytes under the same name are refused.
#[test]
fn a_repeated_command_is_one_command() {
    let (server, commands) = (TestServer::new(), Commands::default());
    enroll(&server, "D");
    let (body, other) = (
        command("C", "ProfileList"),
        command("C", "DeviceInformation"),
    );
    for _ in 0..2 {
        let result = enqueue(&commands, &server, "D", &body).unwrap();
        assert_eq!((result.code(1), result.status.len()), (200, 0));
        assert_eq!(waiting(&server, "D"), ["C"]);
    }
    let result = enqueue(&commands, &server, "D", &other).unwrap();
    assert_eq!(result.code(1), 500);
    let got = fetch(&server, "D", "C");
    assert_eq!(got, body);
    say(&server, &answer_to("D", &got));
    let done = [("C".to_owned(), "Acknowledged".to_owned())];
    assert_eq!(results(&server, "D"), done);
    assert_eq!(
        enqueue(&commands, &server, "D", &body).unwrap().code(1),
        200
    );
    assert!(waiting(&server, "D").is_empty());
    assert_eq!(
        enqueue(&commands, &server, "D", &other).unwrap().code(1),
        500
    );
}

/// What is no command, or would end the enrollment, is taken for nobody.
#[test]
fn what_is_no_command_is_refused() {
    let (server, commands) = (TestServer::new(), Commands::default());
    enroll(&server, "D");
    let removal = String::from_utf8(command("C", "RemoveProfile")).unwrap();
    let removal = |identifier: &str| {
        let more = format!("<key>Identifier</key><string>{identifier}</string></dict>");
        removal.replacen("</dict>", &more, 1).into_bytes()
    };
    for body in [
        b"bplist00\xd0".to_vec(),
        b"not a property list".to_vec(),
        message(&[("CommandUUID", "C")]),
        message(&[("RequestType", "ProfileList")]),
        removal("com.mooring.enrollment"),
    ] {
        enqueue(&commands, &server, "D", &body).expect_err("no command");
        assert!(waiting(&server, "D").is_empty());
    }
    let error = enqueue(&commands, &server, "D", b"bplist00").unwrap_err();
    assert!(matches!(error, EnqueueError::Command(_)) && error.to_string().contains("XML"));
    enqueue(&commands, &server, "D", &removal("com.example.other")).unwrap();
    assert_eq!(waiting(&server, "D"), ["C"]);
}

/// Fifty commands in one moment to one device are all delivered, in order, each once.
#[test]
fn fifty_commands_arrive_in_order() {
    let (server, commands) = (TestServer::new(), Commands::default());
    let mut host = Host::new(0);
    settle_one(&server, &mut host);
    host.forget_work();
    let wanted: Vec<_> = (0..50).map(|number| format!("C-{number:02}")).collect();
    for uuid in &wanted {
        let body = command(uuid, "DeviceInformation");
        let result = enqueue(&commands, &server, &host.id(), &body).unwrap();
        assert_eq!(result.code(1), 200);
    }
    settle_one(&server, &mut host);
    let got: Vec<_> = host.sent.iter().map(|sent| sent.uuid.clone()).collect();
    assert_eq!(got, wanted);
    assert!(waiting(&server, &host.id()).is_empty());
    assert_eq!(results(&server, &host.id()).len(), 50);
}

/// Commands of others and profiles do not stand in each other's way, and a queue is one channel's.
#[test]
fn channels_have_queues_of_their_own() {
    let (server, commands) = (TestServer::new(), Commands::default());
    let mut host = Host::new(0);
    settle_one(&server, &mut host);
    host.forget_work();
    server.push_taken(Draft::new("com.harborworks.a", "first").xml());
    let user = server
        .enrollment_listing(&ListingQuery::default())
        .unwrap()
        .enrollments[1]
        .id
        .clone();
    enqueue(
        &commands,
        &server,
        &host.id(),
        &command("ON-DEVICE", "ProfileList"),
    )
    .unwrap();
    enqueue(
        &commands,
        &server,
        &user,
        &command("ON-USER", "ProfileList"),
    )
    .unwrap();
    settle_one(&server, &mut host);
    for (uuid, channel) in [("ON-DEVICE", Channel::Device), ("ON-USER", Channel::User)] {
        let sent: Vec<_> = host.sent.iter().filter(|sent| sent.uuid == uuid).collect();
        assert_eq!(sent.len(), 1, "{uuid}");
        assert_eq!(sent[0].channel, channel);
    }
    assert_eq!(host.identifiers(), ["com.harborworks.a"]);
    server.assert_applied(1);
}

/// A device that is busy keeps a command waiting, gets the ones behind it, and then that one.
#[test]
fn a_busy_device_gets_it_later() {
    let (server, commands) = (TestServer::new(), Commands::default());
    let mut host = Host::without_user(0);
    settle_one(&server, &mut host);
    host.forget_work();
    let profile = Draft::new("com.example.theirs", "first").xml();
    enqueue(
        &commands,
        &server,
        &host.id(),
        &install("BUSY", profile.as_bytes()),
    )
    .unwrap();
    enqueue(
        &commands,
        &server,
        &host.id(),
        &command("NEXT", "ProfileList"),
    )
    .unwrap();
    host.device.lock(1);
    host.contact(&server);
    let queue = server
        .command_queue(&id(&host.id()), &QueueQuery::default())
        .unwrap();
    let busy = &queue.commands[0];
    assert_eq!(busy.command_uuid, "BUSY");
    assert!(busy.put_off_at.is_some() && busy.sent_at.is_some() && !busy.is_in_flight);
    for _ in 0..3 {
        host.contact(&server);
    }
    let got: Vec<_> = host.sent.iter().map(|sent| sent.uuid.as_str()).collect();
    assert_eq!(got[..2], ["BUSY", "NEXT"]);
    assert_eq!(
        got.iter().filter(|uuid| **uuid == "NEXT").count(),
        1,
        "{got:?}"
    );
    assert!(got[2..].contains(&"BUSY"), "{got:?}");
    assert!(waiting(&server, &host.id()).is_empty());
    let mut ended = results(&server, &host.id());
    ended.sort();
    let done = |uuid: &str| (uuid.to_owned(), "Acknowledged".to_owned());
    assert_eq!(ended, [done("BUSY"), done("NEXT")]);
}

/// Reports on commands that nobody sent, or that ended long ago, or that are another device's,
/// leave the queue as it is.
#[test]
fn foreign_reports_change_nothing() {
    let (server, commands) = (TestServer::new(), Commands::default());
    for udid in ["D", "E"] {
        enroll(&server, udid);
    }
    for uuid in ["FIRST", "SECOND"] {
        enqueue(&commands, &server, "D", &command(uuid, "ProfileList")).unwrap();
    }
    let first = fetch(&server, "D", "FIRST");
    for strange in [
        report("E", "Acknowledged", Some("FIRST")),
        report("E", "Acknowledged", Some("SECOND")),
    ] {
        say(&server, &strange);
        assert_eq!(waiting(&server, "D"), ["FIRST", "SECOND"]);
    }
    let reply = say(&server, &answer_to("D", &first));
    for _ in 0..2 {
        say(&server, &answer_to("D", &first));
        say(
            &server,
            &report("D", "Acknowledged", Some("NOBODY-SENT-THIS")),
        );
    }
    assert!(matches!(reply, DeviceReply::Command(_)));
    let has_first = |(uuid, _): &&(String, String)| uuid == "FIRST";
    assert_eq!(results(&server, "D").iter().filter(has_first).count(), 1);
    let left = waiting(&server, "D");
    assert!(left == ["SECOND"] || left.is_empty(), "{left:?}");
    if !left.is_empty() {
        assert_eq!(uuid_of(&fetch(&server, "D", "SECOND")), "SECOND");
    }
}

/// A queue has a bound, and says so to whoever meets it.
#[test]
fn a_queue_is_bounded() {
    let (server, commands) = (TestServer::new(), Commands::default());
    enroll(&server, "D");
    for number in 0..QUEUE_MAX {
        let body = command(&format!("C-{number}"), "ProfileList");
        assert_eq!(
            enqueue(&commands, &server, "D", &body).unwrap().code(1),
            200
        );
    }
    let result = enqueue(&commands, &server, "D", &command("MORE", "ProfileList")).unwrap();
    let error = result.status["D"].command_error.clone().expect("an error");
    assert!(error.contains("1000 commands wait"), "{error}");
    let first = server
        .command_queue(&id("D"), &QueueQuery::default())
        .unwrap();
    assert_eq!(
        (first.commands.len(), first.next.as_deref()),
        (100, Some("C-99"))
    );
    let query = QueueQuery {
        after: first.next,
        with_bodies: true,
    };
    let second = server.command_queue(&id("D"), &query).unwrap();
    assert_eq!(second.commands[0].command_uuid, "C-100");
    assert!(second.commands[0].command.is_some());
}

/// Every enrollment is listed once, whatever the size of the pages.
#[test]
fn enrollments_are_listed() {
    let server = TestServer::new();
    for udid in ["A", "B", "C"] {
        enroll(&server, udid);
        say(&server, &token_update(udid, Some("U")));
    }
    let mut query = ListingQuery {
        after: None,
        limit: 2,
    };
    let mut seen = Vec::new();
    loop {
        let page = server.enrollment_listing(&query).unwrap();
        seen.extend(page.enrollments.iter().map(|one| one.id.clone()));
        let Some(next) = page.next else { break };
        assert_eq!(page.enrollments.len(), 2);
        query.after = Some(id(&next));
    }
    assert_eq!(seen, ["A", "A:U", "B", "B:U", "C", "C:U"]);
    let all = server.enrollment_listing(&ListingQuery::default()).unwrap();
    assert!(all.next.is_none());
    let user = &all.enrollments[1];
    assert_eq!(
        (user.kind.as_str(), user.parent_id.as_deref()),
        ("User", Some("A"))
    );
    assert!(user.enabled && user.token_update_tally == 1);
    assert_eq!(user.topic.as_deref(), Some("com.apple.mgmt.External.1"));
}
