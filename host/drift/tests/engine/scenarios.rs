//! Histories with one known right outcome each.

use mooring_drift::state::{FailureReason, NextAttempt};
use mooring_drift::status::{PendingReason, ProfileStatus, Status};
use mooring_drift::step::{Closing, Event};
use mooring_mdm::ids::CommandUuid;
use mooring_mdm::report::{Answer, IncompleteList, Outcome};

use crate::model::{World, describe, error, identifier, uuid};

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

fn synced(profiles: &[(&str, &str)]) -> World {
    let mut world = World::enrolled();
    for (id, uuid) in profiles {
        world.push(id, uuid);
    }
    world.contact();
    assert_eq!(world.status(), Status::Applied);
    world.sent.clear();
    world
}

fn reason(world: &World, id: &str) -> ProfileStatus {
    world.states()[&identifier(id)].status.clone()
}

/// A host that enrolls is listed and asked once, then gets its profiles, then proves them.
#[test]
fn enrolling() {
    let mut world = World::enrolled();
    world.push("b", "1");
    world.push("a", "1");
    assert_eq!(world.status(), Status::Unknown);
    assert_eq!(
        world.contact(),
        ["list", "info", "install a=1", "install b=1", "list"]
    );
    assert_eq!(world.status(), Status::Applied);
    assert_eq!(world.contact(), [""; 0], "an in-sync host is left alone");
}

/// An Idle of a host in sync leaves the state as it is, so nothing needs to be written.
#[test]
fn idle_in_sync_changes_nothing() {
    let mut world = synced(&[("a", "1")]);
    let before = world.state.clone();
    let step = world.event(Event::Idle);
    assert_eq!(step.state, before);
    assert!(step.closed.is_none());
}

/// New content is one install over the top and one list; deleting is one removal and one list.
#[test]
fn replacing_and_deleting() {
    let mut world = synced(&[("a", "1"), ("b", "1")]);
    world.push("a", "2");
    assert_eq!(world.contact(), ["install a=2", "list"]);
    world.delete("b");
    assert_eq!(
        reason(&world, "b"),
        ProfileStatus::Pending {
            reason: PendingReason::Waiting
        }
    );
    assert_eq!(world.contact(), ["remove b", "list"]);
    assert!(
        !world.states().contains_key(&identifier("b")),
        "proven absent"
    );
    assert_eq!(world.status(), Status::Applied);
    world.push("b", "1");
    assert_eq!(
        world.contact(),
        ["install b=1", "list"],
        "earlier content comes back"
    );
}

/// Adding and deleting before the device connects costs no command at all.
#[test]
fn add_and_delete_between_contacts() {
    let mut world = synced(&[]);
    world.push("a", "1");
    world.delete("a");
    assert_eq!(world.contact(), [""; 0]);
}

/// Acknowledged is not applied: only the list requested afterwards proves it.
#[test]
fn acknowledged_is_pending() {
    let mut world = synced(&[]);
    world.push("a", "1");
    let (first, command) = world.idle().unwrap();
    assert_eq!(
        reason(&world, "a"),
        ProfileStatus::Pending {
            reason: PendingReason::Sent
        }
    );
    let outcome = world.obey(&command);
    let (list, command) = world.report(&first, outcome).unwrap();
    let acknowledged = ProfileStatus::Pending {
        reason: PendingReason::Acknowledged,
    };
    assert_eq!(reason(&world, "a"), acknowledged);
    let outcome = world.obey(&command);
    assert!(world.report(&list, outcome).is_none());
    assert_eq!(reason(&world, "a"), ProfileStatus::Applied);
}

/// The reply to an install was lost: the list decides, and nothing is installed twice.
#[test]
fn idle_while_in_flight_is_settled_by_a_list() {
    let mut world = synced(&[]);
    world.push("a", "1");
    let (_, command) = world.idle().unwrap();
    world.obey(&command);
    assert_eq!(world.contact(), ["list"]);
    assert_eq!(world.status(), Status::Applied);
    // And where the device never got it, it is sent again after the list.
    world.push("b", "1");
    world.idle().unwrap();
    assert_eq!(world.contact(), ["list", "install b=1", "list"]);
    assert_eq!(world.status(), Status::Applied);
}

