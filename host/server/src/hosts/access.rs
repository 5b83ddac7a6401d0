//! What an administrator decides about who may speak for a host: block it, or accept an identity
//! that is held.
//!
//! Knows nothing of certificates. Invariants: a host that is blocked is dismissed when it next
//! speaks, and nothing else dismisses it; accepting begins a new enrollment, of which nothing is
//! known yet.

use mooring_drift::state::Phase;
use mooring_drift::step::Event;
use mooring_store::{Access, Change, EnrollmentRecord, Held, HostRecord, Pin, Via};

use super::HostError;
use super::view::shown;
use crate::core::Core;
use crate::device::device_record;
use crate::documents;
use crate::enrollment::leaf::{IssuedOn, Leaf};

/// Digits of a fingerprint that tell it from any other.
const FINGERPRINT_DIGITS_MIN: usize = 16;

impl Core {
    /// Blocks a host, or takes that back. A blocked host is told to unenroll.
    ///
    /// # Errors
    /// [`HostError`] if there is no such host.
    pub fn block_host(&self, name: &str, is_blocked: bool) -> Result<(), HostError> {
        self.change_host(name, |host| {
            let Some(record) = device_record(host) else {
                return Ok(Vec::new());
            };
            let mut record = record.clone();
            record.access.is_blocked = is_blocked;
            tracing::info!(host = %host.id, is_blocked, "a host was blocked or unblocked");
            Ok(vec![Change::Enrollment(record)])
        })
    }

    /// Lets the identity that is held for a host speak for it from now on, as the only one: a new
    /// enrollment. What was known of the host is unknown from then on.
    ///
    /// # Errors
    /// [`HostError`] if there is no such host, or what is held for it is not what is meant: of two
    /// that try, an administrator may have looked at the other.
    pub fn accept_host(&self, name: &str, fingerprint: &str) -> Result<(), HostError> {
        self.change_host(name, |host| {
            let held = device_record(host).and_then(|record| record.access.held.clone());
            let held = held.ok_or_else(|| HostError::NothingHeld(name.to_owned()))?;
            if !is_meant(&held, fingerprint) {
                return Err(HostError::OtherHeld(name.to_owned()));
            }
            let mut changes = vec![self.tied(host, &held)?];
            for record in &host.enrollments {
                changes.extend(self.cleared(&record.id, self.now())?);
                let accepted = self.accepted(host, record, &held);
                changes.push(Change::Enrollment(accepted));
            }
            tracing::info!(host = %host.id, "an identity that was held is accepted");
            Ok(changes)
        })
    }

    /// The record of an identity that is accepted: it is this host's for good.
    fn tied(&self, host: &HostRecord, held: &Held) -> Result<Change, HostError> {
        let read = documents::read::<Leaf>(&*self.store, &held.fingerprint)?;
        let Some(read) = read else {
            let leaf = Leaf {
                issued_on: IssuedOn::Outside,
                issued_at: self.now(),
                host: Some(host.id.clone()),
                has_authenticated: true,
                successor: None,
                certificate: None,
            };
            return Ok(documents::create(&held.fingerprint, &leaf)?);
        };
        let mut new = read.document.clone();
        if new.host.as_ref().is_some_and(|other| *other != host.id) {
            return Err(HostError::HeldElsewhere(host.id.to_string()));
        }
        new.host = Some(host.id.clone());
        new.has_authenticated = true;
        Ok(read.replaced_by(&held.fingerprint, &new)?)
    }

    fn accepted(
        &self,
        host: &HostRecord,
        record: &EnrollmentRecord,
        held: &Held,
    ) -> EnrollmentRecord {
        let now = self.now();
        let mut new = record.clone();
        new.sync = self
            .step(host, record, Event::Authenticate { serial: None })
            .state;
        new.bootstrap_token = None;
        new.unlock_token = None;
        if record.id.user_part().is_some() {
            return new;
        }
        new.access = Access {
            pins: vec![Pin {
                fingerprint: held.fingerprint,
                not_before: held.not_before,
                not_after: held.not_after,
                pinned_at: now,
                is_rsa: held.is_rsa,
            }],
            held: None,
            via: record.access.via.or(Some(Via::Mtls)),
            ..new.access
        };
        // It told these while it was held, and will not say so again.
        new.unlock_token.clone_from(&held.unlock_token);
        new.bootstrap_token.clone_from(&held.bootstrap_token);
        if held.push.is_some() {
            new.push.clone_from(&held.push);
            new.push_disabled_at = None;
            new.token_updated_at = Some(now);
            new.sync.phase = Phase::Enrolled;
        }
        new
    }
}

/// Whether these are the first digits of its fingerprint, and enough of them.
fn is_meant(held: &Held, fingerprint: &str) -> bool {
    let given = fingerprint.to_ascii_lowercase();
    given.len() >= FINGERPRINT_DIGITS_MIN && shown(held.fingerprint).starts_with(&given)
}
