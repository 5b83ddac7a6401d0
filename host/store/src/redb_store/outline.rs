//! Reading outlines of hosts: three tables walked side by side.
//!
//! Knows nothing of what an outline is for. Invariant: hosts, facts and enrollments are all in
//! order of host, so each row is read once, in the order in which it lies in the file, and no row
//! is looked for.

use std::ops::Bound;

use mooring_mdm::ids::{EnrollmentId, HostId};
use redb::{AccessGuard, Key, Range, ReadOnlyTable, ReadTransaction, Value};

use super::codec::{FactsRow, HostRow, OutlineRow, decode};
use super::fault::{ReadError, backend};
use super::read::name;
use super::schema::{ENROLLMENTS, FACTS, HOSTS, SETS};
use super::sets::SetCache;
use crate::StoreError;
use crate::record::{EnrollmentOutline, HostFacts, HostOutline};

const DOING: &str = "reading outlines of hosts";

type Sets = ReadOnlyTable<&'static [u8; 16], &'static [u8]>;

/// The outlines of the hosts behind `after`, at most `limit`.
pub(super) fn page(
    transaction: &ReadTransaction,
    cache: &SetCache,
    after: Option<&HostId>,
    limit: usize,
) -> Result<Vec<HostOutline>, StoreError> {
    let hosts = transaction.open_table(HOSTS).map_err(backend(DOING))?;
    let facts = transaction.open_table(FACTS).map_err(backend(DOING))?;
    let enrollments = transaction
        .open_table(ENROLLMENTS)
        .map_err(backend(DOING))?;
    let sets = transaction.open_table(SETS).map_err(backend(DOING))?;
    // No host has an empty id, so this is in front of all that may follow.
    let from = after.map_or("", HostId::as_str);
    let behind = (Bound::Excluded(from), Bound::Unbounded);
    let hosts = hosts.range::<&str>(behind).map_err(backend(DOING))?;
    let facts = facts.range::<&str>(behind).map_err(backend(DOING))?;
    let enrollments = enrollments
        .range::<(&str, &str)>((from, "")..)
        .map_err(backend(DOING))?;
    let (mut facts, mut enrollments) = (Beside::new(facts), Beside::new(enrollments));
    let mut outlines = Vec::new();
    for row in hosts.take(limit) {
        let (key, value) = row.map_err(backend(DOING))?;
        let mut outline = host(key.value(), value.value())?;
        facts.of_host(&outline.id, |_, (revision, bytes)| {
            outline.facts = said(&outline.id, revision, bytes)?;
            Ok(())
        })?;
        enrollments.of_host(&outline.id, |(_, user), (revision, bytes)| {
            let read = enrollment(&outline.id, user, revision, bytes, cache, &sets);
            let named =
                |error: ReadError| error.named("enrollments", name(outline.id.as_str(), user));
            outline.enrollments.push(read.map_err(named)?);
            Ok(())
        })?;
        outlines.push(outline);
    }
    Ok(outlines)
}

fn host(id: &str, bytes: &[u8]) -> Result<HostOutline, StoreError> {
    let parsed = || -> Result<HostOutline, ReadError> {
        let row = decode::<HostRow>(bytes)?;
        Ok(row.into_outline(HostId::parse(id)?))
    };
    parsed().map_err(|error| error.named("hosts", name(id, "")))
}

fn said(id: &HostId, revision: u64, bytes: &[u8]) -> Result<HostFacts, StoreError> {
    let facts = decode::<FactsRow>(bytes).and_then(|row| row.into_facts(revision));
    facts.map_err(|error| ReadError::from(error).named("host_facts", name(id.as_str(), "")))
}

fn enrollment(
    host: &HostId,
    user: &str,
    revision: u64,
    bytes: &[u8],
    cache: &SetCache,
    sets: &Sets,
) -> Result<EnrollmentOutline, ReadError> {
    let id = match user {
        "" => EnrollmentId::device(host.clone()),
        user => EnrollmentId::user(host.clone(), user)?,
    };
    let row = decode::<OutlineRow>(bytes)?;
    let delivered = cache.load(sets, row.sync.delivered_set())?;
    let observed = match row.sync.observed_set() {
        Some(id) if id == delivered.id() => Some(delivered.clone()),
        Some(id) => Some(cache.load(sets, id)?),
        None => None,
    };
    Ok(row.into_outline(id, revision, observed, delivered)?)
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
        if !self.is_begun {
            (self.is_begun, self.next) = (true, self.step()?);
        }
        while let Some((key, value)) = self.next.take() {
            let order = K::host(&key.value()).cmp(host.as_str());
            if order.is_gt() {
                self.next = Some((key, value));
                break;
            }
            if order.is_eq() {
                see(key.value(), value.value())?;
            }
            self.next = self.step()?;
        }
        Ok(())
    }

    fn step(&mut self) -> Result<Option<Entry<'a, K, V>>, StoreError> {
        self.rows.next().transpose().map_err(backend(DOING))
    }
}
