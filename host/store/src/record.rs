//! The records that a store keeps, as its callers see them.
//!
//! Knows nothing of tables, keys or encodings. Invariant: whatever is a secret (push token and
//! magic, unlock token, bootstrap token, command key, a host's secrets) or a profile's content is
//! never shown by `Debug`. What an enrollment holds of identities is in `access`, what
//! administrators said of a host in `facts`, what a fleet is judged by in `outline`.

mod access;
mod facts;
mod outline;

use std::collections::BTreeSet;
use std::fmt;

use mooring_drift::command::RequestType;
use mooring_drift::desired::Secrets;
use mooring_drift::policy::Timestamp;
use mooring_drift::state::{FailureReason, SyncState};
use mooring_mdm::device::Attributes;
use mooring_mdm::finding::Finding;
use mooring_mdm::ids::{
    Channel, CommandUuid, EnrollmentId, HostId, PayloadIdentifier, PayloadUuid,
};
use mooring_mdm::profile::introduced::Introduction;
use mooring_mdm::profile::placeholder::Placeholder;

use crate::StoreError;

pub use access::{Access, Held, PINS_MAX, Pin, Via};
pub use facts::{HOST_LABELS_MAX, HOST_VALUE_BYTES_MAX, HOST_VALUES_MAX, HostFacts};
pub use outline::{EnrollmentOutline, HostOutline, HostSketch, OUTLINES_PAGE_MAX, OutlinePage};

/// Commands of one enrollment that are remembered, counted back from its newest. A week of a
/// busy host; enough to explain a failure, and a bound on what a looping device can make us keep.
pub const COMMANDS_KEPT_MAX: u32 = 64;

/// Most hosts that one page holds: about a megabyte of rows, read in a few milliseconds.
pub const HOSTS_PAGE_MAX: usize = 1000;

/// Digests of signed messages that an enrollment remembers: the newest, which may be answered
/// again, and the 16 before it.
pub const RECENT_MESSAGES_MAX: usize = 17;

/// What names a store and keys its command uuids. Made when the store is created.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// Names this store; another store, or a later life of this one, has another.
    pub incarnation: [u8; 16],
    /// The key from which command uuids are derived. A secret.
    pub command_key: [u8; 32],
    /// The version of the schema that the store is in.
    pub schema: u32,
}

impl Identity {
    /// The identity of a new store.
    pub(crate) fn random(schema: u32) -> Result<Self, StoreError> {
        let mut identity = Self {
            incarnation: [0; 16],
            command_key: [0; 32],
            schema,
        };
        getrandom::fill(&mut identity.incarnation).map_err(StoreError::Random)?;
        getrandom::fill(&mut identity.command_key).map_err(StoreError::Random)?;
        Ok(identity)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("incarnation", &u128::from_be_bytes(self.incarnation))
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

/// A profile with all its versions; a deleted one stays, as a tombstone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileRecord {
    /// Its stable name.
    pub identifier: PayloadIdentifier,
    /// The channel it is delivered on.
    pub channel: Channel,
    /// Where it comes from.
    pub origin: Origin,
    /// Whether an administrator wants it installed.
    pub is_enabled: bool,
    /// When it was deleted, if it was.
    pub deleted_at: Option<Timestamp>,
    /// Every version, ascending. A commit adds versions and replaces those it names; it never
    /// drops one, so a record that leaves versions out is read back with them.
    pub versions: Vec<VersionRecord>,
    /// The revision that was read, 0 for a new profile. A commit stores `revision + 1`.
    pub revision: u64,
}

/// Where a profile comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// An administrator uploaded it.
    Uploaded,
    /// A plugin generates it.
    BuiltIn {
        /// The plugin's id.
        plugin: String,
    },
}

/// One version of a profile, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionRecord {
    /// Counted 1, 2, 3, ... per identifier; not Apple's `PayloadVersion`.
    pub version: u32,
    /// The uuid under which it is delivered.
    pub uuid: PayloadUuid,
    /// Whether the bytes are CMS-signed, and therefore delivered untouched.
    pub is_signed: bool,
    /// `PayloadDisplayName`.
    pub display_name: Option<String>,
    /// `PayloadScope`, as written.
    pub scope: Option<String>,
    /// `PayloadType` of every payload, in order.
    pub payload_types: Vec<String>,
    /// SHA-256 of the canonical content without the top-level uuid.
    pub content_digest: [u8; 32],
    /// SHA-256 of the canonical content without any payload uuid.
    pub loose_digest: [u8; 32],
    /// SHA-256 of the bytes that were uploaded.
    pub uploaded_digest: [u8; 32],
    /// The top-level `PayloadUUID` that was uploaded, if there was one.
    pub uploaded_uuid: Option<String>,
    /// What the validators said when it was uploaded.
    pub findings: Vec<Finding>,
    /// When it was uploaded.
    pub uploaded_at: Timestamp,
    /// Who uploaded it.
    pub uploaded_by: String,
    /// The name of the file it came from.
    pub source_name: String,
    /// Size of the delivered bytes.
    pub bytes: u32,
    /// Whether it holds secrets; `None` if a release that did not look for them stored it.
    pub secrets: Option<Secrets>,
    /// What it holds that differs from host to host.
    pub placeholders: BTreeSet<Placeholder>,
    /// Systems that introduced something in it.
    pub introduced: BTreeSet<Introduction>,
}

