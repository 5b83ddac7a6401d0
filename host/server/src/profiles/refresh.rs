//! Generating the built-ins anew at the start, since this binary may carry newer plugins.
//!
//! Knows nothing of what they contain. Invariants: a plugin that fails, or whose newer output would
//! touch too many hosts by itself, keeps its last version; both are told.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mooring_mdm::ids::PayloadIdentifier;
use mooring_store::{BuiltInRecord, Change, StoreError};

use crate::api::HeldBuiltIn;
use crate::change::AffectedPage;
use crate::core::Core;
use crate::impact::Weight;
use crate::judge::BuiltIn;
use crate::shelf::Shelf;

/// Built-ins whose newer output is held until somebody confirms it. It is found anew at each start.
#[derive(Debug, Default)]
pub(crate) struct HeldBuiltIns(Mutex<BTreeMap<PayloadIdentifier, HeldBuiltIn>>);

impl HeldBuiltIns {
    /// All of them.
    pub(crate) fn all(&self) -> Vec<HeldBuiltIn> {
        self.held().values().cloned().collect()
    }

    pub(super) fn has(&self, identifier: &PayloadIdentifier) -> bool {
        self.held().contains_key(identifier)
    }

    pub(super) fn release(&self, identifier: &PayloadIdentifier) {
        self.held().remove(identifier);
    }

    fn hold(&self, held: HeldBuiltIn) {
        self.held().insert(held.identifier.clone(), held);
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<PayloadIdentifier, HeldBuiltIn>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Core {
    /// Generates every enabled built-in again. One that fails keeps its last version, and so does
    /// one whose newer output would touch too many hosts, until it is confirmed.
    ///
    /// # Errors
    /// [`StoreError`] if a newer version cannot be stored, or hosts cannot be read.
    pub fn refresh_builtins(&self) -> Result<(), StoreError> {
        let _change = self.change();
        let shelf = self.shelf();
        let mut accepted = Vec::new();
        for record in shelf.builtins.values().filter(|record| record.is_enabled) {
            let Some(builtin) = self.judge.builtin(&record.identifier) else {
                tracing::warn!(identifier = %record.identifier, "no plugin generates this built-in any more; its last version stays");
                continue;
            };
            let changes = self.newer_output(&shelf, builtin, record);
            if changes.is_empty() {
                continue;
            }
            // Many built-ins of few hosts each come to many hosts.
            let all: Vec<_> = accepted.iter().chain(&changes).cloned().collect();
            match self.held_output(&all, builtin)? {
                None => accepted = all,
                Some(held) => {
                    tracing::warn!(
                        identifier = %held.identifier,
                        plugin = held.plugin,
                        version = held.plugin_version,
                        hosts = held.hosts,
                        confirm = held.confirm,
                        "a newer plugin would change this built-in on too many hosts at once; its \
                         last version stays until the newer one is confirmed (profile enable)"
                    );
                    self.held_builtins.hold(held);
                }
            }
        }
        if accepted.is_empty() {
            return Ok(());
        }
        let committed = self.store.commit(accepted);
        self.restock()?;
        committed
    }

    /// The changes that follow from what the plugin makes now.
    fn newer_output(
        &self,
        shelf: &Shelf,
        builtin: &BuiltIn,
        record: &BuiltInRecord,
    ) -> Vec<Change> {
        let generated = self.generate(builtin, &record.settings);
        match generated.and_then(|made| self.upsert(shelf, builtin, made, "mooring")) {
            Ok(changes) => changes,
            Err(findings) => {
                let first = findings.first().map(|finding| finding.message.clone());
                tracing::warn!(identifier = %record.identifier, reason = first, "a built-in could not be generated; its last version stays");
                Vec::new()
            }
        }
    }

    /// What is to be said of the built-in if the changes would touch too many hosts.
    fn held_output(
        &self,
        changes: &[Change],
        builtin: &BuiltIn,
    ) -> Result<Option<HeldBuiltIn>, StoreError> {
        let page = AffectedPage {
            after: None,
            limit: 0,
        };
        let impact = self.impact(&self.shelf(), changes, &page, Weight::Output)?;
        Ok(impact.is_held.then(|| HeldBuiltIn {
            identifier: builtin.identifier.clone(),
            plugin: builtin.plugin.clone(),
            plugin_version: builtin.plugin_version.clone(),
            hosts: impact.hosts_changed,
            confirm: impact.confirm,
        }))
    }
}
