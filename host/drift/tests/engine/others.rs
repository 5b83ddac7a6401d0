//! Work that is not drift: commands that somebody else made, the renewal of an identity, and
//! profiles whose secrets must not travel openly.

use mooring_drift::command::Command;
use mooring_drift::desired::{Secrets, Transport};
use mooring_drift::status::{PendingReason, ProfileStatus, Status};
use mooring_drift::step::{Closing, Event, TokenUpdate};
use mooring_mdm::ids::CommandUuid;
use mooring_mdm::report::{Answer, Outcome};

use crate::model::{DAY_MS, error, identifier, reason, synced};

fn acknowledged() -> Outcome {
    Outcome::Acknowledged(Answer::default())
}

/// Commands of others go out in the order they came, before the server's own work, one at a time.
#[test]
fn raw_commands_keep_their_order() {
    let mut world = synced(&[("a", "1")]);
    world.push("b", "2");
    for uuid in ["x", "y", "z"] {
        world.enqueue(uuid, "DeviceLock");
    }
    assert_eq!(
        world.contact(),
        ["raw x", "raw y", "raw z", "install b=2", "list"]
    );
    assert_eq!(world.status(), Status::Applied);
    assert_eq!(world.contact(), [""; 0]);
}

/// A command that is put off lets the others pass, comes back once another one was done, and
/// neither loops nor keeps profiles from being installed.
#[test]
fn put_off_commands_neither_starve_nor_loop() {
    let mut world = synced(&[]);
    world.push("a", "1");
    world.enqueue("x", "DeviceLock");
    world.enqueue("y", "DeviceLock");
    let mut sent = Vec::new();
    let mut reply = world.idle();
    while let Some((uuid, command)) = reply {
        sent.push(uuid.as_str().to_owned());
        assert!(sent.len() < 20, "{sent:?}");
        let outcome = if uuid.as_str() == "x" {
            Outcome::NotNow
        } else {
            world.obey(&command)
        };
        reply = world.report(&uuid, outcome);
    }
    assert_eq!(sent[..3], ["x", "y", "x"], "{sent:?}");
    assert_eq!(world.status(), Status::Applied);
    assert_eq!(world.queue.len(), 1);
    assert_eq!(world.contact(), ["raw x"]);
    assert!(world.queue.is_empty());
}

/// Without a report the same command is handed out again under its uuid, three times in all, and
/// then the queue goes on.
#[test]
fn an_unanswered_command_does_not_block_the_queue() {
    let mut world = synced(&[]);
    world.enqueue("x", "EraseDevice");
    world.enqueue("y", "DeviceLock");
    let uuid = |reply: Option<(CommandUuid, Command)>| reply.unwrap().0.as_str().to_owned();
    for _ in 0..3 {
        let reply = world.idle();
        assert_eq!(uuid(reply), "x");
    }
    let step = world.event(Event::Idle);
    assert!(matches!(step.closed, Some((_, Closing::Lost))));
    assert_eq!(uuid(step.reply), "y");
}

/// A raw command that installs or removes a profile is followed by a list, and a repeated report
/// on it gets the same reply again and changes nothing.
#[test]
fn a_raw_install_asks_for_a_list() {
    let mut world = synced(&[("a", "1")]);
    world.enqueue("x", "InstallProfile");
    let (uuid, command) = world.idle().unwrap();
    assert!(matches!(command, Command::Raw { .. }));
    let reply = world.report(&uuid, acknowledged());
    assert_eq!(reply.as_ref().unwrap().1, Command::ProfileList);
    let before = world.state.clone();
    assert_eq!(
        world.report(&uuid, acknowledged()),
        reply,
        "the reply was lost"
    );
    assert_eq!(world.state, before);
}

/// A new epoch ends a raw command; the engine hands out nothing of it by itself.
#[test]
fn a_new_epoch_ends_a_raw_command() {
    let mut world = synced(&[]);
    world.enqueue("x", "DeviceLock");
    world.idle();
    world.event(Event::Authenticate { serial: None });
    world.queue.clear();
    world.event(Event::TokenUpdate(TokenUpdate::default()));
    assert_eq!(world.state.in_flight, None);
    assert_eq!(world.contact(), ["list", "info"]);
}

/// An identity is renewed once; asked again only after a day, sooner or later after an error, and
/// never counts as drift.
#[test]
fn an_identity_is_renewed_without_haste() {
    let mut world = synced(&[("a", "1")]);
    world.renewal = Some(identifier("com.example.enrollment"));
    assert_eq!(world.contact(), ["renew"]);
    assert_eq!(
        world.contact(),
        [""; 0],
        "acknowledged: the device gets a day"
    );
    world.later_ms(DAY_MS / 2);
    assert!(!world.contact().contains(&"renew".to_owned()));
    world.later_ms(DAY_MS / 2);
    assert!(world.contact().contains(&"renew".to_owned()));
    assert_eq!(world.status(), Status::Applied);
    assert!(
        !world
            .states()
            .contains_key(&identifier("com.example.enrollment"))
    );
}

/// A renewal that fails is tried again with growing waits, one that is put off at the next contact.
#[test]
fn a_failed_renewal_waits() {
    let mut world = synced(&[]);
    world.renewal = Some(identifier("e"));
    let (uuid, _) = world.idle().unwrap();
    assert_eq!(world.report(&uuid, Outcome::NotNow), None);
    let (uuid, command) = world.idle().unwrap();
    assert!(matches!(command, Command::RenewIdentity { .. }));
    assert_eq!(world.report(&uuid, error("MDM", 1)), None);
    assert_eq!(world.idle(), None);
    world.later_ms(30 * 60_000);
    assert!(world.idle().is_some());
}

/// A profile with secrets is blocked where others could read it, says so, and is neither removed
/// nor in the way of others; where it can be encrypted only a signed one is blocked.
#[test]
fn secrets_do_not_travel_openly() {
    let mut world = synced(&[("a", "1")]);
    for (id, secrets) in [("b", Secrets::Encryptable), ("c", Secrets::Fixed)] {
        world.push(id, "1");
        world
            .catalog
            .profiles
            .get_mut(&identifier(id))
            .unwrap()
            .secrets = secrets;
    }
    world.push("d", "1");
    world.circumstances.transport = Transport::Open;
    assert_eq!(world.contact(), ["install d=1", "list"]);
    let blocked = ProfileStatus::Pending {
        reason: PendingReason::Blocked,
    };
    assert_eq!(reason(&world, "b"), blocked);
    assert_eq!(world.status(), Status::Pending);
    world.circumstances.transport = Transport::Encrypted;
    assert_eq!(world.contact(), ["install b=1", "list"]);
    assert_eq!(reason(&world, "c"), blocked);
    world.circumstances.transport = Transport::Private;
    assert_eq!(world.contact(), ["install c=1", "list"]);
    world.circumstances.transport = Transport::Open;
    assert_eq!(world.contact(), [""; 0], "what is installed stays");
    assert_eq!(world.status(), Status::Applied);
}