/// A host with its enrollments, as it is read; it is written by parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRecord {
    /// The host.
    pub id: HostId,
    /// What the device told of itself.
    pub attributes: Attributes,
    /// When it last told all of it.
    pub attributes_at: Option<Timestamp>,
    /// When it first enrolled.
    pub enrolled_at: Timestamp,
    /// What administrators said of it.
    pub facts: HostFacts,
    /// Its channels, the device channel first, then users in order of their ids.
    pub enrollments: Vec<EnrollmentRecord>,
}

/// One managed channel of a host.
#[derive(Clone, PartialEq, Eq)]
pub struct EnrollmentRecord {
    /// The channel.
    pub id: EnrollmentId,
    /// Where to push to, once a `TokenUpdate` told.
    pub push: Option<PushTarget>,
    /// `UnlockToken` of the device channel. A secret.
    pub unlock_token: Option<Vec<u8>>,
    /// `UserShortName` of a user channel.
    pub user_short_name: Option<String>,
    /// When it was last heard of, as far as something was written then.
    pub last_seen_at: Timestamp,
    /// What the engine knows of it.
    pub sync: SyncState,
    /// Who may speak for it.
    pub access: Access,
    /// `BootstrapToken` of the device channel, escrowed for the device. A secret.
    pub bootstrap_token: Option<Vec<u8>>,
    /// `AwaitingConfiguration` of the last message that told it.
    pub is_awaiting_configuration: Option<bool>,
    /// When Apple said that its push token is no longer valid.
    pub push_disabled_at: Option<Timestamp>,
    /// When its last `TokenUpdate` came.
    pub token_updated_at: Option<Timestamp>,
    /// How many `TokenUpdate`s came since it authenticated.
    pub token_updates: u32,
    /// Digests of its newest signed messages, newest first; at most [`RECENT_MESSAGES_MAX`].
    pub recent_messages: Vec<[u8; 16]>,
    /// The same of check-ins alone, newest first; as many as the caller keeps.
    pub recent_check_ins: Vec<[u8; 16]>,
    /// The latest time at which the device said that it signed a message.
    pub newest_signed_at: Option<Timestamp>,
    /// The revision that was read, 0 for a new enrollment. A commit stores `revision + 1`.
    pub revision: u64,
}

impl EnrollmentRecord {
    /// A new enrollment of which nothing is known but that it was heard of at this moment.
    pub fn new(id: EnrollmentId, sync: SyncState, now: Timestamp) -> Self {
        Self {
            id,
            push: None,
            unlock_token: None,
            user_short_name: None,
            last_seen_at: now,
            sync,
            access: Access::default(),
            bootstrap_token: None,
            is_awaiting_configuration: None,
            push_disabled_at: None,
            token_updated_at: None,
            token_updates: 0,
            recent_messages: Vec::new(),
            recent_check_ins: Vec::new(),
            newest_signed_at: None,
            revision: 0,
        }
    }
}

impl fmt::Debug for EnrollmentRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnrollmentRecord")
            .field("id", &self.id)
            .field("push", &self.push)
            .field("has_unlock_token", &self.unlock_token.is_some())
            .field("user_short_name", &self.user_short_name)
            .field("last_seen_at", &self.last_seen_at)
            .field("sync", &self.sync)
            .field("access", &self.access)
            .field("has_bootstrap_token", &self.bootstrap_token.is_some())
            .field("is_awaiting_configuration", &self.is_awaiting_configuration)
            .field("push_disabled_at", &self.push_disabled_at)
            .field("token_updated_at", &self.token_updated_at)
            .field("token_updates", &self.token_updates)
            .field("recent_messages", &self.recent_messages.len())
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

/// What a push needs. The magic and the token are secrets.
///
/// See <https://developer.apple.com/documentation/devicemanagement/tokenupdaterequest>.
#[derive(Clone, PartialEq, Eq)]
pub struct PushTarget {
    /// `Topic`, the subject of the push certificate.
    pub topic: String,
    /// `PushMagic`.
    pub magic: String,
    /// `Token`.
    pub token: Vec<u8>,
}

impl fmt::Debug for PushTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushTarget")
            .field("topic", &self.topic)
            .finish_non_exhaustive()
    }
}

/// One command that was handed to a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandRecord {
    /// The channel it was handed to.
    pub enrollment: EnrollmentId,
    /// Its number among the commands of this enrollment.
    pub sequence: u32,
    /// Its name.
    pub uuid: CommandUuid,
    /// What it asks for.
    pub request_type: RequestType,
    /// The profile it changes, if it changes one.
    pub identifier: Option<PayloadIdentifier>,
    /// The version it installs, if it installs one.
    pub profile_version: Option<u32>,
    /// When it was handed out.
    pub sent_at: Timestamp,
    /// When its outcome became known, or was given up.
    pub closed_at: Option<Timestamp>,
    /// Its outcome.
    pub outcome: Option<CommandOutcome>,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandOutcome {
    /// The device accepted it. Not yet proof that it took effect.
    Acknowledged,
    /// The device was busy.
    NotNow,
    /// Nobody knows: the device came back without a word about it.
    Lost,
    /// It did not work.
    Failed(FailureReason),
}

/// The setting of one built-in profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltInRecord {
    /// The profile.
    pub identifier: PayloadIdentifier,
    /// Whether an administrator turned it on.
    pub is_enabled: bool,
    /// The plugin's settings, a JSON text.
    pub settings: String,
}
