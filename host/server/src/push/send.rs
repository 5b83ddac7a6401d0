//! One push: sent, and what its answer means for the device.
//!
//! Knows nothing of pace. Invariants: nothing leaves while an administrator has stopped all sending;
//! the one answer that changes a device is a 410 that is newer than its token, and then nothing changes
//! but that it is not pushed before its next TokenUpdate.

use std::fmt;
use std::sync::Arc;

use mooring_drift::policy::Timestamp;
use mooring_mdm::ids::EnrollmentId;
use mooring_push::{EXPIRY_S, PushOutcome, Target};
use mooring_store::{Change, EnrollmentRecord, StoreError};
use tokio::sync::watch;

use super::certificate::StoredCertificate;
use super::error::PushNowError;
use super::lanes::Ticket;
use super::scheduler::Scheduler;
use super::work::record_of;
use crate::core::Core;
use crate::device::chain;
use crate::documents;
use crate::limits::CONFLICT_RETRIES_MAX;

/// Where one push goes.
pub(super) struct Aim {
    pub(super) target: Target,
    /// The token, to know it again.
    pub(super) token: Vec<u8>,
}

/// A push that is ready to leave.
pub(super) struct Shot {
    pub(super) ticket: Ticket,
    pub(super) aim: Aim,
}

impl fmt::Debug for Shot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shot").finish_non_exhaustive()
    }
}

/// Makes a push. Answers that come after `stop` is true are not waited for.
pub(super) async fn send(scheduler: Arc<Scheduler>, shot: Shot, mut stop: watch::Receiver<bool>) {
    let Shot { ticket, aim } = shot;
    let now = scheduler.core.now();
    if scheduler.core.is_paused() {
        scheduler.lanes().landed(&ticket, None, now);
        return;
    }
    let outcome = tokio::select! {
        outcome = ticket.client.push(&aim.target, expires_at_s(now)) => outcome,
        _ended = stop.wait_for(|stop| *stop) => return,
    };
    let enrollment = &ticket.enrollment;
    let is_over = ends_token(&scheduler, enrollment, aim.token, &outcome).await;
    tracing::debug!(%enrollment, ?outcome, "pushed");
    let now = scheduler.core.now();
    let mut lanes = scheduler.lanes();
    lanes.landed(&ticket, Some(&outcome), now);
    if is_over {
        lanes.done(enrollment);
    }
}

/// Pushes an enrollment at once. Apple's name for the push, if it gave one.
pub(super) async fn send_now(
    scheduler: &Arc<Scheduler>,
    enrollment: &EnrollmentId,
) -> Result<Option<String>, PushNowError> {
    if scheduler.core.is_paused() {
        return Err(PushNowError::Paused);
    }
    let aiming = (Arc::clone(scheduler), enrollment.clone());
    let aimed = tokio::task::spawn_blocking(move || aim_now(&aiming.0, &aiming.1)).await;
    let (topic, aim) = aimed.map_err(|_| PushNowError::Stopping)??;
    let client = scheduler.lanes().client(&topic);
    let Some((_, client)) = client else {
        return Err(PushNowError::NoCertificate(topic));
    };
    let now = scheduler.core.now();
    let outcome = client.push(&aim.target, expires_at_s(now)).await;
    if ends_token(scheduler, enrollment, aim.token, &outcome).await {
        scheduler.lanes().done(enrollment);
    }
    let now = scheduler.core.now();
    scheduler.lanes().learned(&topic, enrollment, &outcome, now);
    match outcome {
        PushOutcome::Accepted { apns_id } => Ok(apns_id),
        PushOutcome::Unregistered { .. } => Err(PushNowError::Unregistered),
        PushOutcome::Rejected { status, reason } => Err(PushNowError::Rejected { status, reason }),
        PushOutcome::Throttled { .. } => Err(PushNowError::Throttled),
        PushOutcome::Unavailable { cause, .. } => Err(PushNowError::Unavailable(cause)),
    }
}

fn expires_at_s(now: Timestamp) -> u64 {
    now.0 / 1000 + EXPIRY_S
}

/// Topic and target of an enrollment that is pushed whatever there is to do; a client for it is
/// there afterwards.
fn aim_now(
    scheduler: &Scheduler,
    enrollment: &EnrollmentId,
) -> Result<(String, Aim), PushNowError> {
    let core = &scheduler.core;
    let not_enrolled = || PushNowError::NotEnrolled(enrollment.clone());
    let host = core
        .store
        .host(enrollment.host())?
        .ok_or_else(not_enrolled)?;
    let record = record_of(&host, enrollment).ok_or_else(not_enrolled)?;
    let is_enrolled = record.sync.phase == mooring_drift::state::Phase::Enrolled;
    let push = record.push.as_ref().filter(|_| is_enrolled);
    let push = push.ok_or_else(not_enrolled)?;
    if record.push_disabled_at.is_some() {
        return Err(PushNowError::Disabled(enrollment.clone()));
    }
    let stored = documents::read::<StoredCertificate>(&*core.store, push.topic.as_bytes())?;
    let Some(stored) = stored else {
        return Err(PushNowError::NoCertificate(push.topic.clone()));
    };
    if scheduler.adopt(&push.topic, &stored.document)? {
        core.wake.notify_one();
    }
    let aim = Aim {
        target: Target::new(&push.token, &push.magic)?,
        token: push.token.clone(),
    };
    Ok((push.topic.clone(), aim))
}

/// Whether this answer ended the pushes to an enrollment, which then is stored.
async fn ends_token(
    scheduler: &Scheduler,
    enrollment: &EnrollmentId,
    token: Vec<u8>,
    outcome: &PushOutcome,
) -> bool {
    if !matches!(outcome, PushOutcome::Unregistered { .. }) {
        return false;
    }
    // Never closed; without it there would be a thread too many, and no harm.
    let _one_of_few = scheduler.ends.acquire().await;
    let core = Arc::clone(&scheduler.core);
    let (id, outcome) = (enrollment.clone(), outcome.clone());
    let ended = tokio::task::spawn_blocking(move || disable(&core, &id, &token, &outcome)).await;
    match ended {
        Ok(Ok(is_disabled)) => is_disabled,
        Ok(Err(error)) => {
            tracing::error!(%enrollment, error = %chain(&error), "an ended push token is not noted");
            false
        }
        Err(_) => false,
    }
}

/// Ends the pushes to an enrollment if the answer is newer than its token.
fn disable(
    core: &Core,
    enrollment: &EnrollmentId,
    token: &[u8],
    outcome: &PushOutcome,
) -> Result<bool, StoreError> {
    for _ in 0..CONFLICT_RETRIES_MAX {
        let host = core.host(enrollment.host())?;
        let record = host.as_ref().and_then(|host| record_of(host, enrollment));
        let is_same = |record: &&EnrollmentRecord| {
            let push = record.push.as_ref();
            push.is_some_and(|push| push.token == token)
        };
        let Some(record) = record.filter(is_same) else {
            return Ok(false);
        };
        // Where that was not noted yet: the device had a good token when it was last heard of.
        let told_at = record.token_updated_at.unwrap_or(record.last_seen_at);
        if !outcome.ends_token_of(told_at.0) {
            return Ok(false);
        }
        let mut record = record.clone();
        record.push_disabled_at = Some(core.now());
        match core.commit(vec![Change::Enrollment(record)]) {
            Ok(()) => {
                tracing::info!(%enrollment, "its push token is no longer valid: not pushed any more");
                return Ok(true);
            }
            Err(StoreError::Conflict { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}
