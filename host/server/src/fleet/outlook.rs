//! One host at one moment: what of it depends on the time, and when that changes next.
//!
//! Knows nothing of classes or numbers. Invariants: every judgement is the policy's own; until the
//! moment that is told, each of them stays as it is, unless the clock is set back.

use mooring_drift::classes::{OwnCopies, Seen};
use mooring_drift::desired::System;
use mooring_drift::policy::{Policy, Timestamp};
use mooring_drift::state::{NextAttempt, Phase, SyncState};
use mooring_mdm::device::Attributes;
use mooring_mdm::ids::Channel;
use mooring_store::{EnrollmentOutline, HostOutline};

use super::copies::own_copies;
use super::mentions::Rules;
use super::slots::{Expiry, Traits};
use crate::core::Core;
use crate::enrollment::renewal::{due_between, is_renewable};
use crate::scope::{Known, system};

/// A command without a report for so long has no session any more, in ms: the device went away
/// with it. No less than the wait before a push is repeated.
pub(crate) const AWAY_MS: u64 = 5 * 60 * 1000;

const DAY_MS: u64 = 24 * 3_600_000;

/// Judges moments, and remembers when the first judgement will be another one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moments<'a> {
    policy: &'a Policy,
    now: Timestamp,
    next: Option<u64>,
}

impl<'a> Moments<'a> {
    pub(super) fn new(policy: &'a Policy, now: Timestamp) -> Self {
        let next = None;
        Self { policy, now, next }
    }

    /// When something changes; later than now.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.next.map(Timestamp)
    }

    fn note(&mut self, at: u64) {
        if at > self.now.0 {
            self.next = Some(self.next.map_or(at, |next| next.min(at)));
        }
    }

    /// Whether something is at least this old; what lies as far in the future is.
    pub(super) fn is_older(&mut self, at: Timestamp, span_ms: u64) -> bool {
        let now = self.now.0;
        let is_old = now.abs_diff(at.0) >= span_ms;
        if now < at.0 && is_old {
            self.note((at.0 - span_ms).saturating_add(1));
        } else if !is_old {
            self.note(at.0.saturating_add(span_ms));
        }
        is_old
    }

    /// Whether a wait is over; one that is too long to be true is.
    fn is_over(&mut self, until: Timestamp) -> bool {
        let is_over = self.policy.is_over(until, self.now);
        if is_over {
            self.note(until.0.saturating_sub(self.policy.wait_max_ms()));
        } else {
            self.note(until.0);
        }
        is_over
    }

    fn may_try(&mut self, retry_at: Option<Timestamp>) -> bool {
        retry_at.is_none_or(|until| self.is_over(until))
    }

    fn has_come(&mut self, at: Timestamp) -> bool {
        self.note(at.0);
        self.now >= at
    }

    fn expiry(&mut self, ends_at: Timestamp) -> Expiry {
        if self.has_come(ends_at) {
            return Expiry::Over;
        }
        let stages = [
            (7, Expiry::Days7),
            (30, Expiry::Days30),
            (60, Expiry::Days60),
        ];
        for (days, expiry) in stages {
            // Less than so many days are left only after that moment.
            let last = ends_at.0.saturating_sub(days * DAY_MS);
            if self.has_come(Timestamp(last.saturating_add(1))) {
                return expiry;
            }
        }
        Expiry::Far
    }
}

/// What else decides about the channels of a host.
pub(super) struct Surroundings<'a> {
    host: &'a HostOutline,
    pub(super) known: Known<'a>,
    /// What the device told of itself, unless that is too old.
    pub(super) fresh: Option<&'a Attributes>,
    system: Option<System>,
    own: OwnCopies,
    is_renewed: bool,
}

impl<'a> Surroundings<'a> {
    pub(super) fn of(
        core: &Core,
        rules: &Rules,
        host: &'a HostOutline,
        moments: &mut Moments<'_>,
    ) -> Self {
        let known = Known::from(host);
        let fresh = told(core, known, moments);
        // It only matters to what was installed on another one.
        let mut states = host.enrollments.iter().map(|outline| &outline.sync);
        let has_upgrades = states.any(|state| !state.installed_on.is_empty());
        let own = if rules.mentions.has_fillings() {
            own_copies(core, &rules.shelf, &rules.mentions, host)
        } else {
            OwnCopies::NONE
        };
        Self {
            host,
            known,
            fresh,
            system: fresh.filter(|_| has_upgrades).and_then(system),
            own,
            is_renewed: is_renewed(core, host, moments),
        }
    }

    /// The channels as the classes see them.
    pub(super) fn channels<'s, 'p: 's>(&'s self, moments: &mut Moments<'p>) -> Vec<Seen<'s>> {
        let outlines = self.host.enrollments.iter();
        outlines
            .map(|outline| seen(outline, self, moments))
            .collect()
    }
}

/// Attributes that are not too old.
pub(super) fn told<'a>(
    core: &Core,
    host: Known<'a>,
    moments: &mut Moments<'_>,
) -> Option<&'a Attributes> {
    let span = core.policy.attribute_span_ms();
    let told_at = host.attributes_at.filter(|at| !moments.is_older(*at, span));
    told_at.map(|_| host.attributes)
}

