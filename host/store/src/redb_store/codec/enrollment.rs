//! Rows of enrollments and of who may speak for them.
//!
//! Knows nothing of tables. Invariants: what a row was made from is what it turns back into; every
//! field that schema 1 did not have is optional or has a default.

use minicbor::{Decode, Encode};
use mooring_drift::policy::Timestamp;
use mooring_drift::set::ProfileSet;
use mooring_mdm::ids::EnrollmentId;

use super::sync::SyncRow;
use crate::RowError;
use crate::record::{Access, EnrollmentRecord, Held, Pin, PushTarget, Via};

/// One enrollment; id and revision stand outside the row.
#[derive(Encode, Decode)]
pub(in super::super) struct EnrollmentRow {
    #[n(0)]
    push: Option<PushRow>,
    #[cbor(n(1), with = "minicbor::bytes")]
    unlock_token: Option<Vec<u8>>,
    #[n(2)]
    user_short_name: Option<String>,
    #[n(3)]
    last_seen_at: u64,
    /// The sync state, its sets replaced by their ids.
    #[n(4)]
    pub(in super::super) sync: SyncRow,
    #[n(5)]
    access: Option<AccessRow>,
    #[cbor(n(6), with = "minicbor::bytes")]
    bootstrap_token: Option<Vec<u8>>,
    #[n(7)]
    is_awaiting_configuration: Option<bool>,
    #[n(8)]
    push_disabled_at: Option<u64>,
    #[n(9)]
    token_updated_at: Option<u64>,
    #[cbor(n(10), default)]
    token_updates: u32,
    /// One behind the other, 16 bytes each.
    #[cbor(n(11), with = "minicbor::bytes")]
    recent_messages: Option<Vec<u8>>,
    #[cbor(n(12), with = "minicbor::bytes")]
    recent_check_ins: Option<Vec<u8>>,
    #[n(13)]
    newest_signed_at: Option<u64>,
}

#[derive(Encode, Decode)]
struct PushRow {
    #[n(0)]
    topic: String,
    #[n(1)]
    magic: String,
    #[cbor(n(2), with = "minicbor::bytes")]
    token: Vec<u8>,
}

#[derive(Encode, Decode)]
struct AccessRow {
    #[n(0)]
    pins: Vec<PinRow>,
    #[n(1)]
    held: Option<HeldRow>,
    #[n(2)]
    is_blocked: bool,
    #[n(3)]
    is_migrated: bool,
    #[n(4)]
    via: Option<ViaRow>,
}

#[derive(Encode, Decode)]
struct PinRow {
    #[cbor(n(0), with = "minicbor::bytes")]
    fingerprint: [u8; 32],
    #[n(1)]
    not_before: u64,
    #[n(2)]
    not_after: u64,
    #[n(3)]
    pinned_at: u64,
    #[n(4)]
    is_rsa: bool,
}

#[derive(Encode, Decode)]
struct HeldRow {
    #[cbor(n(0), with = "minicbor::bytes")]
    fingerprint: [u8; 32],
    #[n(1)]
    at: u64,
    #[n(2)]
    reason: String,
    #[n(3)]
    push: Option<PushRow>,
    #[n(4)]
    not_before: u64,
    #[n(5)]
    not_after: u64,
    #[n(6)]
    is_rsa: bool,
    #[cbor(n(7), with = "minicbor::bytes")]
    unlock_token: Option<Vec<u8>>,
    #[cbor(n(8), with = "minicbor::bytes")]
    bootstrap_token: Option<Vec<u8>>,
}

#[derive(Encode, Decode)]
#[cbor(index_only)]
pub(super) enum ViaRow {
    #[n(0)]
    None,
    #[n(1)]
    Mtls,
    #[n(2)]
    Signature,
    #[n(3)]
    Header,
}

impl From<&PushTarget> for PushRow {
    fn from(push: &PushTarget) -> Self {
        Self {
            topic: push.topic.clone(),
            magic: push.magic.clone(),
            token: push.token.clone(),
        }
    }
}

impl From<PushRow> for PushTarget {
    fn from(row: PushRow) -> Self {
        Self {
            topic: row.topic,
            magic: row.magic,
            token: row.token,
        }
    }
}

