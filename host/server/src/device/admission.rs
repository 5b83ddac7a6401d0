//! Letting a message in: the certificate's records are read, judged, and what changes is written.
//!
//! Knows nothing of what messages ask for. Invariant: a message that is not let in changes
//! nothing but the note that a certificate is held.

use mooring_drift::policy::Timestamp;
use mooring_identity::{Certificate, KeyKind};
use mooring_mdm::checkin::{CheckIn, CheckInKind};
use mooring_mdm::ids::EnrollmentId;
use mooring_mdm::message::Message;
use mooring_store::{Access, Change, Held, HostRecord, PINS_MAX, Pin, PushTarget, StoreError};

use super::binding::{Claim, Verdict, judge};
use super::device_record;
use super::speaker::Speaker;
use crate::core::Core;
use crate::documents::{self, Read};
use crate::enrollment::leaf::{IssuedOn, Leaf};

/// What became of a message because of who sent it.
pub(super) enum Admission {
    /// It is taken.
    Admitted(Box<Admitted>),
    /// It is answered with nothing; the changes note who tried.
    Quarantined(Vec<Change>),
    /// The host is dismissed.
    Dismissed,
    /// It is refused, for this reason.
    Refused(String),
}

/// A message that is taken.
#[derive(Default)]
pub(super) struct Admitted {
    /// Who may speak for the host from now on, if that changed.
    pub(super) access: Option<Access>,
    /// What is known of the certificate from now on.
    pub(super) changes: Vec<Change>,
    /// Whether an Authenticate is no new enrollment but a renewed identity.
    pub(super) is_renewal: bool,
}

impl Core {
    /// Judges who sent a message.
    pub(super) fn admit(
        &self,
        message: &Message,
        enrollment: &EnrollmentId,
        host: Option<&HostRecord>,
        speaker: &Speaker,
    ) -> Result<Admission, StoreError> {
        let Some(certificate) = speaker.certificate() else {
            return Ok(anyone(host, speaker));
        };
        let fingerprint = *certificate.fingerprint().as_bytes();
        let is_routine = host.and_then(device_record).is_some_and(|record| {
            let access = &record.access;
            let is_sole = matches!(&access.pins[..], [pin] if pin.fingerprint == fingerprint);
            is_sole && !access.is_blocked && access.via == Some(speaker.via())
        });
        // The certificate that the host always uses: nothing to look up, nothing to write.
        if is_routine && !is_authenticate(message) {
            return Ok(Admission::Admitted(Box::default()));
        }
        let leaf = documents::read::<Leaf>(&*self.store, &fingerprint)?;
        let verdict = judge(&Claim {
            message,
            host_id: enrollment.host(),
            host,
            fingerprint,
            leaf: leaf.as_ref().map(|read| &read.document),
            reenroll: self.devices.reenroll,
            now: self.clock.now(),
        });
        let access = host
            .and_then(device_record)
            .map(|record| record.access.clone())
            .unwrap_or_default();
        let now = self.clock.now();
        let pins = match verdict {
            Verdict::Refuse(reason) => return Ok(Admission::Refused(reason.to_string())),
            Verdict::Dismiss => return Ok(Admission::Dismissed),
            Verdict::Quarantine(reason) => {
                tracing::warn!(%enrollment, certificate = %certificate.fingerprint(), reason, "a message is held back");
                let pin = pinned(&access, certificate, now);
                let changes = held(host, &access, &pin, message, reason);
                return Ok(Admission::Quarantined(changes));
            }
            Verdict::Known if host.is_none() => {
                return Ok(Admission::Admitted(Box::default()));
            }
            Verdict::Known => access.pins.clone(),
            Verdict::Enroll | Verdict::Switch | Verdict::Adopt => {
                vec![pinned(&access, certificate, now)]
            }
            Verdict::Renew => renewed(&access, certificate, now),
        };
        let is_enrolling = verdict == Verdict::Enroll;
        let new = Access {
            pins,
            held: access.held.clone().filter(|_| !is_enrolling),
            is_blocked: access.is_blocked,
            is_migrated: access.is_migrated && verdict == Verdict::Known,
            via: Some(speaker.via()),
        };
        let mut changes = Vec::new();
        if verdict != Verdict::Known {
            changes.push(tied(leaf, fingerprint, enrollment, message, now)?);
        }
        Ok(Admission::Admitted(Box::new(Admitted {
            access: (new != access || is_enrolling).then_some(new),
            changes,
            is_renewal: verdict == Verdict::Renew,
        })))
    }
}

/// Where devices are not authenticated, a host is what it says it is.
fn anyone(host: Option<&HostRecord>, speaker: &Speaker) -> Admission {
    let access = host.and_then(device_record).map(|record| &record.access);
    if access.is_some_and(|access| access.is_blocked) {
        return Admission::Dismissed;
    }
    let is_same = access.is_some_and(|access| access.via == Some(speaker.via()));
    let via = Some(speaker.via());
    let new = Access {
        via,
        ..access.cloned().unwrap_or_default()
    };
    Admission::Admitted(Box::new(Admitted {
        access: (!is_same).then_some(new),
        ..Admitted::default()
    }))
}

