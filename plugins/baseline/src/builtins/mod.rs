//! The table of built-in profiles, one module each.
//!
//! Keys, types and ranges are those of Apple's schema (iOS 18.1 and macOS 15.1). The manifest tells
//! the same names, descriptions and defaults to the host, and a test compares the two. Invariant: a
//! key, an identifier and a slot never change once released; a new built-in is appended.

mod filevault;
mod firewall;
mod gatekeeper;
mod passcode;
mod screenlock;

use mooring_sdk::Finding;

use crate::fields::Fields;
use crate::profile::{Naming, Payload};

/// One built-in profile.
pub(crate) struct Builtin {
    /// Its member in the settings, and its output's key.
    pub(crate) key: &'static str,
    /// Its payload identifier, under the reserved prefix.
    pub(crate) identifier: &'static str,
    /// What devices and people see.
    pub(crate) name: &'static str,
    /// What it does, in a sentence.
    pub(crate) description: &'static str,
    /// Reads the settings, refusing what is wrong, and makes the payloads.
    pub(crate) payloads: fn(&mut Fields<'_>, &Naming<'_>) -> Vec<Payload>,
    /// What a person who enables it should know.
    pub(crate) notes: fn() -> Vec<Finding>,
}

/// Every built-in, in the order of output.
pub(crate) const BUILTINS: [&Builtin; 5] = [
    &firewall::BUILTIN,
    &gatekeeper::BUILTIN,
    &passcode::BUILTIN,
    &screenlock::BUILTIN,
    &filevault::BUILTIN,
];
