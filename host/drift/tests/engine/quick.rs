//! Administrators who change their mind at every step of the protocol: what is sent in the end is
//! what the last decision asks for, and as little as possible.

use std::collections::BTreeMap;

use mooring_drift::command::Command;
use mooring_drift::status::Status;
use mooring_drift::step::Event;
use mooring_mdm::ids::{CommandUuid, PayloadIdentifier, PayloadUuid};
use mooring_mdm::report::Outcome;
use proptest::prelude::*;

use crate::model::{World, identifier, synced};

const IDENTIFIERS: [&str; 4] = ["a", "b", "c", "d"];

/// One decision of an administrator.
#[derive(Debug, Clone, Copy)]
enum Edit {
    Push(usize, u8),
    Delete(usize),
    /// The host leaves, or joins, those whom the profile is for.
    Move(usize),
}

/// What becomes of the command that the device holds when the decisions are made.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Reported,
    Refused,
    PutOff,
    DoneAndReportLost,
    NeverArrived,
}

fn edit() -> impl Strategy<Value = Edit> {
    prop_oneof![
        3 => (0..4_usize, 0..3_u8).prop_map(|(i, uuid)| Edit::Push(i, uuid)),
        2 => (0..4_usize).prop_map(Edit::Delete),
        1 => (0..4_usize).prop_map(Edit::Move),
    ]
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        Just(Fate::Reported),
        Just(Fate::Refused),
        Just(Fate::PutOff),
        Just(Fate::DoneAndReportLost),
        Just(Fate::NeverArrived),
    ]
}

fn apply(world: &mut World, edit: Edit) {
    match edit {
        Edit::Push(i, uuid) => world.push(IDENTIFIERS[i], &format!("r{uuid}")),
        Edit::Delete(i) => world.delete(IDENTIFIERS[i]),
        Edit::Move(i) => {
            let id = identifier(IDENTIFIERS[i]);
            let outside = &mut world.circumstances.outside;
            if !outside.remove(&id) {
                outside.insert(id);
            }
        }
    }
}

/// The fewest changes from what a device holds to what is wanted.
fn fewest(world: &World, device: &BTreeMap<PayloadIdentifier, PayloadUuid>) -> usize {
    let desired = world.desired();
    let differs = |id: &&&str| {
        let wanted = desired
            .wanted(&identifier(id))
            .map(|revision| &revision.uuid);
        device.get(&identifier(id)) != wanted
    };
    IDENTIFIERS.iter().filter(differs).count()
}

fn is_change(sent: &str) -> bool {
    sent.starts_with("install") || sent.starts_with("remove")
}

/// Goes on with a contact for at most `steps` exchanges; gives back the command that is open then.
fn exchanges(world: &mut World, steps: usize) -> Option<(CommandUuid, Command)> {
    let mut reply = world.idle();
    for _ in 0..steps {
        let (uuid, command) = reply?;
        let outcome = world.obey(&command);
        reply = world.report(&uuid, outcome);
    }
    reply
}

fn meet(world: &mut World, open: Option<(CommandUuid, Command)>, fate: Fate) {
    let Some((uuid, command)) = open else {
        return;
    };
    let outcome = match fate {
        Fate::NeverArrived => return,
        Fate::DoneAndReportLost => {
            world.obey(&command);
            return;
        }
        Fate::Refused if command.identifier().is_some() => {
            crate::model::error("MCInstallationErrorDomain", 4009)
        }
        Fate::PutOff => Outcome::NotNow,
        Fate::Reported | Fate::Refused => world.obey(&command),
    };
    let mut reply = world.report(&uuid, outcome);
    while let Some((uuid, command)) = reply {
        let outcome = world.obey(&command);
        reply = world.report(&uuid, outcome);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    /// Add, delete, edit, move and re-add, all at once at any step of the protocol, whatever becomes
    /// of the command that the device holds just then: the device ends with what was decided last,
    /// and gets no more changes than somebody would send who knew the end from the beginning, and
    /// the one that it held already.
    #[test]
    fn the_last_decision_counts(
        before in prop::collection::vec(edit(), 0..8),
        steps in 0..12_usize,
        edits in prop::collection::vec(edit(), 1..12),
        fate in fate(),
    ) {
        let mut world = synced(&[("a", "r0"), ("b", "r0")]);
        for edit in before {
            apply(&mut world, edit);
        }
        let open = exchanges(&mut world, steps);
        let is_open_change = open.as_ref().is_some_and(|(_, command)| command.identifier().is_some());
        let held = world.device.clone();
        let sent = world.sent.len();
        for edit in edits {
            apply(&mut world, edit);
        }
        let fewest = fewest(&world, &held);
        meet(&mut world, open, fate);
        for _ in 0..4 {
            world.later_ms(2 * 3_600_000);
            world.contact();
        }
        prop_assert_eq!(world.status(), Status::Applied);
        for id in IDENTIFIERS {
            let wanted = world.desired().wanted(&identifier(id)).map(|revision| revision.uuid.clone());
            prop_assert_eq!(world.device.get(&identifier(id)), wanted.as_ref(), "{}", id);
        }
        let changes = world.sent[sent..].iter().filter(|sent| is_change(sent)).count();
        let most = fewest + usize::from(is_open_change);
        prop_assert!(changes <= most, "{} changes, {} would do: {:?}", changes, most, &world.sent[sent..]);
    }

    /// The same where somebody decides anew between any two messages, for as long as it goes on: no
    /// change is ever sent that the decision of that moment does not ask for, and the end is the
    /// last one.
    #[test]
    fn every_decision_of_the_moment_counts(
        script in prop::collection::vec((prop::option::of(edit()), fate()), 1..40),
    ) {
        let mut world = synced(&[("a", "r0")]);
        let mut reply = None;
        for (edit, fate) in script {
            if let Some(edit) = edit {
                apply(&mut world, edit);
            }
            let sent = world.sent.len();
            reply = match reply.take() {
                None => world.idle(),
                Some((uuid, command)) => match fate {
                    Fate::Reported | Fate::Refused => {
                        let outcome = world.obey(&command);
                        world.report(&uuid, outcome)
                    }
                    Fate::PutOff => world.report(&uuid, Outcome::NotNow),
                    Fate::DoneAndReportLost => {
                        world.obey(&command);
                        None
                    }
                    Fate::NeverArrived => None,
                },
            };
            for sent in world.sent[sent..].iter().filter(|sent| is_change(sent)) {
                let asked = world.desired().iter().map(|(id, r)| format!("install {id}={}", r.uuid));
                let removed = IDENTIFIERS.iter().filter(|id| world.desired().is_unwanted(&identifier(id)));
                let mut right = asked.chain(removed.map(|id| format!("remove {id}")));
                prop_assert!(right.any(|right| right == *sent), "nobody asked for {}", sent);
            }
        }
        // Outcomes that were lost too often are parked until a person asks.
        world.event(Event::RefreshAsked);
        for _ in 0..4 {
            world.later_ms(24 * 3_600_000);
            world.contact();
        }
        prop_assert_eq!(world.status(), Status::Applied);
        prop_assert_eq!(fewest(&world, &world.device.clone()), 0);
    }
}
