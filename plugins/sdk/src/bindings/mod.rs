//! What `wit-bindgen` makes of the contract, written by `tests/bindings.rs`; never edited.
//!
//! Knows nothing of the SDK's own types. Invariant: the test fails when these files and
//! `wit/0.1.0` differ. They are committed because the generator takes ten times as long to compile
//! as everything else in a plugin.

#[rustfmt::skip]
#[allow(
    unsafe_code,
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    clippy::use_self,
    clippy::str_to_string,
    clippy::allow_attributes_without_reason,
    reason = "generated: the canonical ABI is raw memory"
)]
pub mod plugin;

/// The encoded world `validator-plugin`, for the component builder.
pub const VALIDATOR_WORLD: &[u8] = include_bytes!("validator.world");

/// The encoded world `generator-plugin`, for the component builder.
pub const GENERATOR_WORLD: &[u8] = include_bytes!("generator.world");

/// The encoded world `set-validator-plugin`, for the component builder.
pub const SET_VALIDATOR_WORLD: &[u8] = include_bytes!("set-validator.world");

/// The encoded world `plugin`, for the component builder.
pub const BOTH_WORLD: &[u8] = include_bytes!("both.world");
