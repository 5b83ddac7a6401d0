//! The era: names the time since the whole server last had to observe its hosts anew.
//!
//! Knows nothing of why an era began or of what an enrollment does about it. Invariants: an era is
//! a count and a random number, so that two that begin at the same old copy are not the same, and
//! of others the later one is known; it is a document, so it begins in the same batch as whatever
//! proves that it must, and of two who find that out at once one begins it.

use mooring_drift::state::ERA_RANDOM_BITS;

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

/// The count after that of `current`, and a random number below it. The last count comes again.
fn other_than(current: u32) -> Result<u32, StoreError> {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).map_err(StoreError::Random)?;
    let random = u32::from_be_bytes(bytes) >> (u32::BITS - ERA_RANDOM_BITS);
    let last = u32::MAX >> ERA_RANDOM_BITS;
    let count = (current >> ERA_RANDOM_BITS).saturating_add(1).min(last);
    let era = (count << ERA_RANDOM_BITS) | random;
    Ok(if era == current { era ^ 1 } else { era })
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
            let count = |era: u32| era >> ERA_RANDOM_BITS;
            assert_eq!([count(one), count(other)], [count(current) + 1; 2]);
            store.commit(vec![change]).unwrap();
            let error = store.commit(vec![late]).unwrap_err();
            assert!(matches!(error, StoreError::Conflict { .. }), "{error}");
            current = era(&store).unwrap();
            assert_eq!(current, one);
        }
    }

    /// After the last count it comes again, and still no era follows itself.
    #[test]
    fn the_last_count_comes_again() {
        let last = u32::MAX >> ERA_RANDOM_BITS;
        for current in [u32::MAX, u32::MAX - 1, last << ERA_RANDOM_BITS] {
            for _ in 0..100 {
                let (era, _) = begin_era(current).unwrap();
                assert!(era != current && era >> ERA_RANDOM_BITS == last);
            }
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
