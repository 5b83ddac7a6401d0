//! Signed profiles: their uuid proves nothing about who installed them, so what this server
//! installed has to be remembered, and nothing else.

use mooring_drift::status::{PendingReason, ProfileStatus, Status};
use mooring_drift::step::{Event, TokenUpdate};
use mooring_mdm::report::{Answer, Outcome};

use crate::model::{World, describe, error, identifier, reason, synced, uuid};

/// A removal that was acknowledged but did not happen stays ours to finish.
#[test]
fn acknowledged_removal_that_did_not_happen() {
    let mut world = synced(&[]);
    world.push_signed("s", "author");
    world.contact();
    world.delete("s");
    let (remove, command) = world.idle().unwrap();
    assert_eq!(describe(&command), "remove s");
    let acknowledged = Outcome::Acknowledged(Answer::default());
    let (list, command) = world.report(&remove, acknowledged).unwrap();
    let outcome = world.obey(&command);
    world.report(&list, outcome);
    assert_eq!(world.status(), Status::Failed);
    world.event(Event::RefreshAsked);
    assert_eq!(world.contact(), ["list", "remove s", "list"]);
    assert_eq!(world.status(), Status::Applied);
}

/// An installation whose report was lost is ours, also where the profile was deleted meanwhile
/// and the device carried it out only after the list.
#[test]
fn lost_installation_can_be_removed() {
    let mut world = synced(&[]);
    world.push_signed("s", "author");
    let (lost, _) = world.idle().unwrap();
    world.delete("s");
    assert_eq!(world.contact(), ["list"]);
    world.device.insert(identifier("s"), uuid("author"));
    let reply = world.report(&lost, Outcome::Acknowledged(Answer::default()));
    let (list, command) = reply.unwrap();
    assert_eq!(describe(&command), "list");
    let outcome = world.obey(&command);
    let (_, command) = world.report(&list, outcome).unwrap();
    assert_eq!(describe(&command), "remove s");
}

/// A copy of somebody else stays, where an installation of ours never arrived.
#[test]
fn lost_installation_gives_no_right_to_other_copies() {
    let mut world = World::enrolled();
    world.device.insert(identifier("a"), uuid("foreign"));
    world.push("a", "1");
    world.contact();
    world.device.insert(identifier("a"), uuid("foreign"));
    world.event(Event::Authenticate { serial: None });
    world.event(Event::TokenUpdate(TokenUpdate::default()));
    world.idle().unwrap();
    let (list, command) = world.idle().unwrap();
    let outcome = world.obey(&command);
    let (info, command) = world.report(&list, outcome).unwrap();
    let outcome = world.obey(&command);
    let (_, command) = world.report(&info, outcome).unwrap();
    assert_eq!(describe(&command), "install a=1");
    world.delete("a");
    assert_eq!(world.contact(), ["list"]);
    assert_eq!(world.device[&identifier("a")], uuid("foreign"));
}

/// The same file installed by somebody else, where ours failed, is not ours to remove.
#[test]
fn failed_installation_gives_no_right() {
    let mut world = synced(&[]);
    world.push_signed("s", "author");
    let (install, _) = world.idle().unwrap();
    world.report(&install, error("MCInstallationErrorDomain", 4001));
    world.device.insert(identifier("s"), uuid("author"));
    world.event(Event::RefreshAsked);
    world.contact();
    assert_eq!(world.status(), Status::Applied);
    world.delete("s");
    assert_eq!(world.contact(), [""; 0]);
    assert!(world.device.contains_key(&identifier("s")));
}

/// While a change is on its way the host is not applied, whatever is desired by now.
#[test]
fn a_change_on_its_way_is_pending() {
    let mut world = synced(&[("a", "1")]);
    let sent = ProfileStatus::Pending {
        reason: PendingReason::Sent,
    };
    world.delete("a");
    world.idle().unwrap();
    // Wanted again before the device reports: it may have removed it already.
    world
        .catalog
        .profiles
        .get_mut(&identifier("a"))
        .unwrap()
        .is_wanted = true;
    assert_eq!(reason(&world, "a"), sent);
    world.contact();
    assert_eq!(world.status(), Status::Applied);
    world.push("b", "1");
    world.idle().unwrap();
    world.delete("b");
    assert_eq!(reason(&world, "b"), sent, "it may be there by now");
}

/// Content that a person pushes again is tried again, though it failed before.
#[test]
fn pushing_again_unparks() {
    let mut world = synced(&[]);
    world.push("a", "1");
    let (install, _) = world.idle().unwrap();
    world.report(&install, error("MCProfileErrorDomain", 1003));
    assert_eq!(world.contact(), [""; 0]);
    world.delete("a");
    world.push("a", "1");
    assert_eq!(world.contact(), ["install a=1", "list"]);
}

/// A late answer to a lost question is nothing to compare: no further list is asked for.
#[test]
fn late_answers_to_questions() {
    let mut world = World::enrolled();
    let (first, command) = world.idle().unwrap();
    let late = world.obey(&command);
    let (second, command) = world.idle().unwrap();
    assert!(world.report(&first, late).is_none());
    let outcome = world.obey(&command);
    let (_, command) = world.report(&second, outcome).unwrap();
    assert_eq!(describe(&command), "info");
}
