//! Every change of what hosts should have goes through here: it can be planned, and one that would
//! remove too much at once is held.
//!
//! Knows nothing of what is changed. Invariants: a planned or held change stores nothing; a change
//! that was stored is on the shelf before anybody is told.

use mooring_mdm::ids::HostId;
use mooring_store::{Change, StoreError};

use crate::api::Impact;
use crate::core::Core;
use crate::impact::Weight;
use crate::limits::AFFECTED_PAGE_DEFAULT;

/// How a change is to be made.
#[derive(Debug, Clone, Default)]
pub struct ChangeOptions {
    /// Say what it would do, and do nothing.
    pub is_plan: bool,
    /// Make it although so many removals follow from it, or fewer.
    pub confirm: Option<u64>,
    /// Which hosts are named where it is said what it would do; all are counted.
    pub page: AffectedPage,
    /// Who makes it, for the record.
    pub by: String,
}

impl ChangeOptions {
    /// A change that is made, unless the guard holds it.
    pub fn by(name: &str) -> Self {
        Self {
            by: name.to_owned(),
            ..Self::default()
        }
    }
}

/// Some of the hosts to which a change would do something.
#[derive(Debug, Clone)]
pub struct AffectedPage {
    /// Only those behind this id.
    pub after: Option<HostId>,
    /// So many hosts at most.
    pub limit: usize,
}

impl Default for AffectedPage {
    fn default() -> Self {
        Self {
            after: None,
            limit: AFFECTED_PAGE_DEFAULT,
        }
    }
}

/// What became of a change.
#[derive(Debug)]
pub enum Changed<T> {
    /// It is stored.
    Done(T),
    /// It was only planned: this would follow from it.
    Planned(Box<Impact>),
}

impl<T> Changed<T> {
    /// The same with another value, where it is stored.
    pub fn map<U>(self, made: impl FnOnce(T) -> U) -> Changed<U> {
        match self {
            Self::Done(value) => Changed::Done(made(value)),
            Self::Planned(impact) => Changed::Planned(impact),
        }
    }
}

/// Why a change was not made.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// Too much would follow from it: the impact says what, and the number that confirms it.
    #[error("the change would touch too many hosts at once; it is held until it is confirmed")]
    Held(Box<Impact>),
    /// The store failed.
    #[error("the store could not keep the change")]
    Store(#[from] StoreError),
}

impl Core {
    /// Makes a change of profiles, labels, assignments, values, or of what administrators said of
    /// hosts. The caller holds the right to change them, so that what it read is what is stored.
    ///
    /// # Errors
    /// [`ChangeError`]: nothing was stored, but see [`Store::commit`](mooring_store::Store::commit).
    pub(crate) fn commit_change(
        &self,
        changes: Vec<Change>,
        options: &ChangeOptions,
    ) -> Result<Changed<()>, ChangeError> {
        self.commit_weighed(changes, options, Weight::Removals)
    }

    /// The same for a change that may be held for more than removals.
    pub(crate) fn commit_weighed(
        &self,
        changes: Vec<Change>,
        options: &ChangeOptions,
        weight: Weight,
    ) -> Result<Changed<()>, ChangeError> {
        let shelf = self.shelf();
        if options.is_plan {
            let impact = self.impact(&shelf, &changes, &options.page, weight)?;
            return Ok(Changed::Planned(Box::new(impact)));
        }
        if let Some(impact) = self.guarded(&shelf, &changes, options, weight)? {
            return Err(ChangeError::Held(Box::new(impact)));
        }
        if !changes.is_empty() {
            let committed = self.commit(changes);
            // Also after a conflict: the shelf may have missed a change that was stored.
            self.restock()?;
            committed?;
        }
        Ok(Changed::Done(()))
    }
}
