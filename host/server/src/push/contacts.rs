//! Which enrollments came, or got something to do, since somebody looked.
//!
//! Knows nothing of pushes. Invariants: noting one costs a lock and one small copy; what is kept is
//! bounded, and what does not fit is told, so that it is found by looking at everybody.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mooring_mdm::ids::EnrollmentId;
use tokio::sync::Notify;

/// Most enrollments kept between two looks: several times what a server answers in a second.
const KEPT_MAX: usize = 50_000;

/// Enrollments to look at. Keeps nothing before [`Contacts::open`].
#[derive(Debug, Default)]
pub(crate) struct Contacts {
    noted: Mutex<Noted>,
    wanted: Notify,
}

/// What was noted between two looks.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Noted {
    /// They sent a message; one may be there several times.
    pub(crate) came: Vec<EnrollmentId>,
    /// There may be something new to do for them.
    pub(crate) wanted: BTreeSet<EnrollmentId>,
    /// Some more did not fit.
    pub(crate) has_more: bool,
    is_open: bool,
}

impl Contacts {
    /// From now on what is noted is kept.
    pub(crate) fn open(&self) {
        self.noted().is_open = true;
    }

    /// An enrollment sent a message.
    pub(crate) fn note(&self, enrollment: &EnrollmentId) {
        let mut noted = self.noted();
        if !noted.is_open {
            return;
        }
        if noted.came.len() >= KEPT_MAX {
            noted.has_more = true;
        } else {
            noted.came.push(enrollment.clone());
        }
    }

    /// There may be something new to do for an enrollment: cheaper than a look at everybody.
    pub(crate) fn want(&self, enrollment: &EnrollmentId) {
        let mut noted = self.noted();
        if !noted.is_open {
            return;
        }
        if noted.wanted.len() >= KEPT_MAX {
            noted.has_more = true;
        } else {
            noted.wanted.insert(enrollment.clone());
        }
        drop(noted);
        self.wanted.notify_one();
    }

    /// Returns once somebody is wanted.
    pub(crate) async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// What was noted since the last call.
    pub(crate) fn drain(&self) -> Noted {
        let mut noted = self.noted();
        let is_open = noted.is_open;
        std::mem::replace(
            &mut *noted,
            Noted {
                is_open,
                ..Noted::default()
            },
        )
    }

    /// Those for whom there may be something new, since the last call of either.
    pub(crate) fn drain_wanted(&self) -> Noted {
        let mut noted = self.noted();
        Noted {
            wanted: std::mem::take(&mut noted.wanted),
            ..Noted::default()
        }
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nothing is kept before somebody listens, and never more than the bound, which is told.
    #[test]
    fn bounded() {
        let contacts = Contacts::default();
        let id = |n: usize| EnrollmentId::parse(&format!("host-{n}")).unwrap();
        contacts.note(&id(0));
        contacts.want(&id(0));
        contacts.open();
        assert_eq!(contacts.drain().came, []);
        for n in 0..=KEPT_MAX {
            contacts.note(&id(n));
        }
        contacts.want(&id(1));
        contacts.want(&id(1));
        let noted = contacts.drain();
        assert_eq!((noted.came.len(), noted.wanted.len()), (KEPT_MAX, 1));
        assert!(noted.has_more);
        assert!(!contacts.drain().has_more && contacts.noted().is_open);
    }
}
