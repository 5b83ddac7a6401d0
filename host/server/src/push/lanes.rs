//! The lanes that pushes leave in: one for each topic, with its client.
//!
//! Knows nothing of the store. Invariants: a channel is in one lane at most, and there with one
//! reason; what stands in the way of one certificate's pushes holds up no other's; a lane whose
//! certificate is replaced begins anew, and answers to the old one say nothing about it.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use mooring_drift::policy::Timestamp;
use mooring_mdm::ids::{EnrollmentId, HostId};
use mooring_push::{
    Apns, Errand, LaneId, Meeting, Pacer, PacerOptions, PushKey, PushOutcome, Round, Sight,
};

use super::state::{PushAlarm, UncertifiedTopic};
use super::work::Reason;

/// Most topics that are told apart. Nobody has so many certificates, but devices name the topics.
const TOPICS_MAX: usize = 256;
/// What the topics beyond those are called.
const OTHER_TOPICS: &str = "(others)";

/// Names one client: its certificate, by SHA-256 of what is stored of it.
pub(super) type ClientId = [u8; 32];

/// One push to make.
#[derive(Clone)]
pub(super) struct Ticket {
    pub(super) enrollment: EnrollmentId,
    pub(super) client: Arc<Apns>,
    lane: LaneId,
    client_id: ClientId,
}

struct Client {
    id: ClientId,
    apns: Arc<Apns>,
}

/// Who is pushed in which lane.
pub(super) struct Lanes {
    pacer: Pacer,
    /// A topic's place is its lane.
    topics: Vec<String>,
    clients: BTreeMap<LaneId, Client>,
    /// Makes numbers of names that no device can choose.
    numbers: RandomState,
}

impl Lanes {
    /// None yet, for so many pushes a second.
    pub(super) fn new(pushes_per_s: u32) -> Self {
        Self {
            pacer: Pacer::new(PacerOptions::at(pushes_per_s)),
            topics: Vec::new(),
            clients: BTreeMap::new(),
            numbers: RandomState::new(),
        }
    }

    /// The client of a topic, if there is one, and whose it is.
    pub(super) fn client(&self, topic: &str) -> Option<(ClientId, Arc<Apns>)> {
        let client = self.clients.get(&self.known(topic)?)?;
        Some((client.id, Arc::clone(&client.apns)))
    }

    /// From now on this client pushes for the topic. Whoever waited has to be found again.
    pub(super) fn open(&mut self, topic: &str, id: ClientId, apns: Arc<Apns>) {
        if let Some(others) = self.known(OTHER_TOPICS) {
            self.pacer.close(others);
        }
        let known = self.known(topic);
        let lane = known.unwrap_or_else(|| self.add(topic));
        self.pacer.open(lane);
        self.clients.insert(lane, Client { id, apns });
    }

    /// Nobody pushes for the topic any more.
    pub(super) fn close(&mut self, topic: &str) {
        if let Some(lane) = self.known(topic) {
            self.pacer.close(lane);
            self.clients.remove(&lane);
        }
    }

    /// The topics that have a client.
    pub(super) fn topics(&self) -> Vec<String> {
        let lanes = self.clients.keys();
        lanes.map(|lane| self.topic(*lane).to_owned()).collect()
    }

    /// Forgets who was pushed and how it went; the clients stay.
    pub(super) fn restart(&mut self) {
        self.pacer.restart();
    }

    /// Forgets who was pushed.
    pub(super) fn forget(&mut self) {
        self.pacer.forget();
    }

    /// What may leave now.
    pub(super) fn round(&mut self, now: Timestamp) -> Round {
        self.pacer.round(now.0)
    }

    /// Counts what left in a round.
    pub(super) fn end(&mut self, round: Round) {
        self.pacer.end(round);
    }

    /// Whether a host that may have work is to be looked at.
    pub(super) fn meet(&mut self, host: &HostId, sight: Sight, now: Timestamp) -> Meeting {
        let number = self.number(host);
        self.pacer.meet(number, sight, now.0)
    }

    /// Whether no certificate's pushes may leave, whatever the rate.
    pub(super) fn is_halted(&self, now: Timestamp) -> bool {
        let mut lanes = self.clients.keys();
        lanes.all(|lane| self.pacer.is_halted(*lane, now.0))
    }

