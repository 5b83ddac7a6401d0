//! Which host of a fleet is in what state, by its number alone.
//!
//! Knows nothing of stores. Invariants: a number and a plan give the same host; ids grow with the
//! numbers and lie evenly over all that there could be, so that a fleet is written in order and
//! found like any other.

use serde::{Deserialize, Serialize};

use crate::random;

/// How alike the hosts of a fleet are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Nine of ten are in sync, the others are spread over 156 more states.
    Few,
    /// All are spread over 10,000 states.
    Many,
    /// Each is in a state of its own.
    Unique,
    /// As `Few`; but 30 % failed to install one profile, and 10 % said NotNow.
    Troubled,
}

impl Kind {
    /// Its word in options and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Few => "few",
            Self::Many => "many",
            Self::Unique => "unique",
            Self::Troubled => "troubled",
        }
    }

    /// How many states its hosts are in, before they are failed or busy.
    fn states(self, hosts: u32) -> u32 {
        match self {
            Self::Few | Self::Troubled => 157,
            Self::Many => 10_000,
            Self::Unique => hosts,
        }
    }
}

/// What a fleet is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) hosts: u32,
    pub(crate) kind: Kind,
    /// Profiles, all of them for everybody.
    pub(crate) profiles: usize,
    /// Hosts in sync that can speak.
    pub(crate) idle: u32,
    /// Hosts that can speak and have none of the profiles.
    pub(crate) behind: u32,
}

/// What is known of one profile on one host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    Wanted,
    Older,
    Missing,
}

/// What one host is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// It speaks, and is in sync.
    Idle,
    /// It speaks, and has none of the profiles.
    Behind,
    /// It never speaks; its state has this number.
    Silent(u32),
    /// It never speaks, and failed to install the first profile.
    Failed,
    /// It never speaks, lacks the first profile and said NotNow.
    Busy,
}

impl Plan {
    /// Hosts that can speak, as many as there are certificates.
    pub(crate) fn speakers(&self) -> u32 {
        self.idle + self.behind
    }

    /// The host that speaks with this certificate. They are spread over the whole fleet.
    pub(crate) fn speaker(&self, leaf: u32) -> u32 {
        let place = u64::from(leaf) * u64::from(self.hosts) / u64::from(self.speakers().max(1));
        u32::try_from(place).unwrap_or(u32::MAX)
    }

    /// The certificate with which a host speaks.
    pub(crate) fn leaf(&self, host: u32) -> Option<u32> {
        let (speakers, hosts) = (u64::from(self.speakers()), u64::from(self.hosts.max(1)));
        let near = (u64::from(host) * speakers).div_ceil(hosts);
        let near = u32::try_from(near).unwrap_or(u32::MAX);
        (near < self.speakers() && self.speaker(near) == host).then_some(near)
    }

    /// What a host is.
    pub(crate) fn role(&self, host: u32) -> Role {
        match self.leaf(host) {
            // Those that speak take turns, so that both sorts lie everywhere.
            Some(leaf) if self.is_behind(leaf) => return Role::Behind,
            Some(_) => return Role::Idle,
            None => {}
        }
        let drawn = random::mixed(u64::from(host));
        let share = drawn % 100;
        if self.kind == Kind::Troubled && share < 30 {
            return Role::Failed;
        }
        if self.kind == Kind::Troubled && share < 40 {
            return Role::Busy;
        }
        let states = u64::from(self.kind.states(self.hosts).max(1));
        let state = match self.kind {
            Kind::Few | Kind::Troubled if drawn >> 32 & 0xff < 230 => 0,
            Kind::Few | Kind::Troubled | Kind::Many => (drawn >> 8) % states,
            Kind::Unique => u64::from(host),
        };
        Role::Silent(u32::try_from(state).unwrap_or(0))
    }

    /// Whether the host with this certificate has none of the profiles.
    pub(crate) fn is_behind(&self, leaf: u32) -> bool {
        let (behind, all) = (u64::from(self.behind), u64::from(self.speakers().max(1)));
        let before = |leaf: u64| leaf * behind / all;
        before(u64::from(leaf) + 1) > before(u64::from(leaf))
    }

    /// What is seen of a profile in the state with this number: its digits in base 3.
    pub(crate) fn seen(state: u32, profile: usize) -> Seen {
        let power = u32::try_from(profile)
            .ok()
            .and_then(|at| 3_u32.checked_pow(at));
        match power.map_or(0, |power| state / power % 3) {
            0 => Seen::Wanted,
            1 => Seen::Older,
            _ => Seen::Missing,
        }
    }

    /// The id of a host.
    pub(crate) fn udid(&self, host: u32) -> String {
        let stride = (1_u64 << 32) / u64::from(self.hosts.max(1));
        let mixed = random::mixed(u64::from(host) ^ 0x5eed);
        let prefix = u64::from(host) * stride + mixed % stride.max(1);
        random::uuid(prefix << 32 | mixed >> 32, random::mixed(mixed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(hosts: u32, idle: u32, behind: u32) -> Plan {
        Plan {
            hosts,
            kind: Kind::Few,
            profiles: 20,
            idle,
            behind,
        }
    }

    /// Proves that each certificate has one host, each host at most one certificate, and that there
    /// are as many of either sort as asked for.
    #[test]
    fn speakers() {
        for (hosts, idle, behind) in [(50, 10, 20), (2000, 200, 333), (30, 30, 0), (7, 3, 4)] {
            let plan = plan(hosts, idle, behind);
            let roles: Vec<_> = (0..hosts).map(|host| plan.role(host)).collect();
            let count = |role| roles.iter().filter(|found| **found == role).count();
            assert_eq!(count(Role::Idle), idle as usize);
            assert_eq!(count(Role::Behind), behind as usize);
            for leaf in 0..plan.speakers() {
                assert_eq!(plan.leaf(plan.speaker(leaf)), Some(leaf));
            }
        }
    }

    /// Proves that ids grow with numbers and that states differ where they should.
    #[test]
    fn order() {
        let plan = plan(1000, 0, 0);
        let ids: Vec<_> = (0..1000).map(|host| plan.udid(host)).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
        let state = |number| (0..20).map(|at| Plan::seen(number, at)).collect::<Vec<_>>();
        assert_eq!(state(0), vec![Seen::Wanted; 20]);
        assert_ne!(state(999_999), state(999_998));
    }
}
