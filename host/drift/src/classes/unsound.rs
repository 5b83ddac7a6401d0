//! Which profiles may not be applied on the hosts of each class, so that a rare status is found
//! without judging every class.
//!
//! Knows nothing of judgements. Invariant: a profile that is not applied on a class has its bit
//! there; some have it that are applied, or that share it with one that is not.

/// Profiles that are told apart; beyond, some share a bit.
const BITS: u32 = 256;
const WORD_BITS: u32 = 64;
const WORDS: usize = (BITS / WORD_BITS) as usize;

/// The bits of all classes, those of one profile beside each other: one column is looked through.
#[derive(Debug, Default)]
pub(super) struct Unsound([Vec<u64>; WORDS]);

impl Unsound {
    /// Makes room for a class.
    pub(super) fn reserve(&mut self, class: usize) {
        for column in &mut self.0 {
            if column.len() <= class {
                if column.capacity() <= class {
                    // By an eighth, as the classes themselves.
                    column.reserve_exact((column.len() / 8).max(64));
                }
                column.resize(class + 1, 0);
            }
        }
    }

    pub(super) fn set(&mut self, class: u32, profile: u32) {
        let (column, bit) = place(profile);
        self.0[column][class as usize] |= bit;
    }

    /// Takes note that all of a class is applied, or that it is no more.
    pub(super) fn clear(&mut self, class: u32) {
        for column in &mut self.0 {
            column[class as usize] = 0;
        }
    }

    /// Whether the profile may not be applied there.
    pub(super) fn may_be(&self, class: u32, profile: u32) -> bool {
        let (column, bit) = place(profile);
        self.0[column][class as usize] & bit != 0
    }

    /// The classes where it may not be applied, in order.
    pub(super) fn classes(&self, profile: u32) -> impl Iterator<Item = u32> + '_ {
        let (column, bit) = place(profile);
        let all = self.0[column].iter().enumerate();
        all.filter(move |(_, bits)| **bits & bit != 0)
            .map(|(class, _)| super::memory::number(class))
    }
}

/// The column and the bit of a profile.
fn place(profile: u32) -> (usize, u64) {
    let at = profile % BITS;
    ((at / WORD_BITS) as usize, 1 << (at % WORD_BITS))
}
