//! A million hosts: who has what.
//!
//! Knows nothing of the index. Invariant: a fleet is the same at every run.

use std::collections::{BTreeMap, BTreeSet};

use mooring_drift::desired::{Catalog, CatalogProfile, Circumstances, Revision, Secrets};
use mooring_drift::policy::Timestamp;
use mooring_drift::set::ProfileSet;
use mooring_drift::state::{
    Attempts, FailureReason, NextAttempt, NotNow, Observed, Phase, SyncState, Target,
};
use mooring_mdm::ids::{Channel, PayloadIdentifier, PayloadUuid};

pub(crate) const HOSTS: u32 = 1_000_000;
pub(crate) const NOW: Timestamp = Timestamp(1_800_000_000_000);
const PROFILES: u32 = 200;
const GROUPS: u32 = 40;
/// Profiles that every group wants: these first ones.
const COMMON: u32 = 10;
/// How many a group wants in all.
const WANTED: usize = 30;
/// A profile for everybody that changes, and that fails where something fails.
pub(crate) const CHANGED: u32 = 0;
/// A profile for everybody that is failed on few hosts.
pub(crate) const RARELY_FAILED: u32 = 2;
/// A profile for everybody that is missing on the same few.
pub(crate) const RARELY_PENDING: u32 = 3;
/// One host in so many is such a one.
const RARE: u32 = 20_011;

/// Versions: the one before, the one of today, and the one of tomorrow.
pub(crate) const OLD: u32 = 0;
pub(crate) const TODAY: u32 = 1;
pub(crate) const NEXT: u32 = 2;
const VERSIONS: u32 = 4;

/// How different hosts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variety {
    /// 157 kinds; nine of ten hosts have what they should.
    Few,
    /// 10,000 kinds; half of the hosts have what they should.
    Many,
    /// Every host is another.
    Unique,
}

/// What hosts of one kind have.
#[derive(Debug, Clone)]
pub(crate) struct Kind {
    pub(crate) group: u32,
    /// Copies in order.
    pub(crate) held: Vec<u32>,
    fails: Option<u32>,
    is_busy: bool,
}

/// Who is where.
#[derive(Debug)]
pub(crate) struct Fleet {
    /// What each group wants, in order.
    pub(crate) wanted: Vec<Vec<u32>>,
    pub(crate) kinds: Vec<Kind>,
    /// The kind of each host.
    pub(crate) hosts: Vec<u32>,
}

/// The copy of a profile in a version: ordered as profiles are.
pub(crate) fn copy(profile: u32, version: u32) -> u32 {
    profile * VERSIONS + version
}

fn profile_of(copy: u32) -> u32 {
    copy / VERSIONS
}

/// Choices that are the same at every run.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        u32::try_from((mixed >> 33) % u64::from(bound)).unwrap_or(0)
    }
}

impl Fleet {
    pub(crate) fn new(variety: Variety, has_troubles: bool) -> Self {
        let mut random = Random(5);
        let wanted: Vec<Vec<u32>> = (0..GROUPS).map(|_| wanted(&mut random)).collect();
        let mut fleet = Self {
            wanted,
            kinds: Vec::new(),
            hosts: Vec::new(),
        };
        let extra = match variety {
            Variety::Few => 157 - 2 * GROUPS,
            Variety::Many => 10_000 - 2 * GROUPS,
            Variety::Unique => 0,
        };
        for group in 0..GROUPS {
            fleet.kinds.push(fleet.in_sync(group));
        }
        for group in 0..GROUPS {
            fleet.kinds.push(fleet.rare(group));
        }
        for number in 0..extra {
            let kind = fleet.random(number % GROUPS, &mut random);
            fleet.kinds.push(kind);
        }
        let in_sync_percent = if variety == Variety::Few { 90 } else { 50 };
        for host in 0..HOSTS {
            let kind = match random.below(RARE) {
                0 => GROUPS + host % GROUPS,
                _ if variety == Variety::Unique => {
                    let kind = fleet.random(host % GROUPS, &mut random);
                    fleet.kinds.push(kind);
                    number(fleet.kinds.len()) - 1
                }
                _ if random.below(100) < in_sync_percent => random.below(GROUPS),
                _ => 2 * GROUPS + random.below(extra),
            };
            fleet.hosts.push(kind);
        }
        if has_troubles {
            fleet.trouble(&mut random);
        }
        fleet
    }

