//! What an administrator can do to a host: have it refreshed, or forgotten.
//!
//! Knows nothing of commands: a refresh only marks, the device gets the work when it connects.
//! Invariant: a refresh that was promised is stored.

use mooring_drift::state::Phase;
use mooring_drift::step::Event;
use mooring_mdm::ids::HostId;
use mooring_store::{Change, EnrollmentRecord, HostRecord, StoreError};

use super::HostError;
use crate::core::Core;
use crate::limits::CONFLICT_RETRIES_MAX;

impl Core {
    /// Marks every channel of a host for a fresh list and another try of what failed.
    ///
    /// # Errors
    /// [`HostError`] if there is no such host or it checked out.
    pub fn refresh_host(&self, name: &str) -> Result<(), HostError> {
        let refreshed = |host: &HostRecord| {
            let marked = self.refreshed(host);
            if marked.is_empty() {
                return Err(HostError::CheckedOut(name.to_owned()));
            }
            Ok(marked)
        };
        self.change_host(name, refreshed)
    }

    /// Stores what `changes` makes of a host, and lets it be woken; tried again where the device
    /// reported meanwhile.
    ///
    /// # Errors
    /// [`HostError`] if there is no such host, or `changes` says so.
    pub(super) fn change_host(
        &self,
        name: &str,
        mut changes: impl FnMut(&HostRecord) -> Result<Vec<Change>, HostError>,
    ) -> Result<(), HostError> {
        let id = self.find_host(name)?.id;
        for _ in 0..CONFLICT_RETRIES_MAX {
            let host = self.host(&id)?;
            let host = host.ok_or_else(|| HostError::NotFound(name.to_owned()))?;
            let changes = changes(&host)?;
            if changes.is_empty() {
                return Ok(());
            }
            match self.commit(changes) {
                Ok(()) => {
                    for record in &host.enrollments {
                        self.contacts.want(&record.id);
                    }
                    return Ok(());
                }
                // The device reported meanwhile.
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(HostError::Busy(name.to_owned()))
    }

    fn refreshed(&self, host: &HostRecord) -> Vec<Change> {
        let marked = live(host).map(|record| {
            let step = self.step(host, record, Event::RefreshAsked);
            let mut record = record.clone();
            record.sync = step.state;
            Change::Enrollment(record)
        });
        marked.collect()
    }

    /// Forgets a host and everything about it. Nothing is sent to the device; if it still is
    /// enrolled, its messages are refused until it authenticates again.
    ///
    /// # Errors
    /// [`HostError`] if there is no such host.
    pub fn remove_host(&self, name: &str) -> Result<(), HostError> {
        let id = self.find_host(name)?.id;
        let host = self.host(&id)?;
        let mut changes = vec![Change::RemoveHost(id.clone())];
        for record in host.iter().flat_map(|host| &host.enrollments) {
            changes.extend(self.forgotten(&record.id)?);
        }
        self.commit(changes)?;
        for record in host.iter().flat_map(|host| &host.enrollments) {
            self.note_queue(&record.id, false);
        }
        self.forget_seen(&id);
        tracing::info!(host = %id, "a host was removed");
        Ok(())
    }

    /// A host by its id, or by its serial number if that is unique: there is no index of those, so
    /// every host is looked at, which takes about a second of a million.
    pub(crate) fn find_host(&self, name: &str) -> Result<HostRecord, HostError> {
        if let Ok(id) = HostId::parse(name)
            && let Some(host) = self.host(&id)?
        {
            return Ok(host);
        }
        let mut found = Vec::new();
        self.each_outline(|host| {
            if host.attributes.serial_number.as_deref() == Some(name) {
                found.push(host.id.clone());
            }
        })?;
        let not_found = || HostError::NotFound(name.to_owned());
        match (found.pop(), found.len()) {
            (None, _) => Err(not_found()),
            (Some(id), 0) => self.host(&id)?.ok_or_else(not_found),
            (Some(_), others) => Err(HostError::Ambiguous {
                serial: name.to_owned(),
                count: others + 1,
            }),
        }
    }
}

/// The channels of a host that have not checked out.
pub(super) fn live(host: &HostRecord) -> impl Iterator<Item = &EnrollmentRecord> {
    let all = host.enrollments.iter();
    all.filter(|record| record.sync.phase != Phase::CheckedOut)
}
