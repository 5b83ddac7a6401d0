//! When a host renews its identity, and with what.
//!
//! Knows nothing of SCEP messages. Invariants: renewals are spread over the fleet and paced, so
//! that the CA is never overrun; a renewal opens no epoch and resends no profile.

use mooring_drift::desired::Transport;
use mooring_drift::policy::Timestamp;
use mooring_drift::state::SyncState;
use mooring_mdm::ids::{Channel, CommandUuid, HostId, PayloadIdentifier};
use mooring_store::{Change, EnrollmentRecord, HostRecord, Pin, StoreError};
use sha2::{Digest, Sha256};

use super::challenge::{self, Challenge, Purpose, RENEWAL_CHALLENGE_MS};
use super::{ENROLLMENT_IDENTIFIER, Enrollment, Identities};
use crate::core::Core;
use crate::device::{Reenroll, device_record, transport};
use crate::documents;
use crate::limits::RENEWALS_PER_MINUTE;

const DAY_MS: u64 = 24 * 3_600_000;
/// Renewals begin so long before the end of an identity that lives for a year or more.
const BEFORE_END_MS: u64 = 180 * DAY_MS;
/// Identities with at least this life are renewed by that; others at two thirds of it.
const LONG_LIFE_MS: u64 = 360 * DAY_MS;

/// Longest time over which hosts that enrolled together are spread.
const SPREAD_MAX_MS: u64 = 30 * DAY_MS;

/// Counts renewals within a minute.
#[derive(Debug, Default)]
pub(super) struct Pace {
    minute: u64,
    count: u32,
}

impl Pace {
    /// Whether one more is allowed now; counts nothing.
    fn has_room(&self, now: Timestamp) -> bool {
        self.minute != now.0 / 60_000 || self.count < RENEWALS_PER_MINUTE
    }

    fn count(&mut self, now: Timestamp) {
        let minute = now.0 / 60_000;
        if self.minute != minute {
            *self = Self { minute, count: 0 };
        }
        self.count += 1;
    }
}

/// What a renewal sends, and what is stored for it.
pub(crate) struct Renewal {
    /// The enrollment profile.
    pub(crate) raw: Vec<u8>,
    /// Whether there is a challenge in it.
    pub(crate) has_secrets: bool,
    /// The challenge's record.
    pub(crate) changes: Vec<Change>,
}

/// When the renewal of an identity is due. Hosts that enrolled together are spread over a twelfth
/// of its life, and 30 days at most.
pub(crate) fn due_at(host: &HostId, pin: &Pin) -> Timestamp {
    due_between(host, pin.not_before, pin.not_after)
}

/// The same for an identity of which only its life is at hand.
pub(crate) fn due_between(host: &HostId, begins_at: Timestamp, ends_at: Timestamp) -> Timestamp {
    let life = ends_at.0.saturating_sub(begins_at.0);
    let due = if life >= LONG_LIFE_MS {
        ends_at.0.saturating_sub(BEFORE_END_MS)
    } else {
        begins_at.0.saturating_add(life / 3 * 2)
    };
    let digest = Sha256::digest(host.as_str());
    let share = u64::from(digest[0]) << 8 | u64::from(digest[1]);
    let spread = (life / 12).min(SPREAD_MAX_MS);
    Timestamp(due.saturating_add(spread / 65_536 * share))
}

/// Whether a host can get its identity renewed by this server at all.
///
/// Not if it was enrolled by another profile than ours, which a second one could not replace; nor
/// if the profile's challenge could be read on its way; nor if the new identity would only be held
/// for an administrator, because nothing tells it from a stranger's.
pub(crate) fn can_renew(core: &Core, host: &HostRecord, record: &EnrollmentRecord) -> bool {
    is_renewable(core, transport(host), record.id.channel(), &record.sync)
}

/// The same for a channel of which only this is at hand.
pub(crate) fn is_renewable(
    core: &Core,
    transport: Transport,
    channel: Channel,
    sync: &SyncState,
) -> bool {
    let Some(enrollment) = &core.enrollment else {
        return false;
    };
    let (is_let_in, has_challenge) = match &enrollment.settings.identities {
        Identities::Own(_) => (true, true),
        Identities::Scep { challenge, .. } => {
            (core.devices.reenroll == Reenroll::Auto, challenge.is_some())
        }
        Identities::Acme { .. } => (core.devices.reenroll == Reenroll::Auto, false),
    };
    let is_open = has_challenge && transport == Transport::Open;
    channel == Channel::Device && is_let_in && !is_open && is_by_our_profile(sync)
}