    /// There is this to do for a channel. A ticket if it is to be pushed now.
    pub(super) fn want(
        &mut self,
        round: &mut Round,
        enrollment: &EnrollmentId,
        topic: &str,
        reason: Reason,
        sight: Sight,
    ) -> Option<Ticket> {
        let (lane, key) = (self.lane(topic), self.key(enrollment));
        let reason = reason.0;
        let errand = Errand { lane, reason };
        let is_due = self.pacer.push(round, key, errand, sight);
        let client = self.clients.get(&lane).filter(|_| is_due)?;
        Some(Ticket {
            enrollment: enrollment.clone(),
            client: Arc::clone(&client.apns),
            lane,
            client_id: client.id,
        })
    }

    /// All channels of a host were looked at.
    pub(super) fn looked(&mut self, host: &HostId, sight: Sight) {
        let number = self.number(host);
        self.pacer.looked(number, sight);
    }

    /// The same of one that was said to have work: if it cannot be pushed for any, it rests.
    pub(super) fn rest(&mut self, host: &HostId, sight: Sight, now: Timestamp) {
        let number = self.number(host);
        self.pacer.rest(number, sight, now.0);
    }

    /// Nothing is to do for an enrollment, or it must not be pushed.
    pub(super) fn done(&mut self, enrollment: &EnrollmentId) {
        let key = self.key(enrollment);
        self.pacer.done(key);
    }

    /// After a pass over all who may have work: who is due and was not met is forgotten.
    pub(super) fn sweep(&mut self, pass: u8, now: Timestamp) {
        self.pacer.sweep(pass, now.0);
    }

    /// An enrollment sent a message.
    pub(super) fn contacted(&mut self, enrollment: &EnrollmentId, now: Timestamp) {
        let key = self.key(enrollment);
        self.pacer.contacted(key, now.0);
    }

    /// What came of a push; `None` if it was not made after all.
    pub(super) fn landed(
        &mut self,
        ticket: &Ticket,
        outcome: Option<&PushOutcome>,
        now: Timestamp,
    ) {
        let lane = ticket.lane;
        let client = self.clients.get(&lane);
        if client.is_none_or(|client| client.id != ticket.client_id) {
            return;
        }
        let key = self.key(&ticket.enrollment);
        self.telling(lane, |pacer| pacer.landed(lane, key, outcome, now.0));
    }

    /// What came of a push that nobody waited for.
    pub(super) fn learned(
        &mut self,
        topic: &str,
        enrollment: &EnrollmentId,
        outcome: &PushOutcome,
        now: Timestamp,
    ) {
        let key = self.key(enrollment);
        if let Some(lane) = self.known(topic) {
            self.telling(lane, |pacer| pacer.note(lane, key, outcome, now.0));
        }
    }

    /// The oldest of the alarms.
    pub(super) fn alarm(&self) -> Option<PushAlarm> {
        let alarms = self.clients.keys().filter_map(|lane| {
            let alarm = self.pacer.alarm(*lane)?;
            Some(PushAlarm {
                text: alarm_text(self.topic(*lane), alarm),
                since: Timestamp(alarm.since_ms),
            })
        });
        alarms.min_by_key(|alarm| alarm.since)
    }

    /// How many were pushed, or stay due, and have not come to an end.
    pub(super) fn len(&self) -> usize {
        let lanes = self.clients.keys();
        lanes.map(|lane| self.pacer.count(*lane)).sum()
    }

    /// Topics without a client, for which there is something to do.
    pub(super) fn uncertified(&self) -> Vec<UncertifiedTopic> {
        let lanes = (0..).zip(&self.topics);
        let without = lanes.filter(|(lane, _)| !self.clients.contains_key(lane));
        let counted = without.map(|(lane, topic)| UncertifiedTopic {
            topic: topic.clone(),
            enrollments: self.pacer.count(lane),
        });
        counted.filter(|found| found.enrollments > 0).collect()
    }

    fn known(&self, topic: &str) -> Option<LaneId> {
        let index = self.topics.iter().position(|known| known == topic)?;
        LaneId::try_from(index).ok()
    }

