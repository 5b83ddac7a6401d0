//! The store: one small blocking trait, a redb backend and one in memory.
//!
//! It keeps what the server decided and knows nothing of why: no HTTP, no plugins, no async, no
//! clock. Its randomness is the identity of a new store. Invariants: a batch is stored whole or
//! not at all; when `commit` returns, the batch survives any crash; a record that someone else
//! changed meanwhile is never overwritten.
//!
//! Tables, keys, units and recovery are described in `host/docs/DATA.md`.

pub mod backup;
mod builtin;
mod check;
mod document;
mod era;
mod error;
mod memory;
mod record;
mod redb_store;
#[cfg(test)]
mod tests;

use mooring_drift::policy::Timestamp;
use mooring_mdm::device::Attributes;
use mooring_mdm::ids::{EnrollmentId, HostId, PayloadIdentifier};

pub use builtin::builtins;
pub use document::{
    DOCUMENT_KEY_BYTES_MAX, DOCUMENT_VALUE_BYTES_MAX, DOCUMENTS_PAGE_MAX, Document, Expected,
    KeyRange, Space, document,
};
pub use era::{begin_era, era};
pub use error::{BackendError, RowError, StoreError};
pub use memory::{MemorySnapshot, MemoryStore};
pub use record::{
    Access, BuiltInRecord, COMMANDS_KEPT_MAX, CommandOutcome, CommandRecord, EnrollmentOutline,
    EnrollmentRecord, HOST_LABELS_MAX, HOST_VALUE_BYTES_MAX, HOST_VALUES_MAX, HOSTS_PAGE_MAX, Held,
    HostFacts, HostOutline, HostRecord, HostSketch, Identity, OUTLINES_PAGE_MAX, Origin,
    OutlinePage, PINS_MAX, Pin, ProfileRecord, PushTarget, RECENT_MESSAGES_MAX, VersionRecord, Via,
};
pub use redb_store::{RedbOptions, RedbStore};

/// Told once what became of a batch.
pub type Done = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Where the server keeps everything that must survive it. All methods but [`Store::submit`] block.
pub trait Store: Send + Sync {
    /// What names this store and keys its command uuids.
    fn identity(&self) -> &Identity;

    /// Queues a batch, to be stored with its changes in order: all of it or nothing. `done` is
    /// called once, when the batch is durable or refused; batches are told of in the order in which
    /// they were queued. It is called on the store's own thread, which everybody waits for: it must
    /// not block. A batch of nothing may be told of at once. Should the store end before, `done` is
    /// dropped without a call.
    ///
    /// A profile, an enrollment and the facts of a host must carry the revision that was read, an
    /// enrollment and facts need their host, a command its enrollment (stored already, or anywhere
    /// in the batch), and the bytes of a version never change. What a document expects must hold; like the revisions, it is
    /// compared with what the changes before it in the batch have made of the store.
    ///
    /// `done` is told [`StoreError::Conflict`] if one of these does not hold,
    /// [`StoreError::DocumentKey`] and [`StoreError::DocumentValue`] for a document,
    /// [`StoreError::HostFacts`] for facts out of bounds: nothing was stored. After any other error
    /// it is open whether the batch is stored: read again before deciding anew.
    fn submit(&self, batch: Vec<Change>, done: Done);

    /// Stores a batch as [`Store::submit`] does and waits for it: it is durable on return.
    ///
    /// # Errors
    /// What `submit` tells.
    fn commit(&self, batch: Vec<Change>) -> Result<(), StoreError> {
        let (told, verdict) = std::sync::mpsc::sync_channel(1);
        self.submit(
            batch,
            Box::new(move |verdict| {
                // Whoever gave up waiting does not want to know.
                let _ = told.send(verdict);
            }),
        );
        verdict.recv().map_err(|_| StoreError::Closed)?
    }

    /// Every profile, tombstones included, by identifier.
    ///
    /// # Errors
    /// [`StoreError`] of the backend, or a row that cannot be read.
    fn profiles(&self) -> Result<Vec<ProfileRecord>, StoreError>;

    /// The bytes of one version, exactly as they are delivered.
    ///
    /// # Errors
    /// [`StoreError`] of the backend.
    fn raw(
        &self,
        identifier: &PayloadIdentifier,
        version: u32,
    ) -> Result<Option<Vec<u8>>, StoreError>;

    /// One host with its enrollments.
    ///
    /// # Errors
    /// [`StoreError`] of the backend, or a row of this host that cannot be read.
    fn host(&self, id: &HostId) -> Result<Option<HostRecord>, StoreError>;

    /// Those of these hosts that are there, in the order of their ids here; they were so at one moment.
    ///
    /// # Errors
    /// As of [`Store::host`].
    fn hosts_of(&self, ids: &[HostId]) -> Result<Vec<HostRecord>, StoreError> {
        ids.iter()
            .filter_map(|id| self.host(id).transpose())
            .collect()
    }

    /// Hosts in order of id, those behind `after`; at most `limit` and [`HOSTS_PAGE_MAX`]. A page
    /// shorter than asked for is the last.
    ///
    /// # Errors
    /// [`StoreError`] of the backend, or a row of a host in this page that cannot be read.
    fn hosts(&self, after: Option<&HostId>, limit: usize) -> Result<Vec<HostRecord>, StoreError>;

    /// What [`HostRecord::outline`] makes of hosts, in order of id, those behind `after`; at most
    /// `limit` and [`OUTLINES_PAGE_MAX`]. A page shorter than asked for is the last.
    ///
    /// # Errors
    /// [`StoreError`] of the backend, or a row of a host in this page that cannot be read.
    fn outlines(
        &self,
        after: Option<&HostId>,
        limit: usize,
    ) -> Result<Vec<HostOutline>, StoreError>;

