//! How an administrator gets a change through: tries again after a failed commit, and confirms one
//! that is held, or thinks better of it.
//!
//! Knows nothing of the change. Invariant: what is said to be done was answered with success.

use mooring_server::change::{ChangeError, ChangeOptions};
use mooring_server::core::Core;
use mooring_server::hosts::HostError;
use mooring_server::profiles::ProfileError;
use mooring_server::scope::ScopeError;
use mooring_store::StoreError;

use super::World;
use crate::random::Random;
use crate::server::SoakError;

/// The name under which changes are recorded.
pub(super) const BY: &str = "soak";
/// One that fails, is held, confirmed and fails again is tried once more.
const TRIES_MAX: u32 = 5;

/// What became of a change.
pub(super) enum Verdict<T> {
    /// It was answered with success.
    Done(T),
    /// It was held, and the administrator thought better of it.
    Dropped,
    /// The server would not make it.
    Refused,
}

impl<T> Verdict<T> {
    /// What came of a change that nothing but the administrator can stop.
    pub(super) fn expected(self, what: &'static str) -> Result<Option<T>, SoakError> {
        match self {
            Self::Done(value) => Ok(Some(value)),
            Self::Dropped => Ok(None),
            Self::Refused => Err(SoakError::Change { what }),
        }
    }

    /// What came of one that the server may refuse.
    pub(super) fn done(self) -> Option<T> {
        match self {
            Self::Done(value) => Some(value),
            Self::Dropped | Self::Refused => None,
        }
    }
}

/// An error that may ask for a confirmation.
pub(super) trait Refusal {
    /// The number that confirms the change.
    fn confirm(&self) -> Option<u64>;
}

impl Refusal for ChangeError {
    fn confirm(&self) -> Option<u64> {
        match self {
            Self::Held(impact) => Some(impact.confirm),
            Self::Store(_) => None,
        }
    }
}

impl Refusal for ProfileError {
    fn confirm(&self) -> Option<u64> {
        if let Self::Change(error) = self {
            return error.confirm();
        }
        None
    }
}

impl Refusal for ScopeError {
    fn confirm(&self) -> Option<u64> {
        if let Self::Change(error) = self {
            return error.confirm();
        }
        None
    }
}

impl Refusal for HostError {
    fn confirm(&self) -> Option<u64> {
        None
    }
}

impl Refusal for StoreError {
    fn confirm(&self) -> Option<u64> {
        None
    }
}

impl World<'_> {
    /// Makes a change: again where a commit failed, confirmed where it is held, or not at all.
    pub(super) fn insist<T, E: Refusal>(
        &mut self,
        mut change: impl FnMut(&Core, &ChangeOptions) -> Result<T, E>,
    ) -> Verdict<T> {
        let mut options = ChangeOptions::by(BY);
        self.plan_failure();
        for _ in 0..TRIES_MAX {
            let made = change(self.server.core(), &options);
            let has_failed = self.note_failure();
            match made {
                Ok(value) => return Verdict::Done(value),
                Err(_) if has_failed => {}
                Err(error) => match error.confirm() {
                    Some(_) if thinks_better(&mut self.administrator.random) => {
                        return Verdict::Dropped;
                    }
                    Some(number) => options.confirm = Some(number),
                    None => return Verdict::Refused,
                },
            }
        }
        Verdict::Refused
    }
}

fn thinks_better(random: &mut Random) -> bool {
    random.chance(200_000)
}
