//! One message from its bytes to its reply, with the commit in between.
//!
//! Knows nothing of sockets, nor of what a message means. Invariants: the reply leaves only after
//! everything it depends on is durable, and after the fleet's index knows of it; a command that
//! was decided on before a change was promised leaves after that only if it is still meant.

use mooring_mdm::ids::EnrollmentId;
use mooring_mdm::message::Message;
use mooring_mdm::report::{Connect, Report};
use mooring_store::{Change, HostOutline, HostRecord, StoreError};

use super::speaker::routine_of;
use super::{Decision, DeviceReply, DeviceRequest, Refusal, chain, device_record, record};
use crate::core::Core;
use crate::limits::CONFLICT_RETRIES_MAX;

/// A decision whose changes are not durable yet.
struct Undurable {
    decision: Decision,
    /// The profiles by which it was decided: any other number is a later state of them.
    generation: u64,
    era: u32,
    /// The host as it is once the changes are stored; `None` where it has to be read.
    outline: Option<HostOutline>,
    /// The identity that spoke, if it is the host's only one.
    routine: Option<u64>,
    has_event: bool,
}

/// What is to be done about a message.
enum Attempt {
    Reply(DeviceReply),
    Commit(Vec<Change>, Box<Undurable>),
}

impl Core {
    /// Answers one message of a device. Blocks.
    pub fn answer_device(&self, request: &DeviceRequest<'_>) -> DeviceReply {
        let message = match Message::decode(request.body) {
            Ok(message) => message,
            Err(error) => return refused(request, &error.into()),
        };
        if self.is_idle_routine(&message, request) {
            return DeviceReply::Empty;
        }
        for _ in 0..CONFLICT_RETRIES_MAX {
            let (changes, undurable) = match self.attempt(&message, request) {
                Ok(Attempt::Reply(reply)) => return reply,
                Ok(Attempt::Commit(changes, undurable)) => (changes, undurable),
                Err(refusal) => return refused(request, &refusal),
            };
            let committed = self.store.commit(changes);
            match self.conclude(enrollment_of(&message), *undurable, committed) {
                Ok(Some(reply)) => return reply,
                Ok(None) => {}
                Err(refusal) => return refused(request, &refusal),
            }
        }
        conflicts(enrollment_of(&message))
    }

    /// The same where nothing may block for long: `None` means that it would, and that nothing was
    /// done. Reading one host takes microseconds; only the wait for the disk is waited for.
    pub(crate) async fn answer_promptly(&self, request: &DeviceRequest<'_>) -> Option<DeviceReply> {
        let message = match Message::decode(request.body) {
            Ok(message) => message,
            Err(error) => return Some(refused(request, &error.into())),
        };
        // Check-ins are rare, and may make keys and read what is large; so may commands of others.
        let Message::Connect(Connect { enrollment, .. }) = &message else {
            return None;
        };
        if self.has_queue(enrollment) {
            return None;
        }
        if self.is_idle_routine(&message, request) {
            return Some(DeviceReply::Empty);
        }
        for _ in 0..CONFLICT_RETRIES_MAX {
            let (changes, undurable) = match self.attempt(&message, request) {
                Ok(Attempt::Reply(reply)) => return Some(reply),
                Ok(Attempt::Commit(changes, undurable)) => (changes, undurable),
                Err(refusal) => return Some(refused(request, &refusal)),
            };
            let committed = self.committed(enrollment.host(), changes).await;
            match self.conclude(enrollment, *undurable, committed) {
                Ok(Some(reply)) => return Some(reply),
                Ok(None) => {}
                Err(refusal) => return Some(refused(request, &refusal)),
            }
        }
        Some(conflicts(enrollment))
    }

    /// Whether a device asks for work by its only identity and the index knows that there is none:
    /// most messages of a fleet. Nothing is read or written for them.
    fn is_idle_routine(&self, message: &Message, request: &DeviceRequest<'_>) -> bool {
        let Message::Connect(Connect {
            enrollment,
            report: Report::Idle,
        }) = message
        else {
            return false;
        };
        // Who listens is told of every message; a signed one is remembered, so that it counts once.
        if self.events.is_some() || request.speaker.stamp().is_some() {
            return false;
        }
        let is_idle = self.is_idle(enrollment, routine_of(request.speaker));
        if is_idle {
            self.saw(enrollment, self.clock.now());
        }
        is_idle
    }

    /// Decides on a message by what is stored at this moment.
    fn attempt(&self, message: &Message, request: &DeviceRequest<'_>) -> Result<Attempt, Refusal> {
        let enrollment = enrollment_of(message);
        let failed = |source| Refusal::Store {
            enrollment: enrollment.clone(),
            source,
        };
        let (generation, era) = (self.generation(), self.era());
        let host = self.host(enrollment.host()).map_err(failed)?;
        let is_known = host
            .as_ref()
            .is_some_and(|host| record(host, enrollment).is_some());
        let mut decision = self.decide(message, enrollment, host, request)?;
        let events = self.events.as_ref().filter(|_| !decision.is_ignored);
        if let Some(events) = events {
            let changes = &decision.changes;
            let (may_quote, now) = (decision.may_quote, self.clock.now());
            let event = events.event(message, request, (changes, may_quote), now);
            decision.changes.push(event.map_err(failed)?);
        }
        let routine = decision
            .host
            .as_ref()
            .and_then(|host| routine(host, request));
        if decision.changes.is_empty() {
            if let (Some(routine), Some(host)) = (routine, &decision.host) {
                let revision = device_record(host).map_or(0, |record| record.revision);
                self.note_routine(&host.id, revision, routine);
            }
            if is_known && !decision.is_ignored {
                self.saw(enrollment, self.clock.now());
                self.keep_recent(enrollment, decision.recent);
            }
            return Ok(Attempt::Reply(decision.reply));
        }
        let changes = std::mem::take(&mut decision.changes);
        let host = decision.host.take();
        let undurable = Undurable {
            outline: host.map(|host| outline_after(&host, &changes)),
            routine,
            has_event: events.is_some(),
            decision,
            generation,
            era,
        };
        Ok(Attempt::Commit(changes, Box::new(undurable)))
    }

