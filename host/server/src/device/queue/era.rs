//! What a new era does to the commands of others: none that waited in an old copy is sent again.
//!
//! Knows nothing of why an era began. Invariant: the era is noted in the commit that takes out the
//! last of them, so a start that was cut short is made good by the next one.

use mooring_drift::policy::Timestamp;
use mooring_store::{Change, KeyRange, Space, Store, StoreError};
use serde::{Deserialize, Serialize};

use super::{WaitingCommand, ended_by, enrollment_of, status_unreported};
use crate::documents::{self, Document, Read};
use crate::limits::CONFLICT_RETRIES_MAX;

/// Commands taken out in one commit when an era begins.
const ERA_PAGE: usize = 256;

/// The key of [`QueueEra`].
const ERA_KEY: &[u8] = b"queue-era";

/// The era in which all that waits was taken; 0 without it. Its key is [`ERA_KEY`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct QueueEra {
    era: u32,
}

impl Document for QueueEra {
    const SPACE: Space = Space::Setting;
}

/// Takes out every command of an earlier era: the store is an old copy, so each of them may have
/// been done since, and an erasure is not done twice. Whoever still wants one sends it anew.
///
/// # Errors
/// [`StoreError`]: some may be left, and the next start takes them out.
pub(crate) fn enter_era(store: &dyn Store, era: u32, now: Timestamp) -> Result<(), StoreError> {
    let entered = documents::read::<QueueEra>(store, ERA_KEY)?;
    if entered.map_or(0, |read| read.document.era) == era {
        return Ok(());
    }
    let (mut ended, mut conflicts) = (0, 0);
    loop {
        let page = documents::page::<WaitingCommand>(store, KeyRange::default(), ERA_PAGE)?;
        let count = page.len();
        let is_last = count < ERA_PAGE;
        let mut changes = Vec::with_capacity(2 * count + 1);
        for (key, row) in page {
            changes.extend(ended_with_era(&key, row, now)?);
        }
        if is_last {
            changes.push(documents::put(ERA_KEY, &QueueEra { era })?);
        }
        match store.commit(changes) {
            Ok(()) => ended += count,
            // A device got or reported on one of them meanwhile.
            Err(StoreError::Conflict { .. }) if conflicts < CONFLICT_RETRIES_MAX => {
                conflicts += 1;
                continue;
            }
            Err(error) => return Err(error),
        }
        if is_last {
            break;
        }
    }
    if ended > 0 {
        tracing::warn!(
            ended,
            "commands of others waited in an old copy of the store; they are not sent again"
        );
    }
    Ok(())
}

/// The end of one of them, if it still is as it was read: a report that came meanwhile counts.
fn ended_with_era(
    key: &[u8],
    row: Read<WaitingCommand>,
    now: Timestamp,
) -> Result<Vec<Change>, StoreError> {
    let command = &row.document;
    let result = match enrollment_of(key) {
        Some(enrollment) => {
            let status = status_unreported(command);
            let [_, result] = ended_by(&enrollment, key, command, status, None, now)?;
            Some(result)
        }
        None => None,
    };
    Ok(result.into_iter().chain([row.deleted(key)]).collect())
}

#[cfg(test)]
mod tests {
    use mooring_mdm::ids::{CommandUuid, EnrollmentId};
    use mooring_store::MemoryStore;

    use super::super::{CommandResult, result_key, waiting_key};
    use super::*;

    const NOW: Timestamp = Timestamp(1);

    fn waiting(uuid: &str, sent_at: Option<Timestamp>) -> WaitingCommand {
        WaitingCommand {
            uuid: CommandUuid::parse(uuid).unwrap(),
            request_type: "EraseDevice".to_owned(),
            body: [0; 32],
            queued_at: NOW,
            sent_at,
            put_off_at: None,
        }
    }

    /// More commands than fit into one commit go when an era begins, each with its result; those
    /// that are taken in that era stay, whenever it is entered again.
    #[test]
    fn only_older_commands_go() {
        let left = |store: &MemoryStore| {
            let page = store.documents(Space::RawCommand, KeyRange::default(), 1000);
            page.unwrap().len()
        };
        let store = MemoryStore::new().unwrap();
        let id = EnrollmentId::parse("D").unwrap();
        let put = |number: usize, uuid: &str, sent_at| {
            let key = waiting_key(&id, number as u64);
            let change = documents::put(&key, &waiting(uuid, sent_at)).unwrap();
            store.commit(vec![change]).unwrap();
        };
        for number in 0..2 * ERA_PAGE {
            put(
                number,
                &format!("old-{number}"),
                (number == 0).then_some(NOW),
            );
        }
        enter_era(&store, 0, NOW).unwrap();
        assert_eq!(left(&store), 2 * ERA_PAGE, "no era began");
        let store = store.snapshot().unwrap().restored([7; 16]).unwrap();
        let era = mooring_store::era(&store).unwrap();
        enter_era(&store, era, NOW).unwrap();
        for (number, status) in [(0, "Lost"), (1, "Cleared"), (2 * ERA_PAGE - 1, "Cleared")] {
            let uuid = CommandUuid::parse(&format!("old-{number}")).unwrap();
            let key = result_key(&id, &uuid);
            let result = documents::read::<CommandResult>(&store, &key).unwrap();
            assert_eq!(result.unwrap().document.status, status, "{number}");
        }
        assert_eq!(left(&store), 0);
        let change = documents::put(&waiting_key(&id, 9), &waiting("new", None)).unwrap();
        store.commit(vec![change]).unwrap();
        enter_era(&store, era, NOW).unwrap();
        assert_eq!(left(&store), 1);
    }
}
