//! What every decision about a fleet needs of a host, without what only its device needs.
//!
//! Knows nothing of tables. Invariant: an outline is a function of its record, so one that was read
//! by itself equals one made of the whole record.

use std::fmt;

use mooring_drift::policy::Timestamp;
use mooring_drift::state::SyncState;
use mooring_mdm::device::Attributes;
use mooring_mdm::ids::{EnrollmentId, HostId};

use super::{EnrollmentRecord, HostFacts, HostRecord, Via};
use crate::StoreError;

/// Most hosts that one page of outlines or sketches holds: some megabytes, read in about 10 ms.
pub const OUTLINES_PAGE_MAX: usize = 10_000;

/// A host without tokens, identities and names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostOutline {
    /// The host.
    pub id: HostId,
    /// What the device told of itself.
    pub attributes: Attributes,
    /// When it last told all of it.
    pub attributes_at: Option<Timestamp>,
    /// What administrators said of it.
    pub facts: HostFacts,
    /// Its channels, the device channel first.
    pub enrollments: Vec<EnrollmentOutline>,
}

/// What is said of a host, without its channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostSketch {
    /// The host.
    pub id: HostId,
    /// What the device told of itself.
    pub attributes: Attributes,
    /// When it last told all of it.
    pub attributes_at: Option<Timestamp>,
    /// What administrators said of it.
    pub facts: HostFacts,
}

/// A channel without tokens, identities and names.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts about one channel"
)]
pub struct EnrollmentOutline {
    /// The channel.
    pub id: EnrollmentId,
    /// What the engine knows of it.
    pub sync: SyncState,
    /// When it was last heard of, as far as something was written then.
    pub last_seen_at: Timestamp,
    /// The revision that is stored.
    pub revision: u64,
    /// How it last proved who it is.
    pub via: Option<Via>,
    /// Whether an administrator blocked the host.
    pub is_blocked: bool,
    /// Whether an identity that tried waits for a decision.
    pub is_held: bool,
    /// Whether the key of its newest identity is RSA, so that content can be encrypted to it.
    pub is_rsa: bool,
    /// When the validity of its oldest identity begins.
    pub identity_begins_at: Option<Timestamp>,
    /// When the validity of its oldest identity ends.
    pub identity_ends_at: Option<Timestamp>,
    /// Whether it told where to push to and Apple did not say that this is over.
    pub is_pushable: bool,
}

/// Outlines that were read and are still to be made of their rows, which takes longer than to read
/// them and can be left to another thread.
pub struct OutlinePage {
    len: usize,
    last: Option<HostId>,
    make: Box<dyn FnOnce() -> Result<Vec<HostOutline>, StoreError> + Send>,
}

impl OutlinePage {
    /// A page of `len` hosts with `last` as the last of them, of which `make` makes the outlines.
    pub fn new(
        len: usize,
        last: Option<HostId>,
        make: impl FnOnce() -> Result<Vec<HostOutline>, StoreError> + Send + 'static,
    ) -> Self {
        let make = Box::new(make);
        Self { len, last, make }
    }

    /// How many hosts it has.
    #[expect(
        clippy::len_without_is_empty,
        reason = "it is only compared with how many were asked for"
    )]
    pub fn len(&self) -> usize {
        self.len
    }

    /// The last of its hosts.
    pub fn last(&self) -> Option<&HostId> {
        self.last.as_ref()
    }

    /// Makes the outlines.
    ///
    /// # Errors
    /// [`StoreError`] of the backend, or a row that cannot be read.
    pub fn outlines(self) -> Result<Vec<HostOutline>, StoreError> {
        (self.make)()
    }
}

impl fmt::Debug for OutlinePage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutlinePage")
            .field("len", &self.len)
            .field("last", &self.last)
            .finish_non_exhaustive()
    }
}

impl From<HostOutline> for HostSketch {
    fn from(outline: HostOutline) -> Self {
        Self {
            id: outline.id,
            attributes: outline.attributes,
            attributes_at: outline.attributes_at,
            facts: outline.facts,
        }
    }
}

impl HostRecord {
    /// The record without what only its devices need.
    pub fn outline(&self) -> HostOutline {
        let enrollments = self.enrollments.iter();
        HostOutline {
            id: self.id.clone(),
            attributes: self.attributes.clone(),
            attributes_at: self.attributes_at,
            facts: self.facts.clone(),
            enrollments: enrollments.map(EnrollmentRecord::outline).collect(),
        }
    }
}

impl EnrollmentRecord {
    /// The record without what only its device needs.
    pub fn outline(&self) -> EnrollmentOutline {
        let pins = &self.access.pins;
        EnrollmentOutline {
            id: self.id.clone(),
            sync: self.sync.clone(),
            last_seen_at: self.last_seen_at,
            revision: self.revision,
            via: self.access.via,
            is_blocked: self.access.is_blocked,
            is_held: self.access.held.is_some(),
            is_rsa: pins.first().is_some_and(|pin| pin.is_rsa),
            identity_begins_at: pins.last().map(|pin| pin.not_before),
            identity_ends_at: pins.last().map(|pin| pin.not_after),
            is_pushable: self.push.is_some() && self.push_disabled_at.is_none(),
        }
    }
}
