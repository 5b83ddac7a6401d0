//! The breaker as a table of steps, and what holds after any steps.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::Call;

const POLICY: BreakerPolicy = BreakerPolicy {
    failures: 2,
    first_wait: Duration::from_millis(100),
    wait_max: Duration::from_millis(300),
    openings: 5,
    window: Duration::from_secs(10),
};

fn go(breaker: &mut Breaker, now_ms: u64) -> Pass {
    match breaker.admit(now_ms) {
        Admission::Go(pass) => pass,
        other @ (Admission::BackOff { .. } | Admission::Quarantined { .. }) => {
            panic!("at {now_ms}: {other:?}")
        }
    }
}

fn call(breaker: &mut Breaker, now_ms: u64, verdict: Verdict) {
    let pass = go(breaker, now_ms);
    breaker.settle(pass, verdict, now_ms);
}

fn opened(now_ms: u64) -> Breaker {
    let mut breaker = Breaker::new(POLICY);
    call(&mut breaker, now_ms, Verdict::AtFault);
    call(&mut breaker, now_ms, Verdict::AtFault);
    breaker
}

/// Only failures in a row open it: an answer in between begins anew, and what is nobody's fault
/// neither counts nor begins anew.
#[test]
fn in_a_row() {
    use Verdict::{AtFault, Fine, Neither};
    for (verdicts, is_open) in [
        (&[AtFault, Fine, AtFault][..], false),
        (&[AtFault, AtFault], true),
        (&[AtFault, Neither, AtFault], true),
        (&[Neither, Neither, Neither], false),
    ] {
        let mut breaker = Breaker::new(POLICY);
        for verdict in verdicts {
            call(&mut breaker, 0, *verdict);
        }
        let until_ms = 100;
        let expected = if is_open {
            BreakerState::Open { until_ms }
        } else {
            BreakerState::Closed
        };
        assert_eq!(breaker.state(), expected, "{verdicts:?}");
    }
}

/// The wait doubles up to its limit, one call a wait goes through, and after the last opening only
/// a person helps.
#[test]
fn ever_longer() {
    let mut breaker = opened(0);
    let mut now_ms = 0;
    for wait_ms in [100, 200, 300, 300] {
        let until_ms = now_ms + wait_ms;
        assert_eq!(breaker.admit(until_ms - 1), Admission::BackOff { until_ms });
        now_ms = until_ms;
        call(&mut breaker, now_ms, Verdict::AtFault);
    }
    let since_ms = now_ms;
    assert_eq!(breaker.admit(u64::MAX), Admission::Quarantined { since_ms });
    assert_eq!(breaker.state(), BreakerState::Quarantined { since_ms });
    breaker.lift();
    call(&mut breaker, now_ms, Verdict::AtFault);
    call(&mut breaker, now_ms, Verdict::AtFault);
    let until_ms = now_ms + 100;
    assert_eq!(breaker.state(), BreakerState::Open { until_ms });
    let restored = Breaker::quarantined(POLICY, 7).admit(8);
    assert_eq!(restored, Admission::Quarantined { since_ms: 7 });
}

/// An answer closes it, but openings are remembered for the window, and forgotten after it.
#[test]
fn remembered() {
    let mut breaker = opened(0);
    call(&mut breaker, 100, Verdict::Fine);
    assert_eq!(breaker.state(), BreakerState::Closed);
    for (now_ms, wait_ms) in [(200, 200), (10_200, 200), (30_000, 100)] {
        call(&mut breaker, now_ms, Verdict::AtFault);
        call(&mut breaker, now_ms, Verdict::AtFault);
        let until_ms = now_ms + wait_ms;
        assert_eq!(breaker.state(), BreakerState::Open { until_ms }, "{now_ms}");
        call(&mut breaker, until_ms, Verdict::Fine);
    }
}

/// While one call sees whether it is over, no other goes through, and those that began earlier tell
/// nothing; a trial that is never settled is given up, and one that says nothing is repeated.
#[test]
fn one_trial() {
    let mut breaker = Breaker::new(POLICY);
    let early = go(&mut breaker, 0);
    call(&mut breaker, 0, Verdict::AtFault);
    call(&mut breaker, 0, Verdict::AtFault);
    let trial = go(&mut breaker, 100);
    assert_eq!(breaker.admit(150), Admission::BackOff { until_ms: 200 });
    breaker.settle(early, Verdict::Fine, 150);
    assert_eq!(breaker.admit(150), Admission::BackOff { until_ms: 200 });

    let second = go(&mut breaker, 200);
    breaker.settle(trial, Verdict::Fine, 210);
    assert!(matches!(breaker.state(), BreakerState::Open { .. }));
    breaker.settle(second, Verdict::Neither, 220);
    let third = go(&mut breaker, 220);
    breaker.settle(third, Verdict::Fine, 230);
    assert_eq!(breaker.state(), BreakerState::Closed);
}

