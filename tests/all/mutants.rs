//! Real profiles with one known fault each: the right rule finds it, at the right line.
//!
//! A mutant is a file of the corpus with one change of a known kind (`reading`, `envelope`,
//! `planted`), made by a seed. Each is judged as `mooring check` would; it is caught if one of the
//! kind's rules reports the line of the change, and the file as it was has no such finding there.

mod envelope;
mod planted;
pub(crate) mod reading;
pub(crate) mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Instant;

use mooring_mdm::finding::{Finding, Severity};
use mooring_server::judge::{Judge, Target};
use mooring_tests::corpus::{folder, profiles, say};

use planted::{PLANTED, Planted};
use source::{Change, Random, Source};

/// A kind of change: its name, the rules of which one must find it, and how it is made. A profile
/// that has nothing to change in this way gives none.
pub(crate) type Kind = (
    &'static str,
    &'static [&'static str],
    fn(&Source, &mut Random) -> Option<Change>,
);

const MUTANTS: usize = 2000;
const SEED: u64 = 20_261_123;
/// How many in a hundred must be caught.
const CAUGHT_MIN: usize = 99;
/// Kinds whose rules are not in any plugin yet; they are named and not counted.
const PENDING: &[&str] = &[];

/// A file with one fault.
struct Mutant {
    kind: &'static str,
    rules: &'static [&'static str],
    file: String,
    change: Change,
}

/// Where something was found: which rule, and on which line.
type Places = BTreeSet<(String, u32)>;

fn places(findings: &[Finding]) -> Places {
    let places = findings.iter().map(|one| (one.rule.clone(), one.line));
    places.collect()
}

fn judged(judge: &Judge, name: &str, bytes: &[u8], target: &Target) -> Vec<Finding> {
    judge.check(Path::new(name), bytes, target, "2026-11-23")
}

/// The profiles of the corpus that nothing is wrong with, and what is odd about each.
fn sources(judge: &Judge, root: &Path) -> Vec<(Source, Places)> {
    let mut sources = Vec::new();
    for path in profiles(root) {
        let name = path.strip_prefix(root).unwrap().display().to_string();
        let Some(source) = Source::read(name, fs::read(&path).unwrap()) else {
            continue;
        };
        let findings = judged(judge, &source.name, &source.bytes, &Target::default());
        let is_wrong = findings.iter().any(|one| one.severity == Severity::Error);
        let is_plain = source.bytes.len() < 64 * 1024 && !source.payloads().is_empty();
        if !is_wrong && is_plain {
            sources.push((source, places(&findings)));
        }
    }
    sources
}

/// One kind after the other, each of some profile that has what it changes.
fn mutants(sources: &[(Source, Places)], count: usize, seed: u64) -> Vec<Mutant> {
    let own = reading::KINDS.iter().chain(envelope::KINDS);
    let own: Vec<&Kind> = own.filter(|kind| !PENDING.contains(&kind.0)).collect();
    let planted = PLANTED.iter().filter(|kind| !PENDING.contains(&kind.0));
    let planted: Vec<&Planted> = planted.collect();
    let mut random = Random(seed);
    let mut mutants = Vec::new();
    for turn in 0.. {
        if mutants.len() == count {
            break;
        }
        let at = turn % (own.len() + planted.len());
        for _ in 0..400 {
            let (source, known) = &sources[random.below(sources.len())];
            let (kind, rules, change) = if let Some((kind, rules, make)) = own.get(at) {
                (*kind, *rules, make(source, &mut random))
            } else {
                let planted = planted[at - own.len()];
                let change = planted::plant(source, &mut random, planted);
                (planted.0, planted.1, change)
            };
            let Some(change) = change else { continue };
            let line = change.line();
            let is_known = |rule: &&str| known.contains(&((*rule).to_owned(), line));
            if !rules.iter().any(is_known) {
                let file = source.name.clone();
                mutants.push(Mutant {
                    kind,
                    rules,
                    file,
                    change,
                });
                break;
            }
        }
        assert!(
            turn < 100 * count,
            "too few mutants can be made of this corpus"
        );
    }
    mutants
}

/// What a mutant is judged for: any host, unless its rule is about the kind of host.
fn target(mutant: &Mutant) -> Target {
    let platform = mutant.rules.contains(&"A011").then(|| "macOS".to_owned());
    Target {
        os_version: platform.is_some().then(|| "15.1".to_owned()),
        platform,
        ..Target::default()
    }
}

/// What was found instead, if none of the rules found the fault on its line.
fn missed(judge: &Judge, mutant: &Mutant) -> Option<String> {
    let line = mutant.change.line();
    let findings = judged(judge, &mutant.file, &mutant.change.bytes, &target(mutant));
    let is_it = |one: &&Finding| mutant.rules.contains(&one.rule.as_str()) && one.line == line;
    if findings.iter().any(|one| is_it(&one)) {
        return None;
    }
    let near = findings
        .iter()
        .filter(|one| mutant.rules.contains(&one.rule.as_str()) || one.severity == Severity::Error);
    let near: Vec<_> = near.take(3).map(ToString::to_string).collect();
    let (kind, rules, file) = (mutant.kind, mutant.rules.join(" "), &mutant.file);
    Some(format!(
        "{kind} ({rules} at line {line}) in {file}: {near:?}"
    ))
}

/// Two thousand faults of known kinds in real profiles: at least 99 in 100 are found by the right
/// rule on the right line; those that are not are shown.
#[test]
fn faults_are_found_where_they_are() {
    let Some(root) = folder("mutants::faults_are_found_where_they_are") else {
        return;
    };
    let judge = Judge::load().expect("the plugins load");
    let since = Instant::now();
    let sources = sources(&judge, &root);
    let mutants = mutants(&sources, MUTANTS, SEED);
    let halves = mutants.chunks(MUTANTS.div_ceil(2));
    let results: Vec<Option<String>> = std::thread::scope(|scope| {
        let judge = &judge;
        let work = |half: &[Mutant]| {
            half.iter()
                .map(|one| missed(judge, one))
                .collect::<Vec<_>>()
        };
        let running: Vec<_> = halves.map(|half| scope.spawn(move || work(half))).collect();
        let done = running.into_iter().map(|one| one.join().unwrap());
        done.flatten().collect()
    });
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (mutant, result) in mutants.iter().zip(&results) {
        let (all, caught) = counts.entry(mutant.kind).or_default();
        (*all, *caught) = (*all + 1, *caught + usize::from(result.is_none()));
    }
    for (kind, (all, caught)) in &counts {
        say(&format!("mutants: {caught:3} of {all:3} {kind}"));
    }
    let missed: Vec<&String> = results.iter().flatten().collect();
    for one in missed.iter().take(60) {
        say(&format!("mutants: MISSED {one}"));
    }
    let caught = mutants.len() - missed.len();
    say(&format!(
        "mutants: {caught} of {} caught in {} kinds, from {} profiles (seed {SEED}, {} ms); pending: {PENDING:?}",
        mutants.len(),
        counts.len(),
        sources.len(),
        since.elapsed().as_millis()
    ));
    assert!(
        caught * 100 >= mutants.len() * CAUGHT_MIN,
        "{caught} of {}",
        mutants.len()
    );
}