/// Three lost outcomes in a row park the profile as failed; a person can have it tried again.
#[test]
fn three_lost_outcomes_park() {
    let mut world = synced(&[]);
    world.push("a", "1");
    for _ in 0..3 {
        // Each time the list is answered, the install is not.
        let mut reply = world.idle();
        while let Some((uuid, command)) = reply {
            if command.identifier().is_some() {
                break;
            }
            let outcome = world.obey(&command);
            reply = world.report(&uuid, outcome);
        }
    }
    world.contact();
    let lost = ProfileStatus::Failed {
        error: FailureReason::Lost,
        next_attempt: NextAttempt::Parked,
    };
    assert_eq!(reason(&world, "a"), lost);
    world.later_ms(10 * DAY_MS);
    assert!(
        !world.contact().contains(&"install a=1".to_owned()),
        "parked"
    );
    world.event(Event::RefreshAsked);
    assert_eq!(world.contact(), ["list", "install a=1", "list"]);
    assert_eq!(world.status(), Status::Applied);
}

/// NotNow ends the contact with an empty reply, costs no attempt, and the next Idle goes on.
#[test]
fn not_now_then_unlocked() {
    let mut world = synced(&[]);
    world.push("a", "1");
    world.push("b", "1");
    for tally in 1..=30 {
        let (uuid, _) = world.idle().unwrap();
        assert!(world.report(&uuid, Outcome::NotNow).is_none());
        assert_eq!(world.state.not_now.unwrap().tally, tally);
    }
    assert_eq!(
        reason(&world, "a"),
        ProfileStatus::Pending {
            reason: PendingReason::NotNow
        }
    );
    let push_at = world.state.not_now.unwrap().push_at;
    assert_eq!(
        push_at,
        world.now.plus_ms(DAY_MS),
        "the insurance push backs off to a day"
    );
    assert_eq!(world.contact(), ["install a=1", "install b=1", "list"]);
    assert_eq!(world.status(), Status::Applied);
    assert!(world.state.not_now.is_none() && world.state.attempts.is_empty());
}

/// Duplicates of a report get the same reply again and change nothing; unknown uuids get nothing.
#[test]
fn duplicate_and_unknown_reports() {
    let mut world = synced(&[]);
    world.push("a", "1");
    world.push("b", "1");
    let (first, command) = world.idle().unwrap();
    let outcome = world.obey(&command);
    let reply = world.report(&first, outcome.clone()).unwrap();
    let before = world.state.clone();
    assert_eq!(world.report(&first, outcome.clone()), Some(reply.clone()));
    for late in [
        Outcome::NotNow,
        error("MCInstallationErrorDomain", 4001),
        outcome.clone(),
    ] {
        world.report(&first, late);
    }
    let stranger = CommandUuid::parse("7D5C3C9E-0000-4000-8000-000000000000").unwrap();
    assert!(world.report(&stranger, outcome.clone()).is_none());
    assert_eq!(world.state, before);
    let outcome = world.obey(&reply.1);
    world.report(&reply.0, outcome.clone());
    let sent = world.sent.len();
    world.report(&first, outcome);
    assert_eq!(world.sent.len(), sent, "an old duplicate starts nothing");
    world.contact();
    assert_eq!(world.status(), Status::Applied);
    let installs = world
        .sent
        .iter()
        .filter(|sent| sent.starts_with("install"))
        .count();
    assert_eq!(installs, 2);
}

/// A late report on a lost command is compared by a fresh list, never adopted.
#[test]
fn late_report_is_compared() {
    let mut world = synced(&[]);
    world.push("a", "1");
    let (lost, _) = world.idle().unwrap();
    // It is closed as lost, the list does not show it, and it is sent again.
    let (list, command) = world.idle().unwrap();
    assert_eq!(describe(&command), "list");
    let outcome = world.obey(&command);
    let (again, command) = world.report(&list, outcome).unwrap();
    assert_eq!(describe(&command), "install a=1");
    assert!(
        world
            .report(&lost, Outcome::Acknowledged(Answer::default()))
            .is_none()
    );
    assert!(world.state.unproven.is_empty(), "not adopted");
    let outcome = world.obey(&command);
    world.report(&again, outcome);
    assert_eq!(world.status(), Status::Pending);
    world.contact();
    assert_eq!(world.status(), Status::Applied);
}

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
    assert_eq!(world.contact(), ["list", "remove a", "list"]);
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
    assert_eq!(world.contact(), ["list", "install a=1", "list"]);
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
    world.event(Event::Authenticate);
    assert!(world.idle().is_none(), "no command before TokenUpdate");
    world.event(Event::TokenUpdate);
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
