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
pub mod validator;

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
pub mod generator;
