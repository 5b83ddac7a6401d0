//! Rows of what changes seldom of an enrollment: its tokens, and who may speak for it.
//!
//! Knows nothing of tables. Invariants: what a row was made from is what it turns back into; every
//! field that schema 1 did not have is optional or has a default. Up to schema 3 these rows held
//! all of an enrollment; what the hot row holds since is left out, and its numbers stay taken.

use minicbor::{Decode, Encode};
use mooring_drift::policy::Timestamp;
use mooring_drift::set::{ProfileSet, SetId};
use mooring_mdm::ids::EnrollmentId;
use sha2::{Digest, Sha256};

use super::encode;
use super::hot::ColdDigest;
use super::sync::SyncRow;
use crate::RowError;
use crate::record::{Access, EnrollmentRecord, Held, Pin, PushTarget, Via};

/// One enrollment; its id stands outside the row.
#[derive(Encode, Decode)]
pub(in super::super) struct EnrollmentRow {
    #[n(0)]
    push: Option<PushRow>,
    #[cbor(n(1), with = "minicbor::bytes")]
    unlock_token: Option<Vec<u8>>,
    #[n(2)]
    user_short_name: Option<String>,
    /// Up to schema 3.
    #[n(3)]
    last_seen_at: Option<u64>,
    /// Up to schema 3: the sync state, its sets replaced by their ids.
    #[n(4)]
    sync: Option<SyncRow>,
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
    /// Up to schema 3: one behind the other, 16 bytes each.
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
enum ViaRow {
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
        Self {
            push: record.push.as_ref().map(PushRow::from),
            unlock_token: record.unlock_token.clone(),
            user_short_name: record.user_short_name.clone(),
            last_seen_at: None,
            sync: None,
            access: (record.access != Access::default()).then(|| (&record.access).into()),
            bootstrap_token: record.bootstrap_token.clone(),
            is_awaiting_configuration: record.is_awaiting_configuration,
            push_disabled_at: record.push_disabled_at.map(|at| at.0),
            token_updated_at: record.token_updated_at.map(|at| at.0),
            token_updates: record.token_updates,
            recent_messages: None,
            recent_check_ins: None,
            newest_signed_at: None,
        }
    }
}

/// The first 64 bits of SHA-256 over a row.
pub(in super::super) fn cold_digest(row: &[u8]) -> ColdDigest {
    let digest: [u8; 32] = Sha256::digest(row).into();
    let mut first = ColdDigest::default();
    first.copy_from_slice(&digest[..8]);
    first
}

/// A row and its digest.
pub(in super::super) fn encode_cold(record: &EnrollmentRecord) -> (Vec<u8>, ColdDigest) {
    let row = encode(&EnrollmentRow::from(record));
    let digest = cold_digest(&row);
    (row, digest)
}

impl EnrollmentRow {
    /// Adds to a record what this row knows of it.
    ///
    /// # Errors
    /// [`RowError::Content`] for a row of an earlier schema.
    pub(in super::super) fn complete(self, record: &mut EnrollmentRecord) -> Result<(), RowError> {
        if self.sync.is_some() {
            return Err(RowError::content("it is a row of an earlier schema"));
        }
        self.add_to(record);
        Ok(())
    }

    fn add_to(self, record: &mut EnrollmentRecord) {
        record.push = self.push.map(PushTarget::from);
        record.unlock_token = self.unlock_token;
        record.user_short_name = self.user_short_name;
        record.access = self.access.map(Access::from).unwrap_or_default();
        record.bootstrap_token = self.bootstrap_token;
        record.is_awaiting_configuration = self.is_awaiting_configuration;
        record.push_disabled_at = self.push_disabled_at.map(Timestamp);
        record.token_updated_at = self.token_updated_at.map(Timestamp);
        record.token_updates = self.token_updates;
    }

    /// The ids of the observed and the delivered set of a row of schema 1 to 3.
    ///
    /// # Errors
    /// [`RowError::Missing`] for a row of a later schema.
    pub(in super::super) fn earlier_sets(&self) -> Result<(Option<SetId>, SetId), RowError> {
        let sync = self.sync.as_ref().ok_or(RowError::Missing)?;
        Ok((sync.observed_set(), sync.delivered_set()))
    }

    /// The record of a row of schema 1 to 3, with the sets that its ids name.
    pub(in super::super) fn into_earlier_record(
        mut self,
        id: EnrollmentId,
        revision: u64,
        observed: Option<ProfileSet>,
        delivered: ProfileSet,
    ) -> Result<EnrollmentRecord, RowError> {
        let (Some(sync), Some(seen)) = (self.sync.take(), self.last_seen_at) else {
            return Err(RowError::Missing);
        };
        let sync = sync.into_state(observed, delivered)?;
        let mut record = EnrollmentRecord {
            recent_messages: digests(&self.recent_messages.take().unwrap_or_default())?,
            recent_check_ins: digests(&self.recent_check_ins.take().unwrap_or_default())?,
            newest_signed_at: self.newest_signed_at.map(Timestamp),
            revision,
            ..EnrollmentRecord::new(id, sync, Timestamp(seen))
        };
        self.add_to(&mut record);
        Ok(record)
    }

    /// Only tests write rows of earlier schemas.
    #[cfg(test)]
    pub(in super::super) fn earlier(record: &EnrollmentRecord) -> Self {
        let row = |digests: &[[u8; 16]]| (!digests.is_empty()).then(|| digests.concat());
        Self {
            last_seen_at: Some(record.last_seen_at.0),
            sync: Some(SyncRow::from(&record.sync)),
            recent_messages: row(&record.recent_messages),
            recent_check_ins: row(&record.recent_check_ins),
            newest_signed_at: record.newest_signed_at.map(|at| at.0),
            ..Self::from(record)
        }
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
