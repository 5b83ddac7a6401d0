//! Old copies of the store, started and started again: what a report of a time that was forgotten
//! proves, and what it does not.

use std::collections::BTreeSet;

use hmac::{Hmac, Mac};
use mooring_drift::state::{Begun, ERA_RANDOM_BITS};
use mooring_drift::status::Status;
use mooring_drift::step::{Closing, Event};
use mooring_mdm::ids::CommandUuid;
use mooring_mdm::report::Outcome;
use proptest::prelude::*;
use sha2::Sha256;

use crate::model::{DAY_MS, HOUR_MS, World, describe, identifier, synced};

/// Eras that begin one after the other, and one that begins at the same old copy as the first.
const FIRST: u32 = (1 << ERA_RANDOM_BITS) | 0x900;
const BESIDE_FIRST: u32 = (1 << ERA_RANDOM_BITS) | 0x901;
const SECOND: u32 = (2 << ERA_RANDOM_BITS) | 0x3;

impl World {
    /// An old copy of the store is started. The device is what it is, and what is desired is said
    /// once more.
    fn put_back(&mut self, copy: &Self) {
        self.state = copy.state.clone();
    }

    fn enter(&mut self, era: u32) {
        self.state = self.state.clone().in_era(era);
    }

    /// A command that leaves and is carried out, and the report that says so, which comes late.
    fn carried_out(&mut self) -> (CommandUuid, Outcome) {
        self.later_ms(HOUR_MS);
        let (uuid, command) = self.idle().unwrap();
        let outcome = self.obey(&command);
        (uuid, outcome)
    }

    /// Reports: what is handed out for it, and whether it proves an old copy.
    fn late(&mut self, (uuid, outcome): &(CommandUuid, Outcome)) -> (Option<String>, bool) {
        let (uuid, outcome) = (uuid.clone(), outcome.clone());
        let step = self.event(Event::Result { uuid, outcome });
        let reply = step.reply.map(|(_, command)| describe(&command));
        (reply, step.is_rolled_back)
    }

    /// Reports something that changes nothing.
    fn says_nothing(&mut self, report: &(CommandUuid, Outcome)) {
        let before = self.state.clone();
        assert_eq!(self.late(report), (None, false));
        assert_eq!(self.state, before);
    }
}

fn list() -> (Option<String>, bool) {
    (Some("list".to_owned()), true)
}

/// An older copy had been started, and before the third host proves it another copy is taken; then an
/// era begins, and then that copy is started. What was handed out in the era proves it: nothing is
/// changed by what the copy has listed before the host was asked.
#[test]
fn an_era_is_forgotten() {
    let mut world = synced(&[("a", "1")]);
    let copy = world.clone();
    world.enter(FIRST);
    world.contact();
    world.push("b", "1");
    let install = world.carried_out();
    world.put_back(&copy);
    world.sent.clear();
    assert_eq!(world.late(&install), list());
    assert_eq!(world.state.begun, Begun::Observed);
    assert_eq!(world.status(), Status::Unknown);
    assert_eq!(world.contact()[0], "list");
    assert!(!world.sent.contains(&"install b=1".to_owned()));
    assert_eq!(world.status(), Status::Applied);
}

/// The same report proves it once, and those before it and the one after it, for which the list that
/// is on its way is new enough, prove nothing. Further ones prove it again.
#[test]
fn each_forgotten_command_proves_once() {
    let mut world = synced(&[("a", "1")]);
    let copy = world.clone();
    world.enter(FIRST);
    let reports = [(); 4].map(|()| world.carried_out());
    world.put_back(&copy);
    assert_eq!(world.late(&reports[1]), list());
    for report in &reports[..3] {
        world.says_nothing(report);
    }
    assert_eq!(world.late(&reports[3]), list());
    world.contact();
    for report in &reports {
        world.says_nothing(report);
    }
    assert_eq!(world.status(), Status::Applied);
}

