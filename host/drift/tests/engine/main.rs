//! The drift engine against a model device: scenarios that an administrator can read, and
//! properties over random histories.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod circumstances;
mod eras;
mod lives;
mod model;
mod others;
mod properties;
mod quick;
mod scenarios;
mod signed;
mod truth;
