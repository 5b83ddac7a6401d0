//! Enrolling, changing, refreshing: histories with one known right outcome each.

use mooring_drift::state::{FailureReason, NextAttempt};
use mooring_drift::status::{PendingReason, ProfileStatus, Status};
use mooring_drift::step::Event;
use mooring_mdm::ids::CommandUuid;
use mooring_mdm::report::{Answer, Outcome};

use crate::model::{DAY_MS, World, describe, error, identifier, reason, synced};

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
    assert_eq!(world.contact(), ["list", "info", "install a=1", "list"]);
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
