//! Whether a batch may be written: the rules that every backend holds a batch against.
//!
//! Knows nothing of how rows are kept. Invariant: it reads only, so a batch that is refused has
//! changed nothing, wherever in it the conflict was.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use mooring_mdm::ids::{EnrollmentId, HostId, PayloadIdentifier};

use crate::document::{check_size, shown};
use crate::record::COMMANDS_KEPT_MAX;
use crate::{Change, Expected, Space, StoreError, builtin};

/// What the rules ask of the rows that are stored already.
pub(crate) trait Stored {
    /// The revision of a profile, 0 if there is none.
    fn profile_revision(&self, identifier: &PayloadIdentifier) -> Result<u64, StoreError>;
    /// The revision of an enrollment, 0 if there is none.
    fn enrollment_revision(&self, id: &EnrollmentId) -> Result<u64, StoreError>;
    /// The revision of a host's facts, 0 if there are none.
    fn facts_revision(&self, id: &HostId) -> Result<u64, StoreError>;
    /// Whether there is such a host.
    fn has_host(&self, id: &HostId) -> Result<bool, StoreError>;
    /// Whether this version has bytes, and others than these.
    fn has_other_bytes(
        &self,
        identifier: &PayloadIdentifier,
        version: u32,
        bytes: &[u8],
    ) -> Result<bool, StoreError>;
    /// Whether exactly this document is stored under the key; `None`: whether none is.
    fn is_document(
        &self,
        space: Space,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<bool, StoreError>;
}

/// The first sequence number that a history with this newest one still keeps.
pub(crate) fn first_kept(newest: u32) -> u32 {
    newest.saturating_sub(COMMANDS_KEPT_MAX - 1)
}

/// Checks a whole batch as if its changes were made in order.
pub(crate) fn check(batch: &[Change], stored: &impl Stored) -> Result<(), StoreError> {
    let mut seen = Seen::new(stored);
    for change in batch {
        match change {
            Change::Profile(record) => seen.profile(&record.identifier, record.revision)?,
            Change::Raw {
                identifier,
                version,
                bytes,
            } => {
                if stored.has_other_bytes(identifier, *version, bytes)? {
                    return conflict(format!("version {version} of profile {identifier}"));
                }
            }
            Change::Host { id, .. } => {
                seen.hosts.insert(id);
            }
            Change::Facts { id, facts } => {
                facts.check_size(id)?;
                seen.facts(id, facts.revision)?;
            }
            Change::Enrollment(record) => seen.enrollment(&record.id, record.revision)?,
            Change::Command(record) => {
                seen.commanded.insert(&record.enrollment);
            }
            Change::BuiltIn(record) => {
                let key = record.identifier.as_str().as_bytes();
                let value = Cow::Owned(builtin::encode(record));
                check_size(Space::BuiltIn, key, Some(&value))?;
                seen.documents.insert((Space::BuiltIn, key), Some(value));
            }
            Change::Document {
                space,
                key,
                value,
                expected,
            } => {
                check_size(*space, key, value.as_deref())?;
                seen.expect(*space, key, expected)?;
                let value = value.as_deref().map(Cow::Borrowed);
                seen.documents.insert((*space, key), value);
            }
            Change::RemoveHost(id) => seen.remove(id),
        }
    }
    seen.check_owners()
}

fn conflict<T>(what: String) -> Result<T, StoreError> {
    Err(StoreError::Conflict { what })
}

/// The bytes of a document, or `None` where it is deleted.
type Written<'a> = Option<Cow<'a, [u8]>>;

/// What the changes of this batch so far have made of the stored rows.
struct Seen<'a, S> {
    stored: &'a S,
    profiles: BTreeMap<&'a PayloadIdentifier, u64>,
    facts: BTreeMap<&'a HostId, u64>,
    enrollments: BTreeMap<&'a EnrollmentId, u64>,
    /// Hosts of new enrollments; one that is stored already has its host.
    enrolled: BTreeSet<&'a HostId>,
    commanded: BTreeSet<&'a EnrollmentId>,
    hosts: BTreeSet<&'a HostId>,
    /// Hosts whose stored rows are gone.
    removed: BTreeSet<&'a HostId>,
    documents: BTreeMap<(Space, &'a [u8]), Written<'a>>,
}

impl<'a, S: Stored> Seen<'a, S> {
    fn new(stored: &'a S) -> Self {
        Self {
            stored,
            profiles: BTreeMap::new(),
            facts: BTreeMap::new(),
            enrollments: BTreeMap::new(),
            enrolled: BTreeSet::new(),
            commanded: BTreeSet::new(),
            hosts: BTreeSet::new(),
            removed: BTreeSet::new(),
            documents: BTreeMap::new(),
        }
    }

    fn profile(&mut self, id: &'a PayloadIdentifier, read: u64) -> Result<(), StoreError> {
        let current = match self.profiles.get(id) {
            Some(revision) => *revision,
            None => self.stored.profile_revision(id)?,
        };
        if current != read {
            return conflict(format!("profile {id}"));
        }
        self.profiles.insert(id, read + 1);
        Ok(())
    }

    fn facts(&mut self, id: &'a HostId, read: u64) -> Result<(), StoreError> {
        let current = match self.facts.get(id) {
            Some(revision) => *revision,
            None if self.removed.contains(id) => 0,
            None => self.stored.facts_revision(id)?,
        };
        if current != read {
            return conflict(format!("what is said of host {id}"));
        }
        self.facts.insert(id, read + 1);
        Ok(())
    }

    fn enrollment(&mut self, id: &'a EnrollmentId, read: u64) -> Result<(), StoreError> {
        if self.enrollment_revision(id)? != read {
            return conflict(format!("enrollment {id}"));
        }
        self.enrollments.insert(id, read + 1);
        if read == 0 {
            self.enrolled.insert(id.host());
        }
        Ok(())
    }

    fn enrollment_revision(&self, id: &EnrollmentId) -> Result<u64, StoreError> {
        match self.enrollments.get(id) {
            Some(revision) => Ok(*revision),
            None if self.removed.contains(id.host()) => Ok(0),
            None => self.stored.enrollment_revision(id),
        }
    }

    fn expect(&self, space: Space, key: &[u8], expected: &Expected) -> Result<(), StoreError> {
        let wanted = match expected {
            Expected::Any => return Ok(()),
            Expected::Absent => None,
            Expected::Same(value) => Some(value.as_slice()),
        };
        let is_met = match self.documents.get(&(space, key)) {
            Some(value) => value.as_deref() == wanted,
            None => self.stored.is_document(space, key, wanted)?,
        };
        if is_met {
            return Ok(());
        }
        conflict(format!("{space:?} document {}", shown(key)))
    }

    fn remove(&mut self, host: &'a HostId) {
        self.removed.insert(host);
        self.hosts.remove(host);
        self.enrolled.remove(host);
        self.facts.remove(host);
        self.enrollments.retain(|id, _| id.host() != host);
        self.commanded.retain(|id| id.host() != host);
    }

    /// No enrollment and no facts without their host, no command without its enrollment: a device
    /// that speaks while an administrator removes it must not leave half a host behind.
    fn check_owners(&self) -> Result<(), StoreError> {
        let owners = self.enrolled.iter().copied();
        for host in owners.chain(self.facts.keys().copied()) {
            let is_stored = !self.removed.contains(host) && self.stored.has_host(host)?;
            if !is_stored && !self.hosts.contains(host) {
                return conflict(format!("host {host}"));
            }
        }
        for id in &self.commanded {
            if self.enrollment_revision(id)? == 0 {
                return conflict(format!("enrollment {id}"));
            }
        }
        Ok(())
    }
}
