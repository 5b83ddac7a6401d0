//! What came of commands: listed, read, and forgotten when they are old.
//!
//! Knows nothing of the queue. Invariant: reports are held in memory few at a time, since a device
//! may send megabytes.

use mooring_mdm::ids::{CommandUuid, EnrollmentId};
use mooring_store::{KeyRange, Space, StoreError};
use serde::{Deserialize, Serialize};

use super::{QueueError, Turn, record_of};
use crate::clock::rfc3339;
use crate::core::Core;
use crate::device::chain;
use crate::device::queue::{CommandResult, prefix, result_key};
use crate::documents;

/// Results that are kept for each enrollment, the newest ones. It is looked after as commands are
/// taken, so until then there may be those of [`PRUNE_EVERY`] commands and of all that waited
/// more.
pub const RESULTS_KEPT: usize = 200;
/// Results on one page.
const RESULTS_PAGE: usize = 100;
/// Commands taken for an enrollment between two looks at its results.
const PRUNE_EVERY: u32 = 64;
/// Results read at once.
const READ_PAGE: usize = 16;

/// What came of one command, without the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultEntry {
    /// `CommandUUID`.
    pub command_uuid: String,
    /// `RequestType`.
    pub request_type: String,
    /// Apple's `Status`; `Lost` if the device got it and never reported, `Cleared` if it never
    /// got it.
    pub status: String,
    /// When it was taken.
    pub queued_at: String,
    /// When it ended.
    pub ended_at: String,
}

/// `GET /v1/results/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultListing {
    /// Newest first.
    pub results: Vec<ResultEntry>,
    /// What to pass as `after` for the next page, if there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
}

/// `GET /v1/results/{id}/{uuid}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultDetail {
    /// What came of it.
    #[serde(flatten)]
    pub result: ResultEntry,
    /// The device's report in base64, byte for byte, if there was one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub raw_payload: Option<String>,
}

impl Turn {
    /// Those of `taken` whose results should be counted now.
    pub(super) fn due_for_prune(&mut self, taken: Vec<&EnrollmentId>) -> Vec<EnrollmentId> {
        let mut due = Vec::new();
        for id in taken {
            let since = self.since_prune.entry(id.clone()).or_insert(PRUNE_EVERY);
            *since += 1;
            if *since >= PRUNE_EVERY {
                *since = 0;
                due.push(id.clone());
            }
        }
        due
    }
}

impl Core {
    /// A page of what came of an enrollment's commands, newest first, those behind `after`.
    ///
    /// # Errors
    /// [`QueueError`] if there is no such enrollment, or the store fails.
    pub fn command_results(
        &self,
        id: &EnrollmentId,
        after: Option<&str>,
    ) -> Result<ResultListing, QueueError> {
        record_of(self, id)?;
        let mut all = Vec::new();
        self.each_result(id, |_, result| all.push((result.ended_at, entry(&result))))?;
        all.sort_by(|(a, one), (b, other)| {
            let by_uuid = || one.command_uuid.cmp(&other.command_uuid);
            b.cmp(a).then_with(by_uuid)
        });
        let place = |uuid: &str| all.iter().position(|(_, entry)| entry.command_uuid == uuid);
        let from = after.and_then(place).map_or(0, |at| at + 1);
        let rest = all.len().saturating_sub(from);
        let page = all.into_iter().skip(from).take(RESULTS_PAGE);
        let results: Vec<ResultEntry> = page.map(|(_, entry)| entry).collect();
        let last = results.last().filter(|_| rest > RESULTS_PAGE);
        Ok(ResultListing {
            next: last.map(|entry| entry.command_uuid.clone()),
            results,
        })
    }

    /// What came of one command.
    ///
    /// # Errors
    /// [`QueueError`] if there is no such enrollment or result, or the store fails.
    pub fn command_result(
        &self,
        id: &EnrollmentId,
        uuid: &str,
    ) -> Result<ResultDetail, QueueError> {
        record_of(self, id)?;
        let none = || QueueError::NoResult {
            enrollment: id.clone(),
            uuid: uuid.to_owned(),
        };
        let uuid = CommandUuid::parse(uuid).map_err(|_| none())?;
        let read = documents::read::<CommandResult>(&*self.store, &result_key(id, &uuid))?;
        let result = read.ok_or_else(none)?.document;
        Ok(ResultDetail {
            result: entry(&result),
            raw_payload: result.report,
        })
    }

    /// Forgets an enrollment's oldest results if there are too many. What cannot be deleted now
    /// is deleted another time.
    pub(super) fn prune_results(&self, id: &EnrollmentId) {
        if let Err(error) = self.try_prune(id) {
            tracing::error!(enrollment = %id, error = %chain(&error), "old results stay");
        }
    }

    fn try_prune(&self, id: &EnrollmentId) -> Result<(), StoreError> {
        let mut all = Vec::new();
        self.each_result(id, |key, result| all.push((result.ended_at, key)))?;
        let surplus = all.len().saturating_sub(RESULTS_KEPT);
        if surplus == 0 {
            return Ok(());
        }
        all.sort();
        let oldest = all.iter().take(surplus);
        let delete = oldest.map(|(_, key)| documents::delete(Space::RawResult, key));
        self.store.commit(delete.collect())
    }

    fn each_result(
        &self,
        id: &EnrollmentId,
        mut look: impl FnMut(Vec<u8>, CommandResult),
    ) -> Result<(), StoreError> {
        let prefix = prefix(id);
        let mut after: Option<Vec<u8>> = None;
        loop {
            let range = KeyRange {
                prefix: &prefix,
                after: after.as_deref(),
                is_reversed: false,
            };
            let page = documents::page::<CommandResult>(&*self.store, range, READ_PAGE)?;
            let is_last = page.len() < READ_PAGE;
            after = page.last().map(|(key, _)| key.clone());
            for (key, read) in page {
                look(key, read.document);
            }
            if is_last {
                return Ok(());
            }
        }
    }
}

fn entry(result: &CommandResult) -> ResultEntry {
    ResultEntry {
        command_uuid: result.uuid.to_string(),
        request_type: result.request_type.clone(),
        status: result.status.clone(),
        queued_at: rfc3339(result.queued_at),
        ended_at: rfc3339(result.ended_at),
    }
}
