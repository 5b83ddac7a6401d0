//! Who is pushed when: rate, order, repetition, and a halt when Apple refuses us.
//!
//! Pure: time is an argument in ms of any one clock, and nothing is sent here. Invariants: never
//! more pushes than the rate; who was pushed is remembered until [`Pacer::done`], so that a reason
//! pushes once and is then repeated ever more rarely; no answer ever makes that forgotten, so
//! nobody loses its pushes by a mistake on our or Apple's side; memory is bounded, and for those
//! who wait for their first push there is none.

mod bucket;
mod gate;
mod health;
mod turns;
mod wave;

use std::collections::BTreeMap;

use crate::outcome::PushOutcome;

pub use bucket::TokenBucket;
pub use health::{Alarm, Health};
pub use turns::{COALESCE_MS, Meeting, REPEATS_MS};
pub use wave::{WINDOW_MAX, Wave};

use gate::{Effect, Gate, Share};
use turns::{RESTING, Turns};

/// How long a host is left alone that is said to have work and cannot be pushed, in ms: it has no
/// push token, or is blocked, or has nothing to do at this moment.
const REST_MS: u64 = 5 * 60 * 1000;

/// Pushes with one certificate; the highest number is taken. What stands in the way of one lane's holds up no other's.
pub type LaneId = u16;

/// A channel of a host, by numbers that stand for their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PushKey {
    /// The host, evenly spread over all numbers: two hosts of one number are taken for one.
    pub host: u64,
    /// Its channel.
    pub channel: u32,
}

/// From where one looks at hosts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sight {
    /// Another number whenever something else is desired, so that everybody is looked at once more.
    pub state: u16,
    /// The number of this pass over all who have work.
    pub pass: u8,
}

/// What there is to do for a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Errand {
    /// Where its push leaves.
    pub lane: LaneId,
    /// Tells one cause of pushes from another; equal ones need no second push.
    pub reason: u32,
}

/// Bounds of a [`Pacer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PacerOptions {
    /// Pushes a second in the long run; at least one. Each brings a device to our door.
    pub rate_per_s: u32,
    /// Pushes at once after a quiet time; at least one. A fleet of no more is pushed all at once.
    pub burst: u32,
    /// Most channels remembered at a time, of 28 bytes each; with what the table keeps free it is 34
    /// to 67, and 61 MB for the default, which is what fits before the table doubles once more. When
    /// there are as many, others wait until some came to an end.
    pub entries_max: usize,
    /// Pushes under way in one lane. At the usual rate and with answers within 0.4 s it is never
    /// reached; it bounds what a slow service can pile up.
    pub under_way_max: usize,
}

impl Default for PacerOptions {
    /// 1,000 a second. Processor time of the server for a device that is woken, on one core of
    /// 2.5 GHz: 0.4 ms for a handshake with a client certificate (measured), 0.2 to 0.3 ms for the
    /// four messages of a session (Idle, the report on what it got, its list, and stored durably),
    /// and 0.2 ms, an estimate, for the look before its push and the push itself: less than 1 ms. So
    /// 1,000 a second keep one core of two busy at most, and the other is left for those who come by
    /// themselves, for administrators, and for machines of half that speed. A million hosts are
    /// through in 17 minutes, ten thousand in 10 seconds.
    fn default() -> Self {
        Self {
            rate_per_s: 1000,
            burst: 200,
            entries_max: 1_800_000,
            under_way_max: 400,
        }
    }
}

impl PacerOptions {
    /// The defaults at another rate.
    pub fn at(rate_per_s: u32) -> Self {
        let default = Self::default();
        Self {
            rate_per_s,
            burst: default.burst.min(rate_per_s),
            ..default
        }
    }
}

