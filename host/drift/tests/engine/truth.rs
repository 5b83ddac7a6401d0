//! Errors, unmanaged copies and truth: histories with one known right outcome each.

use mooring_drift::state::{FailureReason, NextAttempt};
use mooring_drift::status::{ProfileStatus, Status};
use mooring_drift::step::{Closing, Event, TokenUpdate};
use mooring_mdm::report::{Answer, IncompleteList, Outcome};

use crate::model::{DAY_MS, HOUR_MS, World, describe, error, identifier, reason, synced, uuid};

/// An error of the content parks at once; another error is tried three times, with growing waits.
#[test]
fn errors_by_class() {
    for (outcome, expected) in [
        (error("MCProfileErrorDomain", 1003), 1),
        (Outcome::CommandFormatError(Vec::new()), 1),
        (error("MCInstallationErrorDomain", 4009), 3),
        (error("SomeNewDomain", 5), 3),
    ] {
        let mut world = synced(&[]);
        world.push("a", "1");
        for _ in 0..50 {
            let mut reply = world.idle();
            while let Some((uuid, command)) = reply {
                let result = match command.identifier() {
                    Some(_) => outcome.clone(),
                    None => world.obey(&command),
                };
                reply = world.report(&uuid, result);
            }
            world.later_ms(HOUR_MS);
        }
        let installs = world
            .sent
            .iter()
            .filter(|sent| sent.starts_with("install"))
            .count();
        assert_eq!(installs, expected, "{outcome:?}");
        assert_eq!(world.status(), Status::Failed);
        // New content starts anew.
        world.push("a", "2");
        assert_eq!(
            world.contact().first().map(String::as_str),
            Some("install a=2")
        );
    }
}

/// What is parked is tried once more when the host's OS build changes.
#[test]
fn another_build_unparks() {
    let mut world = synced(&[]);
    world.build_version = Some("24A1".to_owned());
    world.push("a", "1");
    let (uuid, _) = world.idle().unwrap();
    world.report(&uuid, error("MCProfileErrorDomain", 1003));
    assert_eq!(world.contact(), [""; 0]);
    world.build_version = Some("24B2".to_owned());
    assert_eq!(world.contact(), ["install a=1", "list"]);
}

/// A device that acknowledges without installing is found out, three times at most.
#[test]
fn acknowledged_but_not_shown() {
    let mut world = synced(&[]);
    world.push("a", "1");
    for _ in 0..100 {
        let mut reply = world.idle();
        while let Some((uuid, command)) = reply {
            let outcome = match command.identifier() {
                Some(_) => Outcome::Acknowledged(Answer::default()),
                None => world.obey(&command),
            };
            reply = world.report(&uuid, outcome);
        }
        world.later_ms(HOUR_MS);
    }
    let installs = world
        .sent
        .iter()
        .filter(|sent| sent.starts_with("install"))
        .count();
    assert_eq!(installs, 3);
    let failed = ProfileStatus::Failed {
        error: FailureReason::NotProven,
        next_attempt: NextAttempt::Parked,
    };
    assert_eq!(reason(&world, "a"), failed);
}

/// "Not found" on removal is success.
#[test]
fn removing_what_is_gone() {
    let mut world = synced(&[("a", "1")]);
    world.delete("a");
    world.device.remove(&identifier("a"));
    assert_eq!(world.contact(), ["remove a", "list"]);
    assert_eq!(world.status(), Status::Applied);
}

/// A copy that this server neither made nor installed is never removed, only installed over.
#[test]
fn unmanaged_copies() {
    let mut world = World::enrolled();
    world.device.insert(identifier("a"), uuid("foreign"));
    world.push("a", "1");
    world.delete("a");
    assert_eq!(world.contact(), ["list", "info"], "ours by name alone");
    assert!(world.states().is_empty());
    world.push("a", "1");
    assert_eq!(world.contact(), ["install a=1", "list"]);
    // Replaced by somebody after we installed it here: still ours to remove.
    world.device.insert(identifier("a"), uuid("foreign"));
    world.delete("a");
    world.event(Event::RefreshAsked);
    assert_eq!(world.contact(), ["list", "info", "remove a", "list"]);
    assert!(
        world.device.contains_key(&identifier("other")),
        "others are never touched"
    );
}

/// A profile that the user removes is back after the periodic list, which also asks for the
/// attributes; before that the host is quiet.
#[test]
fn periodic_refresh() {
    let mut world = synced(&[("a", "1")]);
    world.device.clear();
    world.later_ms(DAY_MS - 1);
    assert_eq!(world.contact(), [""; 0]);
    world.later_ms(DAY_MS / 10 + 1);
    assert_eq!(world.contact(), ["list", "info", "install a=1", "list"]);
}

