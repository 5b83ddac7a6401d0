//! Which certificate may speak for which host.
//!
//! A pure decision over what is stored of the host and of the certificate; it knows nothing of
//! the store, the clock or the wire. Invariants: a host that is enrolled with a certificate never
//! changes hands but by what this server issued for it, by an administrator, or because its
//! settings say so; whatever is not allowed changes nothing of the host's state.

use mooring_drift::command::Command;
use mooring_drift::policy::Timestamp;
use mooring_drift::state::Phase;
use mooring_mdm::checkin::CheckInKind;
use mooring_mdm::ids::HostId;
use mooring_mdm::message::Message;
use mooring_store::{Access, HostRecord};
use serde::{Deserialize, Serialize};

use super::device_record;
use crate::enrollment::leaf::{IssuedOn, Leaf};
use crate::enrollment::renewal::due_at;

/// How long after an identity was asked to be renewed another one of an outside authority is taken
/// for its successor, in ms: a week.
const SUCCESSOR_MS: u64 = 7 * 24 * 3_600_000;

/// What becomes of an enrolled host that comes with a certificate of an outside authority that it
/// did not have before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reenroll {
    /// It is held until an administrator accepts it.
    #[default]
    Hold,
    /// It is a fresh enrollment: whoever the outside authority gave a certificate is trusted.
    Auto,
}

/// What is to be done with a message because of who sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Take it. The certificate is pinned already.
    Known,
    /// Take it as the beginning of an enrollment: pin this certificate alone, new epoch.
    Enroll,
    /// Take it; the host renewed its identity. Pin the certificate beside the old one; no new
    /// epoch.
    Renew,
    /// Take it; the host uses its new identity now. Pin this certificate alone.
    Switch,
    /// Take it; the host came from another server and shows its certificate for the first time.
    Adopt,
    /// Answer with nothing, and keep what is known of the host as it is.
    Quarantine(&'static str),
    /// The host was blocked: dismiss it.
    Dismiss,
    /// Refuse it.
    Refuse(WrongIdentity),
}

/// Why a certificate does not speak for a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum WrongIdentity {
    #[error("its certificate belongs to another device")]
    OfAnother,
    #[error("its certificate was issued for another serial number or UDID")]
    NotForThis,
    #[error("its certificate is not the one that it enrolled with")]
    NotPinned,
}

/// Everything that the decision looks at.
pub(super) struct Claim<'a> {
    pub(super) message: &'a Message,
    pub(super) host_id: &'a HostId,
    pub(super) host: Option<&'a HostRecord>,
    /// SHA-256 of the certificate.
    pub(super) fingerprint: [u8; 32],
    /// What is known of the certificate, if anything.
    pub(super) leaf: Option<&'a Leaf>,
    pub(super) reenroll: Reenroll,
    pub(super) now: Timestamp,
}

/// Judges who may speak.
pub(super) fn judge(claim: &Claim<'_>) -> Verdict {
    if let Some(leaf) = claim.leaf
        && leaf.host.as_ref().is_some_and(|host| host != claim.host_id)
    {
        return Verdict::Refuse(WrongIdentity::OfAnother);
    }
    let access = claim
        .host
        .and_then(device_record)
        .map(|record| &record.access);
    let is_pinned = access.is_some_and(|access| is_pinned(access, claim.fingerprint));
    let belongs = claim.leaf.is_some_and(|leaf| {
        let renews = matches!(&leaf.issued_on, IssuedOn::Renewal { host } if host == claim.host_id);
        renews || leaf.host.as_ref() == Some(claim.host_id)
    });
    let is_own = is_pinned || belongs || is_unpinned(access);
    if access.is_some_and(|access| access.is_blocked) && is_own {
        return Verdict::Dismiss;
    }
    match claim.message {
        Message::CheckIn(checkin) => match &checkin.kind {
            CheckInKind::Authenticate(attributes) => {
                if !is_issued_for(claim, attributes.serial_number.as_deref()) {
                    return Verdict::Refuse(WrongIdentity::NotForThis);
                }
                authenticate(claim, access, is_pinned)
            }
            CheckInKind::TokenUpdate(_)
            | CheckInKind::CheckOut
            | CheckInKind::UserAuthenticate { .. }
            | CheckInKind::SetBootstrapToken { .. }
            | CheckInKind::GetBootstrapToken
            | CheckInKind::DeclarativeManagement { .. }
            | CheckInKind::GetToken { .. } => other(claim, access, is_pinned),
        },
        Message::Connect(_) => other(claim, access, is_pinned),
    }
}

