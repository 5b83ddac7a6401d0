//! How a host's lives begin, who speaks for it, and what a server that lost track does about it.

use mooring_drift::state::Begun;
use mooring_drift::status::Status;
use mooring_drift::step::{Event, TokenUpdate};
use mooring_mdm::device::Attributes;
use mooring_mdm::report::{Answer, Outcome};

use crate::model::{World, describe, identifier, synced, uuid};

fn told(serial: &str) -> Outcome {
    Outcome::Acknowledged(Answer {
        attributes: Some(Attributes {
            serial_number: Some(serial.to_owned()),
            ..Attributes::default()
        }),
        ..Answer::default()
    })
}

/// One contact of a device with this serial number.
fn contact_as(world: &mut World, serial: &str) {
    let mut reply = world.idle();
    while let Some((uuid, command)) = reply {
        let outcome = match describe(&command).as_str() {
            "info" => told(serial),
            _ => world.obey(&command),
        };
        reply = world.report(&uuid, outcome);
    }
}

/// Two devices that speak in turn under one identity are noticed at the first word of the second
/// one, and by their Authenticates too; a device that got another serial number by a repair is not.
#[test]
fn two_devices_under_one_identity() {
    let mut world = World::enrolled();
    contact_as(&mut world, "ONE");
    world.event(Event::RefreshAsked);
    contact_as(&mut world, "TWO");
    assert!(world.state.hardware.is_contradicted);
    world.event(Event::Settled);
    assert!(!world.state.hardware.is_contradicted);
    assert_eq!(world.status(), Status::Unknown, "whose list was it?");

    let mut world = World::enrolled();
    let authenticate = |world: &mut World, serial: &str| {
        let serial = Some(serial.to_owned());
        world.event(Event::Authenticate { serial });
        world.event(Event::TokenUpdate(TokenUpdate::default()));
        world.state.hardware.is_contradicted
    };
    assert!(!authenticate(&mut world, "ONE"));
    assert!(!authenticate(&mut world, "TWO"), "a repair");
    assert!(!authenticate(&mut world, "TWO"));
    assert!(authenticate(&mut world, "ONE"), "and back");
}

/// How an epoch began is told apart, and nothing is changed before a list of the new one.
#[test]
fn beginnings_are_told_apart() {
    let mut world = synced(&[("a", "1")]);
    assert_eq!(world.state.begun, Begun::Enrolled);
    let magic = TokenUpdate {
        is_other_magic: true,
        ..TokenUpdate::default()
    };
    world.event(Event::TokenUpdate(magic));
    assert_eq!(world.state.begun, Begun::Restored);
    assert_eq!(world.contact(), ["list", "info"]);
    let token = TokenUpdate {
        is_other_token: true,
        ..TokenUpdate::default()
    };
    world.event(Event::TokenUpdate(token));
    assert_eq!(world.contact(), ["list"], "a token alone is no new epoch");
    world.event(Event::Authenticate { serial: None });
    let setup = TokenUpdate {
        is_awaiting_configuration: true,
        ..TokenUpdate::default()
    };
    world.event(Event::TokenUpdate(setup));
    assert_eq!(world.state.begun, Begun::Wiped);
    world.event(Event::CheckOut);
    world.event(Event::Authenticate { serial: None });
    world.event(Event::TokenUpdate(TokenUpdate::default()));
    assert_eq!(world.state.begun, Begun::Reenrolled);
}

/// In another era of the server nothing is changed before a complete list, nothing counts as
/// proven, and what was delivered is ours only if it still is the same.
#[test]
fn another_era_observes_anew() {
    let mut world = World::enrolled();
    world.push_signed("s", "author");
    world.push_signed("t", "author");
    world.contact();
    world.state = world.state.clone().in_era(1);
    world.sent.clear();
    assert_eq!(world.status(), Status::Unknown);
    assert_eq!(world.state.begun, Begun::Observed);
    world
        .device
        .insert(identifier("t"), uuid("somebody else's"));
    world.delete("s");
    world.delete("t");
    assert_eq!(world.contact(), ["list", "info", "remove s", "list"]);
    let same = world.state.clone().in_era(1);
    assert_eq!(same, world.state);
}

/// Once one device alone is left, a copy that it has from somebody else is not taken for what was
/// delivered to the other one.
#[test]
fn settling_takes_no_foreign_copy_for_ours() {
    let mut world = World::enrolled();
    world.push_signed("a", "1");
    contact_as(&mut world, "ONE");
    world.event(Event::RefreshAsked);
    contact_as(&mut world, "TWO");
    world.device.insert(identifier("a"), uuid("foreign"));
    world.delete("a");
    world.event(Event::Settled);
    world.sent.clear();
    contact_as(&mut world, "TWO");
    assert_eq!(world.sent, ["list", "info"]);
    assert_eq!(world.device[&identifier("a")], uuid("foreign"));
}

/// An installation that was in flight when the server lost track is ours where the list shows that
/// very copy, although its report counts no more.
#[test]
fn what_was_in_flight_is_not_forgotten() {
    let mut world = synced(&[]);
    world.push_signed("s", "author");
    let (_, command) = world.idle().unwrap();
    world.obey(&command);
    world.state = world.state.clone().in_era(1);
    world.delete("s");
    assert_eq!(world.contact(), ["list", "info", "remove s", "list"]);
    assert_eq!(world.status(), Status::Applied);
}
