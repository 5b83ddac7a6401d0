//! Answers that are kept, and plugins that are not asked for a while.

use std::time::Duration;

use mooring_plugin::{
    Breaker, BreakerPolicy, BreakerState, Context, Guard, Limits, Outcome, ResultCache, Runtime,
    RuntimeOptions, Subject, Terms,
};

use crate::{HOSTILE, document, hostile};

fn asking(settings: &str) -> Context {
    Context {
        settings: settings.to_owned(),
        ..Context::default()
    }
}

/// The same question is answered without running the plugin, with each finding where its value is
/// in the file of that question; another question runs it.
#[test]
fn asked_once() {
    let plugin = Runtime::new(&RuntimeOptions::default())
        .unwrap()
        .load(&HOSTILE)
        .unwrap();
    let (results, limits) = (ResultCache::default(), Limits::default());
    let document = document();
    let ask = |line: u32, settings: &str| {
        let subject = Subject::new(&document, b"bytes", |node| (line + node, 1));
        plugin.validate_once(&subject, &asking(settings), &limits, &results)
    };
    let first = ask(10, "wrong-path");
    let findings = first.outcome.done().unwrap();
    assert_eq!((findings[0].line, plugin.calls_made()), (12, 1));
    let again = ask(50, "wrong-path").outcome.done().unwrap();
    assert_eq!((again[0].line, plugin.calls_made()), (52, 1));
    assert_eq!(again[0].message, findings[0].message);
    ask(10, "panic");
    let panicked = ask(10, "panic");
    assert!(matches!(panicked.outcome, Outcome::Panicked { .. }));
    assert_eq!(plugin.calls_made(), 2);
    ask(10, "memory");
    ask(10, "memory");
    assert_eq!(
        plugin.calls_made(),
        4,
        "what the moment brought is not kept"
    );
    assert_eq!(results.counts().entries, 2);
}

/// A plugin that keeps failing is not asked, but what it answered before is still known; after a
/// wait it is asked once, and then stays away until a person lifts it.
#[test]
fn behind_a_breaker() {
    let guard = Guard::new(Breaker::new(BreakerPolicy {
        failures: 2,
        first_wait: Duration::from_secs(100),
        openings: 2,
        ..BreakerPolicy::default()
    }));
    let plugin = hostile();
    let (results, limits) = (ResultCache::default(), Limits::default());
    let document = document();
    let ask = |now_ms: u64, settings: &str| {
        let subject = Subject::new(&document, b"bytes", |_| (1, 1));
        let terms = Terms {
            limits: &limits,
            results: &results,
            guard: &guard,
            now_ms,
        };
        plugin.validate_on(&subject, &asking(settings), &terms)
    };
    assert!(ask(0, "").outcome.done().is_some());
    ask(0, "abort");
    ask(0, "abort");
    let refused = ask(1, "abort");
    let BreakerState::Open { until_ms } = guard.state() else {
        panic!("{guard:?}")
    };
    assert_eq!(refused.outcome, Outcome::BackOff { until_ms });
    let complaint = refused.complaint(plugin.id()).unwrap();
    assert_eq!(complaint.rule, "plugin-back-off");
    assert!(
        ask(1, "").outcome.done().is_some(),
        "it was answered before"
    );

    ask(until_ms, "abort");
    let refused = ask(u64::MAX, "abort");
    assert!(matches!(refused.outcome, Outcome::Quarantined { .. }));
    let complaint = refused.complaint(plugin.id()).unwrap();
    assert_eq!(complaint.rule, "plugin-quarantined");
    guard.lift();
    assert!(matches!(ask(0, "abort").outcome, Outcome::Trapped { .. }));
}
