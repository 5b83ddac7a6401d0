//! Memory for the bodies of strangers, shared by all connections of a listener.
//!
//! It is taken as bytes arrive and not as they are announced, so that nobody holds it for nothing.
//! Who finds none is turned away at once: bodies that all waited with a part of their room would
//! wait for each other. Knows nothing of HTTP. Invariants: the beginning of every body has a place
//! of its own, so that small messages get through whatever others hold; what is taken is given
//! back when its [`Place`] is dropped.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::{BODY_BYTES_FREE, BODY_ROOM_BYTES};

/// A permit is for this many bytes.
const UNIT_BYTES: usize = 1024;
/// Units that are taken at once, so that a body does not ask for every piece that arrives.
const STEP_UNITS: usize = 64;

/// All the memory there is.
#[derive(Debug, Clone)]
pub(super) struct Room(Arc<Semaphore>);

/// The part of one body.
#[derive(Debug)]
pub(super) struct Place {
    room: Room,
    held: Option<OwnedSemaphorePermit>,
}

/// There is no room at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

impl Default for Room {
    fn default() -> Self {
        Self::new(BODY_ROOM_BYTES)
    }
}

impl Room {
    /// Room for `bytes` bytes beside the beginnings.
    pub(super) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes / UNIT_BYTES)))
    }

    /// A place for a body that has not begun.
    pub(super) fn place(&self) -> Place {
        Place {
            room: self.clone(),
            held: None,
        }
    }
}

impl Place {
    /// Makes the place large enough for `bytes` bytes.
    pub(super) fn grow(&mut self, bytes: usize) -> Result<(), Full> {
        let held = self
            .held
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits);
        let needed = bytes.saturating_sub(BODY_BYTES_FREE).div_ceil(UNIT_BYTES);
        if needed <= held {
            return Ok(());
        }
        let more = u32::try_from((needed - held).max(STEP_UNITS)).map_err(|_| Full)?;
        let units = Arc::clone(&self.room.0).try_acquire_many_owned(more);
        let units = units.map_err(|_| Full)?;
        match &mut self.held {
            Some(held) => held.merge(units),
            None => self.held = Some(units),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: usize = 1024;

    /// Beginnings always have a place; more is had while there is some, and again once it was given
    /// back.
    #[test]
    fn room_is_shared() {
        let room = Room::new(128 * KIB);
        let (mut first, mut second) = (room.place(), room.place());
        assert_eq!(first.grow(BODY_BYTES_FREE + 128 * KIB), Ok(()));
        assert_eq!(second.grow(BODY_BYTES_FREE), Ok(()));
        assert_eq!(second.grow(BODY_BYTES_FREE + 1), Err(Full));
        drop(first);
        assert_eq!(second.grow(BODY_BYTES_FREE + 1), Ok(()));
        assert_eq!(second.grow(BODY_BYTES_FREE + 64 * KIB), Ok(()));
        assert_eq!(room.0.available_permits(), 64);
    }
}
