//! Pacing under any order of events.

use proptest::prelude::*;

use super::*;

/// What may happen.
#[derive(Debug, Clone)]
enum Event {
    Want(u8),
    Contact(u8),
    Done(u8),
    Change,
    Take(u8),
    Wait(u64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => (0..40_u8).prop_map(Event::Want),
        1 => (0..40_u8).prop_map(Event::Contact),
        1 => (0..40_u8).prop_map(Event::Done),
        1 => Just(Event::Change),
        3 => (0..6_u8).prop_map(Event::Take),
        3 => prop_oneof![0..2000_u64, 0..2 * HOUR].prop_map(Event::Wait),
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
    /// rate, nobody twice within ten seconds unless it came or the push failed, only those who are
    /// wanted, never more remembered than the bound, and whoever is still wanted at the end is
    /// reached within a bounded time.
    #[test]
    fn never_too_many_and_never_nobody(events in prop::collection::vec(event(), 1..120)) {
        let options = PacerOptions { rate_per_s: 5, burst: 8, entries_max: 40, under_way_max: 8 };
        let mut fleet = Fleet::with(options);
        let mut sent: Vec<u64> = Vec::new();
        let mut counted: BTreeMap<u64, u64> = BTreeMap::new();
        let mut now = HOUR;
        for event in events {
            match event {
                Event::Want(host) => {
                    fleet.wanted.entry(host.into()).or_insert(1);
                }
                Event::Contact(host) => {
                    fleet.pacer.contacted(device(host.into()), now);
                    counted.remove(&host.into());
                }
                Event::Done(host) => {
                    fleet.done(host.into());
                    counted.remove(&host.into());
                }
                Event::Change => fleet.change(),
                Event::Take(outcome) => {
                    let hosts = fleet.take(now);
                    let unique: BTreeSet<&u64> = hosts.iter().collect();
                    prop_assert_eq!(unique.len(), hosts.len());
                    for host in &hosts {
                        prop_assert!(fleet.wanted.contains_key(host));
                        let last = counted.remove(host);
                        prop_assert!(last.is_none_or(|at| now >= at + COALESCE_MS));
                        sent.push(now);
                        if outcome > 3 {
                            counted.insert(*host, now);
                        }
                    }
                    fleet.land(&hosts, &any_outcome(outcome), now);
                }
                Event::Wait(ms) => now += ms,
            }
            prop_assert!(fleet.pacer.len() <= 40);
        }
        for (first, from) in sent.iter().enumerate() {
            for (last, to) in sent.iter().enumerate().skip(first) {
                let most = 8_000 + (to - from) * 5;
                prop_assert!(((last - first + 1) as u64) * 1000 <= most);
            }
        }
        let mut missing: BTreeSet<u64> = fleet.wanted.keys().copied().collect();
        let end = now + 3 * DAY;
        while !missing.is_empty() {
            now += 10 * SECOND;
            prop_assert!(now < end, "not reached: {:?}", missing);
            for host in fleet.reach(now) {
                missing.remove(&host);
            }
        }
    }
}
