//! The settings of the built-in profiles, as documents.
//!
//! Knows nothing of backends. Invariants: the key is the profile's identifier; a field's number is
//! never used for another field, and one added later is optional.

use minicbor::{Decode, Encode};
use mooring_mdm::ids::PayloadIdentifier;

use crate::document::{DOCUMENTS_PAGE_MAX, Document, KeyRange, Space, shown};
use crate::record::BuiltInRecord;
use crate::{RowError, Store, StoreError};

/// The setting of a built-in profile; its identifier is the key.
#[derive(Encode, Decode)]
struct BuiltInRow {
    #[n(0)]
    is_enabled: bool,
    #[n(1)]
    settings: String,
}

/// The settings of the built-in profiles, by identifier.
///
/// # Errors
/// [`StoreError`] of the backend, or a setting that cannot be read.
pub fn builtins(store: &dyn Store) -> Result<Vec<BuiltInRecord>, StoreError> {
    let mut records = Vec::new();
    let mut after: Option<Vec<u8>> = None;
    loop {
        let range = KeyRange {
            after: after.as_deref(),
            ..KeyRange::default()
        };
        let page = store.documents(Space::BuiltIn, range, DOCUMENTS_PAGE_MAX)?;
        for document in &page {
            records.push(record(document)?);
        }
        match page.into_iter().nth(DOCUMENTS_PAGE_MAX - 1) {
            Some(last) => after = Some(last.key),
            None => return Ok(records),
        }
    }
}

/// The document of a setting.
pub(crate) fn encode(record: &BuiltInRecord) -> Vec<u8> {
    let row = BuiltInRow {
        is_enabled: record.is_enabled,
        settings: record.settings.clone(),
    };
    #[expect(
        clippy::expect_used,
        reason = "a vector takes any bytes and no row can refuse"
    )]
    minicbor::to_vec(row).expect("writing to a vector cannot fail")
}

/// The setting in a document.
pub(crate) fn record(document: &Document) -> Result<BuiltInRecord, StoreError> {
    let damaged = |source| StoreError::Corrupt {
        table: "documents",
        key: format!("{:?} {}", Space::BuiltIn, shown(&document.key)),
        source,
    };
    decode(document).map_err(damaged)
}

fn decode(document: &Document) -> Result<BuiltInRecord, RowError> {
    let row: BuiltInRow = minicbor::decode(&document.value)?;
    let identifier = std::str::from_utf8(&document.key).map_err(|_| RowError::KeyNotText)?;
    Ok(BuiltInRecord {
        identifier: PayloadIdentifier::parse(identifier)?,
        is_enabled: row.is_enabled,
        settings: row.settings,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::samples::builtin;
    use crate::{Change, Expected, MemoryStore};

    /// A setting that cannot be read is named, whatever is wrong with it.
    #[test]
    fn damaged_settings_are_named() {
        let good = encode(&builtin("a", 1));
        for (key, value) in [
            (&b"a"[..], &b"\x82\xf5"[..]),
            (b"a", b""),
            (b"\xff", &good),
            (b"a\n", &good),
        ] {
            let store = MemoryStore::new().unwrap();
            let damage = Change::Document {
                space: Space::BuiltIn,
                key: key.to_vec(),
                value: Some(value.to_vec()),
                expected: Expected::Any,
            };
            store.commit(vec![damage]).unwrap();
            let error = builtins(&store).unwrap_err();
            assert!(
                matches!(error, StoreError::Corrupt { .. }),
                "{key:?}: {error}"
            );
            assert!(error.to_string().contains("BuiltIn"), "{error}");
        }
    }
}