    /// The lane of a topic. Beyond the bound all share the last one, which has no client.
    fn lane(&mut self, topic: &str) -> LaneId {
        if let Some(lane) = self.known(topic) {
            return lane;
        }
        let topic = match self.topics.len() {
            ..TOPICS_MAX => topic,
            _ => OTHER_TOPICS,
        };
        self.known(topic).unwrap_or_else(|| self.add(topic))
    }

    fn add(&mut self, topic: &str) -> LaneId {
        self.topics.push(topic.to_owned());
        LaneId::try_from(self.topics.len() - 1).unwrap_or(LaneId::MAX)
    }

    fn topic(&self, lane: LaneId) -> &str {
        let topic = self.topics.get(usize::from(lane));
        topic.map_or(OTHER_TOPICS, String::as_str)
    }

    fn number(&self, host: &HostId) -> u64 {
        self.numbers.hash_one(host.as_str())
    }

    fn key(&self, enrollment: &EnrollmentId) -> PushKey {
        let user = enrollment.user_part();
        // The device's own channel is zero, and no user's is.
        let channel = user.map_or(0, |user| {
            let [a, b, c, d, ..] = self.numbers.hash_one(user).to_le_bytes();
            u32::from_le_bytes([a, b, c, d]) | 1
        });
        PushKey {
            host: self.number(enrollment.host()),
            channel,
        }
    }

    /// An alarm is logged when it begins and when it ends, and not in between.
    fn telling(&mut self, lane: LaneId, learn: impl FnOnce(&mut Pacer)) {
        let was_halted = self.pacer.alarm(lane).is_some();
        learn(&mut self.pacer);
        let topic = self.topic(lane);
        match self.pacer.alarm(lane) {
            Some(alarm) if !was_halted => {
                let text = alarm_text(topic, alarm);
                tracing::error!(topic, "{text}; no device is judged by this");
            }
            None if was_halted => tracing::info!(topic, "the push service takes pushes again"),
            Some(_) | None => {}
        }
    }
}

fn alarm_text(topic: &str, alarm: &mooring_push::Alarm) -> String {
    let answer = match alarm.status {
        Some(status) => format!("{status} {}", alarm.reason),
        None => alarm.reason.clone(),
    };
    let answer = answer.trim();
    format!("pushes for topic {topic} are halted: Apple refuses them ({answer})")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Topics that devices name and nobody has a certificate for are counted, each by itself up to a
    /// bound and the others together; nobody is pushed for them.
    #[test]
    fn many_topics() {
        let mut lanes = Lanes::new(1000);
        let now = Timestamp(1_700_000_000_000);
        let mut round = lanes.round(now);
        for number in 0..TOPICS_MAX + 44 {
            let enrollment = EnrollmentId::parse(&format!("host-{number}:user")).unwrap();
            let topic = format!("com.apple.mgmt.External.{number}");
            let sight = Sight::default();
            let ticket = lanes.want(&mut round, &enrollment, &topic, Reason(1), sight);
            assert!(ticket.is_none());
        }
        lanes.end(round);
        let found = lanes.uncertified();
        assert_eq!((found.len(), lanes.len()), (TOPICS_MAX + 1, 0));
        let last = found
            .last()
            .map(|last| (last.topic.as_str(), last.enrollments));
        assert_eq!(last, Some((OTHER_TOPICS, 44)));
        let host = HostId::parse("host-299").unwrap();
        assert_eq!(lanes.meet(&host, Sight::default(), now), Meeting::Later);
    }

    /// The channels of a host have its number, and each its own.
    #[test]
    fn keys() {
        let lanes = Lanes::new(1000);
        let key = |text: &str| lanes.key(&EnrollmentId::parse(text).unwrap());
        let (device, one, other) = (key("H1"), key("H1:U1"), key("H1:U2"));
        assert_eq!((device.channel, device.host), (0, one.host));
        assert!(one.channel != 0 && one.channel != other.channel && one.host == other.host);
        assert_ne!(device.host, key("H2").host);
        assert_eq!(device.host, lanes.number(&HostId::parse("H1").unwrap()));
    }
}