    /// Three of ten hosts fail the profile for everybody, one of ten is busy.
    fn trouble(&mut self, random: &mut Random) {
        let healthy = std::mem::take(&mut self.kinds);
        for kind in healthy {
            for (fails, is_busy) in [(false, false), (true, false), (false, true), (true, true)] {
                let mut troubled = kind.clone();
                troubled.is_busy = is_busy;
                if fails {
                    troubled.set(CHANGED, Some(OLD));
                    troubled.fails = troubled.fails.or(Some(CHANGED));
                }
                self.kinds.push(troubled);
            }
        }
        for kind in &mut self.hosts {
            let fails = u32::from(random.below(10) < 3);
            let is_busy = u32::from(random.below(10) < 1);
            *kind = *kind * 4 + fails + 2 * is_busy;
        }
    }

    fn in_sync(&self, group: u32) -> Kind {
        let wanted = self.wanted[group as usize].iter();
        Kind {
            group,
            held: wanted.map(|profile| copy(*profile, TODAY)).collect(),
            fails: None,
            is_busy: false,
        }
    }

    fn rare(&self, group: u32) -> Kind {
        let mut kind = self.in_sync(group);
        kind.set(RARELY_FAILED, None);
        kind.set(RARELY_PENDING, Some(OLD));
        kind.fails = Some(RARELY_FAILED);
        kind
    }

    /// Most is as it should be, one in ten is old, one in ten is missing, one or two are too many.
    fn random(&self, group: u32, random: &mut Random) -> Kind {
        let mut kind = self.in_sync(group);
        for profile in &self.wanted[group as usize] {
            match (random.below(10), *profile) {
                (_, RARELY_FAILED | RARELY_PENDING) => {}
                (0, profile) => kind.set(profile, Some(OLD)),
                (1, profile) => kind.set(profile, None),
                _ => {}
            }
        }
        for _ in 0..=random.below(2) {
            kind.set(COMMON + random.below(PROFILES - COMMON), Some(TODAY));
        }
        kind
    }

    /// The profile of one group that fewest others want.
    pub(crate) fn of_one_group(&self) -> u32 {
        let of = |profile: &u32| {
            self.wanted
                .iter()
                .filter(|all| all.contains(profile))
                .count()
        };
        let rare = (0..PROFILES).filter(|profile| of(profile) > 0);
        rare.min_by_key(of).unwrap_or(CHANGED)
    }
}

impl Kind {
    fn set(&mut self, profile: u32, version: Option<u32>) {
        self.held.retain(|held| profile_of(*held) != profile);
        self.held
            .extend(version.map(|version| copy(profile, version)));
        self.held.sort_unstable();
    }
}

fn wanted(random: &mut Random) -> Vec<u32> {
    let mut all: BTreeSet<u32> = (0..COMMON).collect();
    while all.len() < WANTED {
        all.insert(COMMON + random.below(PROFILES - COMMON));
    }
    all.into_iter().collect()
}

fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// Identifiers and uuids.
pub(crate) struct Names {
    profiles: Vec<PayloadIdentifier>,
    copies: Vec<PayloadUuid>,
}

impl Names {
    pub(crate) fn new() -> Self {
        let name = |profile| PayloadIdentifier::parse(&format!("com.example.profile.{profile:03}"));
        let uuid = |copy| PayloadUuid::parse(&format!("6F1C3A52-0B7E-4C4D-9E21-{copy:012X}"));
        Self {
            profiles: (0..PROFILES)
                .map(|profile| name(profile).unwrap())
                .collect(),
            copies: (0..PROFILES * VERSIONS)
                .map(|copy| uuid(copy).unwrap())
                .collect(),
        }
    }

    pub(crate) fn profile(&self, profile: u32) -> &PayloadIdentifier {
        &self.profiles[profile as usize]
    }

    /// What is wanted of a profile from its version `version` on.
    pub(crate) fn entry(&self, profile: u32, version: u32) -> CatalogProfile {
        let made = (OLD..=version.max(TODAY)).map(|version| self.uuid(profile, version));
        CatalogProfile {
            channel: Channel::Device,
            latest: Revision {
                version: version + 1,
                uuid: self.uuid(profile, version),
            },
            is_wanted: true,
            secrets: Secrets::None,
            made: made.collect(),
            personal: None,
            is_personal: false,
            introduced: BTreeSet::new(),
        }
    }

