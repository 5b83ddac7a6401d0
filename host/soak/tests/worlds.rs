//! Whole worlds for a fixed set of seeds.
//!
//! Goal: the same seed is the same world, every kind of fault really strikes, and none of them
//! brings the server to do what it must not. Method: small worlds, so that they fit into an ordinary
//! run of the tests; `mooring sim soak` runs larger ones for as long as wanted.

#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;

use mooring_soak::{Fault, FaultSet, Outcome, WorldOptions, explain, run, run_many, run_traced};

/// The seeds of every run of the tests.
const SEEDS: std::ops::Range<u64> = 1..9;

fn small() -> WorldOptions {
    WorldOptions {
        hosts: 40,
        days: 40,
        ..WorldOptions::default()
    }
}

fn tiny() -> WorldOptions {
    WorldOptions {
        hosts: 8,
        days: 12,
        ..WorldOptions::default()
    }
}

fn worlds(jobs: usize, options: &WorldOptions) -> BTreeMap<u64, Outcome> {
    let mut outcomes = BTreeMap::new();
    run_many(SEEDS, jobs, options, |outcome| {
        let outcome = outcome.expect("a world that runs");
        outcomes.insert(outcome.seed, outcome);
        true
    });
    outcomes
}

fn assert_clean(outcome: &mut Outcome, options: &WorldOptions) {
    if outcome.is_clean() {
        return;
    }
    explain(outcome, options).expect("a world that runs");
    let found = outcome.found.iter().map(|found| {
        let history = found.history.join("\n      ");
        format!(
            "\n  entry {}: {}\n      {history}",
            found.entry, found.violation
        )
    });
    let found: String = found.collect();
    panic!("seed {}: {:?}{found}", outcome.seed, outcome.violations);
}

/// A seed gives the same trace in every run, on one thread or two, watched or not; another seed
/// gives another one.
#[test]
fn a_seed_replays_everything() {
    let options = tiny();
    let (one, two) = (worlds(1, &options), worlds(2, &options));
    assert_eq!(one.len(), SEEDS.count());
    let traces = |outcomes: &BTreeMap<u64, Outcome>| -> Vec<String> {
        outcomes
            .values()
            .map(|outcome| outcome.trace.clone())
            .collect()
    };
    let (first, second) = (traces(&one), traces(&two));
    assert_eq!(first, second);
    let mut distinct = first.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), first.len());
    let mut entries = 0;
    let watched = run_traced(SEEDS.start, &options, &mut |_| entries += 1);
    let watched = watched.expect("a world that runs");
    assert_eq!(watched.trace, first[0]);
    assert_eq!(watched.entries, entries);
}

/// Where nothing goes wrong and nobody changes anything, each host gets each profile once, in the
/// first contact, and nothing follows but the periodic questions.
#[test]
fn a_world_without_faults_is_silent() {
    let options = WorldOptions {
        faults: FaultSet::NONE,
        has_changes: false,
        ..tiny()
    };
    let mut outcome = run(1, &options).expect("a world that runs");
    assert_clean(&mut outcome, &options);
    assert!(outcome.faults.is_empty(), "{:?}", outcome.faults);
    assert!(!outcome.commands.contains_key("RemoveProfile"));
    // Seven profiles are pushed at the start, one of them for users.
    let installs = outcome.commands["InstallProfile"];
    let hosts = u64::from(options.hosts);
    assert!((6 * hosts..=7 * hosts).contains(&installs), "{installs}");
}

/// Nothing that goes wrong leads to a command without a reason, a lost one, or noise after the last
/// fault; and every kind of fault strikes at least once.
#[test]
fn nothing_goes_wrong_whatever_goes_wrong() {
    let options = small();
    let mut outcomes = worlds(2, &options);
    let struck = |fault: &Fault| {
        let name = fault.as_str();
        outcomes
            .values()
            .any(|outcome| outcome.faults.contains_key(name))
    };
    let missing: Vec<Fault> = Fault::ALL
        .into_iter()
        .filter(|fault| !struck(fault))
        .collect();
    assert!(missing.is_empty(), "these never struck: {missing:?}");
    for outcome in outcomes.values_mut() {
        assert_clean(outcome, &options);
    }
}
