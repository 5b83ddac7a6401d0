//! Profiles as they stand in commands, encoded once for all hosts that get them.
//!
//! Knows nothing of who gets what, nor of the store. They may hold secrets, so nothing here shows
//! them. Invariants: what is returned was made of exactly that version; all of it together has no
//! more than the bound.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mooring_mdm::ids::{PayloadIdentifier, PayloadUuid};
use mooring_mdm::plist::Base64;
use mooring_store::VersionRecord;

/// Most base64 that is kept, in bytes: the profiles of a large fleet, which all hosts share.
const BYTES_MAX: usize = 32 * 1024 * 1024;

/// What a version is called. Its number alone would do, if no store were ever put in the place of
/// another.
type Name = (PayloadIdentifier, u32, PayloadUuid);

/// The profiles that were sent lately.
pub(crate) struct Payloads {
    /// Most bytes of one of the two halves.
    half_bytes_max: usize,
    halves: Mutex<Halves>,
}

/// Whatever is asked for comes to the new half; if that is full, it takes the place of the old
/// one. So what is in use stays, without a list of who used what when.
#[derive(Default)]
struct Halves {
    new: Half,
    old: Half,
}

#[derive(Default)]
struct Half {
    entries: BTreeMap<Name, Arc<Base64>>,
    bytes: usize,
}

impl Default for Payloads {
    fn default() -> Self {
        Self::bounded(BYTES_MAX)
    }
}

impl Payloads {
    fn bounded(bytes_max: usize) -> Self {
        Self {
            half_bytes_max: bytes_max / 2,
            halves: Mutex::default(),
        }
    }

    /// A version as base64: as it is remembered, or else from what `read` gives, which is then
    /// remembered if it is not too large for that.
    ///
    /// # Errors
    /// Those of `read`, which may also find nothing.
    pub(super) fn of<E>(
        &self,
        identifier: &PayloadIdentifier,
        version: &VersionRecord,
        read: impl FnOnce() -> Result<Option<Vec<u8>>, E>,
    ) -> Result<Option<Arc<Base64>>, E> {
        let name = (identifier.clone(), version.version, version.uuid.clone());
        if let Some(known) = self.recall(&name) {
            return Ok(Some(known));
        }
        let Some(raw) = read()? else {
            return Ok(None);
        };
        let payload = Arc::new(Base64::of(&raw));
        self.remember(name, &payload);
        Ok(Some(payload))
    }

    fn recall(&self, name: &Name) -> Option<Arc<Base64>> {
        let mut halves = self.halves();
        if let Some(known) = halves.new.entries.get(name) {
            return Some(Arc::clone(known));
        }
        let known = halves.old.take(name)?;
        self.put(&mut halves, name.clone(), &known);
        Some(known)
    }

    fn remember(&self, name: Name, payload: &Arc<Base64>) {
        self.put(&mut self.halves(), name, payload);
    }

    fn put(&self, halves: &mut Halves, name: Name, payload: &Arc<Base64>) {
        if payload.len() > self.half_bytes_max {
            return;
        }
        if halves.new.bytes + payload.len() > self.half_bytes_max {
            halves.old = std::mem::take(&mut halves.new);
        }
        let before = halves.new.entries.insert(name, Arc::clone(payload));
        let before = before.map_or(0, |before| before.len());
        halves.new.bytes = halves.new.bytes + payload.len() - before;
    }

    fn halves(&self) -> MutexGuard<'_, Halves> {
        // What a panic leaves is at worst a wrong sum, and nothing in here panics.
        self.halves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Half {
    fn take(&mut self, name: &Name) -> Option<Arc<Base64>> {
        let taken = self.entries.remove(name)?;
        self.bytes -= taken.len();
        Some(taken)
    }
}

impl fmt::Debug for Payloads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let halves = self.halves();
        f.debug_struct("Payloads")
            .field(
                "profiles",
                &(halves.new.entries.len() + halves.old.entries.len()),
            )
            .field("bytes", &(halves.new.bytes + halves.old.bytes))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
