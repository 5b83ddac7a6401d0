//! The era: counts how often the whole server had to observe its hosts anew.
//!
//! Knows nothing of why an era began or of what an enrollment does about it. Invariants: it never
//! goes back in one store; it is a document, so it is raised in the same batch as whatever proves
//! that it must be, and two who find that out at once raise it once.

use crate::document::{Space, document};
use crate::{Change, Expected, Store, StoreError};

/// The document's key in [`Space::Setting`].
pub(crate) const KEY: &[u8] = b"era";

/// The era of a store, 0 until it is raised first.
///
/// # Errors
/// [`StoreError`] of the backend, or an era that cannot be read.
pub fn era(store: &dyn Store) -> Result<u32, StoreError> {
    decode(document(store, Space::Setting, KEY)?.as_deref())
}

/// The change that begins the era after `current`. It is in conflict if `current` is not the
/// store's era any more.
pub fn raise_era(current: u32) -> Change {
    Change::Document {
        space: Space::Setting,
        key: KEY.to_vec(),
        value: Some(encode(current.saturating_add(1))),
        expected: match current {
            0 => Expected::Absent,
            _ => Expected::Same(encode(current)),
        },
    }
}

/// The document of an era.
pub(crate) fn encode(era: u32) -> Vec<u8> {
    era.to_be_bytes().to_vec()
}

/// The era that a document tells; without one it is 0.
pub(crate) fn decode(document: Option<&[u8]>) -> Result<u32, StoreError> {
    let Some(bytes) = document else {
        return Ok(0);
    };
    let found = bytes.try_into().map(u32::from_be_bytes);
    found.map_err(|_| StoreError::unreadable_document(Space::Setting, KEY, "it is no number"))
}

/// The era of a store that is made of one with this document.
pub(crate) fn next(document: Option<&[u8]>) -> Result<u32, StoreError> {
    Ok(decode(document)?.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryStore;

    /// An era is raised one by one, by one of those who would raise it.
    #[test]
    fn an_era_is_raised_once() {
        let store = MemoryStore::new().unwrap();
        for current in 0..3 {
            assert_eq!(era(&store).unwrap(), current);
            store.commit(vec![raise_era(current)]).unwrap();
            let error = store.commit(vec![raise_era(current)]).unwrap_err();
            assert!(matches!(error, StoreError::Conflict { .. }), "{error}");
        }
        assert_eq!(era(&store).unwrap(), 3);
    }

    /// An era that cannot be read is told, and not taken for the first.
    #[test]
    fn a_damaged_era_is_told() {
        let store = MemoryStore::new().unwrap();
        let damage = Change::Document {
            space: Space::Setting,
            key: KEY.to_vec(),
            value: Some(vec![1]),
            expected: Expected::Any,
        };
        store.commit(vec![damage]).unwrap();
        let error = era(&store).unwrap_err();
        assert!(error.to_string().contains("Setting era"), "{error}");
    }
}