/// A clock that is set back by years does not keep it open for years.
#[test]
fn a_clock_set_back() {
    let mut breaker = opened(1_000_000);
    for now_ms in [999_950, 1_000_050] {
        let until_ms = 1_000_100;
        assert_eq!(breaker.admit(now_ms), Admission::BackOff { until_ms });
    }
    call(&mut breaker, 5, Verdict::AtFault);
    assert_eq!(breaker.admit(6), Admission::BackOff { until_ms: 105 });
}

/// A guard counts how calls end, refuses with the outcome that says why, and a panic of the caller
/// does not leave a trial open.
#[test]
fn guarding() {
    let guard = Guard::new(Breaker::new(POLICY));
    let trapped = || {
        Call::<()>::not_made(Outcome::Trapped {
            text: String::new(),
        })
    };
    guard.call(0, trapped);
    guard.call(0, trapped);
    let BreakerState::Open { until_ms } = guard.state() else {
        panic!("{guard:?}")
    };
    let refused = guard.call(1, || -> Call<()> { panic!("it is not called") });
    assert_eq!(refused.outcome, Outcome::BackOff { until_ms });
    let hook = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        guard.call(until_ms, || -> Call<()> {
            panic!("the caller's own mistake")
        })
    }));
    assert!(hook.is_err());
    let fine = guard.call(until_ms + 10_000, || Call::not_made(Outcome::Done(())));
    assert_eq!(fine.outcome, Outcome::Done(()));
    assert_eq!(guard.state(), BreakerState::Closed);
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Admit,
    Settle { index: usize, verdict: Verdict },
    Wait { ms: u64 },
    Lift,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let verdict = prop_oneof![
        1 => Just(Verdict::Fine),
        4 => Just(Verdict::AtFault),
        1 => Just(Verdict::Neither)
    ];
    let step = prop_oneof![
        10 => Just(Step::Admit),
        10 => (any::<usize>(), verdict).prop_map(|(index, verdict)| Step::Settle { index, verdict }),
        5 => (0_u64..400).prop_map(|ms| Step::Wait { ms }),
        1 => Just(Step::Lift),
    ];
    vec(step, 0..200)
}

proptest! {
    /// Whatever happens: an open breaker lets one call a wait through at most, no wait is longer
    /// than the longest, quarantine ends by a person alone, and answers alone never open anything.
    #[test]
    fn any_steps(steps in steps()) {
        let mut breaker = Breaker::new(POLICY);
        let (mut now_ms, mut passes) = (1_000, Vec::new());
        let (mut faults, mut last_trial_ms) = (0, None::<u64>);
        for step in steps {
            let before = breaker.state();
            match step {
                Step::Admit => match (breaker.admit(now_ms), before) {
                    (Admission::Go(pass), BreakerState::Closed) => passes.push(pass),
                    (Admission::Go(pass), BreakerState::Open { until_ms }) => {
                        prop_assert!(until_ms <= now_ms);
                        last_trial_ms = Some(now_ms);
                        passes.push(pass);
                    }
                    (Admission::BackOff { until_ms }, BreakerState::Open { .. }) => {
                        prop_assert!(until_ms > now_ms);
                        prop_assert!(until_ms - now_ms <= 300);
                    }
                    (Admission::Quarantined { .. }, BreakerState::Quarantined { .. }) => {}
                    other => prop_assert!(false, "{other:?}"),
                },
                Step::Settle { index, verdict } => {
                    if !passes.is_empty() {
                        let pass = passes.swap_remove(index % passes.len());
                        faults += usize::from(verdict == Verdict::AtFault);
                        breaker.settle(pass, verdict, now_ms);
                    }
                }
                Step::Wait { ms } => now_ms += ms,
                Step::Lift => {
                    breaker.lift();
                    last_trial_ms = None;
                }
            }
            let is_lift = matches!(step, Step::Lift);
            if let BreakerState::Quarantined { .. } = before {
                prop_assert!(is_lift || breaker.state() == before);
            }
            if faults < 2 {
                prop_assert_eq!(breaker.state(), BreakerState::Closed);
            }
            prop_assert!(last_trial_ms.is_none_or(|at| at <= now_ms));
        }
    }
}
