//! Pacing under any order of events.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

/// What may happen to a queue.
#[derive(Debug, Clone)]
enum Event {
    Schedule(u8),
    Contact(u8),
    Done(u8),
    Take(usize, u8),
    Wait(u64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        (0..40_u8).prop_map(Event::Schedule),
        (0..40_u8).prop_map(Event::Contact),
        (0..40_u8).prop_map(Event::Done),
        (0..30_usize, 0..6_u8).prop_map(|(max, outcome)| Event::Take(max, outcome)),
        prop_oneof![0..2000_u64, 0..2 * HOUR].prop_map(Event::Wait),
    ]
}

fn any_outcome(kind: u8) -> PushOutcome {
    match kind {
        0 => rejected(),
        1 => unavailable(Cause::Timeout),
        2 => PushOutcome::Throttled { retry_after: None },
        3 => PushOutcome::Unregistered { at_ms: Some(1) },
        _ => accepted(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Proves, for any order of events: never more pushes in any stretch of time than burst and
    /// rate, no key twice in one take, only keys that were asked for, and whoever is still wanted
    /// at the end is reached within a bounded time.
    #[test]
    fn never_too_many_and_never_nobody(events in prop::collection::vec(event(), 1..120)) {
        let options = PacerOptions { rate_per_s: 5, burst: 8, entries_max: 30 };
        let mut pacer = Pacer::new(options);
        let mut wanted = BTreeSet::new();
        let mut sent: Vec<u64> = Vec::new();
        let mut now = 0;
        for event in events {
            match event {
                Event::Schedule(key) => {
                    let key = key.to_string();
                    if pacer.schedule(&key, now).is_ok() {
                        wanted.insert(key);
                    }
                }
                Event::Contact(key) => pacer.contacted(&key.to_string(), now),
                Event::Done(key) => {
                    pacer.done(&key.to_string());
                    wanted.remove(&key.to_string());
                }
                Event::Take(max, outcome) => {
                    let keys = pacer.take(now, max);
                    prop_assert!(keys.len() <= max);
                    let unique: BTreeSet<&String> = keys.iter().collect();
                    prop_assert_eq!(unique.len(), keys.len());
                    for key in &keys {
                        prop_assert!(wanted.contains(key));
                        sent.push(now);
                        pacer.note(key, &any_outcome(outcome), now);
                    }
                }
                Event::Wait(ms) => now += ms,
            }
            prop_assert_eq!(pacer.len(), wanted.len());
        }
        for (first, from) in sent.iter().enumerate() {
            for (last, to) in sent.iter().enumerate().skip(first) {
                let most = 8_000 + (to - from) * 5;
                prop_assert!(((last - first + 1) as u64) * 1000 <= most);
            }
        }
        let mut missing = wanted;
        let end = now + 3 * DAY;
        while let Some(next) = pacer.next_ms(now).filter(|_| !missing.is_empty()) {
            now = next.max(now);
            prop_assert!(now < end, "not reached: {:?}", missing);
            for key in pacer.take(now, 10) {
                pacer.note(&key, &accepted(), now);
                missing.remove(&key);
            }
        }
    }

    /// Proves that the queue's order holds: who is taken was not pushed later than any due one that
    /// is left behind.
    #[test]
    fn longest_waiting_first(takes in prop::collection::vec((0..3 * HOUR, 0..8_usize), 1..40)) {
        let mut queue = PushQueue::new(20);
        let mut last: BTreeMap<String, u64> = (0..20).map(|n| (n.to_string(), 0)).collect();
        for key in last.keys() {
            queue.schedule(key, 0).unwrap();
        }
        let mut now = 1;
        for (wait, max) in takes {
            now += wait;
            let taken = queue.take_due(now, max);
            let rest = queue.take_due(now, usize::MAX);
            let newest = taken.iter().map(|key| last[key]).max();
            let oldest = rest.iter().map(|key| last[key]).min();
            if let (Some(newest), Some(oldest)) = (newest, oldest) {
                prop_assert!(newest <= oldest);
            }
            for key in taken.into_iter().chain(rest) {
                last.insert(key, now);
            }
        }
    }
}
