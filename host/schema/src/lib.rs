//! Makes and reads the schema table: what Apple says about each payload type, as facts.
//!
//! The source is a checkout of Apple's `device-management` repository, and for domains of other
//! makers a checkout of `ProfileManifests`. The result is one text that the plugin `apple-schema`
//! judges by; `host/docs/SCHEMA.md` describes its form. This crate knows nothing of profiles, rules
//! or plugins. Invariants: no prose of a source gets into a table; the same checkout gives the same
//! text; a table that [`parse`] takes is one that the plugin can read.

mod apple;
mod changes;
mod error;
mod manifests;
mod model;
mod place;
mod text;
mod yaml;

pub use apple::{AppleRead, head, read_apple};
pub use changes::{Changes, changes};
pub use error::TableError;
pub use manifests::add_manifests;
pub use model::{Facet, Group, Key, Kind, Origin, Platform, Schema, Support, Supports, Variant};
pub use place::{FILE_NAME, in_use, load, of_user, write};
pub use text::{parse, render};

/// The longest table, in bytes: Apple's data takes a fortieth of it, and every manifest that is
/// known a half.
pub const TABLE_BYTES_MAX: usize = 8 << 20;

/// The table that comes with this program, as text.
pub const BUILT_IN: &str = include_str!("../../../plugins/apple-schema/schema.table");
