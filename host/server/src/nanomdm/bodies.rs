//! Forgetting the bytes of commands for which nobody waits any more.
//!
//! Knows nothing of enrollments. Invariant: bytes that a waiting command refers to stay; only
//! whoever holds the turn looks for others, and nobody else makes references.

use std::collections::BTreeSet;

use mooring_store::{Change, DOCUMENTS_PAGE_MAX, KeyRange, Space, Store, StoreError};

use super::Turn;
use crate::core::Core;
use crate::device::chain;
use crate::device::queue::WaitingCommand;
use crate::documents;

/// Commands taken between two searches, each of which reads every command that waits.
const SWEEP_EVERY: u32 = 256;
/// Bodies read at once; each may have 16 MiB.
const BODIES_PAGE: usize = 4;

impl Turn {
    /// Looks for bytes that nobody waits for, at the first command after the start and from time
    /// to time. What cannot be deleted now is deleted another time.
    pub(super) fn sweep_if_due(&mut self, core: &Core) {
        let since = self.since_sweep.map_or(SWEEP_EVERY, |since| since + 1);
        if since < SWEEP_EVERY {
            self.since_sweep = Some(since);
            return;
        }
        self.since_sweep = Some(0);
        match sweep(&*core.store) {
            Ok(0) => {}
            Ok(deleted) => tracing::debug!(deleted, "bytes of ended commands were deleted"),
            Err(error) => {
                tracing::error!(error = %chain(&error), "bytes of ended commands stay");
            }
        }
    }
}

/// Deletes them, and says how many there were.
fn sweep(store: &dyn Store) -> Result<usize, StoreError> {
    let needed = needed(store)?;
    let mut stray = Vec::new();
    each(store, Space::RawBody, BODIES_PAGE, |key, _| {
        if !needed.contains(key) {
            stray.push(key.to_vec());
        }
        Ok(())
    })?;
    let count = stray.len();
    if count > 0 {
        let delete = |key: Vec<u8>| -> Change { documents::delete(Space::RawBody, &key) };
        store.commit(stray.into_iter().map(delete).collect())?;
    }
    Ok(count)
}

/// The digests of all commands that wait.
fn needed(store: &dyn Store) -> Result<BTreeSet<Vec<u8>>, StoreError> {
    let mut needed = BTreeSet::new();
    each(
        store,
        Space::RawCommand,
        DOCUMENTS_PAGE_MAX,
        |key, value| {
            let waiting: WaitingCommand = serde_json::from_slice(value).map_err(|error| {
                StoreError::unreadable_document(Space::RawCommand, key, &error.to_string())
            })?;
            needed.insert(waiting.body.to_vec());
            Ok(())
        },
    )?;
    Ok(needed)
}

/// Shows every document of a space to `look`, some at a time.
fn each(
    store: &dyn Store,
    space: Space,
    page: usize,
    mut look: impl FnMut(&[u8], &[u8]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut after: Option<Vec<u8>> = None;
    loop {
        let range = KeyRange {
            after: after.as_deref(),
            ..KeyRange::default()
        };
        let documents = store.documents(space, range, page)?;
        for document in &documents {
            look(&document.key, &document.value)?;
        }
        match documents.last() {
            Some(last) if documents.len() == page => after = Some(last.key.clone()),
            Some(_) | None => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use mooring_drift::policy::Timestamp;
    use mooring_mdm::ids::CommandUuid;
    use mooring_store::{Expected, MemoryStore};

    use super::*;

    fn body(digest: [u8; 32]) -> Change {
        Change::Document {
            space: Space::RawBody,
            key: digest.to_vec(),
            value: Some(vec![0; 10]),
            expected: Expected::Any,
        }
    }

    /// Proves that bytes which a command waits for stay, and all others go, over several pages.
    #[test]
    fn stray_bytes_go() {
        let store = MemoryStore::new().unwrap();
        let waiting = WaitingCommand {
            uuid: CommandUuid::parse("C").unwrap(),
            request_type: "ProfileList".to_owned(),
            body: [5; 32],
            queued_at: Timestamp(0),
            sent_at: None,
            put_off_at: None,
        };
        let mut changes: Vec<_> = (0..10).map(|number| body([number; 32])).collect();
        changes.push(documents::create(b"D\0\0\0\0\0\0\0\0\x01", &waiting).unwrap());
        store.commit(changes).unwrap();
        assert_eq!(sweep(&store).unwrap(), 9);
        assert_eq!(sweep(&store).unwrap(), 0);
        let left = store.documents(Space::RawBody, KeyRange::default(), 10);
        assert_eq!(left.unwrap()[0].key, [5; 32]);
    }
}
