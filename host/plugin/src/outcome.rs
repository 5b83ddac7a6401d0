//! What came of one call.
//!
//! Knows nothing of how a call is made. Invariant: every way in which a call can end is a case
//! here, and each but the clean one can be told to an administrator as a finding about the plugin.

use std::time::Duration;

use mooring_mdm::finding::Finding;

use crate::{LogLine, PluginId, complaint};

/// Why a plugin says it could not do its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The settings do not make sense.
    BadSettings(String),
    /// It does not handle this sort of profile or device.
    Unsupported(String),
    /// Anything else.
    Other(String),
}

/// How one call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<T> {
    /// The plugin answered.
    Done(T),
    /// It answered that it could not.
    Failed(Failure),
    /// It panicked; the text begins with file, line and column.
    Panicked {
        /// Where and why.
        text: String,
    },
    /// It ran into its time limit.
    TimedOut {
        /// How long it had run.
        elapsed: Duration,
        /// How long it may.
        limit: Duration,
    },
    /// It asked for more memory than it may have.
    OutOfMemory {
        /// How much it may have, in bytes.
        limit_bytes: usize,
    },
    /// It did something else that ends an instance.
    Trapped {
        /// What.
        text: String,
    },
    /// Its answer is over a limit.
    OutputTooLarge {
        /// Which limit, with its value and unit.
        limit: String,
    },
    /// Two equal calls got different answers.
    Unsteady,
    /// The call is over the input limit and was not made.
    InputTooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit_bytes: usize,
    },
    /// It does not have the role, or not with the contract's types.
    Incompatible {
        /// What is missing.
        text: String,
    },
    /// It failed too often lately and is not asked for a while.
    BackOff {
        /// When it will be asked again, in ms of the host's clock.
        until_ms: u64,
    },
    /// It failed again and again and is not asked until a person lifts that.
    Quarantined {
        /// Since when, in ms of the host's clock.
        since_ms: u64,
    },
    /// The host had no instance to give; not the plugin's fault.
    Unavailable {
        /// What the engine says.
        text: String,
    },
}

/// One profile that a generator made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratedProfile {
    /// Names it among those of this generator and these settings.
    pub key: String,
    /// The mobileconfig; not checked yet.
    pub profile: Vec<u8>,
    /// Remarks of the generator, at no place.
    pub notes: Vec<Finding>,
}

/// One call and what it cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call<T> {
    /// How it ended.
    pub outcome: Outcome<T>,
    /// From instantiation to result.
    pub duration: Duration,
    /// The most linear memory in use.
    pub peak_memory_bytes: usize,
    /// Instructions that were run, if the runtime counts them; of a call that was stopped, fewer.
    pub instructions: Option<u64>,
    /// What the plugin wrote.
    pub log: Vec<LogLine>,
    /// How many lines did not fit the log's limit.
    pub log_lines_dropped: u64,
}

impl<T> Call<T> {
    /// A call that was not made.
    pub(crate) fn not_made(outcome: Outcome<T>) -> Self {
        Self {
            outcome,
            duration: Duration::ZERO,
            peak_memory_bytes: 0,
            instructions: None,
            log: Vec::new(),
            log_lines_dropped: 0,
        }
    }

    /// The call with its answer changed.
    pub(crate) fn then<U>(self, change: impl FnOnce(T) -> Outcome<U>) -> Call<U> {
        Call {
            outcome: self.outcome.then(change),
            duration: self.duration,
            peak_memory_bytes: self.peak_memory_bytes,
            instructions: self.instructions,
            log: self.log,
            log_lines_dropped: self.log_lines_dropped,
        }
    }

    /// What is to be said about the plugin: an error, if the call did not end clean.
    pub fn complaint(&self, plugin: &PluginId) -> Option<Finding> {
        complaint::about(&self.outcome, plugin)
    }
}

impl Call<Vec<Finding>> {
    /// The findings of the plugin, or the one about it.
    pub fn findings(self, plugin: &PluginId) -> Vec<Finding> {
        match self.complaint(plugin) {
            Some(complaint) => vec![complaint],
            None => self.outcome.done().unwrap_or_default(),
        }
    }
}

impl<T> Outcome<T> {
    /// The answer, if there is one.
    pub fn done(self) -> Option<T> {
        match self {
            Self::Done(answer) => Some(answer),
            Self::Failed(_)
            | Self::Panicked { .. }
            | Self::TimedOut { .. }
            | Self::OutOfMemory { .. }
            | Self::Trapped { .. }
            | Self::OutputTooLarge { .. }
            | Self::Unsteady
            | Self::InputTooLarge { .. }
            | Self::Incompatible { .. }
            | Self::BackOff { .. }
            | Self::Quarantined { .. }
            | Self::Unavailable { .. } => None,
        }
    }

    /// The outcome with its answer changed.
    fn then<U>(self, change: impl FnOnce(T) -> Outcome<U>) -> Outcome<U> {
        match self {
            Self::Done(answer) => change(answer),
            Self::Failed(failure) => Outcome::Failed(failure),
            Self::Panicked { text } => Outcome::Panicked { text },
            Self::TimedOut { elapsed, limit } => Outcome::TimedOut { elapsed, limit },
            Self::OutOfMemory { limit_bytes } => Outcome::OutOfMemory { limit_bytes },
            Self::Trapped { text } => Outcome::Trapped { text },
            Self::OutputTooLarge { limit } => Outcome::OutputTooLarge { limit },
            Self::Unsteady => Outcome::Unsteady,
            Self::InputTooLarge { bytes, limit_bytes } => {
                Outcome::InputTooLarge { bytes, limit_bytes }
            }
            Self::Incompatible { text } => Outcome::Incompatible { text },
            Self::BackOff { until_ms } => Outcome::BackOff { until_ms },
            Self::Quarantined { since_ms } => Outcome::Quarantined { since_ms },
            Self::Unavailable { text } => Outcome::Unavailable { text },
        }
    }
}

/// Bytes for people.
pub(crate) fn size(bytes: usize) -> String {
    match bytes {
        b if b >= 1 << 20 && b % (1 << 20) == 0 => format!("{} MiB", b >> 20),
        b if b >= 1 << 10 && b % (1 << 10) == 0 => format!("{} KiB", b >> 10),
        b => format!("{b} bytes"),
    }
}
