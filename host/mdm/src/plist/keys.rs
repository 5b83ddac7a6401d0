//! The keys of the dictionaries that are open, to find the ones that come twice.
//!
//! Knows no values. Invariant: looking a key up costs a bounded number of comparisons, or the
//! logarithm of how many keys there are, so that a stranger's dictionary cannot make it slow.

use std::borrow::Cow;
use std::collections::BTreeSet;

/// Most keys of one dictionary that are compared one by one. Those that devices send have fewer.
const FEW: usize = 24;

/// The keys so far, of all open dictionaries one after the other.
#[derive(Default)]
pub(super) struct Keys<'a> {
    few: Vec<Cow<'a, str>>,
    open: Vec<Dictionary<'a>>,
}

struct Dictionary<'a> {
    /// Where its keys begin among the few.
    first: usize,
    /// All of its keys, once they are more.
    many: BTreeSet<Cow<'a, str>>,
}

impl<'a> Keys<'a> {
    /// A dictionary begins within the innermost one; arrays have no keys.
    pub(super) fn begin(&mut self, is_dictionary: bool) {
        if is_dictionary {
            self.open.push(Dictionary {
                first: self.few.len(),
                many: BTreeSet::new(),
            });
        }
    }

    /// The innermost one ends.
    pub(super) fn end(&mut self, is_dictionary: bool) {
        if is_dictionary && let Some(ended) = self.open.pop() {
            self.few.truncate(ended.first);
        }
    }

    /// Takes a key of the innermost dictionary; `false` if it is there already.
    pub(super) fn insert(&mut self, key: Cow<'a, str>) -> bool {
        let Some(dictionary) = self.open.last_mut() else {
            return true;
        };
        let few = &self.few[dictionary.first..];
        if few.len() < FEW {
            let is_new = few.iter().all(|one| *one != key);
            self.few.push(key);
            return is_new;
        }
        if dictionary.many.is_empty() {
            dictionary.many.extend(few.iter().cloned());
        }
        dictionary.many.insert(key)
    }
}
