//! The rows as bytes: private mirror types of the records, in CBOR with numbered fields.
//!
//! Knows nothing of tables. Invariants: a field's number is never used for another field; a field
//! added later is optional or has a default, so that rows written before it still decode; a
//! variant added to an enum raises the schema version, since an older release cannot read it.

mod host;
mod profile;
mod sync;
mod work;

use minicbor::{Decode, Encode};

pub(super) use host::{BuiltInRow, CommandRow, EnrollmentRow, HostRow};
pub(super) use profile::{ProfileRow, VersionRow};
pub(super) use sync::SetRow;

use crate::RowError;

/// Encodes a row.
pub(super) fn encode<T: Encode<()>>(row: &T) -> Vec<u8> {
    #[expect(
        clippy::expect_used,
        reason = "a vector takes any bytes and no row can refuse"
    )]
    minicbor::to_vec(row).expect("writing to a vector cannot fail")
}

/// Decodes a row.
pub(super) fn decode<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, RowError> {
    Ok(minicbor::decode(bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::samples::{builtin, identifier};

    /// The row of a built-in setting as a later release may have it: one more, optional, field.
    #[derive(Encode, Decode)]
    struct LaterRow {
        #[n(0)]
        is_enabled: bool,
        #[n(1)]
        settings: String,
        #[n(2)]
        note: Option<String>,
    }

    /// Rows may gain fields: older rows are read by a later release, and later rows by this one.
    #[test]
    fn rows_may_gain_fields() {
        let record = builtin("a", 1);
        let later: LaterRow = decode(&encode(&BuiltInRow::from(&record))).unwrap();
        assert_eq!((later.note, &later.settings), (None, &record.settings));

        let note = Some("new".to_owned());
        let bytes = encode(&LaterRow {
            is_enabled: true,
            settings: "{}".to_owned(),
            note,
        });
        let now = decode::<BuiltInRow>(&bytes)
            .unwrap()
            .into_record(identifier("a"));
        assert_eq!((now.is_enabled, now.settings.as_str()), (true, "{}"));
    }

    /// Damage is an error, whatever the bytes.
    #[test]
    fn damaged_rows_are_errors() {
        for bytes in [&b""[..], b"\xff", b"\x82\xf5", b"\x82\xf5\x01", b"\x9f"] {
            assert!(decode::<BuiltInRow>(bytes).is_err(), "{bytes:?}");
        }
    }
}
