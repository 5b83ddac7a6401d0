//! The plain way to find out what a change means: look at every host.
//!
//! Knows nothing of classes. Invariant: it is as quick as a plain loop can be (numbers instead of
//! names, everything in memory, one pass), so that being quicker means something.

use std::time::{Duration, Instant};

use crate::seed::profiles::identifier;
use crate::seed::{Plan, Seen};

/// One profile on one host: which, and in which version.
type Entry = (u16, u32);

/// What each host has, in one piece of memory, and where the next host begins.
pub(crate) struct Hosts {
    entries: Vec<Entry>,
    ends: Vec<usize>,
}

impl Hosts {
    /// So many hosts, each in a state of its own.
    pub(crate) fn unique(hosts: u32, profiles: usize) -> Self {
        let mut all = Self {
            entries: Vec::with_capacity(hosts as usize * profiles),
            ends: Vec::with_capacity(hosts as usize),
        };
        let numbers: Vec<u16> = (0..profiles)
            .filter_map(|at| u16::try_from(at).ok())
            .collect();
        for host in 0..hosts {
            for number in &numbers {
                let version = match Plan::seen(host, usize::from(*number)) {
                    Seen::Wanted => 2,
                    Seen::Older => 1,
                    Seen::Missing => continue,
                };
                all.entries.push((*number, version));
            }
            all.ends.push(all.entries.len());
        }
        all
    }

    /// Compares every host with what is wanted: how long that takes, and how many differ.
    pub(crate) fn differ(&self, wanted: &[Entry]) -> (u64, Duration) {
        let begun = Instant::now();
        let (mut from, mut different) = (0, 0);
        for end in &self.ends {
            let has = &self.entries[from..*end];
            different += u64::from(differences(has, wanted) > 0);
            from = *end;
        }
        (different, begun.elapsed())
    }
}

/// What is wanted: every profile in this version.
pub(crate) fn wanted(profiles: usize, version: u32) -> Vec<Entry> {
    let numbers = (0..profiles).filter_map(|at| u16::try_from(at).ok());
    // The order of numbers is the order of names.
    debug_assert!(identifier(0) < identifier(1));
    numbers.map(|number| (number, version)).collect()
}

fn differences(has: &[Entry], wanted: &[Entry]) -> u32 {
    let (mut here, mut there, mut found) = (0, 0, 0);
    loop {
        match (has.get(here), wanted.get(there)) {
            (None, None) => return found,
            (Some(_), None) => {
                found += 1;
                here += 1;
            }
            (None, Some(_)) => {
                found += 1;
                there += 1;
            }
            (Some(a), Some(b)) => {
                found += u32::from(a != b);
                here += usize::from(a.0 <= b.0);
                there += usize::from(b.0 <= a.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that all differences are found and nothing else.
    #[test]
    fn plain_differences() {
        let wanted = wanted(3, 2);
        assert_eq!(differences(&[(0, 2), (1, 2), (2, 2)], &wanted), 0);
        assert_eq!(differences(&[(0, 1), (2, 2)], &wanted), 2);
        assert_eq!(differences(&[], &wanted), 3);
        let hosts = Hosts::unique(9, 3);
        assert_eq!(hosts.differ(&wanted).0, 8);
    }
}