/// Whether the device should renew its identity, whether or not it is its turn yet.
fn is_renewed(core: &Core, host: &HostOutline, moments: &mut Moments<'_>) -> bool {
    let Some(device) = device_of(host) else {
        return false;
    };
    let life = device.identity_begins_at.zip(device.identity_ends_at);
    let Some((begins_at, ends_at)) = life.filter(|_| core.enrollment.is_some()) else {
        return false;
    };
    let known = Known::from(host);
    is_renewable(core, known.transport, Channel::Device, &device.sync)
        && moments.has_come(due_between(&host.id, begins_at, ends_at))
}

/// One channel as the classes see it.
fn seen<'a, 'p: 'a>(
    outline: &'a EnrollmentOutline,
    of_host: &'a Surroundings<'_>,
    moments: &mut Moments<'p>,
) -> Seen<'a> {
    let (state, policy) = (&outline.sync, moments.policy);
    let observed = state.observed.as_ref();
    let is_known = observed.is_some_and(|last| !moments.is_older(last.at, policy.stale_span_ms()));
    let mut seen = Seen {
        channel: outline.id.channel(),
        state,
        is_known,
        is_list_due: false,
        may_list: true,
        is_busy: false,
        has_errand: false,
        is_called: false,
        is_stopped: of_host.known.is_contradicted || state.hardware.is_contradicted,
        build: of_host.fresh.and_then(|told| told.build_version.as_deref()),
        system: of_host.system.as_ref(),
        own: &of_host.own,
        policy,
        now: moments.now,
    };
    if state.phase != Phase::Enrolled {
        seen.is_busy = true;
        return seen;
    }
    for attempts in state.attempts.values() {
        if let NextAttempt::At(until) = attempts.next {
            moments.is_over(until);
        }
    }
    if let Some(in_flight) = &state.in_flight {
        seen.is_busy = true;
        seen.is_called = moments.is_older(in_flight.at, AWAY_MS);
    } else if let Some(not_now) = state.not_now.filter(|not_now| not_now.is_contact_over) {
        seen.is_busy = !moments.is_over(not_now.push_at);
    }
    look_for_work(outline, of_host, moments, &mut seen);
    seen
}

fn look_for_work(
    outline: &EnrollmentOutline,
    of_host: &Surroundings<'_>,
    moments: &mut Moments<'_>,
    seen: &mut Seen<'_>,
) {
    let state: &SyncState = &outline.sync;
    let is_device = seen.channel == Channel::Device;
    seen.may_list = moments.may_try(state.list.retry_at);
    seen.is_list_due = state.observed.as_ref().is_none_or(|last| {
        let span = moments.policy.refresh_span_ms(&outline.id, last.at);
        let is_due = moments.is_older(last.at, span);
        is_due || state.list_asked.is_some() || state.last_lost > last.sequence
    });
    let is_renewed = is_device && of_host.is_renewed && moments.may_try(state.renewal.retry_at);
    let asks_attributes = is_device
        && state.attributes.answered_at.is_none()
        && moments.may_try(state.attributes.retry_at);
    seen.has_errand = is_renewed || (!seen.is_list_due && asks_attributes);
}

/// What the host is beside its channels' work.
pub(super) fn traits(host: &HostOutline, moments: &mut Moments<'_>) -> Traits {
    let Some(device) = device_of(host) else {
        return Traits::default();
    };
    let counts = device.sync.phase != Phase::CheckedOut;
    let ends_at = device.identity_ends_at.filter(|_| counts);
    let quiet = |outline: &EnrollmentOutline| {
        let state = &outline.sync;
        match state.phase {
            Phase::CheckedOut => true,
            Phase::Authenticated => false,
            Phase::Enrolled => state.in_flight.is_none() && state.not_now.is_none(),
        }
    };
    Traits {
        is_held: device.is_held,
        is_duplicate: device.sync.hardware.is_contradicted,
        is_quiet: counts && host.enrollments.iter().all(quiet),
        expiry: ends_at.map_or(Expiry::Far, |at| moments.expiry(at)),
    }
}

/// The device channel.
pub(super) fn device_of(host: &HostOutline) -> Option<&EnrollmentOutline> {
    let first = host.enrollments.first();
    first.filter(|outline| outline.id.channel() == Channel::Device)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever is judged stays as it is until the moment that was told, in both directions of a
    /// clock that jumped.
    #[test]
    fn judgements_stay_until_they_change() {
        let policy = Policy::default();
        let stamp = Timestamp(1_700_000_000_000);
        let judge = |now: u64| {
            let mut moments = Moments::new(&policy, Timestamp(now));
            let judged = (
                moments.is_older(stamp, 1_000),
                moments.is_over(stamp),
                moments.expiry(stamp),
            );
            (judged, moments.next())
        };
        let far = 61 * DAY_MS;
        let mut now = stamp.0 - far;
        let mut steps = 0;
        while let (before, Some(next)) = judge(now) {
            assert!(next.0 > now);
            assert_eq!(judge(next.0 - 1).0, before, "{now} {next:?}");
            now = next.0;
            steps += 1;
        }
        assert!((6..20).contains(&steps), "{steps}");
        assert_eq!(judge(now).0, (true, true, Expiry::Over));
        assert_eq!(judge(stamp.0 - 60 * DAY_MS).0.2, Expiry::Far);
        assert_eq!(judge(stamp.0 - 60 * DAY_MS + 1).0.2, Expiry::Days60);
    }
}
