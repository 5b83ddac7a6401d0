//! The one integration binary: what the crates promise together.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should panic"
)]

mod api;
mod attack;
mod author;
mod backup;
mod binary;
mod cases;
mod check;
mod control;
mod corpus;
mod device_life;
mod docs;
mod faults;
mod hostile;
mod hosts_pages;
mod identity;
mod mutants;
mod nanomdm;
mod openssl;
mod plugins;
mod push;
mod reading;
mod readme;
mod restart;
mod schema;
mod scope;
mod sets;
mod sync;
mod tidy;
mod wire;
