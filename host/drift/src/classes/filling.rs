//! Placing many hosts at once, as at a start: one of each kind is judged, and the rest is counted
//! at the end.
//!
//! Knows nothing of what makes hosts alike. Invariant: what comes out is what would be if each host
//! had been placed by itself.

use super::members::Members;
use super::memory::number;
use super::seen::Seen;
use super::{ClassId, Classes, GroupId, NOWHERE};
use crate::desired::Circumstances;

/// Classes on their way. Hosts get one number after the other.
#[derive(Debug)]
pub struct Filling {
    classes: Classes,
    /// By the name of the class: hosts that are in it and not counted yet.
    uncounted: Vec<u32>,
}

impl Classes {
    /// Begins to place hosts from the first number on. There must be none.
    pub fn fill(self) -> Filling {
        Filling {
            classes: self,
            uncounted: Vec::new(),
        }
    }
}

impl Filling {
    /// As [`Classes::group`].
    pub fn group(&mut self, circumstances: &Circumstances, can_have_user: bool) -> GroupId {
        self.classes.group(circumstances, can_have_user)
    }

    /// Places the next host, as [`Classes::place`], and returns its class.
    pub fn place(&mut self, group: GroupId, channels: &[Seen<'_>]) -> ClassId {
        let host = number(self.classes.places.len());
        let (class, is_new) = self.classes.intern(host, group, channels);
        self.classes.places.push(class);
        if is_new {
            // Counted on the way: where every host is unique, that is everything.
            self.classes.begin(class);
            self.classes.count_new(class);
            self.uncounted
                .resize(self.uncounted.len().max(class as usize + 1), 0);
        } else {
            self.uncounted[class as usize] += 1;
        }
        ClassId(class)
    }

    /// Places the next host, which is like those of this class.
    pub fn repeat(&mut self, class: ClassId) {
        self.classes.places.push(class.0);
        self.classes.table.retain(class.0);
        self.uncounted[class.0 as usize] += 1;
    }

    /// Takes note that a host listed what is not ours, as [`Filling::place`] does: the last that
    /// was placed.
    pub fn note_stranger(&mut self, identifier: &mooring_mdm::ids::PayloadIdentifier) {
        if let Some(last) = self.classes.places.len().checked_sub(1) {
            self.classes.strangers.note(identifier, number(last));
        }
    }

    /// Counts what was placed.
    pub fn finish(mut self) -> Classes {
        self.gather();
        let uncounted = std::mem::take(&mut self.uncounted);
        for (class, more) in uncounted.into_iter().enumerate() {
            if more > 0 {
                self.classes.count_more(number(class), u64::from(more));
            }
        }
        self.classes.check();
        self.classes
    }

    /// Tells every class its hosts.
    fn gather(&mut self) {
        // Where the hosts of each class begin when all are put in order of class.
        let rows = self.classes.rows.len();
        let mut ends = vec![0_u32; rows];
        for class in self
            .classes
            .places
            .iter()
            .filter(|class| **class != NOWHERE)
        {
            ends[*class as usize] += 1;
        }
        let mut begin = 0;
        for end in &mut ends {
            (*end, begin) = (begin, begin + *end);
        }
        let mut hosts = vec![0_u32; begin as usize];
        for (host, class) in self.classes.places.iter().enumerate() {
            if *class != NOWHERE {
                let end = &mut ends[*class as usize];
                hosts[*end as usize] = number(host);
                *end += 1;
            }
        }
        let mut begin = 0;
        for (row, end) in self.classes.rows.iter_mut().zip(ends) {
            let (from, to) = (begin as usize, end as usize);
            row.members = match &hosts[from..to] {
                [] => Members::None,
                [host] => Members::One(*host),
                many => Members::many(many),
            };
            begin = end;
        }
    }
}
