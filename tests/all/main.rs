//! The one integration binary: what the crates promise together.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should panic"
)]

mod api;
mod binary;
mod corpus;
mod docs;
mod faults;
mod hostile;
mod readme;
mod restart;
mod sync;
mod tidy;
