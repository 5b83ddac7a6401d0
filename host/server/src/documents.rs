//! Small records of this server, kept as JSON documents in the store.
//!
//! Knows nothing of what is in them. Invariants: a document that is replaced is the one that was
//! read, or nothing is stored at all; what cannot be read is an error and never "absent".

use mooring_store::{Change, Expected, KeyRange, Space, Store, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A kind of record with a space of its own in the store.
pub(crate) trait Document: Serialize + DeserializeOwned {
    /// Where it is kept.
    const SPACE: Space;
}

/// A record as it was read, with the bytes by which a change knows that it is still the same.
#[derive(Debug, Clone)]
pub(crate) struct Read<D> {
    pub(crate) document: D,
    bytes: Vec<u8>,
}

/// Records with their keys.
pub(crate) type Page<D> = Vec<(Vec<u8>, Read<D>)>;

/// Reads the record under `key`.
pub(crate) fn read<D: Document>(
    store: &dyn Store,
    key: &[u8],
) -> Result<Option<Read<D>>, StoreError> {
    let found = mooring_store::document(store, D::SPACE, key)?;
    found.map(|bytes| decode(key, bytes)).transpose()
}

/// Reads records in order of their keys, with the keys.
pub(crate) fn page<D: Document>(
    store: &dyn Store,
    range: KeyRange<'_>,
    limit: usize,
) -> Result<Page<D>, StoreError> {
    let found = store.documents(D::SPACE, range, limit)?;
    let read = |found: mooring_store::Document| {
        let document = decode(&found.key, found.value)?;
        Ok((found.key, document))
    };
    found.into_iter().map(read).collect()
}

/// Writes a record that must not be there yet.
pub(crate) fn create<D: Document>(key: &[u8], document: &D) -> Result<Change, StoreError> {
    Ok(Change::Document {
        space: D::SPACE,
        key: key.to_vec(),
        value: Some(encode(key, document)?),
        expected: Expected::Absent,
    })
}

/// Writes a record, whatever was there.
pub(crate) fn put<D: Document>(key: &[u8], document: &D) -> Result<Change, StoreError> {
    Ok(Change::Document {
        space: D::SPACE,
        key: key.to_vec(),
        value: Some(encode(key, document)?),
        expected: Expected::Any,
    })
}

/// Deletes a record, whatever is in it.
pub(crate) fn delete(space: Space, key: &[u8]) -> Change {
    Change::Document {
        space,
        key: key.to_vec(),
        value: None,
        expected: Expected::Any,
    }
}

impl<D: Document> Read<D> {
    /// Writes `new` in place of this record, if it still is what was read.
    pub(crate) fn replaced_by(self, key: &[u8], new: &D) -> Result<Change, StoreError> {
        Ok(Change::Document {
            space: D::SPACE,
            key: key.to_vec(),
            value: Some(encode(key, new)?),
            expected: Expected::Same(self.bytes),
        })
    }

    /// Deletes this record, if it still is what was read.
    pub(crate) fn deleted(self, key: &[u8]) -> Change {
        Change::Document {
            space: D::SPACE,
            key: key.to_vec(),
            value: None,
            expected: Expected::Same(self.bytes),
        }
    }
}

/// Reads a record from what would be stored under `key`.
pub(crate) fn decoded<D: Document>(key: &[u8], bytes: &[u8]) -> Result<D, StoreError> {
    Ok(decode(key, bytes.to_vec())?.document)
}

fn decode<D: Document>(key: &[u8], bytes: Vec<u8>) -> Result<Read<D>, StoreError> {
    match serde_json::from_slice(&bytes) {
        Ok(document) => Ok(Read { document, bytes }),
        Err(error) => Err(unreadable(D::SPACE, key, &error)),
    }
}

fn encode<D: Document>(key: &[u8], document: &D) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(document).map_err(|error| unreadable(D::SPACE, key, &error))
}

fn unreadable(space: Space, key: &[u8], error: &serde_json::Error) -> StoreError {
    StoreError::unreadable_document(space, key, &error.to_string())
}