    /// What follows once the changes are durable, or are not; `None` means to decide anew.
    fn conclude(
        &self,
        enrollment: &EnrollmentId,
        undurable: Undurable,
        committed: Result<(), StoreError>,
    ) -> Result<Option<DeviceReply>, Refusal> {
        let failed = |source| Refusal::Store {
            enrollment: enrollment.clone(),
            source,
        };
        match committed {
            Ok(()) => {}
            // Somebody changed the same record meanwhile: decide anew from what it is now.
            Err(StoreError::Conflict { .. }) => return Ok(None),
            Err(source) => {
                // It is open whether it is stored: the index has to show what is.
                self.place_again(enrollment.host()).map_err(failed)?;
                return Err(failed(source));
            }
        }
        let decision = undurable.decision;
        match &undurable.outline {
            Some(outline) => {
                self.place(outline);
                if let (Some(routine), Some(device)) =
                    (undurable.routine, outline.enrollments.first())
                {
                    self.note_routine(&outline.id, device.revision, routine);
                }
            }
            None => self.place_again(enrollment.host()).map_err(failed)?,
        }
        if decision.is_ignored {
            return Ok(Some(decision.reply));
        }
        self.saw(enrollment, self.clock.now());
        self.keep_recent(enrollment, decision.recent);
        if let Some(events) = self.events.as_ref().filter(|_| undurable.has_event) {
            events.committed();
        }
        if decision.is_command_new {
            self.count_command();
            // Another device proved meanwhile that this store is an old copy, or what is desired
            // changed: a command that is not meant any more is closed when the device comes again.
            let is_as_before = self.era() == undurable.era
                && (self.generation() == undurable.generation
                    || self.is_meant_now(enrollment).map_err(failed)?);
            if !is_as_before {
                return Ok(Some(DeviceReply::Empty));
            }
        }
        if decision.is_rolled_back {
            self.note_rolled_back(enrollment.host());
        }
        Ok(Some(decision.reply))
    }

    /// Whether the command in flight is meant by what is desired at this moment.
    fn is_meant_now(&self, enrollment: &EnrollmentId) -> Result<bool, StoreError> {
        let Some(host) = self.host(enrollment.host())? else {
            return Ok(false);
        };
        let Some(record) = record(&host, enrollment) else {
            return Ok(false);
        };
        let Some(in_flight) = &record.sync.in_flight else {
            return Ok(false);
        };
        let shelf = self.shelf();
        let circumstances = self.circumstances(&shelf, &host);
        let context = self.context(&shelf, &host, record, &circumstances);
        Ok(mooring_drift::step::is_still_meant(
            &in_flight.command,
            &context,
        ))
    }
}

/// The host as it is once `changes` are stored.
fn outline_after(host: &HostRecord, changes: &[Change]) -> HostOutline {
    let mut outline = host.outline();
    for change in changes {
        match change {
            Change::Enrollment(record) => {
                let mut new = record.outline();
                new.revision += 1;
                let known = outline.enrollments.iter_mut().find(|one| one.id == new.id);
                match known {
                    Some(known) => *known = new,
                    None => outline.enrollments.push(new),
                }
            }
            Change::Host {
                attributes,
                attributes_at,
                ..
            } => {
                outline.attributes.clone_from(attributes);
                outline.attributes_at = *attributes_at;
            }
            Change::Facts { .. }
            | Change::Profile(_)
            | Change::Raw { .. }
            | Change::Command(_)
            | Change::BuiltIn(_)
            | Change::Document { .. }
            | Change::RemoveHost(_) => {}
        }
    }
    outline
}

/// Names the identity that spoke, if it is the only one that may, and came as it always does.
fn routine(host: &HostRecord, request: &DeviceRequest<'_>) -> Option<u64> {
    let access = &device_record(host)?.access;
    let speaker = request.speaker;
    let is_sole = match (speaker.certificate(), &access.pins[..]) {
        (Some(certificate), [pin]) => pin.fingerprint == *certificate.fingerprint().as_bytes(),
        (Some(_), _) => false,
        (None, _) => true,
    };
    let is_usual = is_sole && !access.is_blocked && access.via == Some(speaker.via());
    is_usual.then(|| routine_of(speaker))
}

fn enrollment_of(message: &Message) -> &EnrollmentId {
    match message {
        Message::CheckIn(checkin) => &checkin.enrollment,
        Message::Connect(connect) => &connect.enrollment,
    }
}

fn refused(request: &DeviceRequest<'_>, refusal: &Refusal) -> DeviceReply {
    if let Refusal::Store { .. } = refusal {
        tracing::error!(error = %chain(refusal), "a device's message failed");
        return DeviceReply::Unavailable;
    }
    let certificate = request.speaker.certificate();
    let certificate = certificate.map(|c| c.fingerprint().to_string());
    tracing::info!(reason = %refusal, certificate, "a device's message was refused");
    DeviceReply::Refused(refusal.to_string())
}

fn conflicts(enrollment: &EnrollmentId) -> DeviceReply {
    tracing::warn!(%enrollment, "a message met too many concurrent changes");
    DeviceReply::Unavailable
}
