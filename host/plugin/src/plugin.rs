//! A loaded plugin and its calls.
//!
//! Knows nothing of the contract's records: the adapter does. Invariant: a call takes a slot, runs
//! in an instance of its own and returns what came of it; nothing of it remains.

use std::sync::Arc;

use mooring_mdm::finding::Finding;

use crate::adapter::v0_1::Adapter;
use crate::outcome::{Call, GeneratedProfile, Outcome, size};
use crate::slots::Slots;
use crate::{Context, Digest, Limits, Manifest, PluginId, Subject};

/// A plugin that can be called, from any thread and by several at once; cheap to clone.
#[derive(Debug, Clone)]
pub struct Plugin(Arc<Loaded>);

#[derive(Debug)]
struct Loaded {
    manifest: Manifest,
    digest: Digest,
    adapter: Adapter,
    slots: Arc<Slots>,
}

impl Plugin {
    pub(crate) fn new(
        manifest: Manifest,
        digest: Digest,
        adapter: Adapter,
        slots: Arc<Slots>,
    ) -> Self {
        Self(Arc::new(Loaded {
            manifest,
            digest,
            adapter,
            slots,
        }))
    }

    /// What it says about itself.
    pub fn manifest(&self) -> &Manifest {
        &self.0.manifest
    }

    /// Its id, the `source` of its findings.
    pub fn id(&self) -> &PluginId {
        &self.0.manifest.id
    }

    /// The digest of its component.
    pub fn digest(&self) -> Digest {
        self.0.digest
    }

    /// Asks it to judge settings; its findings have no place. Blocks.
    pub fn check_settings(&self, settings: &str, limits: &Limits) -> Call<Vec<Finding>> {
        self.bounded(settings.len(), limits, |adapter| {
            adapter.check_settings(self.id(), settings, limits)
        })
    }

    /// Asks it to judge a profile; its findings have line and column in the subject's text. Blocks.
    pub fn validate(
        &self,
        subject: &Subject<'_>,
        context: &Context,
        limits: &Limits,
    ) -> Call<Vec<Finding>> {
        self.bounded(subject.bytes.len(), limits, |adapter| {
            adapter.validate(self.id(), subject, context, limits)
        })
    }

    /// Asks it to make profiles. Blocks.
    pub fn generate(
        &self,
        seed: &str,
        context: &Context,
        limits: &Limits,
    ) -> Call<Vec<GeneratedProfile>> {
        self.bounded(seed.len() + context.settings.len(), limits, |adapter| {
            adapter.generate(self.id(), seed, context, limits)
        })
    }

    /// Asks it twice to make profiles, and takes the answer only if both are equal; what it costs
    /// is that of the second call. Blocks.
    pub fn generate_twice(
        &self,
        seed: &str,
        context: &Context,
        limits: &Limits,
    ) -> Call<Vec<GeneratedProfile>> {
        let first = self.generate(seed, context, limits);
        if !matches!(first.outcome, Outcome::Done(_)) {
            return first;
        }
        let mut second = self.generate(seed, context, limits);
        if matches!(second.outcome, Outcome::Done(_)) && second.outcome != first.outcome {
            second.outcome = Outcome::Unsteady;
        }
        second
    }

    fn bounded<T>(
        &self,
        bytes: usize,
        limits: &Limits,
        call: impl FnOnce(&Adapter) -> Call<T>,
    ) -> Call<T> {
        if bytes > limits.input_bytes {
            let limit_bytes = limits.input_bytes;
            return Call::not_made(Outcome::InputTooLarge { bytes, limit_bytes });
        }
        let _slot = self.0.slots.take();
        let call = call(&self.0.adapter);
        tracing::debug!(
            plugin = %self.id(),
            duration_us = call.duration.as_micros(),
            peak_memory = size(call.peak_memory_bytes),
            log_lines = call.log.len(),
            "plugin called"
        );
        call
    }
}
