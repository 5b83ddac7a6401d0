//! What holds after every history: no change without drift, nothing of others touched, no uuid
//! twice, and after the last fault everything is applied within a few contacts, then silence.

use std::collections::BTreeSet;

use mooring_drift::command::Command;
use mooring_drift::drift::drift;
use mooring_drift::state::SyncState;
use mooring_drift::status::Status;
use mooring_drift::step::{Event, TokenUpdate};
use mooring_mdm::ids::{CommandUuid, PayloadIdentifier};
use mooring_mdm::report::{Answer, Outcome};
use proptest::prelude::*;

use crate::model::{World, error, identifier, uuid};

const IDENTIFIERS: [&str; 4] = ["a", "b", "c", "d"];
const SIGNED: usize = 3;

#[derive(Debug, Clone, Copy)]
enum Behaviour {
    Obey,
    ObeyAndLoseTheReport,
    NeverGetIt,
    NotNow,
    ReportTwice,
    FailOnce,
    FailForGood,
    AcknowledgeOnly,
}

#[derive(Debug, Clone)]
enum Action {
    Push(usize, u8),
    Delete(usize),
    UserRemoves(usize),
    SomebodyInstalls(usize),
    Contact(Vec<Behaviour>),
    RepeatOldReport(prop::sample::Index),
    Refresh,
    EnrollAgain { wiped: bool },
    Later(u64),
}

fn behaviour() -> impl Strategy<Value = Behaviour> {
    prop_oneof![
        6 => Just(Behaviour::Obey),
        1 => Just(Behaviour::ObeyAndLoseTheReport),
        1 => Just(Behaviour::NeverGetIt),
        1 => Just(Behaviour::NotNow),
        1 => Just(Behaviour::ReportTwice),
        1 => Just(Behaviour::FailOnce),
        1 => Just(Behaviour::FailForGood),
        1 => Just(Behaviour::AcknowledgeOnly),
    ]
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => (0..IDENTIFIERS.len(), 0..3_u8).prop_map(|(i, u)| Action::Push(i, u)),
        2 => (0..IDENTIFIERS.len()).prop_map(Action::Delete),
        1 => (0..IDENTIFIERS.len()).prop_map(Action::UserRemoves),
        1 => (0..IDENTIFIERS.len()).prop_map(Action::SomebodyInstalls),
        6 => prop::collection::vec(behaviour(), 1..8).prop_map(Action::Contact),
        2 => any::<prop::sample::Index>().prop_map(Action::RepeatOldReport),
        1 => Just(Action::Refresh),
        1 => any::<bool>().prop_map(|wiped| Action::EnrollAgain { wiped }),
        1 => (0..200_000_000_u64).prop_map(Action::Later),
    ]
}

/// The world, and what must be remembered to judge it.
struct History {
    world: World,
    uuids: BTreeSet<CommandUuid>,
    reports: Vec<(CommandUuid, Outcome)>,
    /// Identifiers that the device took from the server, or said it did, in this epoch.
    taken: BTreeSet<PayloadIdentifier>,
}

impl History {
    fn handed(
        &mut self,
        reply: Option<(CommandUuid, Command)>,
        before: &SyncState,
    ) -> Option<(CommandUuid, Command)> {
        let (uuid, command) = reply?;
        assert!(self.uuids.insert(uuid.clone()), "a uuid came twice");
        let desired = self.world.desired();
        match &command {
            Command::InstallProfile {
                identifier,
                revision,
            } => {
                assert_eq!(
                    desired.wanted(identifier),
                    Some(revision),
                    "not the desired revision"
                );
                assert!(before.observed.is_some() || self.world.state.observed.is_some());
            }
            Command::RemoveProfile { identifier } => {
                assert!(
                    desired.wanted(identifier).is_none(),
                    "removed though wanted"
                );
                let listed = before.listed_uuid(identifier);
                let is_made = listed.is_some_and(|uuid| desired.catalog.is_made(identifier, uuid));
                assert!(
                    is_made || self.taken.contains(identifier),
                    "not ours: {identifier}"
                );
            }
            Command::ProfileList
            | Command::DeviceInformation
            | Command::RenewIdentity { .. }
            | Command::Raw { .. } => {}
        }
        Some((uuid, command))
    }