/// A list older than three intervals proves nothing.
#[test]
fn old_lists_say_nothing() {
    let mut world = synced(&[("a", "1")]);
    world.later_ms(3 * DAY_MS);
    assert_eq!(world.status(), Status::Unknown);
}

/// A refresh asked for while a list is under way gets a list of its own.
#[test]
fn manual_refresh() {
    let mut world = synced(&[("a", "1")]);
    world.event(Event::RefreshAsked);
    let (first, command) = world.idle().unwrap();
    world.event(Event::RefreshAsked);
    let outcome = world.obey(&command);
    world.device.clear();
    let (_, command) = world.report(&first, outcome).unwrap();
    assert_eq!(describe(&command), "list");
    assert_eq!(world.contact(), ["list", "info", "install a=1", "list"]);
}

/// A list that is incomplete or refused never becomes "absent": no change, and a later retry.
#[test]
fn incomplete_lists_prove_nothing() {
    let incomplete = IncompleteList {
        entry: 2,
        reason: "has no PayloadUUID",
    };
    let answers = [
        Outcome::Acknowledged(Answer {
            profiles: Some(Err(incomplete)),
            attributes: None,
        }),
        Outcome::Acknowledged(Answer::default()),
        error("MDMErrorDomain", 12021),
    ];
    for answer in answers {
        let mut world = World::enrolled();
        world.push("a", "1");
        let (uuid, _) = world.idle().unwrap();
        assert!(world.report(&uuid, answer).is_none());
        assert_eq!(world.status(), Status::Unknown);
        assert_eq!(world.contact(), [""; 0], "not before the wait is over");
        world.later_ms(HOUR_MS);
        world.contact();
        assert_eq!(world.status(), Status::Applied);
    }
}

/// Edited while the older revision is in flight: the device ends on the newer one.
#[test]
fn edited_while_in_flight() {
    let mut world = synced(&[]);
    world.push("a", "1");
    let (first, command) = world.idle().unwrap();
    world.push("a", "2");
    let outcome = world.obey(&command);
    let (_, command) = world.report(&first, outcome).unwrap();
    assert_eq!(describe(&command), "install a=2");
    world.contact();
    assert_eq!(world.device[&identifier("a")], uuid("2"));
    // Deleted while in flight: removed, though no list ever showed it.
    world.push("b", "1");
    let (first, command) = world.idle().unwrap();
    world.delete("b");
    let outcome = world.obey(&command);
    let (_, command) = world.report(&first, outcome).unwrap();
    assert_eq!(describe(&command), "remove b");
}

/// A new epoch forgets what was known, never what is wanted, and old commands answer nothing.
#[test]
fn enrolling_again() {
    let mut world = synced(&[("a", "1")]);
    world.push("b", "1");
    let (old, _) = world.idle().unwrap();
    world.device.clear();
    world.event(Event::Authenticate { serial: None });
    assert!(world.idle().is_none(), "no command before TokenUpdate");
    world.event(Event::TokenUpdate(TokenUpdate::default()));
    assert_eq!(world.status(), Status::Unknown);
    assert!(
        world
            .report(&old, Outcome::Acknowledged(Answer::default()))
            .is_none()
    );
    assert_eq!(
        world.contact(),
        ["list", "info", "install a=1", "install b=1", "list"]
    );
    world.event(Event::CheckOut);
    assert!(world.idle().is_none());
}

/// A genuine uuid from the future proves a rollback: no change before a fresh list.
#[test]
fn rolled_back_store() {
    let mut world = synced(&[("a", "1")]);
    let backup = world.clone();
    world.push("b", "1");
    let (uuid, command) = world.idle().unwrap();
    let outcome = world.obey(&command);
    let device = world.device.clone();
    let mut world = World { device, ..backup };
    let (_, command) = world.report(&uuid, outcome).unwrap();
    assert_eq!(describe(&command), "list");
    assert_eq!(world.status(), Status::Unknown);
    assert_eq!(world.contact()[0], "list");
    assert!(
        world.device.contains_key(&identifier("b")),
        "never ours in this store's memory"
    );
}

/// What ended is told for the history: the command and how.
#[test]
fn closings_are_told() {
    let mut world = synced(&[]);
    world.push("a", "1");
    let (uuid, _) = world.idle().unwrap();
    let step = world.event(Event::Result {
        uuid,
        outcome: Outcome::NotNow,
    });
    let (closed, how) = step.closed.unwrap();
    assert_eq!(
        (describe(&closed.command).as_str(), how),
        ("install a=1", Closing::NotNow)
    );
}
