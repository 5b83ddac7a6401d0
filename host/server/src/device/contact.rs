//! Connects: a device asks for work or reports on it.
//!
//! Knows nothing of how messages arrive. Invariant: the bytes of a command are at hand before its
//! hand-out is committed.

use mooring_drift::command::{Command, RequestType};
use mooring_drift::desired::{Circumstances, Transport};
use mooring_drift::next::{Context, RawQueue};
use mooring_drift::policy::Timestamp;
use mooring_drift::state::Phase;
use mooring_drift::step::{Event, Step, is_still_meant, step};
use mooring_mdm::ids::{CommandUuid, EnrollmentId, PayloadIdentifier};
use mooring_mdm::report::{Answer, Connect, Outcome, Report};
use mooring_store::{Change, EnrollmentRecord, HostRecord, StoreError};

use super::queue::{Choice, Queue};
use super::speaker::Speaker;
use super::{Decision, DeviceReply, DeviceRequest, Refusal, history, host_change, record};
use crate::core::Core;
use crate::enrollment::renewal::can_renew;
use crate::scope::Known;
use crate::shelf::Shelf;

impl Core {
    pub(super) fn decide_connect(
        &self,
        connect: &Connect,
        host: Option<HostRecord>,
        request: &DeviceRequest<'_>,
    ) -> Result<Decision, Refusal> {
        let enrollment = &connect.enrollment;
        let not_enrolled = || Refusal::NotEnrolled(enrollment.clone());
        let failed = |source| Refusal::Store {
            enrollment: enrollment.clone(),
            source,
        };
        let mut host = host.ok_or_else(not_enrolled)?;
        let own = |one: &EnrollmentRecord| one.id == *enrollment;
        let own = host.enrollments.iter().position(own);
        let own = own.ok_or_else(not_enrolled)?;
        let record = &host.enrollments[own];
        let now = self.clock.now();
        let queue = self.queue(enrollment).map_err(failed)?;
        let may_quote = self.may_quote(record, &connect.report, &queue);
        if record.sync.phase != Phase::Enrolled {
            return Ok(Decision {
                may_quote,
                ..Decision::empty()
            });
        }
        let event = event_of(connect, may_quote);
        let mut step = self.step_with(&host, record, event.clone(), &queue);
        let is_told = step.attributes.is_some();
        if let Some(told) = step.attributes.take() {
            host.attributes = std::mem::take(&mut host.attributes).replaced_by(told);
            host.attributes_at = Some(now);
            // What it told may decide what it gets next: the same report once more, with that known.
            step = self.step_with(&host, &host.enrollments[own], event, &queue);
        }
        let (reply, mut changes) =
            self.encode(&host, enrollment, &step, &queue, request.speaker)?;
        let of_queue = queue.changes(enrollment, &step, request.body, now);
        changes.extend(of_queue.map_err(failed)?);
        if let (Report::Result { uuid, outcome }, None) = (&connect.report, &step.closed) {
            let late = queue.late(enrollment, uuid, outcome, request.body, now);
            changes.extend(late.map_err(failed)?);
        }
        let before = &host.enrollments[own].sync;
        let is_changed = step.state != *before;
        let is_command_new = step.state.sequence > before.sequence;
        let is_rolled_back = step.is_rolled_back && is_changed;
        if is_changed {
            let told = is_told.then(|| host_change(&host));
            changes.extend(self.written(&host.enrollments[own], step, told, now));
        }
        Ok(Decision {
            changes,
            host: Some(host),
            is_command_new,
            is_rolled_back,
            may_quote,
            ..Decision::reply(reply)
        })
    }

    /// What a step writes of its own enrollment, and of its host.
    fn written(
        &self,
        record: &EnrollmentRecord,
        step: Step,
        told: Option<Change>,
        now: Timestamp,
    ) -> Vec<Change> {
        let mut changes = history::records(record, &step, &self.names, now);
        changes.extend(told);
        let mut record = record.clone();
        record.sync = step.state;
        record.last_seen_at = now;
        changes.push(Change::Enrollment(record));
        changes
    }

    /// Whether a report may repeat a secret of the host. A command of somebody else holds none of
    /// ours, however late its report comes.
    fn may_quote(&self, record: &EnrollmentRecord, report: &Report, queue: &Queue) -> bool {
        let Report::Result { uuid, .. } = report else {
            return false;
        };
        let in_flight = mooring_drift::step::in_flight(&record.sync, &record.id, &self.names);
        match in_flight.filter(|(in_flight, _)| in_flight == uuid) {
            Some((_, command)) => self.may_quote_secrets(Some(&command)),
            None => queue.find(uuid).is_none() && self.may_quote_secrets(None),
        }
    }

    /// The last message came once more: its sender gets what is in flight once more, unless that is not
    /// meant for the host any more, and nothing changes.
    pub(super) fn answer_again(
        &self,
        enrollment: &EnrollmentId,
        host: Option<&HostRecord>,
        speaker: &Speaker,
    ) -> Result<Decision, Refusal> {
        let found = host.and_then(|host| Some((host, record(host, enrollment)?)));
        let Some((host, record)) = found else {
            return Ok(Decision::ignored(DeviceReply::Empty));
        };
        let Some((uuid, command)) =
            mooring_drift::step::in_flight(&record.sync, &record.id, &self.names)
        else {
            return Ok(Decision::ignored(DeviceReply::Empty));
        };
        // It would go out as it is, to whoever sent this; the device itself signs anew.
        let shelf = self.shelf();
        let circumstances = self.circumstances(&shelf, host);
        let context = self.context(&shelf, host, record, &circumstances);
        if matches!(command, Command::Raw { .. }) || !is_still_meant(&command, &context) {
            return Ok(Decision::ignored(DeviceReply::Empty));
        }
        let again = Step {
            state: record.sync.clone(),
            reply: Some((uuid, command)),
            closed: None,
            attributes: None,
            is_rolled_back: false,
        };
        let queue = self.queue(enrollment).map_err(|source| Refusal::Store {
            enrollment: enrollment.clone(),
            source,
        })?;
        let (reply, _) = self.encode(host, enrollment, &again, &queue, speaker)?;
        Ok(Decision::ignored(reply))
    }

