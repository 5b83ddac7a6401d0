//! Who waits for a push: a lane for each topic, with its client, its pace and its alarm.
//!
//! Knows nothing of the store. Invariants: an enrollment is in one lane at most, and there with one
//! reason; what stands in the way of one certificate's pushes holds up no other's; a lane whose
//! certificate is replaced begins anew, and answers to the old one say nothing about it.

use std::collections::BTreeMap;
use std::sync::Arc;

use mooring_drift::policy::Timestamp;
use mooring_mdm::ids::EnrollmentId;
use mooring_push::{Apns, Pacer, PacerOptions, PushOutcome};

use super::state::PushAlarm;
use super::work::Reason;

/// Pushes under way in one lane. At the usual rate and with answers within a second it is never
/// reached; it bounds what a slow service can pile up.
const UNDER_WAY_MAX: usize = 256;

/// A device that came so often for one reason and still has the work ahead of it, such as one whose
/// identity is held, is not helped by being woken: from then on its coming does not begin the waits
/// anew.
const CONTACTS_MAX: u8 = 5;

/// Names one client: its certificate, by SHA-256 of what is stored of it.
pub(super) type ClientId = [u8; 32];

/// One push to make.
#[derive(Clone)]
pub(super) struct Ticket {
    pub(super) enrollment: EnrollmentId,
    pub(super) topic: String,
    pub(super) client: Arc<Apns>,
    client_id: ClientId,
}

struct Lane {
    client_id: ClientId,
    client: Arc<Apns>,
    pacer: Pacer,
    under_way: usize,
}

struct Queued {
    topic: String,
    reason: Reason,
    /// Times that it came and did not get to the end of it, up to [`CONTACTS_MAX`].
    contacts: u8,
    /// The last look at everybody that found it.
    look: u64,
}

/// Who waits for a push.
#[derive(Default)]
pub(super) struct Lanes {
    lanes: BTreeMap<String, Lane>,
    queued: BTreeMap<EnrollmentId, Queued>,
}

impl Lanes {
    /// The client of a topic, if there is one, and whose it is.
    pub(super) fn client(&self, topic: &str) -> Option<(ClientId, Arc<Apns>)> {
        let lane = self.lanes.get(topic)?;
        Some((lane.client_id, Arc::clone(&lane.client)))
    }

    /// From now on this client pushes for the topic. Whoever waited has to be found again.
    pub(super) fn open(&mut self, topic: &str, client_id: ClientId, client: Arc<Apns>) {
        self.close(topic);
        let lane = Lane {
            client_id,
            client,
            pacer: Pacer::new(PacerOptions::default()),
            under_way: 0,
        };
        self.lanes.insert(topic.to_owned(), lane);
    }

    /// Nobody pushes for the topic any more.
    pub(super) fn close(&mut self, topic: &str) {
        self.lanes.remove(topic);
        self.queued.retain(|_, queued| queued.topic != topic);
    }

    /// The topics that have a client.
    pub(super) fn topics(&self) -> Vec<String> {
        self.lanes.keys().cloned().collect()
    }

    /// Forgets who waits and how it went; the clients stay.
    pub(super) fn restart(&mut self) {
        self.queued.clear();
        for lane in self.lanes.values_mut() {
            lane.pacer = Pacer::new(PacerOptions::default());
        }
    }

    /// There is this to do for an enrollment. A reason that is known already changes nothing: its
    /// push is repeated in its time.
    pub(super) fn want(
        &mut self,
        enrollment: &EnrollmentId,
        topic: &str,
        reason: Reason,
        now: Timestamp,
    ) {
        let known = self.queued.get(enrollment);
        if known.is_some_and(|known| known.topic == topic && known.reason == reason) {
            return;
        }
        if known.is_some_and(|known| known.topic != topic) {
            self.done(enrollment);
        }
        let Some(lane) = self.lanes.get_mut(topic) else {
            return;
        };
        // What does not fit is found again by the next look at everybody.
        if lane.pacer.schedule(&enrollment.to_string(), now.0).is_ok() {
            let queued = Queued {
                topic: topic.to_owned(),
                reason,
                contacts: 0,
                look: 0,
            };
            self.queued.insert(enrollment.clone(), queued);
        }
    }