/// An era that is over proves nothing: neither one before, nor one that began at the same old copy.
#[test]
fn what_is_over_says_nothing() {
    let mut world = synced(&[("a", "1")]);
    world.push("b", "1");
    let before = world.carried_out();
    let copy = world.clone();
    world.enter(FIRST);
    let forgotten = world.carried_out();
    world.put_back(&copy);
    world.enter(BESIDE_FIRST);
    world.says_nothing(&before);
    world.says_nothing(&forgotten);
    let open = world.carried_out();
    assert_ne!(
        open.0, forgotten.0,
        "another name, though the number is the same"
    );
    world.says_nothing(&forgotten);
    world.enter(SECOND);
    world.says_nothing(&open);
}

/// An old copy is started by mistake, and then the store that it took the place of: although that one
/// had counted further, what was handed out meanwhile proves it.
#[test]
fn the_right_store_comes_back() {
    let mut world = synced(&[("a", "1")]);
    let copy = world.clone();
    for revision in 2..200 {
        world.push("a", &revision.to_string());
        world.contact();
    }
    let right = world.clone();
    world.put_back(&copy);
    world.enter(FIRST);
    let forgotten = world.carried_out();
    let further = right.state.sequence;
    assert!(world.state.sequence < further);
    world.put_back(&right);
    assert_eq!(world.late(&forgotten), list());
    world.says_nothing(&forgotten);
    // And with another era between.
    world.put_back(&copy);
    world.enter(FIRST);
    world.enter(SECOND);
    let forgotten = world.carried_out();
    world.put_back(&right);
    world.enter(FIRST);
    assert_eq!(world.late(&forgotten), list());
}

