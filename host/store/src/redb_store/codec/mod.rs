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
