//! When a change is too much to be made without being confirmed.
//!
//! Knows nothing of hosts, only of what was counted. Invariant: few hosts never hold a change,
//! however small the fleet.

use crate::api::Impact;

/// Bounds beyond which a change is held until it is confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemovalGuard {
    /// Hosts that may lose profiles by one change, whatever their share.
    pub hosts_max: u64,
    /// The share of the enrolled hosts that may, in percent.
    pub share_max: u8,
    /// Up to so many hosts may, whatever their share.
    pub hosts_min: u64,
}

impl Default for RemovalGuard {
    fn default() -> Self {
        Self {
            hosts_max: 500,
            share_max: 10,
            hosts_min: 25,
        }
    }
}

/// What of a change counts for the guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// A person made it: what it removes.
    Removals,
    /// A plugin generates something else by itself: what it replaces, too.
    Output,
}

impl Weight {
    /// The number that confirms a change.
    pub(super) fn confirming(self, impact: &Impact) -> u64 {
        match self {
            Self::Removals => impact.removes,
            Self::Output => impact.removes + impact.replaces,
        }
    }

    fn hosts(self, impact: &Impact) -> u64 {
        match self {
            Self::Removals => impact.hosts_losing,
            Self::Output => impact.hosts_changed,
        }
    }
}

impl RemovalGuard {
    /// Whether the change could be held, depending on how many hosts there are.
    pub(super) fn may_hold(&self, impact: &Impact, weight: Weight) -> bool {
        impact.hosts_losing > self.hosts_max || weight.hosts(impact) > self.hosts_min
    }

    /// Whether the change is held in a fleet of so many enrolled hosts.
    pub(super) fn holds(&self, impact: &Impact, weight: Weight, enrolled: u64) -> bool {
        let hosts = weight.hosts(impact);
        let is_great = hosts.saturating_mul(100) > enrolled.saturating_mul(self.share_max.into());
        impact.hosts_losing > self.hosts_max || (hosts > self.hosts_min && is_great)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number and the share hold at their bounds and not before; few hosts never do; a share
    /// of 100 and a huge number hold nothing.
    #[test]
    fn bounds() {
        let guard = RemovalGuard::default();
        let losing = |hosts: u64| Impact {
            hosts_losing: hosts,
            hosts_changed: hosts,
            ..Impact::default()
        };
        let off = RemovalGuard {
            hosts_max: u64::MAX,
            share_max: 100,
            ..guard
        };
        for (hosts, enrolled, is_held) in [
            (0, 0, false),
            (25, 25, false),
            (26, 259, true),
            (26, 260, false),
            (500, 5_000, false),
            (500, 4_999, true),
            (501, 1_000_000, true),
        ] {
            let impact = losing(hosts);
            let holds = guard.holds(&impact, Weight::Removals, enrolled);
            assert_eq!(holds, is_held, "{hosts} of {enrolled}");
            assert!(!is_held || guard.may_hold(&impact, Weight::Removals));
            assert!(!off.holds(&impact, Weight::Removals, enrolled));
        }
    }

    /// Other versions count for a plugin's output alone, and there by their share.
    #[test]
    fn output() {
        let guard = RemovalGuard::default();
        let impact = Impact {
            hosts_changed: 600,
            replaces: 600,
            ..Impact::default()
        };
        assert!(!guard.holds(&impact, Weight::Removals, 1_000));
        assert!(guard.holds(&impact, Weight::Output, 1_000));
        assert!(!guard.holds(&impact, Weight::Output, 6_000));
        assert_eq!(Weight::Removals.confirming(&impact), 0);
        assert_eq!(Weight::Output.confirming(&impact), 600);
    }
}
