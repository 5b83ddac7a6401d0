//! Sets of profiles, kept once each: reading them through a cache, and collecting unused ones.
//!
//! Knows nothing of why an enrollment is in a state. Invariant: a set is named by the hash of its
//! entries, so a cached one is right whatever became of the transaction that wrote it; and a set
//! is only deleted while nobody can be writing a row that refers to it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mooring_drift::set::{ProfileSet, SetId};
use mooring_mdm::ids::{PayloadIdentifier, PayloadUuid};
use redb::{Database, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable};

use super::assemble::Sets;
use super::codec::{HotRow, SetRow, decode};
use super::fault::{ReadError, backend};
use super::schema::{SETS, SYNC, begin_write};
use crate::{RowError, StoreError};

/// Entries of all cached sets together: some 6 MB, since sets of one fleet name the same profiles. A
/// fleet of common states has a few hundred
/// sets; one of unique states gains nothing from a cache.
const CACHED_ENTRIES_MAX: usize = 200_000;

/// Sets that one reader has at hand: most hosts share the few states that are common.
const NEAR_MAX: usize = 8;

/// Sets that were read lately.
#[derive(Debug, Default)]
pub(super) struct SetCache(Mutex<Cached>);

#[derive(Debug, Default)]
struct Cached {
    sets: BTreeMap<SetId, ProfileSet>,
    entries: usize,
    /// What entries are made of, each text once.
    identifiers: BTreeSet<PayloadIdentifier>,
    uuids: BTreeSet<PayloadUuid>,
}

impl SetCache {
    /// Reads a set, from the cache if it is there.
    fn load(
        &self,
        table: &impl ReadableTable<&'static [u8; 16], &'static [u8]>,
        id: SetId,
    ) -> Result<ProfileSet, ReadError> {
        if let Some(set) = self.lock().sets.get(&id) {
            return Ok(set.clone());
        }
        let row = table.get(&id.0)?.ok_or(RowError::SetMissing(id))?;
        let set = decode::<SetRow>(row.value())?.into_set(id)?;
        Ok(self.keep(&set))
    }

    /// A full cache is emptied: simpler than ageing, and the states in use are back soon.
    fn keep(&self, set: &ProfileSet) -> ProfileSet {
        let mut cached = self.lock();
        if cached.entries + set.entries().len() > CACHED_ENTRIES_MAX {
            *cached = Cached::default();
        }
        let set = cached.shared(set);
        if cached.sets.insert(set.id(), set.clone()).is_none() {
            cached.entries += set.entries().len();
        }
        set
    }

    fn lock(&self) -> MutexGuard<'_, Cached> {
        // Each change of the cache is complete in itself, so a panic elsewhere cannot spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cached {
    /// The same set, of texts that others have too.
    fn shared(&mut self, set: &ProfileSet) -> ProfileSet {
        let entries = set.entries().iter();
        let entries = entries.map(|(identifier, uuid)| {
            (
                once(&mut self.identifiers, identifier),
                once(&mut self.uuids, uuid),
            )
        });
        ProfileSet::from_entries(entries.collect())
    }
}

/// The one that is known and equal, which from now on is this one if there was none.
fn once<T: Ord + Clone>(known: &mut BTreeSet<T>, one: &T) -> T {
    if let Some(same) = known.get(one) {
        return same.clone();
    }
    known.insert(one.clone());
    one.clone()
}

/// Reads the sets that the rows of one snapshot name.
pub(super) struct SetReader<T> {
    cache: Arc<SetCache>,
    table: T,
    near: RefCell<Near>,
}

/// The last sets, found without a lock.
#[derive(Default)]
struct Near {
    sets: Vec<ProfileSet>,
    /// The one that makes room next.
    oldest: usize,
}

impl<T> SetReader<T> {
    /// A reader of this table.
    pub(super) fn new(cache: &Arc<SetCache>, table: T) -> Self {
        Self {
            cache: Arc::clone(cache),
            table,
            near: RefCell::default(),
        }
    }
}

/// The table of sets in a snapshot.
pub(super) type SetTable = ReadOnlyTable<&'static [u8; 16], &'static [u8]>;

/// Reads the sets of a snapshot, and keeps it as long.
pub(super) type SnapshotSets = SetReader<Arc<SetTable>>;

impl SnapshotSets {
    /// A reader of this snapshot.
    pub(super) fn of(
        cache: &Arc<SetCache>,
        snapshot: &ReadTransaction,
    ) -> Result<Self, StoreError> {
        let table = snapshot.open_table(SETS);
        let table = table.map_err(backend("reading sets"))?;
        Ok(Self::new(cache, Arc::new(table)))
    }
}

impl<T> Sets for SetReader<T>
where
    T: Deref<Target: ReadableTable<&'static [u8; 16], &'static [u8]> + Sized>,
{
    fn set(&self, id: SetId) -> Result<ProfileSet, ReadError> {
        let empty = ProfileSet::empty();
        if id == empty.id() {
            return Ok(empty);
        }
        let mut near = self.near.borrow_mut();
        if let Some(set) = near.sets.iter().find(|set| set.id() == id) {
            return Ok(set.clone());
        }
        let set = self.cache.load(&*self.table, id)?;
        near.keep(set.clone());
        Ok(set)
    }
}

impl Near {
    fn keep(&mut self, set: ProfileSet) {
        if self.sets.len() < NEAR_MAX {
            self.sets.push(set);
        } else {
            self.sets[self.oldest] = set;
            self.oldest = (self.oldest + 1) % NEAR_MAX;
        }
    }
}

/// Deletes the sets that no enrollment refers to. To be called while nothing can be written.
///
/// A damaged enrollment may refer to any set, so while there is one nothing is deleted.
pub(super) fn collect_unused(db: &Database) -> Result<(), StoreError> {
    let doing = "collecting unused sets";
    let Some(unused) = unused(db)? else {
        return Ok(());
    };
    if unused.is_empty() {
        return Ok(());
    }
    let transaction = begin_write(db)?;
    {
        let mut sets = transaction.open_table(SETS).map_err(backend(doing))?;
        for id in &unused {
            sets.remove(&id.0).map_err(backend(doing))?;
        }
    }
    transaction.commit().map_err(backend(doing))
}

/// The unused sets, or `None` if a row that may refer to one cannot be read.
fn unused(db: &Database) -> Result<Option<BTreeSet<SetId>>, StoreError> {
    let doing = "looking for unused sets";
    let transaction = db.begin_read().map_err(backend(doing))?;
    let sets = transaction.open_table(SETS).map_err(backend(doing))?;
    let enrollments = transaction.open_table(SYNC).map_err(backend(doing))?;
    let mut unused = BTreeSet::new();
    for row in sets.iter().map_err(backend(doing))? {
        let (id, _) = row.map_err(backend(doing))?;
        unused.insert(SetId(*id.value()));
    }
    for row in enrollments.iter().map_err(backend(doing))? {
        let (_, value) = row.map_err(backend(doing))?;
        let Ok(row) = HotRow::read(value.value()) else {
            return Ok(None);
        };
        unused.remove(&row.delivered());
        if let Some(observed) = row.observed() {
            unused.remove(&observed);
        }
    }
    Ok(Some(unused))
}