fn authenticate(claim: &Claim<'_>, access: Option<&Access>, is_pinned: bool) -> Verdict {
    if is_live(claim) && is_superseded(claim, access, is_pinned) {
        return Verdict::Quarantine("another identity took the place of this one");
    }
    if is_renewal(claim, access, is_pinned) && !is_unpinned(access) {
        return if is_live(claim) {
            Verdict::Renew
        } else {
            Verdict::Enroll
        };
    }
    // What came from another server is enrolled there: not everybody may come in its name.
    let is_first = is_unpinned(access) && !access.is_some_and(|access| access.is_migrated);
    if is_pinned || is_first || !is_live(claim) {
        return Verdict::Enroll;
    }
    match claim.leaf.map(|leaf| &leaf.issued_on) {
        Some(IssuedOn::Link { serial, udid, .. }) if serial.is_some() || udid.is_some() => {
            Verdict::Enroll
        }
        Some(IssuedOn::Link { .. }) => Verdict::Quarantine(
            "it enrolled anew with a link that is for any device; make one for its serial number",
        ),
        Some(IssuedOn::StaticChallenge) => {
            Verdict::Quarantine("it enrolled anew with the challenge that all devices share")
        }
        Some(IssuedOn::Renewal { .. }) => Verdict::Enroll,
        Some(IssuedOn::Outside) | None if is_unpinned(access) => Verdict::Enroll,
        Some(IssuedOn::Outside) | None => match claim.reenroll {
            Reenroll::Auto => Verdict::Enroll,
            Reenroll::Hold => {
                Verdict::Quarantine("it enrolled anew with another certificate of an outside CA")
            }
        },
    }
}

/// Whether an Authenticate says no more than that the host has a renewed identity.
fn is_renewal(claim: &Claim<'_>, access: Option<&Access>, is_pinned: bool) -> bool {
    // A device says Authenticate once with a renewed identity, or again if it got no answer. Once
    // it uses the identity, another Authenticate is what it is for any other: a new enrollment.
    let is_unused = access.is_some_and(|access| is_newest_of_many(access, claim.fingerprint));
    let Some(leaf) = claim.leaf else {
        return is_successor(claim, access);
    };
    match &leaf.issued_on {
        IssuedOn::Renewal { host } => {
            host == claim.host_id && (!leaf.has_authenticated || is_unused)
        }
        // It may have shown itself by another message before.
        IssuedOn::Outside if is_pinned => {
            is_unused || !leaf.has_authenticated && is_renewal_asked(claim)
        }
        IssuedOn::Outside => is_successor(claim, access),
        IssuedOn::Link { .. } | IssuedOn::StaticChallenge => false,
    }
}

/// Whether an identity of an outside authority, which nobody has used before, is what came of the
/// renewal that this host was asked for. Nothing in it says so; but whoever would be trusted with a
/// fresh enrollment may go on with the one that there is.
fn is_successor(claim: &Claim<'_>, access: Option<&Access>) -> bool {
    let is_outside = claim
        .leaf
        .is_none_or(|leaf| leaf.host.is_none() && leaf.issued_on == IssuedOn::Outside);
    let Some(access) = access else {
        return false;
    };
    // A host that has its new identity already gets no second one.
    let newest = access.pins.first();
    let is_due = newest.is_some_and(|pin| due_at(claim.host_id, pin) <= claim.now);
    is_outside
        && is_due
        && claim.reenroll == Reenroll::Auto
        && !access.is_blocked
        && is_live(claim)
        && is_renewal_asked(claim)
}

/// Whether the host was asked to renew its identity: it acknowledged that lately, or still has the
/// command, since a device may show its new identity before it reports.
fn is_renewal_asked(claim: &Claim<'_>) -> bool {
    let Some(record) = claim.host.and_then(device_record) else {
        return false;
    };
    let in_flight = record.sync.in_flight.as_ref();
    let handed_out = in_flight.filter(|one| matches!(one.command, Command::RenewIdentity { .. }));
    let moments = [
        handed_out.map(|one| one.at),
        record.sync.renewal.answered_at,
    ];
    let mut moments = moments.into_iter().flatten();
    moments.any(|at| claim.now.0.abs_diff(at.0) < SUCCESSOR_MS)
}

