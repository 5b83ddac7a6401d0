//! Placeholders: values that differ from host to host, in a profile that is stored once.
//!
//! A string of a profile may hold `{{host.serial}}`, `{{attribute.site}}` or `{{secret.wifi}}`.
//! They are found and filled on the values that were read, never in the text. Where values come
//! from, and which host has which, is not known here. Invariant: a value is inert. It is never
//! read for placeholders or markup, no error and no `Debug` shows one, and what comes out is the
//! profile that went in but for the strings that held a placeholder and the top-level uuid, which
//! is checked by reading it again.

mod fill;
mod find;
mod name;
mod pieces;

#[cfg(test)]
mod tests;

pub use fill::{FillError, VALUE_BYTES_MAX, ValueError, check_value, fill};
pub use find::{Found, PLACEHOLDERS_MAX, PlaceholderError, placeholders};
pub use name::{HostField, Misnamed, NAME_BYTES_MAX, Placeholder, ValueName, ValueNameError};
