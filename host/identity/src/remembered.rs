//! A bounded memory of what was found out about certificates.
//!
//! It must not know what that is. **Invariant.** There is never more of it than the bound: beyond,
//! some other one is forgotten, and found out anew when it is wanted.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is remembered by names that are digests, so that any order of them is as good as random.
pub(crate) struct Remembered<K, V> {
    entries: Mutex<BTreeMap<K, V>>,
    max: usize,
}

impl<K: Ord + Copy, V: Copy> Remembered<K, V> {
    /// Nothing yet, and never more than `max`.
    pub(crate) fn new(max: usize) -> Self {
        Self {
            entries: Mutex::default(),
            max,
        }
    }

    pub(crate) fn find(&self, name: &K) -> Option<V> {
        self.entries().get(name).copied()
    }

    /// Remembers this one, whichever other has to go for it.
    pub(crate) fn keep(&self, name: K, value: V) {
        let mut entries = self.entries();
        if entries.len() >= self.max && !entries.contains_key(&name) {
            let after = (Bound::Excluded(name), Bound::Unbounded);
            let next = entries.range(after).next().map(|(next, _)| *next);
            match next {
                Some(next) => entries.remove(&next),
                None => entries.pop_first().map(|(_, value)| value),
            };
        }
        entries.insert(name, value);
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.entries().len()
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<K, V>> {
        // Every change of the map is one call, so it is whole even after a panic.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that memory is bounded, that the newest is always remembered, and that what is known
    /// already forgets nobody.
    #[test]
    fn forgets_beyond_the_bound() {
        let remembered = Remembered::new(100);
        for number in 0..1000_u32 {
            let name = number.wrapping_mul(2_654_435_761);
            remembered.keep(name, number);
            assert_eq!(remembered.find(&name), Some(number));
            assert_eq!(remembered.len(), 100.min(number as usize + 1));
        }
        let name = 999_u32.wrapping_mul(2_654_435_761);
        remembered.keep(name, 7);
        assert_eq!((remembered.find(&name), remembered.len()), (Some(7), 100));
    }
}
