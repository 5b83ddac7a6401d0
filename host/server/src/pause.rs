//! The switch that stops all sending.
//!
//! Knows nothing of what would be sent. Invariants: it survives a restart; while it is off nothing is
//! stored about it; it waits for no plan and no change of profiles.

use mooring_drift::policy::Timestamp;
use mooring_mdm::device::bounded_text;
use mooring_store::{Space, Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::api::{PauseDetail, PauseState};
use crate::clock::rfc3339;
use crate::core::Core;
use crate::documents::{self, Document};
use crate::limits::PAUSE_REASON_BYTES_MAX;

const KEY: &[u8] = b"pause";

/// Who stopped all sending, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// Why, if it was said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

impl Document for Pause {
    const SPACE: Space = Space::Setting;
}

/// Whether all sending is stopped.
pub(crate) fn is_paused(store: &dyn Store) -> Result<bool, StoreError> {
    Ok(documents::read::<Pause>(store, KEY)?.is_some())
}

impl Core {
    /// Stops all sending: devices are answered, and get no command. What they report counts.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be stored.
    pub fn pause(&self, by: &str, reason: Option<&str>) -> Result<(), StoreError> {
        let _pausing = self.pausing();
        // Whoever stops it once more without a reason does not take the first one's.
        let before = documents::read::<Pause>(&*self.store, KEY)?;
        let pause = match (before, reason) {
            (Some(before), None) => before.document,
            (_, reason) => Pause {
                at: self.now(),
                by: by.to_owned(),
                reason: reason.map(|text| bounded_text(text, PAUSE_REASON_BYTES_MAX)),
            },
        };
        self.store.commit(vec![documents::put(KEY, &pause)?])?;
        self.note_paused(true);
        tracing::warn!(by, "all sending is stopped");
        Ok(())
    }

    /// Lets commands out again.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be stored.
    pub fn resume(&self, by: &str) -> Result<(), StoreError> {
        let _pausing = self.pausing();
        self.store
            .commit(vec![documents::delete(Space::Setting, KEY)])?;
        self.note_paused(false);
        tracing::warn!(by, "commands are sent again");
        Ok(())
    }

    /// The same as a document.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub fn pause_state(&self) -> Result<PauseState, StoreError> {
        let pause = self.paused()?.map(|pause| PauseDetail {
            at: rfc3339(pause.at),
            by: pause.by,
            reason: pause.reason,
        });
        Ok(PauseState {
            is_paused: pause.is_some(),
            pause,
        })
    }

    /// Who stopped all sending, if anybody did.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub fn paused(&self) -> Result<Option<Pause>, StoreError> {
        let read = documents::read::<Pause>(&*self.store, KEY)?;
        Ok(read.map(|read| read.document))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mooring_plugin::Limits;
    use mooring_store::MemoryStore;

    use super::*;
    use crate::clock::Clock;
    use crate::core::CoreOptions;
    use crate::judge::Judge;

    /// An emergency stop waits for nobody who plans or makes a change.
    #[test]
    fn a_change_does_not_hold_it_up() {
        let store = Arc::new(MemoryStore::new().unwrap());
        let judge = Arc::new(Judge::with_plugins([], Limits::default()).unwrap());
        let core = Core::new(store, judge, Clock::system(), CoreOptions::default()).unwrap();
        let change = core.change();
        core.pause("test", None).unwrap();
        assert!(core.is_paused());
        core.resume("test").unwrap();
        assert!(!core.is_paused());
        drop(change);
    }
}
