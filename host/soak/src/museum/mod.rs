//! Mistakes that the field made, put into a server from outside of it, so that it can be shown that
//! the simulation finds each.
//!
//! Knows nothing of worlds or of what finds a mistake. Invariant: production code has no switch for
//! any of them; a mistake is a wrapper around what the server talks to.

mod memory;
mod mistake;
mod shelf;
mod talk;
mod twist;

pub use mistake::Mistake;

use std::sync::Arc;

use mooring_drift::policy::Policy;
use mooring_server::clock::Clock;
use mooring_server::core::Core;
use mooring_server::device::{DeviceReply, DeviceRequest};
use mooring_store::Store;

use crate::log::Who;

/// What stands between the server and everything around it; by itself it changes nothing.
///
/// The world calls `store`, `policy` and `clock` anew at every start of the server, with the
/// honest ones, and `answer` for every message.
pub trait Tampering {
    /// The store that the server sees.
    fn store(&mut self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        store
    }

    /// The policy that the server has.
    fn policy(&mut self, policy: Policy) -> Policy {
        policy
    }

    /// The clock that the server reads.
    fn clock(&mut self, clock: Clock) -> Clock {
        clock
    }

    /// Has the server answer a message: may change it, its answer, or ask more than once.
    fn answer(&mut self, core: &Core, _who: Who, body: &[u8]) -> DeviceReply {
        core.answer_device(&DeviceRequest::from_anyone(body))
    }
}

/// A server as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Honest;

impl Tampering for Honest {}