    fn contact(&mut self, behaviours: &[Behaviour]) {
        let mut behaviours = behaviours.iter().copied();
        let before = self.world.state.clone();
        let reply = self.world.idle();
        let mut reply = self.handed(reply, &before);
        while let Some((uuid, command)) = reply {
            let behaviour = behaviours.next().unwrap_or(Behaviour::Obey);
            let is_change = command.identifier().is_some();
            let installed = match &command {
                Command::InstallProfile { identifier, .. } => Some(identifier.clone()),
                Command::RemoveProfile { .. }
                | Command::ProfileList
                | Command::DeviceInformation
                | Command::RenewIdentity { .. }
                | Command::Raw { .. } => None,
            };
            let outcome = match behaviour {
                Behaviour::NeverGetIt => return,
                Behaviour::ObeyAndLoseTheReport => {
                    let outcome = self.world.obey(&command);
                    self.taken.extend(installed);
                    self.reports.push((uuid, outcome));
                    return;
                }
                Behaviour::NotNow => Outcome::NotNow,
                Behaviour::FailOnce => error("MCInstallationErrorDomain", 4009),
                Behaviour::FailForGood if is_change => error("MCProfileErrorDomain", 1003),
                Behaviour::AcknowledgeOnly if is_change => Outcome::Acknowledged(Answer::default()),
                Behaviour::Obey
                | Behaviour::ReportTwice
                | Behaviour::FailForGood
                | Behaviour::AcknowledgeOnly => self.world.obey(&command),
            };
            if matches!(outcome, Outcome::Acknowledged(_)) {
                self.taken.extend(installed);
            }
            let before = self.world.state.clone();
            let next = self.world.report(&uuid, outcome.clone());
            self.reports.push((uuid.clone(), outcome.clone()));
            if matches!(behaviour, Behaviour::ReportTwice) {
                let state = self.world.state.clone();
                assert_eq!(self.world.report(&uuid, outcome), next);
                assert_eq!(self.world.state, state, "a duplicate changed something");
            }
            reply = self.handed(next, &before);
        }
    }

    fn act(&mut self, action: Action) {
        let world = &mut self.world;
        match action {
            // One of them is signed: its uuids are not made here.
            Action::Push(SIGNED, revision) => {
                world.push_signed(IDENTIFIERS[SIGNED], &format!("r{revision}"));
            }
            Action::Push(i, revision) => world.push(IDENTIFIERS[i], &format!("r{revision}")),
            Action::Delete(i) => world.delete(IDENTIFIERS[i]),
            Action::UserRemoves(i) => {
                world.device.remove(&identifier(IDENTIFIERS[i]));
            }
            Action::SomebodyInstalls(i) => {
                world
                    .device
                    .insert(identifier(IDENTIFIERS[i]), uuid("foreign"));
            }
            Action::Contact(behaviours) => self.contact(&behaviours),
            Action::RepeatOldReport(index) => {
                if !self.reports.is_empty() {
                    let (uuid, outcome) = index.get(&self.reports).clone();
                    world.report(&uuid, outcome);
                }
            }
            Action::Refresh => {
                world.event(Event::RefreshAsked);
            }
            Action::EnrollAgain { wiped } => {
                if wiped {
                    world
                        .device
                        .retain(|identifier, _| identifier.as_str() == "other");
                }
                self.taken.clear();
                world.event(Event::Authenticate { serial: None });
                world.event(Event::TokenUpdate(TokenUpdate::default()));
            }
            Action::Later(ms) => world.later_ms(ms),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happened, a person's refresh and three faultless contacts an hour apart (a wait
    /// before another attempt may be running) end in applied, with the device holding exactly
    /// what is wanted, and then nothing is sent any more.
    #[test]
    fn converges_then_is_silent(actions in prop::collection::vec(action(), 0..40)) {
        let world = World::enrolled();
        let mut history = History { world, uuids: BTreeSet::new(), reports: Vec::new(), taken: BTreeSet::new() };
        for action in actions {
            history.act(action);
        }
        history.act(Action::Refresh);
        for _ in 0..3 {
            history.act(Action::Later(3_600_000));
            history.contact(&[]);
        }
        let world = &mut history.world;
        prop_assert_eq!(world.status(), Status::Applied);
        let desired = world.desired();
        for (identifier, revision) in desired.iter() {
            prop_assert_eq!(world.device.get(identifier), Some(&revision.uuid));
        }
        for id in &IDENTIFIERS[..SIGNED] {
            let held = world.device.get(&identifier(id));
            let is_ours = held.is_some_and(|held| *held != uuid("foreign"));
            prop_assert_eq!(is_ours, desired.wanted(&identifier(id)).is_some());
        }
        prop_assert!(world.device.contains_key(&identifier("other")));
        prop_assert_eq!(drift(&desired, &world.state), Some(Vec::new()));
        let before = world.state.clone();
        prop_assert_eq!(world.contact(), Vec::<String>::new());
        prop_assert_eq!(&world.state, &before);
    }

    /// Quick edits between contacts cost at most one command for each profile.
    #[test]
    fn fewest_commands(edits in prop::collection::vec((0..4_usize, 0..4_u8), 0..30)) {
        let world = World::enrolled();
        let mut history = History { world, uuids: BTreeSet::new(), reports: Vec::new(), taken: BTreeSet::new() };
        history.act(Action::Push(0, 0));
        history.act(Action::Push(1, 0));
        history.contact(&[]);
        let device = history.world.device.clone();
        history.world.sent.clear();
        for (i, edit) in edits {
            history.act(if edit == 3 { Action::Delete(i) } else { Action::Push(i, edit) });
        }
        history.contact(&[]);
        let world = &history.world;
        let changed = IDENTIFIERS.iter().filter(|id| {
            device.get(&identifier(id)) != world.device.get(&identifier(id))
        });
        let changes = world.sent.iter().filter(|sent| *sent != "list" && *sent != "info");
        prop_assert_eq!(changes.count(), changed.count());
    }
}
