//! Real profiles with one known fault each: the right rule finds it, at the right line.
//!
//! A mutant is a file of the corpus with one change of a known kind, made by a seed. Most kinds
//! change what the file has: how it is written (`reading`, `binary`), what every profile has
//! (`envelope`), values that Apple's schema knows (`values`, `targets`), grants (`consent`), what
//! protects a Mac (`security`), and what payloads have to do with each other (`references`). Where no
//! real profile has what a rule is about, a payload is added (`planted`); these are counted apart.
//! Each mutant is judged as `mooring check` would, and the line to find is counted from the place of
//! the change. It is caught if one of the kind's rules reports that line, and the file as it was has
//! no such finding.

mod binary;
mod consent;
mod envelope;
mod facts;
mod planted;
pub(crate) mod reading;
mod references;
mod security;
pub(crate) mod source;
mod targets;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hasher};
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

const MUTANTS: usize = 2400;
const SEED: u64 = 20_261_123;
/// How many in a hundred must be caught, of what is changed and of what is added.
const CAUGHT_MIN: usize = 99;

/// What a change is made to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sort {
    /// What the file has.
    Content,
    /// A payload that was added.
    Added,
}

/// How changes of one kind are made, and which profiles may still give one.
struct Maker {
    sort: Sort,
    kind: &'static str,
    rules: &'static [&'static str],
    make: Make,
    left: Vec<usize>,
}

enum Make {
    Change(fn(&Source, &mut Random) -> Option<Change>),
    Plant(&'static Planted),
}

/// A file with one fault.
struct Mutant {
    sort: Sort,
    kind: &'static str,
    rules: &'static [&'static str],
    file: String,
    change: Change,
}

/// A real profile, and what is found in it as it is.
struct Known {
    source: Source,
    findings: Vec<Finding>,
}

impl Known {
    fn is_wrong(&self) -> bool {
        let mut findings = self.findings.iter();
        findings.any(|one| one.severity == Severity::Error)
    }

    /// Whether one of the rules is broken already: on this line, or so that the file is refused.
    fn has(&self, rules: &[&str], line: u32) -> bool {
        self.findings.iter().any(|one| {
            let is_same = one.line == line || one.severity == Severity::Error;
            is_same && rules.contains(&one.rule.as_str())
        })
    }
}

fn judged(judge: &Judge, name: &str, bytes: &[u8], target: &Target) -> Vec<Finding> {
    judge.check(Path::new(name), bytes, target, "2026-11-23")
}

/// The profiles of the corpus that can be read, and what is found in each.
fn sources(judge: &Judge, root: &Path) -> Vec<Known> {
    let mut sources = Vec::new();
    for path in profiles(root) {
        let name = path.strip_prefix(root).unwrap().display().to_string();
        let Some(source) = Source::read(name, fs::read(&path).unwrap()) else {
            continue;
        };
        let findings = judged(judge, &source.name, &source.bytes, &Target::default());
        if source.bytes.len() < 64 * 1024 && !source.payloads().is_empty() {
            sources.push(Known { source, findings });
        }
    }
    sources
}

/// How every kind is made. What is about the file or its frame is changed in profiles that are right
/// in all else; what is about a payload also in others, since some payloads are rare.
fn makers(sources: &[Known]) -> Vec<Maker> {
    let all: Vec<usize> = (0..sources.len()).collect();
    let right: Vec<usize> = all
        .iter()
        .copied()
        .filter(|at| !sources[*at].is_wrong())
        .collect();
    let of_kinds = |kinds: &'static [Kind], left: &[usize]| -> Vec<Maker> {
        let maker = |(kind, rules, make): &'static Kind| Maker {
            sort: Sort::Content,
            kind,
            rules,
            make: Make::Change(*make),
            left: left.to_vec(),
        };
        kinds.iter().map(maker).collect()
    };
    let planted = PLANTED.iter().map(|planted| Maker {
        sort: Sort::Added,
        kind: planted.0,
        rules: planted.1,
        make: Make::Plant(planted),
        left: right.clone(),
    });
    let mut makers = Vec::new();
    for kinds in [reading::KINDS, envelope::KINDS, binary::KINDS] {
        makers.extend(of_kinds(kinds, &right));
    }
    for kinds in [
        values::KINDS,
        targets::KINDS,
        consent::KINDS,
        security::KINDS,
        references::KINDS,
    ] {
        makers.extend(of_kinds(kinds, &all));
    }
    makers.extend(planted);
    makers
}

/// One kind after the other, each of some profile that has what it changes, until there are enough.
/// No two mutants are alike; a kind that has no more profiles is passed over.
fn mutants(sources: &[Known], count: usize, seed: u64) -> Vec<Mutant> {
    let mut makers = makers(sources);
    let mut random = Random(seed);
    let mut mutants = Vec::new();
    let mut seen = BTreeSet::new();
    while mutants.len() < count {
        let before = mutants.len();
        for maker in &mut makers {
            let made = next(maker, sources, &mut random, &mut seen);
            mutants.extend(made);
        }
        assert!(mutants.len() > before, "too few can be made of this corpus");
    }
    mutants
}