/// How this server named its commands before their names told the era.
fn named_before(world: &World, sequence: u32) -> CommandUuid {
    let mut mac = Hmac::<Sha256>::new_from_slice(&[1; 32]).unwrap();
    mac.update(b"mooring command 1");
    mac.update(&[2; 16]);
    mac.update(&world.state.epoch.to_be_bytes());
    mac.update(&sequence.to_be_bytes());
    mac.update(world.enrollment.to_string().as_bytes());
    let mut bytes = [0; 16];
    bytes[..4].copy_from_slice(&sequence.to_be_bytes());
    bytes[4..].copy_from_slice(&mac.finalize().into_bytes()[..12]);
    CommandUuid::from(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

/// A command that was in flight when this server was upgraded has a name of before: its report says
/// nothing and proves nothing, the command is lost, and a list tells what became of it.
#[test]
fn names_of_before_are_unknown() {
    for era in [0, 0xA53F_0C11] {
        let mut world = synced(&[("a", "1")]);
        world.enter(era);
        world.contact();
        world.sent.clear();
        world.push("b", "1");
        let (_, outcome) = world.carried_out();
        let open = world.state.sequence;
        for sequence in [1, open - 1, open, open + 1, open + 500, u32::MAX] {
            let name = named_before(&world, sequence);
            world.says_nothing(&(name, outcome.clone()));
        }
        let step = world.event(Event::Idle);
        let (_, how) = step.closed.unwrap();
        assert_eq!(how, Closing::Lost);
        let (uuid, command) = step.reply.unwrap();
        let outcome = world.obey(&command);
        world.report(&uuid, outcome);
        assert_eq!(world.sent, ["install b=1", "list"]);
        assert_eq!(world.status(), Status::Applied);
        assert!(world.device.contains_key(&identifier("b")));
    }
}

#[derive(Debug, Clone)]
enum Action {
    Push(u8),
    UserRemoves,
    Contact,
    LoseReport,
    RepeatOldReport(prop::sample::Index),
    Copy,
    /// Starts the copy; if that is known, an era begins at once.
    PutBack {
        is_known: bool,
    },
    Era,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        3 => (0..4_u8).prop_map(Action::Push),
        1 => Just(Action::UserRemoves),
        4 => Just(Action::Contact),
        3 => Just(Action::LoseReport),
        4 => any::<prop::sample::Index>().prop_map(Action::RepeatOldReport),
        2 => Just(Action::Copy),
        2 => any::<bool>().prop_map(|is_known| Action::PutBack { is_known }),
        1 => Just(Action::Era),
    ]
}

/// The world, its newest copy, and what must be remembered to judge it.
struct History {
    world: World,
    copy: World,
    eras: u32,
    /// Every command that was handed out, and its report.
    reports: Vec<(CommandUuid, Outcome)>,
    names: BTreeSet<CommandUuid>,
    /// Whether an old copy was started and nobody knew: then a name may come again.
    is_unknown: bool,
}

impl History {
    fn new() -> Self {
        let world = synced(&[("a", "1")]);
        Self {
            copy: world.clone(),
            world,
            eras: 0,
            reports: Vec::new(),
            names: BTreeSet::new(),
            is_unknown: false,
        }
    }

    fn begin_era(&mut self) {
        self.eras += 1;
        let count = (self.world.state.era >> ERA_RANDOM_BITS) + 1;
        self.world.enter((count << ERA_RANDOM_BITS) | self.eras);
    }

    /// A contact whose report number `lost` gets lost.
    fn contact(&mut self, lost: usize) {
        let mut reply = self.world.idle();
        for place in 0.. {
            let Some((uuid, command)) = reply else {
                return;
            };
            let is_new = self.names.insert(uuid.clone());
            assert!(is_new || self.is_unknown, "a uuid came twice");
            let outcome = self.world.obey(&command);
            self.reports.push((uuid.clone(), outcome.clone()));
            if place == lost {
                return;
            }
            reply = self.world.report(&uuid, outcome);
        }
    }

    fn act(&mut self, action: &Action) {
        match action {
            Action::Push(revision) => self.world.push("a", &revision.to_string()),
            Action::UserRemoves => {
                self.world.device.remove(&identifier("a"));
            }
            Action::Contact => self.contact(usize::MAX),
            Action::LoseReport => self.contact(0),
            Action::RepeatOldReport(index) => {
                if !self.reports.is_empty() {
                    let report = index.get(&self.reports).clone();
                    self.repeat(&report);
                }
            }
            Action::Copy => self.copy = self.world.clone(),
            Action::PutBack { is_known } => {
                self.world.put_back(&self.copy);
                self.is_unknown |= !is_known;
                if *is_known {
                    self.begin_era();
                }
            }
            Action::Era => self.begin_era(),
        }
    }

    /// An old report comes. Whatever it proves, the same one once more proves nothing.
    fn repeat(&mut self, report: &(CommandUuid, Outcome)) {
        let (uuid, outcome) = report.clone();
        let step = self.world.event(Event::Result { uuid, outcome });
        if let Some((name, command)) = step.reply {
            let outcome = self.world.obey(&command);
            self.names.insert(name.clone());
            self.reports.push((name, outcome));
        }
        if step.is_rolled_back {
            assert_eq!(self.world.state.begun, Begun::Observed);
            assert!(self.world.state.observed.is_none(), "a list is believed");
            self.world.says_nothing(report);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever copies were started and eras begun: no uuid comes twice where that was known, and
    /// once every old report came once more, they say nothing any more and the host is in sync.
    #[test]
    fn old_reports_come_to_rest(actions in prop::collection::vec(action(), 0..40)) {
        let mut history = History::new();
        for action in actions {
            history.act(&action);
        }
        let mut said = 0;
        while let Some(report) = history.reports.get(said).cloned() {
            history.repeat(&report);
            said += 1;
        }
        history.world.event(Event::RefreshAsked);
        for _ in 0..3 {
            history.world.later_ms(2 * DAY_MS);
            history.world.contact();
        }
        prop_assert_eq!(history.world.status(), Status::Applied);
        for report in &history.reports {
            history.world.says_nothing(report);
        }
    }
}