/// The memory, the rate and the health of pushing in one.
///
/// The owner looks at those who may have work, asks by [`Self::push`] whether each is pushed now,
/// pushes it once, and tells what came of it by [`Self::landed`].
///
/// ```
/// use mooring_push::{Errand, Pacer, PacerOptions, PushKey, PushOutcome, Sight};
///
/// let mut pacer = Pacer::new(PacerOptions::default());
/// let now_ms = 1_790_000_000_000;
/// let (lane, key) = (0, PushKey { host: 7, channel: 0 });
/// pacer.open(lane);
/// let errand = Errand { lane, reason: 1 };
/// let mut round = pacer.round(now_ms);
/// assert!(pacer.push(&mut round, key, errand, Sight::default()));
/// pacer.end(round);
/// let outcome = PushOutcome::Accepted { apns_id: None }; // of `Apns::push`
/// pacer.landed(lane, key, Some(&outcome), now_ms);
/// // It does not come: in five to six minutes it is pushed again, and not before.
/// let mut round = pacer.round(now_ms + 299_000);
/// assert!(!pacer.push(&mut round, key, errand, Sight::default()));
/// let mut round = pacer.round(now_ms + 361_000);
/// assert!(pacer.push(&mut round, key, errand, Sight::default()));
/// pacer.end(round);
/// pacer.done(key);
/// ```
#[derive(Debug)]
pub struct Pacer {
    options: PacerOptions,
    turns: Turns,
    bucket: TokenBucket,
    gates: BTreeMap<LaneId, Gate>,
}

/// The pushes of one moment.
#[derive(Debug)]
pub struct Round {
    now_ms: u64,
    left: usize,
    taken: usize,
    shares: BTreeMap<LaneId, Share>,
}

impl Round {
    /// Whether more pushes may leave at this moment.
    pub fn is_open(&self) -> bool {
        self.left > 0 && self.shares.values().any(Share::is_open)
    }

    fn is_lane_open(&self, lane: LaneId) -> bool {
        self.shares.get(&lane).is_some_and(Share::is_open)
    }
}

impl Pacer {
    /// An empty one without lanes, with its burst in full.
    pub fn new(options: PacerOptions) -> Self {
        Self {
            options,
            turns: Turns::new(options.entries_max),
            bucket: TokenBucket::new(options.rate_per_s, options.burst),
            gates: BTreeMap::new(),
        }
    }

    /// Pushes may leave in this lane. Who was in it before, and how that went, is forgotten.
    pub fn open(&mut self, lane: LaneId) {
        self.turns.close(lane);
        self.gates.insert(lane, Gate::default());
    }

    /// No pushes leave in this lane any more, and who was in it is forgotten.
    pub fn close(&mut self, lane: LaneId) {
        self.turns.close(lane);
        self.gates.remove(&lane);
    }

    /// Nobody has turns any more; the rate and the health of the lanes stay.
    pub fn forget(&mut self) {
        self.turns.clear();
    }

    /// Forgets who was pushed and how it went; the lanes stay.
    pub fn restart(&mut self) {
        self.turns.clear();
        self.bucket = TokenBucket::new(self.options.rate_per_s, self.options.burst);
        for gate in self.gates.values_mut() {
            *gate = Gate::default();
        }
    }

    /// What may leave now. Ends with [`Self::end`].
    pub fn round(&mut self, now_ms: u64) -> Round {
        let under_way_max = self.options.under_way_max;
        let shares = self.gates.iter();
        let shares = shares.map(|(lane, gate)| (*lane, gate.share(now_ms, under_way_max)));
        Round {
            now_ms,
            left: self.bucket.available(now_ms),
            taken: 0,
            shares: shares.collect(),
        }
    }

    /// What is known of a host that has work: whether to look at it.
    pub fn meet(&mut self, host: u64, sight: Sight, now_ms: u64) -> Meeting {
        let (gates, under_way_max) = (&self.gates, self.options.under_way_max);
        self.turns.meet(host, sight, now_ms, |lane| {
            let gate = gates.get(&lane);
            lane == RESTING || gate.is_some_and(|gate| gate.room(now_ms, under_way_max) > 0)
        })
    }

