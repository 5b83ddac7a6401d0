//! Every bound of the server's edges, with its unit and its reason.
//!
//! Knows nothing of who applies them. The engine's intervals are in `mooring_drift::policy`, the
//! reader's in `mooring_mdm::plist`, the plugins' in `mooring_plugin`.

use std::time::Duration;

/// Longest body of a device's message, in bytes: what the reader of messages accepts.
pub const DEVICE_BODY_BYTES_MAX: usize = mooring_mdm::message::MESSAGE_LIMITS.bytes;

/// Device messages above [`LARGE_BODY_BYTES`] that are decoded at once, for each core: a tree takes
/// some ten times the memory of its text.
pub const LARGE_BODIES_PER_CORE: usize = 2;

/// From this size on, in bytes, a device's message counts as large. Reports and lists of ordinary
/// hosts are below it.
pub const LARGE_BODY_BYTES: usize = 128 * 1024;

/// Longest body of a device's message, in bytes, that is answered where it arrives, between other
/// connections: some hundred microseconds at most. What is longer goes to a thread of its own.
pub const PROMPT_BODY_BYTES_MAX: usize = 32 * 1024;

/// Beginning of a device's message that is read without asking for room, in bytes: all of what
/// ordinary hosts send but their lists. With every connection taken that is 256 MiB.
pub const BODY_BYTES_FREE: usize = 32 * 1024;

/// Memory for what device messages have beyond [`BODY_BYTES_FREE`], of all that are read or answered
/// at once, in bytes: 64 of the largest. Who finds no room is told to come back. Without this bound
/// every connection could hold a body of 4 MiB.
pub const BODY_ROOM_BYTES: usize = 256 * 1024 * 1024;

/// User channels of one host that are kept; every message of the host reads them all.
pub const USERS_PER_HOST_MAX: usize = 64;

/// Longest name or payload type of a profile that is kept beside it, in bytes.
pub const PROFILE_TEXT_BYTES_MAX: usize = 255;

/// Longest body of an API request, in bytes: some thousand profiles of ordinary size in base64,
/// or one of the largest.
pub const API_BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Longest body of a request that installs a plugin, in bytes: the largest component, in base64.
pub const PLUGIN_BODY_BYTES_MAX: usize = 48 * 1024 * 1024;

/// Largest part of a component in the store, in bytes.
pub const PLUGIN_PART_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Installed plugins, and bindings, at most.
pub const PLUGINS_MAX: usize = 200;

/// Longest time of a call that a binding may ask for, in ms.
pub const PLUGIN_TIMEOUT_MAX_MS: u64 = 10_000;

/// Profiles of which a binding remembers what its plugin last said.
pub const LAST_KNOWN_MAX: usize = 10_000;

/// Longest of these answers that is kept over a restart, in bytes.
pub const LAST_KNOWN_BYTES_MAX: usize = 1024 * 1024;

/// Time that the checks of a plugin may take before it is installed, and those of stored profiles for
/// a plan. One that needs all of its time for every check of the suite is through in half of it.
pub const PLUGIN_CHECKS_TIME_MAX: Duration = Duration::from_mins(1);

/// Most of a backup in one answer, in bytes: an answer has a bound, a backup has none.
pub const BACKUP_PIECE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Time that a backup that is being written gets to end when the server stops. One that takes longer
/// is given up.
pub const BACKUP_DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest request head, in bytes.
pub const HEADER_BYTES_MAX: usize = 16 * 1024;

/// Time for a TLS handshake, from the accepted connection on: some round trips on a poor link.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Time for a request's head to arrive, from its first byte on; for the first request of a
/// connection from the connection (or its handshake) on. A slow client must not hold a connection.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// Time that a connection may wait for its next request. Within a session a device comes back at
/// once, and a handshake costs more than what a quiet minute holds.
pub const IDLE_TIMEOUT: Duration = Duration::from_mins(1);

/// Time for a request's body to arrive.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Time in which a client that gets an answer must take some of it.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// Connections of devices served at once; further ones wait in the backlog. With TLS each holds
/// some ten KiB, and what it asks for. Fewer where the process may open fewer files.
pub const DEVICE_CONNECTIONS_MAX: usize = 8192;

/// Connections that wait to be accepted, for each listener: a fleet that comes back after a restart.
/// The system may allow fewer (`net.core.somaxconn`).
pub const BACKLOG: u32 = 4096;

/// Connections of administrators served at once: people, scripts, and what polls for health.
/// They are a share of their own, which no number of devices can take.
pub const ADMIN_CONNECTIONS_MAX: usize = 256;

/// Connections that devices of one address (of IPv6: one /64 network) hold at once; further ones
/// are closed. A site behind one address can have more devices, since each connects for seconds.
pub const CONNECTIONS_PER_ADDRESS_MAX: usize = 1024;

/// Open files that the process asks the system for, where it may.
pub const DESCRIPTORS_WANTED: u64 = 65_536;

/// Open files that no connection may take: the store, the logs, the runtime, and connections that
/// the server makes itself.
pub const DESCRIPTORS_RESERVED: u64 = 128;

/// Time between two looks at the files of a certificate.
pub const CERTIFICATE_LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Time that open connections get to finish when the server stops.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Times that a change is decided anew because somebody else changed the same record meanwhile.
/// Messages of one device come one at a time, so two in a row are rare and eight do not happen.
pub const CONFLICT_RETRIES_MAX: usize = 8;

/// Hosts on a page unless asked otherwise.
pub const HOSTS_PAGE_DEFAULT: usize = 100;

/// Hosts that are named where it is said what a change would do, unless asked otherwise.
pub const AFFECTED_PAGE_DEFAULT: usize = 100;

/// Most of them on one page.
pub const AFFECTED_PAGE_MAX: usize = 1000;

/// Longest reason for a pause, in bytes.
pub const PAUSE_REASON_BYTES_MAX: usize = 500;

/// Commands of each channel shown with a host.
pub const COMMANDS_SHOWN_MAX: usize = 16;

/// Longest name of an uploaded file that is kept, in bytes.
pub const SOURCE_NAME_BYTES_MAX: usize = 255;

/// Identities renewed in a minute: a CA and its log keep up, and a fleet of 100,000 is through in
/// a day.
pub const RENEWALS_PER_MINUTE: u32 = 120;

/// Longest life of an enrollment link, in ms: 30 days.
pub const LINK_LIFE_MAX_MS: u64 = 30 * 24 * 3_600_000;

/// Parameters of a device's address that are passed on.
pub const PARAMETERS_MAX: usize = 32;

/// Longest token of one of Apple's services that is kept, in bytes.
pub const SERVICE_TOKEN_BYTES_MAX: usize = 64 * 1024;

/// Times that the profile of one link is fetched: each has a challenge of its own.
pub const LINK_FETCHES_MAX: u32 = 50;

/// Rules whose level a policy changes, at most: more than there are.
pub const POLICY_RULES_MAX: usize = 1_000;

/// Rules that are accepted for one profile, at most.
pub const ACCEPTED_RULES_MAX: usize = 200;

/// Longest reason for accepting a rule, in bytes.
pub const ACCEPT_REASON_BYTES_MAX: usize = 500;
