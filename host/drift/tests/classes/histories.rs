//! Random histories of a fleet.

use crate::fleet::Fleet;

const SEEDS: u64 = 150;
const HOSTS: u32 = 24;
const STEPS: u32 = 40;

/// Whatever happens to hosts and profiles, in whatever order: every count, status, page and "has
/// something to do" is that of a walk over all hosts.
#[test]
fn every_number_is_a_recount() {
    for seed in 0..SEEDS {
        let mut fleet = Fleet::new(seed);
        for number in 0..HOSTS {
            fleet.place(number);
        }
        fleet.check(&format!("seed {seed} at first"));
        for step in 0..STEPS {
            let number = fleet.random.below(HOSTS);
            let is_there = fleet.hosts.contains_key(&number);
            match fleet.random.below(6) {
                0 => fleet.restock(),
                1 if is_there => fleet.regroup(number),
                2 if is_there => fleet.remove(number),
                _ => fleet.place(number),
            }
            if step % 4 == 0 {
                fleet.check(&format!("seed {seed} after step {step}"));
            }
        }
        fleet.check(&format!("seed {seed} at last"));
    }
}

/// When all hosts are gone nothing of them is left.
#[test]
fn nothing_stays_behind() {
    for seed in 0..20 {
        let mut fleet = Fleet::new(seed);
        for round in 0..3 {
            for number in 0..HOSTS {
                fleet.place(number + round * 7);
            }
            fleet.restock();
        }
        for number in 0..HOSTS * 2 {
            fleet.remove(number);
        }
        fleet.check(&format!("seed {seed}"));
        assert!(fleet.classes.is_empty());
    }
}
