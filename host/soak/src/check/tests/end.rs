//! What must be true in the end.

use super::script::{Script, error, install, listed};
use crate::check::Rule;
use crate::log::{Ordered, Phase, Shown};

/// Proves that the end is judged by what the device has, what failed, and what the server says.
#[test]
fn the_end_is_the_truth() {
    type Case = (
        &'static [(&'static str, &'static str)],
        &'static [(&'static str, Shown)],
        &'static [Rule],
    );
    let cases: [Case; 5] = [
        (&[("p", "u1")], &[("p", Shown::Applied)], &[]),
        (
            &[("p", "u1")],
            &[("p", Shown::Pending)],
            &[Rule::StatusLies],
        ),
        (
            &[("p", "u0")],
            &[("p", Shown::Applied)],
            &[Rule::NeverReached],
        ),
        (&[], &[], &[Rule::NeverReached]),
        (&[("p", "u1")], &[], &[Rule::StatusLies]),
    ];
    for (holds, says, rules) in cases {
        let mut script = Script::enrolled(&[]);
        script.push("p", "u1");
        assert_eq!(script.settle(holds, says), rules, "{holds:?} {says:?}");
    }
}

/// Proves that a stated failure is an end, and that hiding it is not.
#[test]
fn a_failure_has_to_be_stated() {
    for (says, rules) in [
        (Shown::Failed, &[][..]),
        (Shown::Applied, &[Rule::StatusLies]),
    ] {
        let mut script = Script::enrolled(&[]);
        script.push("p", "u1");
        let name = script.idle_gets(install("p", "u1"));
        script.reports(&name, error("MCProfileErrorDomain", 1000));
        script.empty();
        assert_eq!(script.settle(&[], &[("p", says)]), rules);
    }
}

/// Proves that a copy of ours must go, and somebody else's may stay.
#[test]
fn what_is_ours_must_go() {
    let mut script = Script::enrolled(&[("p", "u1")]);
    script.push("p", "u1");
    script.delete("p");
    let says = [("p", Shown::Pending)];
    assert_eq!(script.settle(&[("p", "u1")], &says), [Rule::NeverRemoved]);
    assert_eq!(script.settle(&[("p", "theirs")], &[]), []);
    assert_eq!(script.settle(&[], &[]), []);
}

/// Proves that a change after all was settled is found, even one that is called for.
#[test]
fn silence_is_silent() {
    let mut script = Script::enrolled(&[]);
    script.push("p", "u1");
    script.phase(Phase::Silence);
    let name = script.idle_gets(install("p", "u1"));
    script.done(&name);
    let name = script.gets(Ordered::List);
    script.reports(&name, listed(&[("p", "u1")]));
    script.empty();
    script.is_fine();
    let says = [("p", Shown::Applied)];
    assert_eq!(script.settle(&[("p", "u1")], &says), [Rule::NotSilent]);
}