    pub(crate) fn step(&self, host: &HostRecord, record: &EnrollmentRecord, event: Event) -> Step {
        self.step_with(host, record, event, &Queue::default())
    }

    fn step_with(
        &self,
        host: &HostRecord,
        record: &EnrollmentRecord,
        event: Event,
        queue: &Queue,
    ) -> Step {
        let shelf = self.shelf();
        let in_flight = record.sync.in_flight.as_ref();
        let choice = queue.choice(in_flight.map(|in_flight| &in_flight.command));
        let renewal = self.renewal(host, record, self.clock.now());
        let circumstances = self.circumstances(&shelf, host);
        let context = Context {
            raw: as_queue(&choice),
            renewal: renewal.as_ref(),
            ..self.context(&shelf, host, record, &circumstances)
        };
        step(&record.sync, event, &context)
    }

    /// What decisions about an enrollment depend on, at this moment.
    pub(crate) fn context<'a>(
        &'a self,
        shelf: &'a Shelf,
        host: &'a HostRecord,
        record: &'a EnrollmentRecord,
        circumstances: &'a Circumstances,
    ) -> Context<'a> {
        let now = self.clock.now();
        let attributes = self.fresh_attributes(host);
        let build_version = attributes.and_then(|told| told.build_version.as_deref());
        Context {
            enrollment: &record.id,
            desired: shelf.catalog.desired(record.id.channel(), circumstances),
            policy: &self.policy,
            names: &self.names,
            build_version,
            raw: RawQueue::default(),
            renewal: None,
            now,
        }
    }

    /// The enrollment profile, if the device should renew its identity now.
    pub(crate) fn renewal(
        &self,
        host: &HostRecord,
        record: &EnrollmentRecord,
        now: Timestamp,
    ) -> Option<PayloadIdentifier> {
        if !can_renew(self, host, record) {
            return None;
        }
        // The one in use: a newer one may be of a renewal that the device took back.
        let pin = record.access.pins.last()?;
        self.enrollment.as_ref()?.renewal_of(&host.id, pin, now)
    }

    fn encode(
        &self,
        host: &HostRecord,
        enrollment: &EnrollmentId,
        step: &Step,
        queue: &Queue,
        speaker: &Speaker,
    ) -> Result<(DeviceReply, Vec<Change>), Refusal> {
        let Some((uuid, command)) = &step.reply else {
            return Ok((DeviceReply::Empty, Vec::new()));
        };
        let bytes = self.command_bytes(host, uuid, command, queue, speaker);
        let bytes = bytes.map_err(|source| Refusal::Store {
            enrollment: enrollment.clone(),
            source,
        })?;
        let Some((bytes, changes)) = bytes else {
            // The device gets nothing, so the outcome is lost, counted and parked like any other,
            // and the host's other work goes on.
            let request_type = command.request_type().map(RequestType::as_str);
            tracing::error!(%enrollment, %uuid, request_type, "the command cannot be made");
            return Ok((DeviceReply::Empty, Vec::new()));
        };
        Ok((DeviceReply::Command(bytes), changes))
    }
}

/// What a report is to the engine; without the device's words if they may quote a secret.
fn event_of(connect: &Connect, may_quote: bool) -> Event {
    let Report::Result { uuid, outcome } = &connect.report else {
        return Event::Idle;
    };
    let mut outcome = outcome.clone();
    if may_quote {
        outcome = Core::without_words(outcome);
    }
    warn_of(&connect.enrollment, uuid, &outcome);
    let uuid = uuid.clone();
    Event::Result { uuid, outcome }
}

fn as_queue(choice: &Choice) -> RawQueue<'_> {
    RawQueue {
        first: choice.first.as_ref(),
        fresh: choice.fresh.as_ref(),
    }
}

/// How replies reach a host: what others could get holds no secrets in clear.
pub(crate) fn transport(host: &HostRecord) -> Transport {
    Known::from(host).transport
}

/// What an administrator should look at: a device that cannot be understood stays unknown.
fn warn_of(enrollment: &EnrollmentId, uuid: &CommandUuid, outcome: &Outcome) {
    match outcome {
        Outcome::Acknowledged(Answer {
            profiles: Some(Err(incomplete)),
            ..
        }) => {
            tracing::warn!(%enrollment, %uuid, reason = %incomplete, "an incomplete list");
        }
        Outcome::Error(chain) | Outcome::CommandFormatError(chain) => {
            let chain: Vec<_> = chain.iter().map(ToString::to_string).collect();
            tracing::info!(%enrollment, %uuid, chain = chain.join("; "), "a device reported an error");
        }
        Outcome::Acknowledged(_) | Outcome::NotNow => {}
    }
}

/// Why a command has no bytes is the caller's to say; a failing store is an error.
pub(super) type CommandBytes = Result<Option<(Vec<u8>, Vec<Change>)>, StoreError>;
