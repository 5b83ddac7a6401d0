//! Mistakes that the field made, put into the server one by one.
//!
//! Goal: the simulation finds each, and finds nothing in the same world without it. Method: worlds
//! of growing size, seed by seed, until one of them shows a violation; it is printed with what it
//! took.

#![expect(clippy::expect_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::io::Write;
use std::time::Instant;

use mooring_soak::check::Violation;
use mooring_soak::museum::Mistake;
use mooring_soak::{WorldOptions, run};

/// How many worlds of which size are tried: seeds, hosts, days.
const SIZES: [(u64, u32, u32); 2] = [(12, 40, 40), (12, 150, 60)];

/// How a mistake was found.
struct Find {
    seed: u64,
    options: WorldOptions,
    violation: Violation,
    /// Entries of the logs of all worlds until then.
    entries: u64,
}

fn find(mistake: Mistake) -> Option<Find> {
    let mut entries = 0;
    for (seeds, hosts, days) in SIZES {
        let options = WorldOptions {
            hosts,
            days,
            stops_early: true,
            ..WorldOptions::default()
        };
        let spoilt = WorldOptions {
            mistake: Some(mistake),
            ..options.clone()
        };
        for seed in 1..=seeds {
            let outcome = run(seed, &spoilt).expect("a world that runs");
            entries += outcome.entries;
            if let Some(found) = outcome.found.into_iter().next() {
                return Some(Find {
                    seed,
                    options,
                    violation: found.violation,
                    entries,
                });
            }
        }
    }
    None
}

/// Every mistake is found, and the world in which it is found is clean without it.
#[test]
fn every_mistake_is_found() {
    let mut missed = Vec::new();
    for mistake in Mistake::ALL {
        let began = Instant::now();
        let Some(find) = find(mistake) else {
            missed.push(mistake);
            continue;
        };
        let took = began.elapsed();
        let honest = run(find.seed, &find.options).expect("a world that runs");
        assert!(
            honest.is_clean(),
            "seed {} is not clean: {:?}",
            find.seed,
            honest.found
        );
        // Said even where the output of tests is captured.
        let _ = writeln!(
            std::io::stderr().lock(),
            "{:26} {:22} seed {:2} of {}x{}, {:6} entries, {:6.3} s: {}",
            mistake.name(),
            mistake.source(),
            find.seed,
            find.options.hosts,
            find.options.days,
            find.entries,
            took.as_secs_f64(),
            find.violation
        );
    }
    assert!(missed.is_empty(), "not found: {missed:?}");
}

/// No two mistakes share a name, and each says where it was made.
#[test]
fn mistakes_have_names_and_sources() {
    let names: BTreeSet<_> = Mistake::ALL.iter().map(|mistake| mistake.name()).collect();
    assert_eq!(names.len(), Mistake::ALL.len());
    assert!(Mistake::ALL.iter().all(|m| !m.source().is_empty()));
}
