//! A loaded plugin and its calls.
//!
//! Knows nothing of the contract's records: the adapter does. Invariant: a call takes a slot, runs
//! in an instance of its own and returns what came of it; nothing of it remains.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mooring_mdm::finding::Finding;

use crate::adapter::v0_1::Adapter;
use crate::outcome::{Call, GeneratedProfile, Outcome, size};
use crate::results::{Located, ResultKey};
use crate::set::{ProfileSet, SetFinding};
use crate::slots::Slots;
use crate::{
    CodeSource, Context, Digest, Limits, Manifest, PluginId, ResultCache, Subject, Terms, inspect,
};

/// A plugin that can be called, from any thread and by several at once; cheap to clone.
#[derive(Debug, Clone)]
pub struct Plugin(Arc<Loaded>);

#[derive(Debug)]
struct Loaded {
    manifest: Manifest,
    digest: Digest,
    code: CodeSource,
    adapter: Adapter,
    /// Its own, and those of all plugins together; taken in this order.
    slots: [Arc<Slots>; 2],
    calls_made: AtomicU64,
}

impl Plugin {
    pub(crate) fn new(
        manifest: Manifest,
        digest: Digest,
        code: CodeSource,
        adapter: Adapter,
        slots: [Arc<Slots>; 2],
    ) -> Self {
        Self(Arc::new(Loaded {
            manifest,
            digest,
            code,
            adapter,
            slots,
            calls_made: AtomicU64::new(0),
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

    /// Where its code came from.
    pub fn code(&self) -> CodeSource {
        self.0.code
    }

    /// Most memory that any call of it can have, in bytes; limits beyond it change nothing.
    pub fn memory_bytes_max(&self) -> usize {
        self.0.adapter.memory_bytes_max()
    }

    /// How often any of its code was run since it was loaded, apart from trying it out.
    pub fn calls_made(&self) -> u64 {
        self.0.calls_made.load(Ordering::Relaxed)
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
        let call = self.judged(subject, context, limits);
        call.then(|findings| Outcome::Done(placed(findings, subject)))
    }

    /// The same, unless it was asked before: then the answer is the one it gave, at no cost and
    /// without its log, and the findings stand where they are in this subject's text.
    pub fn validate_once(
        &self,
        subject: &Subject<'_>,
        context: &Context,
        limits: &Limits,
        results: &ResultCache,
    ) -> Call<Vec<Finding>> {
        let call = self.known_or(results, (subject, context, limits), || {
            self.judged(subject, context, limits)
        });
        call.then(|findings| Outcome::Done(placed(findings, subject)))
    }

    /// The same behind a breaker: what was asked before is answered also while it is open.
    pub fn validate_on(
        &self,
        subject: &Subject<'_>,
        context: &Context,
        terms: &Terms<'_>,
    ) -> Call<Vec<Finding>> {
        let Terms {
            limits,
            results,
            guard,
            now_ms,
        } = *terms;
        let call = self.known_or(results, (subject, context, limits), || {
            guard.call(now_ms, || self.judged(subject, context, limits))
        });
        call.then(|findings| Outcome::Done(placed(findings, subject)))
    }

    /// The answer that was kept, or else the one that is made now.
    fn known_or(
        &self,
        results: &ResultCache,
        (subject, context, limits): (&Subject<'_>, &Context, &Limits),
        make: impl FnOnce() -> Call<Vec<Located>>,
    ) -> Call<Vec<Located>> {
        let (digest, contract) = (self.0.digest, inspect::CONTRACT);
        let key = ResultKey::of_validation(digest, contract, subject, context, limits);
        if let Some(answer) = results.find(&key) {
            return Call::not_made((*answer).clone());
        }
        let call = make();
        results.keep(key, &call.outcome);
        call
    }

    /// Those of its findings that are about a node which the profile does not have: they are shown at
    /// no place, and a rule that meant one has counted wrong. Blocks.
    pub fn misplaced(
        &self,
        subject: &Subject<'_>,
        context: &Context,
        limits: &Limits,
    ) -> Call<Vec<Finding>> {
        let call = self.judged(subject, context, limits);
        call.then(|found| {
            let lost = found.into_iter().filter(|one| one.is_misplaced);
            Outcome::Done(lost.map(|one| one.finding).collect())
        })
    }

    fn judged(
        &self,
        subject: &Subject<'_>,
        context: &Context,
        limits: &Limits,
    ) -> Call<Vec<Located>> {
        self.bounded(subject.bytes.len(), limits, |adapter| {
            adapter.validate(self.id(), subject, context, limits)
        })
    }

    /// Asks it to judge profiles together. Its answer is kept nowhere: that is for whoever knows
    /// which sets are equal. Blocks.
    pub fn validate_set(
        &self,
        set: &ProfileSet<'_>,
        context: &Context,
        limits: &Limits,
    ) -> Call<Vec<SetFinding>> {
        self.bounded(context.settings.len(), limits, |adapter| {
            adapter.validate_set(self.id(), set, context, limits)
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
        agreed(&first, self.generate(seed, context, limits))
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
        let _slots = self.0.slots.each_ref().map(Slots::take);
        self.0.calls_made.fetch_add(1, Ordering::Relaxed);
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

/// The findings where they stand in the subject's text.
fn placed(findings: Vec<Located>, subject: &Subject<'_>) -> Vec<Finding> {
    let place = |located: Located| {
        let (line, column) = located.node.map_or((0, 0), &subject.place);
        Finding {
            line,
            column,
            ..located.finding
        }
    };
    findings.into_iter().map(place).collect()
}

/// The second of two equal calls, if it ended as the first did.
fn agreed<T: PartialEq>(first: &Call<T>, second: Call<T>) -> Call<T> {
    let is_done = matches!(second.outcome, Outcome::Done(_));
    if is_done && second.outcome != first.outcome {
        return Call {
            outcome: Outcome::Unsteady,
            ..second
        };
    }
    second
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two answers that differ are none; two that are equal, or a failure, stay what they are. No guest
    /// is known that answers otherwise when asked again, so this is shown without one.
    #[test]
    fn two_answers() {
        let call = |outcome| Call::not_made(outcome);
        let first = call(Outcome::Done(1));
        assert_eq!(agreed(&first, call(Outcome::Done(1))), first);
        let other = agreed(&first, call(Outcome::Done(2)));
        assert_eq!(other.outcome, Outcome::Unsteady);
        let late = Outcome::Trapped { text: "x".into() };
        assert_eq!(agreed(&first, call(late.clone())).outcome, late);
    }
}
