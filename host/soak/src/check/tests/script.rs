//! A log that a test writes by hand, and what the checker says of it.

use std::collections::BTreeSet;

use mooring_mdm::ids::Channel;

use crate::check::{Checker, Rule};
use crate::log::{
    Action, Answered, DeviceTruth, Entry, Heard, Listed, Ordered, Phase, Reported, ServerEvent,
    Setup, Shown, Told, Who,
};

/// The host of most tests, on its device channel.
pub(super) const DEVICE: Who = Who {
    host: 0,
    channel: Channel::Device,
};

/// A log on its way.
pub(super) struct Script {
    checker: Checker,
    pub(super) at: u64,
    names: u32,
    /// Everything that was broken so far.
    pub(super) broken: Vec<Rule>,
}

impl Script {
    /// An empty world.
    pub(super) fn new() -> Self {
        let setup = Setup {
            seed: 1,
            hosts: 1,
            started_at: 1_700_000_000_000,
        };
        Self {
            checker: Checker::new(&setup),
            at: setup.started_at,
            names: 0,
            broken: Vec::new(),
        }
    }

    /// A host that enrolled, told its attributes, and showed these profiles.
    pub(super) fn enrolled(shown: &[(&str, &str)]) -> Self {
        let mut script = Self::new();
        script.enroll();
        script.learns(shown);
        script
    }

    pub(super) fn enroll(&mut self) {
        let told = told("A");
        self.heard(Heard::Authenticate { told });
        self.answered(Answered::Empty);
        self.token("m");
    }

    pub(super) fn token(&mut self, magic: &str) {
        self.heard(Heard::TokenUpdate {
            magic: magic.to_owned(),
            is_awaiting_configuration: None,
        });
        self.answered(Answered::Empty);
    }

    /// The device asks for work, gets a list, and answers it; it is left without an answer.
    pub(super) fn learns(&mut self, shown: &[(&str, &str)]) {
        let list = self.idle_gets(Ordered::List);
        self.reports(&list, listed(shown));
        self.empty();
    }

    pub(super) fn entry(&mut self, entry: &Entry) {
        let violations = self.checker.note(entry);
        self.broken
            .extend(violations.iter().map(|violation| violation.rule));
    }

    pub(super) fn admin(&mut self, action: Action) {
        let at = self.at;
        self.entry(&Entry::Admin { at, action });
    }

    pub(super) fn push(&mut self, identifier: &str, uuid: &str) {
        self.admin(Action::Pushed {
            identifier: identifier.to_owned(),
            uuid: uuid.to_owned(),
            channel: Channel::Device,
        });
    }

    pub(super) fn delete(&mut self, identifier: &str) {
        let identifier = identifier.to_owned();
        self.admin(Action::Deleted { identifier });
    }

    pub(super) fn heard(&mut self, message: Heard) {
        let (at, who) = (self.at, DEVICE);
        self.entry(&Entry::Heard { at, who, message });
    }

    pub(super) fn answered(&mut self, answer: Answered) {
        self.entry(&Entry::Answered {
            who: DEVICE,
            answer,
        });
    }

    pub(super) fn empty(&mut self) {
        self.answered(Answered::Empty);
    }

    /// Answers with a command under a new name, and says the name.
    pub(super) fn gets(&mut self, command: Ordered) -> String {
        self.names += 1;
        let name = format!("c{}", self.names);
        self.gets_named(&name, command);
        name
    }

    pub(super) fn gets_named(&mut self, name: &str, command: Ordered) {
        let uuid = name.to_owned();
        self.answered(Answered::Command { uuid, command });
    }

    pub(super) fn idle(&mut self) {
        self.heard(Heard::Idle);
    }

    pub(super) fn idle_gets(&mut self, command: Ordered) -> String {
        self.idle();
        self.gets(command)
    }

    pub(super) fn reports(&mut self, name: &str, outcome: Reported) {
        let uuid = name.to_owned();
        self.heard(Heard::Result { uuid, outcome });
    }

    pub(super) fn done(&mut self, name: &str) {
        self.reports(name, listed_nothing());
    }

    pub(super) fn server(&mut self, event: ServerEvent) {
        let at = self.at;
        self.entry(&Entry::Server { at, event });
    }

    pub(super) fn phase(&mut self, phase: Phase) {
        let at = self.at;
        self.entry(&Entry::Phase { at, phase });
    }

    pub(super) fn wait_minutes(&mut self, minutes: u64) {
        self.at += minutes * 60_000;
    }

    /// The end: what the device has, and what the server says of it.
    pub(super) fn settle(&mut self, holds: &[(&str, &str)], says: &[(&str, Shown)]) -> Vec<Rule> {
        let truth = DeviceTruth {
            who: DEVICE,
            is_reachable: true,
            is_cloned: false,
            profiles: pairs(holds),
            refuses: BTreeSet::new(),
            keeps: BTreeSet::new(),
            told: told("A"),
            statuses: says.iter().map(|(id, s)| ((*id).to_owned(), *s)).collect(),
        };
        let violations = self.checker.settle(&[truth]);
        violations.iter().map(|violation| violation.rule).collect()
    }

    /// Nothing was broken.
    #[track_caller]
    pub(super) fn is_fine(&self) {
        assert_eq!(self.broken, []);
    }

    /// This alone was broken.
    #[track_caller]
    pub(super) fn broke(&self, rule: Rule) {
        assert_eq!(self.broken, [rule]);
    }
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    let pair = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
    of.iter().map(pair).collect()
}

/// What a device with this serial number tells.
pub(super) fn told(serial: &str) -> Told {
    Told {
        os_version: "15.1".to_owned(),
        build: "24B83".to_owned(),
        serial: serial.to_owned(),
        model: "Mac16,1".to_owned(),
    }
}

/// A whole list.
pub(super) fn listed(shown: &[(&str, &str)]) -> Reported {
    Reported::Acknowledged {
        profiles: Some(Listed::Complete(pairs(shown))),
        told: None,
    }
}

/// A list that is not whole.
pub(super) fn cut() -> Reported {
    Reported::Acknowledged {
        profiles: Some(Listed::Incomplete),
        told: None,
    }
}

/// Done, and nothing to say.
pub(super) fn listed_nothing() -> Reported {
    Reported::Acknowledged {
        profiles: None,
        told: None,
    }
}

/// An error with one entry.
pub(super) fn error(domain: &str, code: i64) -> Reported {
    Reported::Error {
        chain: vec![(domain.to_owned(), code)],
    }
}

/// Installs a profile.
pub(super) fn install(identifier: &str, uuid: &str) -> Ordered {
    Ordered::Install {
        identifier: identifier.to_owned(),
        uuid: uuid.to_owned(),
    }
}

/// Removes a profile.
pub(super) fn remove(identifier: &str) -> Ordered {
    Ordered::Remove {
        identifier: identifier.to_owned(),
    }
}
