//! Reading outlines of hosts: three tables walked side by side, with what is pending laid over.
//!
//! Knows nothing of what an outline is for. Invariant: hosts, facts and hot rows are all in order
//! of host, so each row is read once, in the order in which it lies in the file, and no row
//! is looked for.

use std::ops::Bound;

use mooring_mdm::ids::HostId;
use redb::{AccessGuard, Key, Range, ReadTransaction, Value};

use super::assemble::{self, Sets};
use super::fault::backend;
use super::overlay::{Found, Hosts};
use super::pending::{HostRows, Slice};
use super::schema::{FACTS, HOSTS, SETS, SYNC};
use super::sets::{SetCache, SetReader};
use crate::StoreError;
use crate::record::{EnrollmentOutline, HostOutline};

const DOING: &str = "reading outlines of hosts";

/// The outlines of the hosts behind `after`, at most `limit`.
pub(super) fn page(
    transaction: &ReadTransaction,
    cache: &SetCache,
    after: Option<&HostId>,
    limit: usize,
    pending: &Slice,
) -> Result<Vec<HostOutline>, StoreError> {
    let hosts = transaction.open_table(HOSTS).map_err(backend(DOING))?;
    let facts = transaction.open_table(FACTS).map_err(backend(DOING))?;
    let sync = transaction.open_table(SYNC).map_err(backend(DOING))?;
    let sets = transaction.open_table(SETS).map_err(backend(DOING))?;
    let sets = SetReader::new(cache, sets);
    // No host has an empty id, so this is in front of all that may follow.
    let from = after.map_or("", HostId::as_str);
    let behind = (Bound::Excluded(from), Bound::Unbounded);
    let hosts = hosts.range::<&str>(behind).map_err(backend(DOING))?;
    let facts = facts.range::<&str>(behind).map_err(backend(DOING))?;
    let sync = sync
        .range::<(&str, &str)>((from, "")..)
        .map_err(backend(DOING))?;
    let (mut facts, mut sync) = (Beside::new(facts), Beside::new(sync));
    let mut hosts = Hosts::new(hosts, pending)?;
    let mut outlines = Vec::new();
    while outlines.len() < limit
        && let Some(Found { id, row, pending }) = hosts.next()?
    {
        let enrollments = match pending {
            None => stored_channels(&id, &mut sync, &sets)?,
            Some(rows) => channels(&id, &mut sync, rows, &sets)?,
        };
        let stored = facts.take_of(&id)?;
        let stored = stored.as_ref().map(|(_, facts)| facts.value());
        let said = match pending {
            Some(HostRows {
                facts: Some(it), ..
            }) => Some((it.revision, it.row.as_slice())),
            Some(rows) if rows.is_cleared => None,
            Some(_) | None => stored,
        };
        outlines.push(assemble::host_outline(id, row.bytes(), said, enrollments)?);
    }
    Ok(outlines)
}

/// The channels of a host of which nothing is pending.
fn stored_channels(
    id: &HostId,
    sync: &mut Beside<'_, (&'static str, &'static str), &'static [u8]>,
    sets: &impl Sets,
) -> Result<Vec<EnrollmentOutline>, StoreError> {
    let mut outlines = Vec::new();
    sync.of_host(id, |(_, user), hot| {
        outlines.push(assemble::enrollment_outline(id, user, hot, sets)?);
        Ok(())
    })?;
    Ok(outlines)
}

/// The channels of a host of which something is.
fn channels(
    id: &HostId,
    sync: &mut Beside<'_, (&'static str, &'static str), &'static [u8]>,
    pending: &HostRows,
    sets: &impl Sets,
) -> Result<Vec<EnrollmentOutline>, StoreError> {
    let mut outlines = Vec::new();
    let mut push = |user: &str, hot: Option<&[u8]>| -> Result<(), StoreError> {
        let hot = hot.ok_or_else(|| assemble::without_hot(id.as_str(), user))?;
        outlines.push(assemble::enrollment_outline(id, user, hot, sets)?);
        Ok(())
    };
    let mut laid_over = pending.channels.iter().peekable();
    while let Some((key, stored)) = sync.take_of(id)? {
        if pending.is_cleared {
            continue;
        }
        let (_, user) = key.value();
        while let Some(before) = laid_over.next_if(|it| it.user.as_str() < user) {
            push(&before.user, before.sync.as_deref())?;
        }
        let same = laid_over.next_if(|it| it.user == user);
        let pending = same.and_then(|channel| channel.sync.as_deref());
        push(user, pending.or_else(|| Some(stored.value())))?;
    }
    for channel in laid_over {
        push(&channel.user, channel.sync.as_deref())?;
    }
    Ok(outlines)
}

/// A key that begins with a host's id.
trait OfHost: Key + 'static {
    fn host<'k>(key: &Self::SelfType<'k>) -> &'k str;
}

impl OfHost for &'static str {
    fn host<'k>(key: &<Self as Value>::SelfType<'k>) -> &'k str {
        key
    }
}

impl OfHost for (&'static str, &'static str) {
    fn host<'k>((host, _): &<Self as Value>::SelfType<'k>) -> &'k str {
        host
    }
}

type Entry<'a, K, V> = (AccessGuard<'a, K>, AccessGuard<'a, V>);

/// The rows of a table that is walked beside that of the hosts.
struct Beside<'a, K: OfHost, V: Value + 'static> {
    rows: Range<'a, K, V>,
    /// The first row that no host has taken.
    next: Option<Entry<'a, K, V>>,
    is_begun: bool,
}

impl<'a, K: OfHost, V: Value + 'static> Beside<'a, K, V> {
    fn new(rows: Range<'a, K, V>) -> Self {
        Self {
            rows,
            next: None,
            is_begun: false,
        }
    }

    /// Shows the rows of a host; those in front of them belong to none.
    fn of_host(
        &mut self,
        host: &HostId,
        mut see: impl FnMut(K::SelfType<'_>, V::SelfType<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        while let Some((key, value)) = self.take_of(host)? {
            see(key.value(), value.value())?;
        }
        Ok(())
    }

    /// The first row of a host that was not taken yet.
    fn take_of(&mut self, host: &HostId) -> Result<Option<Entry<'a, K, V>>, StoreError> {
        if !self.is_begun {
            (self.is_begun, self.next) = (true, self.step()?);
        }
        while let Some((key, value)) = self.next.take() {
            let order = K::host(&key.value()).cmp(host.as_str());
            if order.is_gt() {
                self.next = Some((key, value));
                break;
            }
            self.next = self.step()?;
            if order.is_eq() {
                return Ok(Some((key, value)));
            }
        }
        Ok(None)
    }

    fn step(&mut self) -> Result<Option<Entry<'a, K, V>>, StoreError> {
        self.rows.next().transpose().map_err(backend(DOING))
    }
}
