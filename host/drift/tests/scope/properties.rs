//! Properties of rules and assignments over random texts, rules and hosts.

use mooring_drift::scope::{Assignment, RULE_BYTES_MAX, Rule, Truth};
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

use crate::random::{Written, hosts, written};
use crate::{Host, Label, names, profile, scope};

/// Pieces of rules, right and wrong, to be put together without sense.
const PIECES: [&str; 34] = [
    "host",
    ".",
    "os_version",
    "host.serial",
    "attributes.x",
    "has(",
    "(",
    ")",
    "[",
    "]",
    ",",
    "==",
    "!=",
    "<=",
    "&&",
    "||",
    "!",
    "in",
    "true",
    "false",
    "null",
    "'a'",
    "\"15.0\"",
    "'",
    "\"",
    "\\",
    "startsWith(",
    "1",
    "é",
    "\n",
    " ",
    "//",
    "=",
    "\u{0}",
];

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,200}",
        "[a-z.()!&|=<>'\" \\[\\],]{0,1024}",
        prop::collection::vec(select(&PIECES[..]), 0..300).prop_map(|pieces| {
            let mut text = pieces.concat();
            while text.len() > RULE_BYTES_MAX {
                text.pop();
            }
            text
        }),
    ]
}

/// The same host with more known of it: what is not known in the first is taken from the second.
fn more_known(host: &Host, other: &Host, parts: &[Index]) -> Host {
    let mut more = host.clone();
    let is_chosen = |part: usize| parts.iter().any(|index| index.index(8) == part);
    let mut told = host.attributes.clone().unwrap_or_default();
    let other_told = other.attributes.clone().unwrap_or_default();
    let fill = |own: &mut Option<String>, other: Option<String>, part| {
        let is_unknown = own.as_ref().is_none_or(String::is_empty);
        if is_unknown && is_chosen(part) {
            *own = other;
        }
    };
    fill(&mut told.serial_number, other_told.serial_number, 0);
    fill(&mut told.model, other_told.model, 1);
    fill(&mut told.device_name, other_told.device_name, 2);
    fill(&mut told.os_version, other_told.os_version, 3);
    fill(&mut told.build_version, other_told.build_version, 4);
    if is_chosen(5) {
        told.is_supervised = told.is_supervised.or(other_told.is_supervised);
    }
    more.attributes = Some(told);
    for (part, (name, text)) in (6..).zip(&other.values) {
        if is_chosen(part) {
            more.values
                .entry(name.clone())
                .or_insert_with(|| text.clone());
        }
    }
    more
}

fn rule(written: &Written) -> Option<Rule> {
    let text = written.text();
    let rule = Rule::parse(&text);
    if text.len() > RULE_BYTES_MAX {
        assert!(rule.is_err());
        return None;
    }
    Some(rule.unwrap_or_else(|error| panic!("{text}: {error}")))
}

/// Whether what was known stayed as it was.
fn is_kept(before: Truth, after: Truth) -> bool {
    before == Truth::Unknown || before == after
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    /// No text makes the reader of rules panic, a refusal is short and has a place inside the
    /// text, and what is read is evaluated for every host.
    #[test]
    fn reading_never_panics(text in texts(), host in hosts()) {
        match Rule::parse(&text) {
            Ok(rule) => {
                prop_assert_eq!(rule.as_str(), &text);
                let (truth, _) = rule.evaluate(&host.subject());
                prop_assert_eq!(truth, rule.truth(&host.subject()));
            }
            Err(error) => {
                prop_assert!(error.to_string().len() < 600, "{}", error);
                let line = text.split('\n').nth(error.line as usize - 1);
                prop_assert!(line.is_some_and(|line| error.column as usize <= line.chars().count() + 1));
            }
        }
    }

    /// A rule says of a host what the naive reading says.
    #[test]
    fn rules_mean_what_they_say(written in written(true), host in hosts()) {
        if let Some(rule) = rule(&written) {
            let truth = Truth::from(written.answer(&host));
            prop_assert_eq!(rule.truth(&host.subject()), truth, "{}", rule.as_str());
        }
    }

    /// When more becomes known, a yes stays a yes and a no stays a no.
    #[test]
    fn knowledge_is_monotone(
        written in written(false),
        host in hosts(),
        other in hosts(),
        parts in prop::collection::vec(any::<Index>(), 1..8),
    ) {
        if let Some(rule) = rule(&written) {
            let more = more_known(&host, &other, &parts);
            let (before, after) = (rule.truth(&host.subject()), rule.truth(&more.subject()));
            prop_assert!(is_kept(before, after), "{}: {} then {}", rule.as_str(), before, after);
        }
    }

    /// The same holds for assignments, whatever labels they name; a broken label that is mended
    /// never turns a yes or a no either. The reasons always add up to the membership.
    #[test]
    fn assignments_are_monotone(
        rules in prop::collection::vec(written(false), 3),
        all in subsequence(vec!["r0", "r1", "gone"], 0..=2),
        any in subsequence(vec!["r1", "r2", "gone", "given"], 0..=3),
        exclude in subsequence(vec!["r0", "r2", "gone", "lost"], 0..=2),
        percent in prop::option::of(0_u8..=100),
        host in hosts(),
        other in hosts(),
        parts in prop::collection::vec(any::<Index>(), 1..8),
        mended in any::<bool>(),
    ) {
        let assignment = Assignment {
            include_all: names(&all),
            include_any: names(&any),
            exclude_any: names(&exclude),
            percent,
            ..Assignment::default()
        };
        let mut labels = vec![("given", Label::Manual)];
        for (name, written) in ["r0", "r1", "r2"].into_iter().zip(&rules) {
            labels.extend(rule(written).map(|rule| (name, Label::Rule(rule))));
        }
        let host = host.labelled(&["given"]);
        let before = scope(&labels, assignment.clone());
        let truth = before.memberships(&host.subject())[&profile()];
        let reasons = before.why(&profile(), &host.subject());
        prop_assert_eq!(Truth::all(reasons.iter().map(|reason| reason.truth)), truth);

        let manual = if mended { Label::Manual } else { crate::rule("true") };
        labels.extend([("gone", manual.clone()), ("lost", manual)]);
        let more = more_known(&host, &other, &parts);
        let after = scope(&labels, assignment).memberships(&more.subject())[&profile()];
        prop_assert!(is_kept(truth, after), "{} then {}", truth, after);
    }
}
