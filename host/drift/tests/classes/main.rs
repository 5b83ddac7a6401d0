//! The class index against a naive recount: over random fleets, catalogs and moves every number it
//! tells is the one that a walk over all hosts counts.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod bulk;
mod exceptions;
mod fleet;
mod histories;
mod lives;
mod naive;
mod random;
mod sizes;
mod states;
