//! The era: names the time since the whole server last had to observe its hosts anew.
//!
//! Knows nothing of why an era began or of what an enrollment does about it. Invariants: an era is
//! a random number, so that two that begin at the same old copy are not the same; it is a document,
//! so it begins in the same batch as whatever proves that it must, and of two who find that out at
//! once one begins it.

use crate::document::{Space, document};
use crate::{Change, Expected, Store, StoreError};

/// The document's key in [`Space::Setting`].
pub(crate) const KEY: &[u8] = b"era";

/// The era of a store, 0 until it had to observe anew first.
///
/// # Errors
/// [`StoreError`] of the backend, or an era that cannot be read.
pub fn era(store: &dyn Store) -> Result<u32, StoreError> {
    decode(document(store, Space::Setting, KEY)?.as_deref())
}

/// An era after `current`, and the change that begins it. It is in conflict if `current` is not the
/// store's era any more.
///
/// # Errors
/// [`StoreError::Random`] if the operating system gives no randomness.
pub fn begin_era(current: u32) -> Result<(u32, Change), StoreError> {
    let era = other_than(current)?;
    let change = Change::Document {
        space: Space::Setting,
        key: KEY.to_vec(),
        value: Some(encode(era)),
        expected: match current {
            0 => Expected::Absent,
            _ => Expected::Same(encode(current)),
        },
    };
    Ok((era, change))
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

/// An era of a store that is made of one with this document.
pub(crate) fn next(document: Option<&[u8]>) -> Result<u32, StoreError> {
    other_than(decode(document)?)
}

/// A random number that is neither `current` nor the one of a store that never lost track.
fn other_than(current: u32) -> Result<u32, StoreError> {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).map_err(StoreError::Random)?;
    let mut era = u32::from_be_bytes(bytes);
    while era == 0 || era == current {
        era = era.wrapping_add(1);
    }
    Ok(era)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryStore;

    /// An era is begun by one of those who would begin it, and two from the same one differ.
    #[test]
    fn an_era_begins_once() {
        let store = MemoryStore::new().unwrap();
        let mut current = era(&store).unwrap();
        assert_eq!(current, 0);
        for _ in 0..3 {
            let (one, change) = begin_era(current).unwrap();
            let (other, late) = begin_era(current).unwrap();
            assert!(one != other && one != 0 && one != current);
            store.commit(vec![change]).unwrap();
            let error = store.commit(vec![late]).unwrap_err();
            assert!(matches!(error, StoreError::Conflict { .. }), "{error}");
            current = era(&store).unwrap();
            assert_eq!(current, one);
        }
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