    /// The same, but that the outlines are made later.
    ///
    /// # Errors
    /// [`StoreError`] of the backend.
    fn outline_page(
        &self,
        after: Option<&HostId>,
        limit: usize,
    ) -> Result<OutlinePage, StoreError> {
        let made = self.outlines(after, limit)?;
        let last = made.last().map(|host| host.id.clone());
        Ok(OutlinePage::new(made.len(), last, || Ok(made)))
    }

    /// What outlines say beside the channels, which takes less than half the time; pages as there.
    ///
    /// # Errors
    /// [`StoreError`] of the backend, or a row of a host in this page that cannot be read.
    fn sketches(
        &self,
        after: Option<&HostId>,
        limit: usize,
    ) -> Result<Vec<HostSketch>, StoreError> {
        let outlines = self.outlines(after, limit)?;
        Ok(outlines.into_iter().map(HostSketch::from).collect())
    }

    /// About how many hosts there are, for whoever makes room for them; 0 if that is not known.
    ///
    /// # Errors
    /// [`StoreError`] of the backend.
    fn host_count(&self) -> Result<u64, StoreError> {
        Ok(0)
    }

    /// The newest commands of an enrollment, newest first; at most `limit`, and at most
    /// [`COMMANDS_KEPT_MAX`] are kept.
    ///
    /// # Errors
    /// [`StoreError`] of the backend, or a row that cannot be read.
    fn commands(
        &self,
        enrollment: &EnrollmentId,
        limit: usize,
    ) -> Result<Vec<CommandRecord>, StoreError>;

    /// Documents of a space within a range, in order of key; at most `limit` and
    /// [`DOCUMENTS_PAGE_MAX`]. A page shorter than asked for is the last. The page is held in
    /// memory: where documents are large, ask for few.
    ///
    /// # Errors
    /// [`StoreError`] of the backend.
    fn documents(
        &self,
        space: Space,
        range: KeyRange<'_>,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError>;
}

/// One change of a batch.
#[derive(Clone, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "a batch is short-lived; boxes would only cost callers"
)]
pub enum Change {
    /// Writes a profile and the versions it names, if its revision still is the stored one.
    Profile(ProfileRecord),
    /// Writes the bytes of one version. They are written once.
    Raw {
        /// The profile.
        identifier: PayloadIdentifier,
        /// Which version of it.
        version: u32,
        /// The bytes as they are delivered.
        bytes: Vec<u8>,
    },
    /// Writes what the device told of the host as a whole, and leaves its facts alone.
    Host {
        /// The host.
        id: HostId,
        /// What the device told of itself.
        attributes: Attributes,
        /// When it last told all of it.
        attributes_at: Option<Timestamp>,
        /// When it first enrolled.
        enrolled_at: Timestamp,
    },
    /// Writes what administrators said of a host, if its revision still is the stored one. The
    /// rest of the host is left alone.
    Facts {
        /// The host.
        id: HostId,
        /// All that was said of it; what is left out is no longer so.
        facts: HostFacts,
    },
    /// Writes an enrollment, if its revision still is the stored one.
    Enrollment(EnrollmentRecord),
    /// Writes a command into its enrollment's history, which forgets those that are more than
    /// [`COMMANDS_KEPT_MAX`] older than its newest.
    Command(CommandRecord),
    /// Writes the setting of a built-in profile, a document of [`Space::BuiltIn`].
    BuiltIn(BuiltInRecord),
    /// Writes or deletes a document, if what is stored is as expected. Deleting one that is not
    /// there is fine unless another one was expected.
    ///
    /// Keys are shown in errors and logs: file what is named by a secret under its digest.
    Document {
        /// Which kind of document.
        space: Space,
        /// Its key, of 1 to [`DOCUMENT_KEY_BYTES_MAX`] bytes.
        key: Vec<u8>,
        /// At most [`DOCUMENT_VALUE_BYTES_MAX`] bytes; `None` deletes the document.
        value: Option<Vec<u8>>,
        /// What must be stored now.
        expected: Expected,
    },
    /// Removes a host with its facts, its enrollments and their histories; no such host is fine. Documents
    /// that belong to the host are not known as such: whoever wrote them deletes them in the same
    /// batch.
    RemoveHost(HostId),
}

impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Profile(record) => f.debug_tuple("Profile").field(record).finish(),
            Self::Raw {
                identifier,
                version,
                bytes,
            } => f
                .debug_struct("Raw")
                .field("identifier", identifier)
                .field("version", version)
                .field("bytes", &bytes.len())
                .finish(),
            Self::Host {
                id,
                attributes,
                attributes_at,
                enrolled_at,
            } => f
                .debug_struct("Host")
                .field("id", id)
                .field("attributes", attributes)
                .field("attributes_at", attributes_at)
                .field("enrolled_at", enrolled_at)
                .finish(),
            Self::Facts { id, facts } => f
                .debug_struct("Facts")
                .field("id", id)
                .field("facts", facts)
                .finish(),
            Self::Enrollment(record) => f.debug_tuple("Enrollment").field(record).finish(),
            Self::Command(record) => f.debug_tuple("Command").field(record).finish(),
            Self::BuiltIn(record) => f.debug_tuple("BuiltIn").field(record).finish(),
            Self::Document {
                space,
                key,
                value,
                expected,
            } => f
                .debug_struct("Document")
                .field("space", space)
                .field("key", &document::shown(key))
                .field("value", &value.as_ref().map(Vec::len))
                .field("expected", expected)
                .finish(),
            Self::RemoveHost(id) => f.debug_tuple("RemoveHost").field(id).finish(),
        }
    }
}
