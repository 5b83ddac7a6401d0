//! How bad the weather is: which faults may strike, how often, and how many did.
//!
//! Knows nothing of what a fault does. Invariant: a fault that is off never strikes, and each that
//! strikes is counted.

use std::collections::BTreeMap;

use crate::fault::{Fault, FaultSet};
use crate::random::Random;

/// How often each thing happened, by name.
pub type Tally = BTreeMap<&'static str, u64>;

/// Which faults may strike now, and the count of those that did.
#[derive(Debug)]
pub(crate) struct Weather {
    faults: FaultSet,
    /// Hundredths of the usual frequency.
    percent: u64,
    struck: Tally,
}

impl Weather {
    /// The weather of a world: some are calm, some are far worse than any network.
    pub(crate) fn new(faults: FaultSet, random: &mut Random) -> Self {
        let percents = [10, 50, 100, 100, 200, 400];
        Self {
            faults,
            percent: percents[random.place(percents.len())],
            struck: Tally::new(),
        }
    }

    /// Nothing strikes any more.
    pub(crate) fn clear(&mut self) {
        self.faults = FaultSet::NONE;
    }

    /// Whether a fault may strike at all.
    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.faults.has(fault)
    }

    /// Whether a fault strikes that does so `per_million` times in a million, in usual weather.
    pub(crate) fn strikes(&mut self, fault: Fault, per_million: u64, random: &mut Random) -> bool {
        let strikes = self.may_strike(fault, per_million, random);
        if strikes {
            self.note(fault);
        }
        strikes
    }

    /// The same without being counted: whether it strikes is known only later.
    pub(crate) fn may_strike(&self, fault: Fault, per_million: u64, random: &mut Random) -> bool {
        self.has(fault) && random.chance(per_million * self.percent / 100)
    }

    /// Counts a fault that was brought about in another way.
    pub(crate) fn note(&mut self, fault: Fault) {
        *self.struck.entry(fault.as_str()).or_default() += 1;
    }

    /// What struck.
    pub(crate) fn into_struck(self) -> Tally {
        self.struck
    }
}
