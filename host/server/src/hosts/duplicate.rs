//! Two devices that use one identity, as a copied disk or keychain makes them.
//!
//! Knows nothing of how that is noticed. Invariant: what one of the two has is never taken for what
//! the other has: once it is settled, the host is observed anew.

use mooring_drift::state::Hardware;
use mooring_drift::step::Event;
use mooring_store::{Change, HostRecord};

use super::HostError;
use super::change::live;
use crate::api::Duplicate;
use crate::core::Core;
use crate::device::device_record;

impl Core {
    /// Takes it that one device alone speaks for a host from now on: its list is asked for anew.
    ///
    /// # Errors
    /// [`HostError`] if there is no such host, or nothing is to be settled.
    pub fn settle_host(&self, name: &str) -> Result<(), HostError> {
        self.change_host(name, |host| {
            if duplicate(host).is_none() {
                return Err(HostError::OneDevice(name.to_owned()));
            }
            let settled = live(host).map(|record| {
                let step = self.step(host, record, Event::Settled);
                let mut record = record.clone();
                record.sync = step.state;
                Change::Enrollment(record)
            });
            Ok(settled.collect())
        })?;
        tracing::info!(
            host = name,
            "one device alone speaks for this host from now on"
        );
        Ok(())
    }
}

/// The devices that speak for a host in turn, if it is not one alone.
pub(super) fn duplicate(host: &HostRecord) -> Option<Duplicate> {
    let hardware: &Hardware = &device_record(host)?.sync.hardware;
    hardware.is_contradicted.then(|| {
        let told = hardware.serial.iter().chain(&hardware.earlier);
        Duplicate {
            serial_numbers: told.cloned().collect(),
        }
    })
}