/// One more mutant of a kind.
fn next(
    maker: &mut Maker,
    sources: &[Known],
    random: &mut Random,
    seen: &mut BTreeSet<u64>,
) -> Option<Mutant> {
    while !maker.left.is_empty() {
        let place = random.below(maker.left.len());
        let known = &sources[maker.left[place]];
        let change = match maker.make {
            Make::Change(make) => make(&known.source, random),
            Make::Plant(planted) => planted::plant(&known.source, random, planted),
        };
        let change = change.filter(|change| {
            !known.has(maker.rules, change.line()) && seen.insert(hash(&change.bytes))
        });
        if let Some(change) = change {
            return Some(Mutant {
                sort: maker.sort,
                kind: maker.kind,
                rules: maker.rules,
                file: known.source.name.clone(),
                change,
            });
        }
        maker.left.swap_remove(place);
    }
    None
}

/// A number that tells two files apart.
fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

/// What was found instead, if none of the rules found the fault on its line, or said what was meant.
fn missed(judge: &Judge, mutant: &Mutant) -> Option<String> {
    let line = mutant.change.line();
    let findings = judged(
        judge,
        &mutant.file,
        &mutant.change.bytes,
        &targets::target(mutant.rules),
    );
    // What is about the whole file refuses it: a mere remark on how it is packed is no catch.
    let refuses = |one: &Finding| line > 0 || one.severity == Severity::Error;
    let is_rule = |one: &Finding| mutant.rules.contains(&one.rule.as_str()) && refuses(one);
    let says = |one: &Finding| {
        let hint = one.hint.as_deref().unwrap_or_default();
        mutant
            .change
            .says
            .as_ref()
            .is_none_or(|wanted| hint.contains(wanted))
    };
    if findings
        .iter()
        .any(|one| is_rule(one) && one.line == line && says(one))
    {
        return None;
    }
    let near = findings
        .iter()
        .filter(|one| is_rule(one) || one.severity == Severity::Error);
    let near: Vec<_> = near.take(3).map(ToString::to_string).collect();
    let (kind, rules, file) = (mutant.kind, mutant.rules.join(" "), &mutant.file);
    Some(format!(
        "{kind} ({rules} at line {line}) in {file}: {near:?}"
    ))
}

/// Judges all mutants, on two threads.
fn results(judge: &Judge, mutants: &[Mutant]) -> Vec<Option<String>> {
    let halves = mutants.chunks(mutants.len().div_ceil(2));
    std::thread::scope(|scope| {
        let work = |half: &[Mutant]| {
            half.iter()
                .map(|one| missed(judge, one))
                .collect::<Vec<_>>()
        };
        let running: Vec<_> = halves.map(|half| scope.spawn(move || work(half))).collect();
        let done = running.into_iter().map(|one| one.join().unwrap());
        done.flatten().collect()
    })
}

/// Prints a line for every kind, and one for each of both sorts; what is in both, and how many were
/// caught.
fn table(mutants: &[Mutant], results: &[Option<String>]) -> BTreeMap<Sort, (usize, usize)> {
    let mut kinds: BTreeMap<(Sort, String, &str), (usize, usize)> = BTreeMap::new();
    let mut sorts: BTreeMap<Sort, (usize, usize)> = BTreeMap::new();
    for (mutant, result) in mutants.iter().zip(results) {
        let row = (mutant.sort, mutant.rules.join(" "), mutant.kind);
        for counts in [
            kinds.entry(row).or_default(),
            sorts.entry(mutant.sort).or_default(),
        ] {
            *counts = (counts.0 + 1, counts.1 + usize::from(result.is_none()));
        }
    }
    for ((sort, rules, kind), (all, caught)) in &kinds {
        let sort = word(*sort);
        say(&format!(
            "mutants: {sort:7} {rules:9} {caught:3} of {all:3} {kind}"
        ));
    }
    for (sort, (all, caught)) in &sorts {
        let of_sort = kinds.keys().filter(|row| row.0 == *sort).count();
        let sort = word(*sort);
        say(&format!(
            "mutants: {sort}: {caught} of {all} caught in {of_sort} kinds"
        ));
    }
    sorts
}

fn word(sort: Sort) -> &'static str {
    match sort {
        Sort::Content => "content",
        Sort::Added => "added",
    }
}

/// More than two thousand faults of known kinds in real profiles: at least 99 in 100 are found by the
/// right rule on the right line, of those in what the files have as of those in what was added; those
/// that are not are shown.
#[test]
fn faults_are_found_where_they_are() {
    let Some(root) = folder("mutants::faults_are_found_where_they_are") else {
        return;
    };
    let judge = Judge::load().expect("the plugins load");
    let since = Instant::now();
    let sources = sources(&judge, &root);
    let mutants = mutants(&sources, MUTANTS, SEED);
    let results = results(&judge, &mutants);
    let sorts = table(&mutants, &results);
    for one in results.iter().flatten().take(60) {
        say(&format!("mutants: MISSED {one}"));
    }
    say(&format!(
        "mutants: {} from {} profiles (seed {SEED}, {} ms)",
        mutants.len(),
        sources.len(),
        since.elapsed().as_millis()
    ));
    for (sort, (all, caught)) in sorts {
        let is_enough = caught * 100 >= all * CAUGHT_MIN;
        assert!(is_enough, "{caught} of {all}: {}", word(sort));
    }
}