    /// There is this to do for a channel. If it is true, push it now. A known errand changes
    /// nothing: its push is repeated in its time. Who cannot be pushed only because the rate or the
    /// lane is exhausted stays due.
    pub fn push(&mut self, round: &mut Round, key: PushKey, errand: Errand, sight: Sight) -> bool {
        let Errand { lane, reason } = errand;
        let now_ms = round.now_ms;
        if !self.turns.want(key, lane, reason, sight, now_ms) {
            return false;
        }
        let may_leave = round.left > 0 && round.is_lane_open(lane);
        let share = round.shares.get_mut(&lane).filter(|_| may_leave);
        if !share.is_some_and(|share| share.take(key.host)) {
            return false;
        }
        round.left -= 1;
        round.taken += 1;
        self.turns.pushed(key, now_ms);
        true
    }

    /// All channels of a host were looked at.
    pub fn looked(&mut self, host: u64, sight: Sight) {
        self.turns.looked(host, sight);
    }

    /// A host that was said to have work was looked at. If it cannot be pushed for any, it is not
    /// looked at again for five minutes, unless something else is desired.
    pub fn rest(&mut self, host: u64, sight: Sight, now_ms: u64) {
        let until_ms = now_ms.saturating_add(REST_MS);
        self.turns.rest(host, sight, until_ms);
    }

    /// Counts what left.
    pub fn end(&mut self, round: Round) {
        self.bucket.spend(round.taken);
        for (lane, share) in round.shares {
            if let Some(gate) = self.gates.get_mut(&lane) {
                gate.took(&share, round.now_ms);
            }
        }
    }

    /// A push of [`Self::push`] is under way no more; `None` if it was not made after all.
    pub fn landed(&mut self, lane: LaneId, key: PushKey, outcome: Option<&PushOutcome>, now: u64) {
        if let Some(gate) = self.gates.get_mut(&lane) {
            gate.landed();
        }
        match outcome {
            Some(outcome) => self.note(lane, key, outcome, now),
            // Its turn is not spent.
            None => self.turns.postpone(key, now),
        }
    }

    /// Learns what came of any push. [`PushOutcome::Unregistered`] changes nothing here: the owner
    /// decides, by the age of the device's token, whether to call [`Self::done`].
    pub fn note(&mut self, lane: LaneId, key: PushKey, outcome: &PushOutcome, now_ms: u64) {
        let Some(gate) = self.gates.get_mut(&lane) else {
            return;
        };
        match gate.note(key.host, outcome, now_ms) {
            Effect::None => {}
            Effect::Postpone(until_ms) => self.turns.postpone(key, until_ms),
            Effect::Hold(until_ms) => self.turns.hold(key, until_ms),
        }
    }

    /// The device came: its repetition begins anew, in case something remains to be done.
    pub fn contacted(&mut self, key: PushKey, now_ms: u64) {
        self.turns.contacted(key, now_ms);
    }

    /// Nothing is left to do for this channel, or it must not be pushed.
    pub fn done(&mut self, key: PushKey) {
        self.turns.done(key);
    }

    /// After a pass over all who have work: who was due and was not met is forgotten.
    pub fn sweep(&mut self, pass: u8, now_ms: u64) {
        self.turns.sweep(pass, now_ms);
    }

    /// Channels that were pushed, or stay due, and have not come to an end.
    pub fn len(&self) -> usize {
        self.turns.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Those of a lane, whether it is open or not.
    pub fn count(&self, lane: LaneId) -> usize {
        self.turns.count(lane)
    }

    /// Memory for those, in bytes.
    pub fn bytes(&self) -> usize {
        self.turns.bytes()
    }

    /// Whether no pushes may leave in a lane because of what the service answers.
    pub fn is_halted(&self, lane: LaneId, now_ms: u64) -> bool {
        let gate = self.gates.get(&lane);
        gate.is_none_or(|gate| gate.is_halted(now_ms))
    }

    /// Why pushes of a lane are halted, for people.
    pub fn alarm(&self, lane: LaneId) -> Option<&Alarm> {
        self.gates.get(&lane)?.health.alarm()
    }
}

#[cfg(test)]
mod tests;