impl From<&EnrollmentRecord> for EnrollmentRow {
    fn from(record: &EnrollmentRecord) -> Self {
        let row = |digests: &[[u8; 16]]| (!digests.is_empty()).then(|| digests.concat());
        Self {
            push: record.push.as_ref().map(PushRow::from),
            unlock_token: record.unlock_token.clone(),
            user_short_name: record.user_short_name.clone(),
            last_seen_at: record.last_seen_at.0,
            sync: SyncRow::from(&record.sync),
            access: (record.access != Access::default()).then(|| (&record.access).into()),
            bootstrap_token: record.bootstrap_token.clone(),
            is_awaiting_configuration: record.is_awaiting_configuration,
            push_disabled_at: record.push_disabled_at.map(|at| at.0),
            token_updated_at: record.token_updated_at.map(|at| at.0),
            token_updates: record.token_updates,
            recent_messages: row(&record.recent_messages),
            recent_check_ins: row(&record.recent_check_ins),
            newest_signed_at: record.newest_signed_at.map(|at| at.0),
        }
    }
}

impl EnrollmentRow {
    /// The record, with the parts that stand outside the row and the sets that its ids name.
    pub(in super::super) fn into_record(
        self,
        id: EnrollmentId,
        revision: u64,
        observed: Option<ProfileSet>,
        delivered: ProfileSet,
    ) -> Result<EnrollmentRecord, RowError> {
        Ok(EnrollmentRecord {
            id,
            push: self.push.map(PushTarget::from),
            unlock_token: self.unlock_token,
            user_short_name: self.user_short_name,
            last_seen_at: Timestamp(self.last_seen_at),
            sync: self.sync.into_state(observed, delivered)?,
            access: self.access.map(Access::from).unwrap_or_default(),
            bootstrap_token: self.bootstrap_token,
            is_awaiting_configuration: self.is_awaiting_configuration,
            push_disabled_at: self.push_disabled_at.map(Timestamp),
            token_updated_at: self.token_updated_at.map(Timestamp),
            token_updates: self.token_updates,
            recent_messages: digests(&self.recent_messages.unwrap_or_default())?,
            recent_check_ins: digests(&self.recent_check_ins.unwrap_or_default())?,
            newest_signed_at: self.newest_signed_at.map(Timestamp),
            revision,
        })
    }
}

fn digests(bytes: &[u8]) -> Result<Vec<[u8; 16]>, RowError> {
    let (digests, rest) = bytes.as_chunks::<16>();
    if rest.is_empty() {
        return Ok(digests.to_vec());
    }
    Err(RowError::Length {
        found: rest.len(),
        wanted: 16,
    })
}

impl From<&Access> for AccessRow {
    fn from(access: &Access) -> Self {
        let pin = |pin: &Pin| PinRow {
            fingerprint: pin.fingerprint,
            not_before: pin.not_before.0,
            not_after: pin.not_after.0,
            pinned_at: pin.pinned_at.0,
            is_rsa: pin.is_rsa,
        };
        Self {
            pins: access.pins.iter().map(pin).collect(),
            held: access.held.as_ref().map(|held| HeldRow {
                fingerprint: held.fingerprint,
                at: held.at.0,
                reason: held.reason.clone(),
                push: held.push.as_ref().map(PushRow::from),
                not_before: held.not_before.0,
                not_after: held.not_after.0,
                is_rsa: held.is_rsa,
                unlock_token: held.unlock_token.clone(),
                bootstrap_token: held.bootstrap_token.clone(),
            }),
            is_blocked: access.is_blocked,
            is_migrated: access.is_migrated,
            via: access.via.map(|via| match via {
                Via::None => ViaRow::None,
                Via::Mtls => ViaRow::Mtls,
                Via::Signature => ViaRow::Signature,
                Via::Header => ViaRow::Header,
            }),
        }
    }
}

impl From<AccessRow> for Access {
    fn from(row: AccessRow) -> Self {
        let pin = |row: PinRow| Pin {
            fingerprint: row.fingerprint,
            not_before: Timestamp(row.not_before),
            not_after: Timestamp(row.not_after),
            pinned_at: Timestamp(row.pinned_at),
            is_rsa: row.is_rsa,
        };
        Self {
            pins: row.pins.into_iter().map(pin).collect(),
            held: row.held.map(|held| Held {
                fingerprint: held.fingerprint,
                at: Timestamp(held.at),
                reason: held.reason,
                push: held.push.map(PushTarget::from),
                not_before: Timestamp(held.not_before),
                not_after: Timestamp(held.not_after),
                is_rsa: held.is_rsa,
                unlock_token: held.unlock_token,
                bootstrap_token: held.bootstrap_token,
            }),
            is_blocked: row.is_blocked,
            is_migrated: row.is_migrated,
            via: row.via.map(Via::from),
        }
    }
}

impl From<ViaRow> for Via {
    fn from(row: ViaRow) -> Self {
        match row {
            ViaRow::None => Self::None,
            ViaRow::Mtls => Self::Mtls,
            ViaRow::Signature => Self::Signature,
            ViaRow::Header => Self::Header,
        }
    }
}