fn is_authenticate(message: &Message) -> bool {
    matches!(
        message,
        Message::CheckIn(CheckIn {
            kind: CheckInKind::Authenticate(_),
            ..
        })
    )
}

fn pinned(access: &Access, certificate: &Certificate, now: Timestamp) -> Pin {
    let fingerprint = *certificate.fingerprint().as_bytes();
    let known = access
        .pins
        .iter()
        .find(|pin| pin.fingerprint == fingerprint);
    known.cloned().unwrap_or_else(|| Pin {
        fingerprint,
        not_before: Timestamp(certificate.not_before_ms()),
        not_after: Timestamp(certificate.not_after_ms()),
        pinned_at: now,
        is_rsa: matches!(certificate.key_kind(), KeyKind::Rsa { .. }),
    })
}

/// The new certificate before the old ones, which are kept until it is used.
fn renewed(access: &Access, certificate: &Certificate, now: Timestamp) -> Vec<Pin> {
    let newest = pinned(access, certificate, now);
    let others = access
        .pins
        .iter()
        .filter(|pin| pin.fingerprint != newest.fingerprint);
    let mut pins: Vec<_> = std::iter::once(newest.clone())
        .chain(others.cloned())
        .collect();
    // The last one is in use; those between came with renewals that the device did not keep.
    if pins.len() > PINS_MAX {
        pins.drain(1..=pins.len() - PINS_MAX);
    }
    pins
}

/// The certificate's record with the host that it belongs to from now on.
fn tied(
    leaf: Option<Read<Leaf>>,
    fingerprint: [u8; 32],
    enrollment: &EnrollmentId,
    message: &Message,
    now: Timestamp,
) -> Result<Change, StoreError> {
    let host = Some(enrollment.host().clone());
    let Some(read) = leaf else {
        let leaf = Leaf {
            issued_on: IssuedOn::Outside,
            issued_at: now,
            host,
            has_authenticated: is_authenticate(message),
            successor: None,
            certificate: None,
        };
        return documents::create(&fingerprint, &leaf);
    };
    let mut new = read.document.clone();
    new.host = host;
    new.has_authenticated |= is_authenticate(message);
    read.replaced_by(&fingerprint, &new)
}

/// Notes that a certificate is held, and where the device could be pushed to if it is accepted.
fn held(
    host: Option<&HostRecord>,
    access: &Access,
    pin: &Pin,
    message: &Message,
    reason: &str,
) -> Vec<Change> {
    let Some(record) = host.and_then(device_record) else {
        return Vec::new();
    };
    let told = told(message, &record.id);
    if !is_authenticate(message) && told == Told::default() {
        return Vec::new();
    }
    let before = access
        .held
        .as_ref()
        .filter(|held| held.fingerprint == pin.fingerprint);
    let mut record = record.clone();
    record.access.held = Some(Held {
        fingerprint: pin.fingerprint,
        not_before: pin.not_before,
        not_after: pin.not_after,
        is_rsa: pin.is_rsa,
        at: pin.pinned_at,
        reason: before.map_or_else(|| reason.to_owned(), |held| held.reason.clone()),
        push: told.push.or_else(|| before?.push.clone()),
        unlock_token: told.unlock_token.or_else(|| before?.unlock_token.clone()),
        bootstrap_token: told
            .bootstrap_token
            .or_else(|| before?.bootstrap_token.clone()),
    });
    vec![Change::Enrollment(record)]
}

/// What a device hands over once and not again, although it is held.
#[derive(Default, PartialEq)]
struct Told {
    push: Option<PushTarget>,
    unlock_token: Option<Vec<u8>>,
    bootstrap_token: Option<Vec<u8>>,
}

fn told(message: &Message, device: &EnrollmentId) -> Told {
    let Message::CheckIn(CheckIn { enrollment, kind }) = message else {
        return Told::default();
    };
    match kind {
        CheckInKind::TokenUpdate(update) if enrollment == device => Told {
            push: Some(PushTarget {
                topic: update.topic.clone(),
                magic: update.push_magic.clone(),
                token: update.token.clone(),
            }),
            unlock_token: update.unlock_token.clone(),
            bootstrap_token: None,
        },
        CheckInKind::SetBootstrapToken { token, .. } => Told {
            bootstrap_token: token.clone(),
            ..Told::default()
        },
        CheckInKind::TokenUpdate(_)
        | CheckInKind::Authenticate(_)
        | CheckInKind::CheckOut
        | CheckInKind::UserAuthenticate { .. }
        | CheckInKind::GetBootstrapToken
        | CheckInKind::DeclarativeManagement { .. }
        | CheckInKind::GetToken { .. } => Told::default(),
    }
}
