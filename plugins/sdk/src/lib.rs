//! What a plugin author uses: a navigable profile, findings, three traits and their export macros.
//!
//! A plugin implements [`Validator`], [`Generator`] or both, or [`SetValidator`], and names itself in
//! one macro call;
//! see `plugins/README.md`. This crate knows nothing of the host: it sees one call's arguments and
//! returns one call's results. Everything here also compiles for the author's own machine, where
//! the macros expand to nothing, so a plugin's rules are tested with plain `cargo test` and the
//! builders of [`testing`].
//!
//! ```
//! use mooring_sdk::{Context, Failure, Finding, Profile, Validator};
//!
//! struct DisplayName;
//!
//! impl Validator for DisplayName {
//!     fn validate(profile: &Profile, _: &Context) -> Result<Vec<Finding>, Failure> {
//!         let root = profile.document().root();
//!         Ok(match root.get("PayloadDisplayName") {
//!             Some(_) => Vec::new(),
//!             None => vec![Finding::info("X001", root, "the profile shows no name")],
//!         })
//!     }
//! }
//!
//! mooring_sdk::export_validator!(DisplayName, r#"{"id": "com.example.display-name"}"#);
//! ```

#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod bindings;
pub mod certificate;
#[cfg(any(target_arch = "wasm32", test))]
mod compare;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod component;
mod context;
pub mod date;
mod document;
mod export;
mod finding;
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, reason = "an allocator hands over memory")]
mod heap;
pub mod log;
pub mod plist;
mod role;
mod set;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

pub use context::{Context, Device, Failure, Grade, Output, Profile};
pub use document::{Document, Kind, Node};
pub use finding::{Finding, Place, Segment, Severity};
pub use role::{Generator, SetValidator, Validator, no_settings};
pub use set::{Edition, Member, ProfileSet, SetFinding, SetSubject, Spot};
