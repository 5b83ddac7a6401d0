//! The keys of the dictionaries that are open, to find the ones that come twice.
//!
//! Knows no values. Invariant: a dictionary's keys cost a bounded number of comparisons each, or one
//! sorting of them all, so that a stranger's dictionary cannot make it slow. In one with many keys a
//! second one is found where the dictionary ends.

use std::borrow::Cow;

/// Most keys of one dictionary that are compared one by one. Those that devices send have fewer.
const FEW: usize = 24;

/// A key, and the offset of its element.
type Placed<'a> = (Cow<'a, str>, u32);

/// The keys so far, of all open dictionaries one after the other.
#[derive(Default)]
pub(super) struct Keys<'a> {
    keys: Vec<Placed<'a>>,
    /// Where those of each open dictionary begin.
    open: Vec<usize>,
}

impl<'a> Keys<'a> {
    /// A dictionary begins within the innermost one; arrays have no keys.
    pub(super) fn begin(&mut self, is_dictionary: bool) {
        if is_dictionary {
            self.open.push(self.keys.len());
        }
    }

    /// The innermost one ends; returns the first key that it had before, if that was not said yet.
    pub(super) fn end(&mut self, is_dictionary: bool) -> Option<Placed<'a>> {
        if !is_dictionary {
            return None;
        }
        let first = self.open.pop()?;
        let own = self.keys.get_mut(first..).unwrap_or_default();
        let again = (own.len() > FEW).then(|| again(own)).flatten();
        self.keys.truncate(first);
        again
    }

    /// Takes a key of the innermost dictionary; `false` if it is seen to be there already.
    pub(super) fn insert(&mut self, key: Cow<'a, str>, at: u32) -> bool {
        let first = self.open.last().copied().unwrap_or(self.keys.len());
        let own = self.keys.get(first..).unwrap_or_default();
        let is_new = own.len() >= FEW || own.iter().all(|(one, _)| *one != key);
        self.keys.push((key, at));
        is_new
    }
}

/// The first key in the text that is there before.
fn again<'a>(keys: &mut [Placed<'a>]) -> Option<Placed<'a>> {
    keys.sort_unstable();
    let pairs = keys.windows(2).filter_map(|pair| match pair {
        [(a, _), second] if *a == second.0 => Some(second),
        _ => None,
    });
    pairs.min_by_key(|(_, at)| *at).cloned()
}