    pub(crate) fn catalog(&self) -> Catalog {
        let profiles = (0..PROFILES).map(|p| (self.profile(p).clone(), self.entry(p, TODAY)));
        Catalog {
            profiles: profiles.collect(),
        }
    }

    /// The circumstances of a group: every profile that it does not want is for others.
    pub(crate) fn circumstances(&self, wanted: &[u32]) -> Circumstances {
        let outside = (0..PROFILES).filter(|profile| !wanted.contains(profile));
        Circumstances {
            outside: outside
                .map(|profile| self.profile(profile).clone())
                .collect(),
            ..Circumstances::default()
        }
    }

    fn uuid(&self, profile: u32, version: u32) -> PayloadUuid {
        self.copies[copy(profile, version) as usize].clone()
    }

    /// The state of a host of this kind.
    pub(crate) fn state(&self, kind: &Kind) -> SyncState {
        let held = kind.held.iter().map(|copy| {
            let identifier = self.profile(profile_of(*copy)).clone();
            (identifier, self.copies[*copy as usize].clone())
        });
        let set = ProfileSet::from_entries(held.collect());
        let mut state = SyncState::new();
        state.phase = Phase::Enrolled;
        state.sequence = 9;
        state.delivered = set.clone();
        state.observed = Some(Observed {
            set,
            unmanaged: Vec::new(),
            sequence: 9,
            at: NOW,
        });
        state.attributes.answered_at = Some(NOW);
        state.attempts = kind
            .fails
            .map(|profile| self.failure(profile))
            .into_iter()
            .collect();
        state.not_now = kind.is_busy.then_some(NotNow {
            is_contact_over: true,
            tally: 1,
            push_at: NOW.plus_ms(3_600_000),
        });
        state
    }

    fn failure(&self, profile: u32) -> (PayloadIdentifier, Attempts) {
        let attempts = Attempts {
            target: Target::Present(self.entry(profile, TODAY).latest),
            failed: 3,
            lost: 0,
            reason: Some(FailureReason::NotProven),
            next: NextAttempt::Parked,
            build_version: None,
        };
        (self.profile(profile).clone(), attempts)
    }
}

/// One row for each host: what it has, beside each other.
pub(crate) struct Naive {
    rows: Vec<u32>,
    ends: Vec<usize>,
    groups: Vec<u32>,
    /// What each group should have.
    desired: Vec<Vec<u32>>,
}

impl Naive {
    pub(crate) fn new(fleet: &Fleet) -> Self {
        let mut naive = Self {
            rows: Vec::new(),
            ends: Vec::new(),
            groups: Vec::new(),
            desired: Vec::new(),
        };
        for kind in &fleet.hosts {
            let kind = &fleet.kinds[*kind as usize];
            naive.rows.extend(&kind.held);
            naive.ends.push(naive.rows.len());
            naive.groups.push(kind.group);
        }
        naive.rows.shrink_to_fit();
        naive.set(&BTreeMap::new(), fleet);
        naive
    }

    /// Today's versions, but for these.
    pub(crate) fn set(&mut self, versions: &BTreeMap<u32, u32>, fleet: &Fleet) {
        let version = |profile: &u32| versions.get(profile).copied().unwrap_or(TODAY);
        let of = |wanted: &Vec<u32>| wanted.iter().map(|p| copy(*p, version(p))).collect();
        self.desired = fleet.wanted.iter().map(of).collect();
    }

    /// Compares what each host has with what it should have, and counts those that differ.
    pub(crate) fn diff(&self) -> u64 {
        let (mut start, mut differing) = (0, 0);
        for (end, group) in self.ends.iter().zip(&self.groups) {
            let changes = changes(&self.rows[start..*end], &self.desired[*group as usize]);
            differing += u64::from(changes > 0);
            start = *end;
        }
        differing
    }
}

/// How many installations and removals lead from one to the other.
fn changes(mut held: &[u32], mut desired: &[u32]) -> u32 {
    let mut changes = 0;
    while let ([has, held_rest @ ..], [wants, desired_rest @ ..]) = (held, desired) {
        let (is_behind, is_ahead) = (
            profile_of(*has) <= profile_of(*wants),
            profile_of(*wants) <= profile_of(*has),
        );
        changes += u32::from(has != wants);
        held = if is_behind { held_rest } else { held };
        desired = if is_ahead { desired_rest } else { desired };
    }
    changes + number(held.len()) + number(desired.len())
}