/// Whether the last complete list shows the enrollment profile of this server.
fn is_by_our_profile(sync: &SyncState) -> bool {
    let observed = sync.observed.as_ref();
    let mut others = observed.into_iter().flat_map(|one| &one.unmanaged);
    others.any(|listed| listed.identifier.as_str() == ENROLLMENT_IDENTIFIER)
}

impl Enrollment {
    /// The enrollment profile, if this host should get it anew now.
    pub(crate) fn renewal_of(
        &self,
        host: &HostId,
        pin: &Pin,
        now: Timestamp,
    ) -> Option<PayloadIdentifier> {
        if now < due_at(host, pin) {
            return None;
        }
        let pace = self.pace.lock();
        let pace = pace.unwrap_or_else(std::sync::PoisonError::into_inner);
        if !pace.has_room(now) {
            return None;
        }
        PayloadIdentifier::parse(ENROLLMENT_IDENTIFIER).ok()
    }
}

impl Core {
    /// The enrollment profile for the renewal that command `uuid` brings; `None` if it cannot be
    /// made.
    pub(crate) fn renewal_profile(
        &self,
        record: &HostRecord,
        uuid: &CommandUuid,
    ) -> Result<Option<Renewal>, StoreError> {
        let host = &record.id;
        let push = device_record(record).and_then(|device| device.push.as_ref());
        let topic = push.map(|push| push.topic.as_str());
        let Some(enrollment) = &self.enrollment else {
            return Ok(None);
        };
        let now = self.clock.now();
        let secret = challenge::of_command(self.store.identity(), uuid);
        // The host's own, whatever certificate was set last: a device refuses to change it.
        let Some(topic) = topic else {
            return Ok(None);
        };
        let made = match self.enrollment_profile(enrollment, Some(&secret), topic) {
            Ok(made) => made,
            Err(error) => {
                tracing::error!(%host, error = %crate::device::chain(&error), "an identity cannot be renewed");
                return Ok(None);
            }
        };
        let key = challenge::key(secret.expose());
        let mut changes = Vec::new();
        // The same command again finds its challenge there, perhaps redeemed.
        let is_again =
            made.has_challenge && documents::read::<Challenge>(&*self.store, &key)?.is_some();
        if !is_again {
            let pace = enrollment.pace.lock();
            pace.unwrap_or_else(std::sync::PoisonError::into_inner)
                .count(now);
        }
        if made.has_challenge && !is_again {
            let record = Challenge {
                purpose: Purpose::Renewal { host: host.clone() },
                expires_at: now.plus_ms(RENEWAL_CHALLENGE_MS),
                redeemed_for: None,
            };
            changes.push(documents::create(&key, &record)?);
        }
        Ok(Some(Renewal {
            raw: made.raw,
            has_secrets: made.has_secrets,
            changes,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(days: u64) -> Pin {
        Pin {
            fingerprint: [0; 32],
            not_before: Timestamp(1_700_000_000_000),
            not_after: Timestamp(1_700_000_000_000 + days * DAY_MS),
            pinned_at: Timestamp(1_700_000_000_000),
            is_rsa: true,
        }
    }

    /// A year's identity is renewed from 180 days before its end on, a short one from two thirds
    /// of its life on, and never after a month before its end.
    #[test]
    fn due_dates() {
        for (days, first, last) in [
            (365, 185, 216),
            (3650, 3470, 3500),
            (90, 60, 68),
            (30, 20, 23),
        ] {
            let pin = pin(days);
            for n in 0..500 {
                let host = HostId::parse(&format!("host-{n}")).unwrap();
                let due = (due_at(&host, &pin).0 - pin.not_before.0) / DAY_MS;
                assert!((first..=last).contains(&due), "{days} days: {due}");
            }
        }
    }

    /// A minute has room for so many renewals, and the next one begins anew.
    #[test]
    fn pace() {
        let mut pace = Pace::default();
        let now = Timestamp(1_700_000_000_000);
        for _ in 0..RENEWALS_PER_MINUTE {
            assert!(pace.has_room(now));
            pace.count(now);
        }
        assert!(!pace.has_room(now));
        assert!(pace.has_room(now.plus_ms(60_000)));
    }
}
