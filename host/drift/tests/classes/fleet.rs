//! A fleet in both forms: as hosts, and as classes.

use std::collections::BTreeMap;

use mooring_drift::classes::{Classes, Filter, OwnCopies, Tally};
use mooring_drift::command::CommandNames;
use mooring_drift::desired::Catalog;
use mooring_drift::policy::Policy;
use mooring_drift::status::Status;
use mooring_mdm::ids::{EnrollmentId, PayloadIdentifier};

use crate::naive::{Host, Judgement, World, add};
use crate::random::Random;
use crate::states::{
    PROFILES, circumstances, fill, identifier, is_personal, own_copies, profile, state,
};

pub(crate) struct Fleet {
    pub(crate) random: Random,
    pub(crate) world: World,
    pub(crate) hosts: BTreeMap<u32, Host>,
    pub(crate) classes: Classes,
}

impl Fleet {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut catalog = Catalog::default();
        for number in 0..PROFILES {
            if !random.one_in(3) {
                let profile = profile(&mut random, number);
                catalog.profiles.insert(identifier(number), profile);
            }
        }
        let classes = Classes::new(&catalog);
        let world = World {
            catalog,
            policy: Policy::default(),
            names: CommandNames::new(&[1; 32], [2; 16]),
        };
        Self {
            random,
            world,
            hosts: BTreeMap::new(),
            classes,
        }
    }

    /// Puts any host at a number.
    pub(crate) fn place(&mut self, number: u32) {
        let random = &mut self.random;
        let value = random.below(3);
        let mut own = OwnCopies::NONE;
        for (identifier, uuid, version) in own_copies(value) {
            own.insert(identifier, uuid, version);
        }
        let mut channels = vec![(enrollment(number, None), state(random, value))];
        for user in 0..random.below(3) {
            channels.push((enrollment(number, Some(user)), state(random, value)));
        }
        let circumstances = circumstances(random, &self.world.catalog, value);
        let host = Host {
            value,
            is_missing: random.one_in(4),
            can_have_user: !random.one_in(3),
            build: [None, Some("24A1"), Some("24B2")][random.below(3) as usize],
            circumstances,
            channels,
            own,
        };
        self.hosts.insert(number, host);
        self.refill(number);
        self.place_again(number);
    }

    /// Leaves a host those of its own copies that it has somewhere: most have none.
    pub(crate) fn trim_own(&mut self, number: u32) {
        let host = self.hosts.get_mut(&number).unwrap();
        let told = format!("{:?}", host.channels);
        host.own = OwnCopies::NONE;
        for (identifier, uuid, version) in own_copies(host.value) {
            if told.contains(uuid.as_str()) {
                host.own.insert(identifier, uuid, version);
            }
        }
        self.place_again(number);
    }

    /// Puts the same host as another at a number.
    pub(crate) fn place_like(&mut self, number: u32, other: u32) {
        let host = self.hosts[&other].clone();
        self.hosts.insert(number, host);
        self.place_again(number);
    }

    fn refill(&mut self, number: u32) {
        let host = self.hosts.get_mut(&number).unwrap();
        let (catalog, value) = (&self.world.catalog, host.value);
        fill(&mut host.circumstances, catalog, value, host.is_missing);
    }

    pub(crate) fn place_again(&mut self, number: u32) {
        let host = &self.hosts[&number];
        let group = self.classes.group(&host.circumstances, host.can_have_user);
        let seen = self.world.seen(host);
        self.classes.place(number, group, &seen);
    }

    /// Gives a host other circumstances; how it is held or what it runs stays, since that is no part
    /// of a group.
    pub(crate) fn regroup(&mut self, number: u32) {
        let value = self.hosts[&number].value;
        let new = circumstances(&mut self.random, &self.world.catalog, value);
        let host = self.hosts.get_mut(&number).unwrap();
        host.circumstances.outside = new.outside;
        host.circumstances.waiting = new.waiting;
        host.circumstances.transport = new.transport;
        let group = self.classes.group(&host.circumstances, host.can_have_user);
        self.classes.regroup(number, group);
    }

    pub(crate) fn remove(&mut self, number: u32) {
        self.hosts.remove(&number);
        self.classes.remove(number);
    }

    /// Changes some profiles, or takes them away.
    pub(crate) fn restock(&mut self) {
        let mut is_everybody = false;
        for number in 0..PROFILES {
            if !self.random.one_in(4) {
                continue;
            }
            let name = identifier(number);
            is_everybody |= is_personal(&name);
            if self.random.one_in(6) {
                self.world.catalog.profiles.remove(&name);
            } else {
                let profile = profile(&mut self.random, number);
                self.world.catalog.profiles.insert(name, profile);
            }
        }
        let reassess = self.classes.set_catalog(&self.world.catalog);
        let all: Vec<_> = self.hosts.keys().copied().collect();
        let some = reassess
            .hosts()
            .filter(|number| self.hosts.contains_key(number));
        // Values of hosts are no part of the catalog: what they make of it is the caller's to say.
        for number in if is_everybody { all } else { some.collect() } {
            self.refill(number);
            self.place_again(number);
        }
    }

    /// Compares everything that is told with a recount.
    pub(crate) fn check(&self, told: &str) {
        let naive: BTreeMap<u32, Judgement> = self
            .hosts
            .iter()
            .map(|(number, host)| (*number, self.world.judge(host)))
            .collect();
        let (mut hosts, mut checked_out, mut with_work) = (Tally::default(), 0, 0);
        let mut profiles: BTreeMap<PayloadIdentifier, Tally> = BTreeMap::new();
        for (number, judgement) in &naive {
            assert_eq!(
                self.classes.status(*number),
                judgement.status,
                "{told}: {number}"
            );
            assert_eq!(
                self.classes.has_work(*number),
                judgement.has_work,
                "{told}: {number}"
            );
            match judgement.status {
                Some(status) => add(&mut hosts, status),
                None => checked_out += 1,
            }
            with_work += u64::from(judgement.has_work);
            for (identifier, status) in &judgement.profiles {
                add(profiles.entry(identifier.clone()).or_default(), *status);
                let told_status = self.classes.profile_status(*number, identifier);
                assert_eq!(told_status, Some(*status), "{told}: {number} {identifier}");
            }
        }
        let counted = self.classes.profile_counts();
        let counted: BTreeMap<_, _> = counted.map(|(id, tally)| (id.clone(), tally)).collect();
        assert_eq!(counted, profiles, "{told}");
        assert_eq!(self.classes.counts(), hosts, "{told}");
        assert_eq!(self.classes.checked_out(), checked_out, "{told}");
        assert_eq!(self.classes.with_work(), with_work, "{told}");
        let members: u64 = self
            .classes
            .representatives()
            .map(|(_, _, members)| members)
            .sum();
        assert_eq!(members, hosts.total(), "{told}");
        self.check_pages(&naive, told);
    }

    fn check_pages(&self, naive: &BTreeMap<u32, Judgement>, told: &str) {
        let profiles = (0..PROFILES + 2).map(identifier).map(Some);
        for profile in profiles.chain([None]) {
            for status in [
                None,
                Some(Status::Pending),
                Some(Status::Failed),
                Some(Status::Applied),
            ] {
                let matches = |judgement: &Judgement| match &profile {
                    None => status.is_none() || judgement.status == status,
                    Some(profile) => {
                        let word = judgement.profiles.get(profile).copied();
                        if status.is_none() {
                            word.is_some()
                        } else {
                            word == status
                        }
                    }
                };
                let all = naive.iter().filter(|(_, judgement)| matches(judgement));
                let all: Vec<u32> = all.map(|(number, _)| *number).collect();
                let filter = Filter {
                    profile: profile.as_ref(),
                    status,
                };
                let mut paged = Vec::new();
                loop {
                    let page = self.classes.page(&filter, paged.last().copied(), 3);
                    let is_last = page.len() < 3;
                    paged.extend(page);
                    if is_last {
                        break;
                    }
                }
                assert_eq!(paged, all, "{told}: {profile:?} {status:?}");
            }
        }
        let due = naive.iter().filter(|(_, judgement)| judgement.has_work);
        let due: Vec<u32> = due.map(|(number, _)| *number).collect();
        assert_eq!(self.classes.next_with_work(None, usize::MAX), due, "{told}");
    }
}

fn enrollment(number: u32, user: Option<u32>) -> EnrollmentId {
    let host = format!("host-{number}");
    match user {
        None => EnrollmentId::parse(&host).unwrap(),
        Some(user) => EnrollmentId::parse(&format!("{host}:user-{user}")).unwrap(),
    }
}
