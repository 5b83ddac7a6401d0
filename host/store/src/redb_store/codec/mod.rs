//! The rows as bytes: private mirror types of the records, in CBOR with numbered fields. One kind
//! is packed by hand (`hot`).
//!
//! Knows nothing of tables. Invariants: a field's number is never used for another field; a field
//! added later is optional or has a default, so that rows written before it still decode; a
//! variant added to an enum raises the schema version, since an older release cannot read it.

mod enrollment;
mod facts;
mod failure;
mod flags;
mod host;
mod hot;
mod life;
mod plain;
mod profile;
mod rest;
mod sync;
mod varint;
mod work;

use minicbor::{Decode, Encode};

pub(super) use enrollment::{EnrollmentRow, cold_digest, encode_cold};
pub(super) use facts::FactsRow;
pub(super) use host::{CommandRow, HostRow};
pub(super) use hot::{ColdDigest, HotRow, encode_hot};
pub(super) use profile::{ProfileRow, VersionRow};
pub(super) use sync::SetRow;

use crate::RowError;

/// Most rows are smaller, in bytes: a vector that grows is copied each time.
const ROW_BYTES: usize = 256;

/// Encodes a row.
pub(super) fn encode<T: Encode<()>>(row: &T) -> Vec<u8> {
    let mut bytes = encode_sized(row, ROW_BYTES);
    bytes.shrink_to_fit();
    bytes
}

/// The same for what has about this size, in bytes.
pub(super) fn encode_sized<T: Encode<()>>(row: &T, size: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size);
    let encoded = minicbor::encode(row, &mut bytes).map(|()| bytes);
    #[expect(
        clippy::expect_used,
        reason = "a vector takes any bytes and no row can refuse"
    )]
    encoded.expect("writing to a vector cannot fail")
}

/// Decodes a row.
pub(super) fn decode<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, RowError> {
    Ok(minicbor::decode(bytes)?)
}

#[cfg(test)]
mod hot_tests;

#[cfg(test)]
mod tests {
    use mooring_drift::set::ProfileSet;

    use super::*;
    use crate::EnrollmentRecord;
    use crate::tests::samples::{enrollment, enrollment_id};

    /// The row of an enrollment as schema 1 had it.
    #[derive(Encode, Decode)]
    struct EarlierRow {
        #[n(0)]
        push: Option<()>,
        #[cbor(n(1), with = "minicbor::bytes")]
        unlock_token: Option<Vec<u8>>,
        #[n(2)]
        user_short_name: Option<String>,
        #[n(3)]
        last_seen_at: u64,
        #[n(4)]
        sync: sync::SyncRow,
    }

    /// The row of an enrollment as a later release may have it: one more, optional, field.
    #[derive(Encode, Decode)]
    struct LaterRow {
        #[n(2)]
        user_short_name: Option<String>,
        #[n(3)]
        last_seen_at: u64,
        #[n(4)]
        sync: sync::SyncRow,
        #[n(10)]
        token_updates: u32,
        #[n(40)]
        note: Option<String>,
    }

    fn record(bytes: &[u8], like: &EnrollmentRecord) -> EnrollmentRecord {
        let row = decode::<EnrollmentRow>(bytes).unwrap();
        let observed = like.sync.observed.as_ref();
        let observed = observed.map(|observed| observed.set.clone());
        let delivered: ProfileSet = like.sync.delivered.clone();
        row.into_earlier_record(like.id.clone(), like.revision, observed, delivered)
            .unwrap()
    }

    /// Rows may gain fields: older rows are read by a later release, and later rows by this one.
    #[test]
    fn rows_may_gain_fields() {
        for seed in 0..20 {
            let full = enrollment(enrollment_id("A"), 3, seed);
            let earlier = EarlierRow {
                push: None,
                unlock_token: full.unlock_token.clone(),
                user_short_name: full.user_short_name.clone(),
                last_seen_at: full.last_seen_at.0,
                sync: sync::SyncRow::from(&full.sync),
            };
            let new = EnrollmentRecord::new(full.id.clone(), full.sync.clone(), full.last_seen_at);
            let wanted = EnrollmentRecord {
                unlock_token: full.unlock_token.clone(),
                user_short_name: full.user_short_name.clone(),
                revision: 3,
                ..new.clone()
            };
            assert_eq!(record(&encode(&earlier), &full), wanted);

            let later = LaterRow {
                user_short_name: None,
                last_seen_at: full.last_seen_at.0,
                sync: sync::SyncRow::from(&full.sync),
                token_updates: 2,
                note: Some("new".to_owned()),
            };
            let wanted = EnrollmentRecord {
                token_updates: 2,
                revision: 3,
                ..new
            };
            assert_eq!(record(&encode(&later), &full), wanted);
        }
    }

    /// An enrollment of which nothing more is known takes no more room than in schema 1.
    #[test]
    fn what_is_not_known_takes_no_room() {
        let full = enrollment(enrollment_id("A"), 0, 4);
        let new = EnrollmentRecord::new(full.id, full.sync, full.last_seen_at);
        let with_access = encode(&EnrollmentRow::earlier(&new)).len();
        let earlier = EarlierRow {
            push: None,
            unlock_token: None,
            user_short_name: None,
            last_seen_at: new.last_seen_at.0,
            sync: sync::SyncRow::from(&new.sync),
        };
        let without = encode(&earlier).len();
        assert!(with_access <= without + 8, "{with_access} {without}");
    }

    /// Damage is an error, whatever the bytes.
    #[test]
    fn damaged_rows_are_errors() {
        for bytes in [&b""[..], b"\xff", b"\x82\xf5", b"\x82\xf5\x01", b"\x9f"] {
            assert!(decode::<EnrollmentRow>(bytes).is_err(), "{bytes:?}");
        }
    }
}
