//! Reading outlines of hosts: three tables walked side by side, with what is pending laid over.
//!
//! Knows nothing of what an outline is for. Invariant: hosts, facts and hot rows are all in order
//! of host, so each row is read once, in the order in which it lies in the file, and no row
//! is looked for.

use std::ops::{Bound, Range};

use mooring_mdm::ids::HostId;
use redb::{AccessGuard, Key, ReadTransaction, Value};

use super::assemble::{self, Sets};
use super::fault::backend;
use super::overlay::{Found, Hosts};
use super::pending::{HostRows, Slice};
use super::schema::{FACTS, HOSTS, SYNC};
use crate::StoreError;
use crate::record::{HostOutline, HostSketch};

const DOING: &str = "reading outlines of hosts";

/// The rows of a page of hosts. They lie one behind the other: what has to be read in order is only
/// copied, and made into outlines by whoever has the time.
#[derive(Debug, Default)]
pub(super) struct RawPage {
    bytes: Vec<u8>,
    hosts: Vec<RawHost>,
    channels: Vec<RawChannel>,
}

#[derive(Debug)]
struct RawHost {
    id: HostId,
    row: Range<usize>,
    /// With their revision.
    facts: Option<(u64, Range<usize>)>,
    /// Where its channels end; they begin where those of the host before end.
    channels_end: usize,
}

#[derive(Debug)]
struct RawChannel {
    user: Range<usize>,
    hot: Range<usize>,
}

/// The rows of the hosts behind `after`, at most `limit`.
pub(super) fn page(
    transaction: &ReadTransaction,
    after: Option<&HostId>,
    limit: usize,
    pending: &Slice,
) -> Result<RawPage, StoreError> {
    let hosts = transaction.open_table(HOSTS).map_err(backend(DOING))?;
    let facts = transaction.open_table(FACTS).map_err(backend(DOING))?;
    let sync = transaction.open_table(SYNC).map_err(backend(DOING))?;
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
    let mut page = RawPage::default();
    while page.hosts.len() < limit
        && let Some(Found { id, row, pending }) = hosts.next()?
    {
        match pending {
            None => sync.of_host(&id, |(_, user), hot| page.channel(user, hot))?,
            Some(rows) => page.channels(&id, &mut sync, rows)?,
        }
        let stored = facts.take_of(&id)?;
        let stored = stored.as_ref().map(|(_, facts)| facts.value());
        page.host(id, row.bytes(), said(pending, stored));
    }
    Ok(page)
}

/// Sketches of the hosts behind `after`, at most `limit`.
pub(super) fn sketches(
    transaction: &ReadTransaction,
    after: Option<&HostId>,
    limit: usize,
    pending: &Slice,
) -> Result<Vec<HostSketch>, StoreError> {
    let hosts = transaction.open_table(HOSTS).map_err(backend(DOING))?;
    let facts = transaction.open_table(FACTS).map_err(backend(DOING))?;
    let behind = (
        Bound::Excluded(after.map_or("", HostId::as_str)),
        Bound::Unbounded,
    );
    let hosts = hosts.range::<&str>(behind).map_err(backend(DOING))?;
    let facts = facts.range::<&str>(behind).map_err(backend(DOING))?;
    let (mut hosts, mut facts) = (Hosts::new(hosts, pending)?, Beside::new(facts));
    let mut sketches = Vec::new();
    while sketches.len() < limit
        && let Some(Found { id, row, pending }) = hosts.next()?
    {
        let stored = facts.take_of(&id)?;
        let stored = stored.as_ref().map(|(_, facts)| facts.value());
        let sketch = assemble::host_sketch(id, row.bytes(), said(pending, stored))?;
        sketches.push(sketch);
    }
    Ok(sketches)
}

/// What administrators said of a host: what is pending of that, or else what is stored.
fn said<'a>(
    pending: Option<&'a HostRows>,
    stored: Option<(u64, &'a [u8])>,
) -> Option<(u64, &'a [u8])> {
    match pending {
        Some(HostRows {
            facts: Some(it), ..
        }) => Some((it.revision, it.row.as_slice())),
        Some(rows) if rows.is_cleared => None,
        Some(_) | None => stored,
    }
}

impl RawPage {
    /// How many hosts there are.
    pub(super) fn len(&self) -> usize {
        self.hosts.len()
    }

    /// The last of them.
    pub(super) fn last(&self) -> Option<&HostId> {
        self.hosts.last().map(|host| &host.id)
    }

    /// The outlines that the rows hold.
    pub(super) fn outlines(self, sets: &impl Sets) -> Result<Vec<HostOutline>, StoreError> {
        let Self {
            bytes,
            hosts,
            channels,
        } = self;
        let mut channels = channels.into_iter();
        let mut begin = 0;
        let outline = |host: RawHost| {
            let (count, id) = (host.channels_end - begin, host.id);
            begin = host.channels_end;
            let mut enrollments = Vec::with_capacity(count);
            for channel in channels.by_ref().take(count) {
                let user = String::from_utf8_lossy(&bytes[channel.user]);
                let hot = &bytes[channel.hot];
                enrollments.push(assemble::enrollment_outline(&id, &user, hot, sets)?);
            }
            let facts = host.facts.map(|(revision, row)| (revision, &bytes[row]));
            assemble::host_outline(id, &bytes[host.row], facts, enrollments)
        };
        hosts.into_iter().map(outline).collect()
    }

    fn copy(&mut self, row: &[u8]) -> Range<usize> {
        let begin = self.bytes.len();
        self.bytes.extend_from_slice(row);
        begin..self.bytes.len()
    }

    /// Adds a channel of the host that is added next.
    fn channel(&mut self, user: &str, hot: &[u8]) {
        let (user, hot) = (self.copy(user.as_bytes()), self.copy(hot));
        self.channels.push(RawChannel { user, hot });
    }

    fn host(&mut self, id: HostId, row: &[u8], facts: Option<(u64, &[u8])>) {
        let host = RawHost {
            id,
            row: self.copy(row),
            facts: facts.map(|(revision, row)| (revision, self.copy(row))),
            channels_end: self.channels.len(),
        };
        self.hosts.push(host);
    }

    /// Adds the channels of a host of which something is pending.
    fn channels(
        &mut self,
        id: &HostId,
        sync: &mut Beside<'_, (&'static str, &'static str), &'static [u8]>,
        pending: &HostRows,
    ) -> Result<(), StoreError> {
        let mut push = |user: &str, hot: Option<&[u8]>| {
            let hot = hot.ok_or_else(|| assemble::without_hot(id.as_str(), user))?;
            self.channel(user, hot);
            Ok::<_, StoreError>(())
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
        Ok(())
    }
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
    rows: redb::Range<'a, K, V>,
    /// The first row that no host has taken.
    next: Option<Entry<'a, K, V>>,
    is_begun: bool,
}

impl<'a, K: OfHost, V: Value + 'static> Beside<'a, K, V> {
    fn new(rows: redb::Range<'a, K, V>) -> Self {
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
        mut see: impl FnMut(K::SelfType<'_>, V::SelfType<'_>),
    ) -> Result<(), StoreError> {
        while let Some((key, value)) = self.take_of(host)? {
            see(key.value(), value.value());
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
