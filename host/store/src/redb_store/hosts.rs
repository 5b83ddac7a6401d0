//! Reading whole hosts: five tables that belong together, and what is pending for them.
//!
//! Knows nothing of how rows came to be. Invariant: everything that one call returns was true at
//! one moment; a damaged row is reported under its name and never left out or guessed.

use std::ops::Bound;
use std::sync::Arc;

use mooring_mdm::ids::HostId;
use redb::{AccessGuard, ReadOnlyTable, ReadTransaction};

use super::assemble;
use super::fault::backend;
use super::overlay::{Channel, Channels, Found, Hosts};
use super::pending::{HostRows, Slice};
use super::read::behind;
use super::schema::{ENROLLMENTS, FACTS, HOSTS, SETS, SYNC};
use super::sets::{SetCache, SetTable, SnapshotSets};
use crate::StoreError;
use crate::record::{EnrollmentRecord, HostRecord};

const DOING: &str = "reading hosts";

type ChannelTable<V> = ReadOnlyTable<(&'static str, &'static str), V>;

/// The tables that hold hosts, as they are in one snapshot.
#[derive(Debug)]
pub(super) struct StoredHosts {
    hosts: ReadOnlyTable<&'static str, &'static [u8]>,
    facts: ReadOnlyTable<&'static str, (u64, &'static [u8])>,
    enrollments: ChannelTable<(u64, &'static [u8])>,
    sync: ChannelTable<&'static [u8]>,
    sets: Arc<SetTable>,
}

impl StoredHosts {
    /// Those of this snapshot.
    pub(super) fn open(snapshot: &ReadTransaction) -> Result<Self, StoreError> {
        let open = || -> Result<Self, redb::TableError> {
            Ok(Self {
                hosts: snapshot.open_table(HOSTS)?,
                facts: snapshot.open_table(FACTS)?,
                enrollments: snapshot.open_table(ENROLLMENTS)?,
                sync: snapshot.open_table(SYNC)?,
                sets: Arc::new(snapshot.open_table(SETS)?),
            })
        };
        open().map_err(backend(DOING))
    }
}

/// Reads hosts of one snapshot.
pub(super) struct HostReader {
    stored: Arc<StoredHosts>,
    sets: SnapshotSets,
}

impl HostReader {
    /// A reader of these tables.
    pub(super) fn new(stored: Arc<StoredHosts>, cache: &Arc<SetCache>) -> Self {
        let sets = SnapshotSets::new(cache, Arc::clone(&stored.sets));
        Self { stored, sets }
    }

    /// One host, with what is pending of it.
    pub(super) fn host(
        &self,
        id: &HostId,
        pending: Option<&HostRows>,
    ) -> Result<Option<HostRecord>, StoreError> {
        let row = match pending {
            Some(HostRows {
                host: Some(row), ..
            }) => {
                return self.record(id.clone(), row, pending).map(Some);
            }
            Some(rows) if rows.is_cleared => None,
            Some(_) | None => self.stored.hosts.get(id.as_str()).map_err(backend(DOING))?,
        };
        row.map(|row| self.record(id.clone(), row.value(), pending))
            .transpose()
    }

    /// The hosts behind `after`, at most `limit`, with what is pending of them.
    pub(super) fn page(
        &self,
        after: Option<&HostId>,
        limit: usize,
        pending: &Slice,
    ) -> Result<Vec<HostRecord>, StoreError> {
        let from = after.map_or(Bound::Unbounded, |id| Bound::Excluded(id.as_str()));
        let range = self.stored.hosts.range::<&str>((from, Bound::Unbounded));
        let mut hosts = Hosts::new(range.map_err(backend(DOING))?, pending)?;
        let mut records = Vec::new();
        while records.len() < limit
            && let Some(Found { id, row, pending }) = hosts.next()?
        {
            records.push(self.record(id, row.bytes(), pending)?);
        }
        Ok(records)
    }

    fn record(
        &self,
        id: HostId,
        row: &[u8],
        pending: Option<&HostRows>,
    ) -> Result<HostRecord, StoreError> {
        let enrollments = self.enrollments(&id, pending)?;
        let laid_over = pending.and_then(|rows| rows.facts.as_ref());
        if let Some(facts) = laid_over {
            let facts = Some((facts.revision, facts.row.as_slice()));
            return assemble::host_record(id, row, facts, enrollments);
        }
        let facts = match pending {
            Some(rows) if rows.is_cleared => None,
            Some(_) | None => self.stored.facts.get(id.as_str()).map_err(backend(DOING))?,
        };
        let facts = facts.as_ref().map(AccessGuard::value);
        assemble::host_record(id, row, facts, enrollments)
    }

    /// The channels of a host, each of two rows.
    fn enrollments(
        &self,
        id: &HostId,
        pending: Option<&HostRows>,
    ) -> Result<Vec<EnrollmentRecord>, StoreError> {
        let mut channels = match pending {
            Some(rows) if rows.is_cleared => Channels::default(),
            Some(_) | None => self.stored_channels(id)?,
        };
        if let Some(rows) = pending {
            channels.lay_over(rows);
        }
        let record = |channel: &Channel| {
            let (host, user) = (id.as_str(), channel.user.as_str());
            match (&channel.hot, &channel.cold) {
                (Some(hot), Some(cold)) => assemble::enrollment(id, user, hot, cold, &self.sets),
                (Some(_), None) => Err(assemble::without_cold(host, user)),
                (None, _) => Err(assemble::without_hot(host, user)),
            }
        };
        channels.iter().map(record).collect()
    }

    fn stored_channels(&self, id: &HostId) -> Result<Channels, StoreError> {
        let (host, end) = (id.as_str(), behind(id.as_str()));
        let keys = (host, "")..(end.as_str(), "");
        let mut channels = Channels::default();
        for row in self
            .stored
            .sync
            .range(keys.clone())
            .map_err(backend(DOING))?
        {
            let (key, hot) = row.map_err(backend(DOING))?;
            channels.of(key.value().1).hot = Some(hot.value().to_vec());
        }
        for row in self
            .stored
            .enrollments
            .range(keys)
            .map_err(backend(DOING))?
        {
            let (key, cold) = row.map_err(backend(DOING))?;
            channels.of(key.value().1).cold = Some(cold.value().1.to_vec());
        }
        Ok(channels)
    }
}
