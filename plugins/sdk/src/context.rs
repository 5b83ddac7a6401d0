//! What one call brings along, and what a generator or a failure hands back.
//!
//! Knows nothing of where any of it comes from. Invariant: a call sees nothing but these values;
//! there is no clock, no randomness and no I/O in a plugin.

use crate::{Document, Finding};

/// The profile to judge.
#[derive(Debug, Clone)]
pub struct Profile {
    document: Document,
    bytes: Vec<u8>,
}

impl Profile {
    /// A profile from its tree and its bytes; the host made the first from the second.
    pub fn new(document: Document, bytes: Vec<u8>) -> Self {
        Self { document, bytes }
    }

    /// The tree, parsed strictly by the host.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// The exact bytes that a device would get; they need not be text, a profile may be signed.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// How a profile is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Grade {
    /// What devices accept is accepted; the default, and what an unknown grade means.
    #[default]
    DeviceLenient,
    /// What Apple's documentation demands is demanded, and the tree is the file's own: the host
    /// has filled in nothing.
    AppleStrict,
}

impl Grade {
    /// The grade of the contract's text.
    pub fn from_text(text: &str) -> Self {
        match text {
            "apple-strict" => Self::AppleStrict,
            _ => Self::DeviceLenient,
        }
    }

    /// The contract's text of the grade.
    pub fn as_text(self) -> &'static str {
        match self {
            Self::DeviceLenient => "device-lenient",
            Self::AppleStrict => "apple-strict",
        }
    }
}

/// What is known about the host that a profile is meant for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Device {
    /// `macOS`, `iOS`, `tvOS`, `watchOS` or `visionOS`.
    pub platform: String,
    /// Such as `15.3.1`, if known.
    pub os_version: Option<String>,
    /// Apple's model name, such as `Mac16,1`, if known.
    pub model: Option<String>,
    /// Whether the device is supervised, if known.
    pub supervised: Option<bool>,
    /// `device` or `user`: the channel that would deliver the profile.
    pub channel: String,
    /// Names of the host's labels.
    pub labels: Vec<String>,
    /// Keys that the contract's README documents, with values.
    pub extra: Vec<(String, String)>,
}

/// Everything beside the profile that a call may depend on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Context {
    /// The binding's settings as JSON text; empty if it has none.
    pub settings: String,
    /// How strictly to judge.
    pub grade: Grade,
    /// The host in question, if the call is about one.
    pub device: Option<Device>,
    /// Keys that the contract's README documents, with values.
    pub extra: Vec<(String, String)>,
}

impl Context {
    /// Today's date as `YYYY-MM-DD`, if the host tells it: a plugin has no clock.
    pub fn today(&self) -> Option<&str> {
        self.extra("today")
    }

    /// The value of one of the `extra` keys.
    pub fn extra(&self, key: &str) -> Option<&str> {
        self.extra
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }
}

/// Why a plugin could not do its work. What is wrong with the *profile* is a finding instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The settings do not make sense; says which and why.
    BadSettings(String),
    /// The plugin does not handle this sort of profile or device.
    Unsupported(String),
    /// Anything else, in one sentence.
    Other(String),
}

/// One profile that a generator made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Names the profile among those of this generator; the same key is the same profile.
    pub key: String,
    /// The complete mobileconfig, XML.
    pub profile: Vec<u8>,
    /// What a person should know about it.
    pub notes: Vec<Finding>,
}
