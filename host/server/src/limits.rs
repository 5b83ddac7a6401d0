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

/// User channels of one host that are kept; every message of the host reads them all.
pub const USERS_PER_HOST_MAX: usize = 64;

/// Longest name or payload type of a profile that is kept beside it, in bytes.
pub const PROFILE_TEXT_BYTES_MAX: usize = 255;

/// Longest body of an API request, in bytes: some thousand profiles of ordinary size in base64,
/// or one of the largest.
pub const API_BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Longest request head, in bytes.
pub const HEADER_BYTES_MAX: usize = 16 * 1024;

/// Time for a request's head to arrive: a slow client must not hold a connection.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// Time for a request's body to arrive.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Connections served at once by one listener; further ones wait in the backlog.
pub const CONNECTIONS_MAX: usize = 4096;

/// Time that open connections get to finish when the server stops.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Times that a change is decided anew because somebody else changed the same record meanwhile.
/// Messages of one device come one at a time, so two in a row are rare and eight do not happen.
pub const CONFLICT_RETRIES_MAX: usize = 8;

/// Hosts on a page unless asked otherwise.
pub const HOSTS_PAGE_DEFAULT: usize = 100;

/// Commands of each channel shown with a host.
pub const COMMANDS_SHOWN_MAX: usize = 16;

/// Longest name of an uploaded file that is kept, in bytes.
pub const SOURCE_NAME_BYTES_MAX: usize = 255;