    /// Nothing is to do for an enrollment, or it must not be pushed.
    pub(super) fn done(&mut self, enrollment: &EnrollmentId) {
        let Some(queued) = self.queued.remove(enrollment) else {
            return;
        };
        if let Some(lane) = self.lanes.get_mut(&queued.topic) {
            lane.pacer.done(&enrollment.to_string());
        }
    }

    /// The look with this number found an enrollment.
    pub(super) fn found(&mut self, enrollment: &EnrollmentId, look: u64) {
        if let Some(queued) = self.queued.get_mut(enrollment) {
            queued.look = look;
        }
    }

    /// After a look at everybody: who was not found is not there any more.
    pub(super) fn sweep(&mut self, look: u64) {
        let is_gone = |(_, queued): &(&EnrollmentId, &Queued)| queued.look < look;
        let gone = self.queued.iter().filter(is_gone);
        let gone: Vec<_> = gone.map(|(enrollment, _)| enrollment.clone()).collect();
        for enrollment in gone {
            self.done(&enrollment);
        }
    }

    /// An enrollment sent a message.
    pub(super) fn contacted(&mut self, enrollment: &EnrollmentId, now: Timestamp) {
        if let Some(queued) = self.queued.get_mut(enrollment)
            && queued.contacts < CONTACTS_MAX
            && let Some(lane) = self.lanes.get_mut(&queued.topic)
        {
            queued.contacts += 1;
            lane.pacer.contacted(&enrollment.to_string(), now.0);
        }
    }

    /// The pushes to make now. Each must land.
    pub(super) fn take(&mut self, now: Timestamp) -> Vec<Ticket> {
        let mut tickets = Vec::new();
        for (topic, lane) in &mut self.lanes {
            let room = UNDER_WAY_MAX.saturating_sub(lane.under_way);
            for key in lane.pacer.take(now.0, room) {
                let Ok(enrollment) = EnrollmentId::parse(&key) else {
                    // All keys were made of enrollments.
                    lane.pacer.done(&key);
                    continue;
                };
                lane.under_way += 1;
                tickets.push(Ticket {
                    enrollment,
                    topic: topic.clone(),
                    client: Arc::clone(&lane.client),
                    client_id: lane.client_id,
                });
            }
        }
        tickets
    }

    /// What came of a push; `None` if it was not made after all.
    pub(super) fn landed(
        &mut self,
        ticket: &Ticket,
        outcome: Option<&PushOutcome>,
        now: Timestamp,
    ) {
        let lane = self.lanes.get_mut(&ticket.topic);
        let Some(lane) = lane.filter(|lane| lane.client_id == ticket.client_id) else {
            return;
        };
        lane.under_way = lane.under_way.saturating_sub(1);
        if let Some(outcome) = outcome {
            lane.note(&ticket.topic, &ticket.enrollment, outcome, now);
        }
    }

    /// What came of a push that nobody waited for.
    pub(super) fn learned(
        &mut self,
        topic: &str,
        enrollment: &EnrollmentId,
        outcome: &PushOutcome,
        now: Timestamp,
    ) {
        if let Some(lane) = self.lanes.get_mut(topic) {
            lane.note(topic, enrollment, outcome, now);
        }
    }

    /// The oldest of the alarms.
    pub(super) fn alarm(&self) -> Option<PushAlarm> {
        let alarms = self.lanes.iter().filter_map(|(topic, lane)| {
            let alarm = lane.pacer.alarm()?;
            Some(PushAlarm {
                text: alarm_text(topic, alarm),
                since: Timestamp(alarm.since_ms),
            })
        });
        alarms.min_by_key(|alarm| alarm.since)
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.queued.len()
    }
}

impl Lane {
    /// An alarm is logged when it begins and when it ends, and not in between.
    fn note(
        &mut self,
        topic: &str,
        enrollment: &EnrollmentId,
        outcome: &PushOutcome,
        now: Timestamp,
    ) {
        let was_halted = self.pacer.alarm().is_some();
        self.pacer.note(&enrollment.to_string(), outcome, now.0);
        match self.pacer.alarm() {
            Some(alarm) if !was_halted => {
                tracing::error!(
                    topic,
                    "{}; no device is judged by this",
                    alarm_text(topic, alarm)
                );
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