fn other(claim: &Claim<'_>, access: Option<&Access>, is_pinned: bool) -> Verdict {
    let Some(access) = access else {
        // Nobody enrolled: the message is refused for that, whoever sent it.
        return Verdict::Known;
    };
    // A check-in whose answer is lost may be the end of a renewal that the device takes back: the
    // old identity goes only when the device comes for work with the new one.
    let is_in_use = matches!(claim.message, Message::Connect(_));
    if is_pinned {
        return if is_in_use && is_newest_of_many(access, claim.fingerprint) {
            Verdict::Switch
        } else {
            Verdict::Known
        };
    }
    let renewed = if is_in_use {
        Verdict::Switch
    } else {
        Verdict::Renew
    };
    match claim.leaf.map(|leaf| &leaf.issued_on) {
        // What this server issued is for whoever it was issued to, and that device begins with
        // Authenticate.
        Some(IssuedOn::Outside) | None if access.pins.is_empty() && access.is_migrated => {
            return Verdict::Adopt;
        }
        Some(IssuedOn::Renewal { host })
            if host == claim.host_id && !is_superseded(claim, Some(access), is_pinned) =>
        {
            return renewed;
        }
        Some(IssuedOn::Outside) | None if is_successor(claim, Some(access)) => return renewed,
        Some(
            IssuedOn::Renewal { .. }
            | IssuedOn::Link { .. }
            | IssuedOn::StaticChallenge
            | IssuedOn::Outside,
        )
        | None => {}
    }
    match &access.held {
        Some(held) if held.fingerprint == claim.fingerprint => {
            Verdict::Quarantine("it is held until an administrator accepts it")
        }
        Some(_) | None => Verdict::Refuse(WrongIdentity::NotPinned),
    }
}

/// Whether a certificate that was issued on a link or a renewal was issued for this device.
fn is_issued_for(claim: &Claim<'_>, serial_number: Option<&str>) -> bool {
    match claim.leaf.map(|leaf| &leaf.issued_on) {
        Some(IssuedOn::Link { serial, udid, .. }) => {
            // What it says now could be said by anybody; a host that is known has one already.
            let known = claim
                .host
                .and_then(|host| host.attributes.serial_number.as_deref());
            let is_serial = serial.as_deref().is_none_or(|wanted| {
                let is_wanted = |text: &str| text.eq_ignore_ascii_case(wanted);
                serial_number.is_some_and(is_wanted) && known.map_or(!is_live(claim), is_wanted)
            });
            let is_udid = udid
                .as_deref()
                .is_none_or(|wanted| claim.host_id.as_str().eq_ignore_ascii_case(wanted));
            is_serial && is_udid
        }
        Some(IssuedOn::Renewal { host }) => host == claim.host_id,
        Some(IssuedOn::StaticChallenge | IssuedOn::Outside) | None => true,
    }
}

/// Whether this server issued the certificate for this host, and another took its place since. Its
/// key may be anywhere by now, so it is worth no more than a stranger's.
fn is_superseded(claim: &Claim<'_>, access: Option<&Access>, is_pinned: bool) -> bool {
    let newest = access.and_then(|access| access.pins.first());
    let (Some(leaf), Some(newest), false) = (claim.leaf, newest, is_pinned) else {
        return false;
    };
    match leaf.issued_on {
        IssuedOn::Renewal { .. } => leaf.host.is_some() || leaf.issued_at < newest.pinned_at,
        IssuedOn::Link { .. } | IssuedOn::StaticChallenge => leaf.host.is_some(),
        IssuedOn::Outside => false,
    }
}

fn is_pinned(access: &Access, fingerprint: [u8; 32]) -> bool {
    access.pins.iter().any(|pin| pin.fingerprint == fingerprint)
}

/// Whether it is the newest identity, and an older one may still speak.
fn is_newest_of_many(access: &Access, fingerprint: [u8; 32]) -> bool {
    let newest = access.pins.first();
    newest.is_some_and(|pin| pin.fingerprint == fingerprint) && access.pins.len() > 1
}

fn is_unpinned(access: Option<&Access>) -> bool {
    access.is_none_or(|access| access.pins.is_empty())
}

/// Whether the host is enrolled, or about to be.
fn is_live(claim: &Claim<'_>) -> bool {
    claim
        .host
        .and_then(device_record)
        .is_some_and(|record| record.sync.phase != Phase::CheckedOut)
}
