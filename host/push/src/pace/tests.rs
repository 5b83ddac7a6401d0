//! Pacing by tables, properties, and the two long nights: a fleet that Apple refuses, and one that
//! is almost all off.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::outcome::Cause;

mod halts;
mod properties;
mod repeats;
mod waves;

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Nobody is pushed.
const NOBODY: [u64; 0] = [];

const LANE: LaneId = 3;

fn accepted() -> PushOutcome {
    PushOutcome::Accepted { apns_id: None }
}

fn rejected() -> PushOutcome {
    PushOutcome::Rejected {
        status: 400,
        reason: "BadDeviceToken".to_owned(),
    }
}

fn unavailable(cause: Cause) -> PushOutcome {
    PushOutcome::Unavailable {
        cause,
        retry_after: None,
    }
}

/// The device channel of a host.
fn device(host: u64) -> PushKey {
    PushKey {
        host: wave::mixed(host),
        channel: 0,
    }
}

/// Hosts with work, in order, and who paces their pushes.
struct Fleet {
    pacer: Pacer,
    wave: Wave<u64, u64>,
    /// For which reason each is to come.
    wanted: BTreeMap<u64, u32>,
    sight: Sight,
}

impl Fleet {
    fn with(options: PacerOptions) -> Self {
        let mut pacer = Pacer::new(options);
        pacer.open(LANE);
        Self {
            pacer,
            wave: Wave::new(7),
            wanted: BTreeMap::new(),
            sight: Sight::default(),
        }
    }

    /// Hosts with something to do.
    fn of(count: u64) -> Self {
        let mut fleet = Self::with(PacerOptions::default());
        fleet.wanted = (0..count).map(|host| (host, 1)).collect();
        fleet
    }

    /// Something else is desired of everybody.
    fn change(&mut self) {
        self.sight.state += 1;
        self.wanted.values_mut().for_each(|reason| *reason += 1);
        self.begin();
    }

    fn begin(&mut self) {
        self.sight.pass = self.sight.pass.wrapping_add(1);
        self.wave.begin();
    }

    /// It has nothing more to do.
    fn done(&mut self, host: u64) {
        self.wanted.remove(&host);
        self.pacer.done(device(host));
    }

    /// A look at all who have work, from where the wave has come to: who is pushed.
    fn take(&mut self, now: u64) -> Vec<u64> {
        let mut round = self.pacer.round(now);
        let mut taken = Vec::new();
        if self.wave.window().is_empty() && !self.wave.is_under_way() {
            self.begin();
        }
        while round.is_open() {
            self.draw(now);
            let Some(host) = self.wave.take() else {
                break;
            };
            let Some(reason) = self.wanted.get(&host).copied() else {
                continue;
            };
            let errand = Errand { lane: LANE, reason };
            if self
                .pacer
                .push(&mut round, device(host), errand, self.sight)
            {
                taken.push(host);
            }
        }
        self.pacer.end(round);
        taken
    }

    fn draw(&mut self, now: u64) {
        while let Some(place) = self.wave.wants() {
            let from = place.map_or(0, |place| place + 1);
            let page: Vec<u64> = self.wanted.range(from..).map(|(host, _)| *host).collect();
            let page: Vec<u64> = page.into_iter().take(64).collect();
            let next = page.last().copied().filter(|_| page.len() == 64);
            let drawn = page.into_iter().filter(|host| {
                let meeting = self.pacer.meet(device(*host).host, self.sight, now);
                meeting != Meeting::Later
            });
            let drawn: Vec<u64> = drawn.collect();
            if self.wave.add(drawn, next) {
                self.pacer.sweep(self.sight.pass, now);
            }
        }
    }

    fn land(&mut self, hosts: &[u64], outcome: &PushOutcome, now: u64) {
        for host in hosts {
            self.pacer.landed(LANE, device(*host), Some(outcome), now);
        }
    }

    /// Pushes that are accepted, and the hosts they go to.
    fn reach(&mut self, now: u64) -> Vec<u64> {
        let taken = self.take(now);
        self.land(&taken, &accepted(), now);
        taken
    }

    fn due_ms(&mut self, host: u64) -> u64 {
        self.pacer.turns.due_ms(device(host)).unwrap()
    }
}

/// Whether `at_ms` is `wait_ms` after `from_ms`, or up to a fifth more.
fn is_about(at_ms: u64, from_ms: u64, wait_ms: u64) -> bool {
    (from_ms + wait_ms..=from_ms + wait_ms + wait_ms / 5 + SECOND).contains(&at_ms)
}

/// Proves that a clock which goes back gives no pushes twice.
#[test]
fn clock_that_goes_back() {
    let mut bucket = TokenBucket::new(10, 10);
    let full = bucket.available(DAY);
    bucket.spend(full);
    assert_eq!(bucket.available(0), 0);
    assert_eq!(bucket.available(DAY), 0);
    assert_eq!(bucket.available(DAY + 99), 0);
    assert_eq!(bucket.available(DAY + 100), 1);
}
