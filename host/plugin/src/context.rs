//! What a call is about, in no contract's terms.
//!
//! Knows nothing of wasm. Invariant: everything that an answer may depend on is here or in the
//! plugin itself; there is no clock behind it.

use std::fmt;

use mooring_mdm::plist::{Document, NodeId};

/// A profile to judge.
pub struct Subject<'a> {
    pub(crate) document: &'a Document,
    pub(crate) bytes: &'a [u8],
    pub(crate) place: Box<dyn Fn(NodeId) -> (u32, u32) + 'a>,
}

impl<'a> Subject<'a> {
    /// A profile from its tree, the exact bytes that a device would get, and where each of the
    /// tree's values stands in the file that a person wrote, as line and column.
    pub fn new(
        document: &'a Document,
        bytes: &'a [u8],
        place: impl Fn(NodeId) -> (u32, u32) + 'a,
    ) -> Self {
        Self {
            document,
            bytes,
            place: Box::new(place),
        }
    }
}

impl fmt::Debug for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subject({} bytes)", self.bytes.len())
    }
}

/// How strictly to judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Grade {
    /// What devices accept is accepted.
    #[default]
    DeviceLenient,
    /// What Apple's documentation demands is demanded.
    AppleStrict,
}

impl Grade {
    /// The contract's text.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DeviceLenient => "device-lenient",
            Self::AppleStrict => "apple-strict",
        }
    }
}

/// What is known about the host that a profile is meant for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Device {
    /// Such as `macOS`.
    pub platform: String,
    /// Such as `15.3.1`.
    pub os_version: Option<String>,
    /// Such as `Mac16,1`.
    pub model: Option<String>,
    /// Whether it is supervised.
    pub supervised: Option<bool>,
    /// `device` or `user`.
    pub channel: String,
    /// Names of its labels.
    pub labels: Vec<String>,
    /// Keys that `wit/README.md` documents.
    pub extra: Vec<(String, String)>,
}

/// Everything beside the profile that an answer may depend on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Context {
    /// The binding's settings, JSON; empty if it has none.
    pub settings: String,
    /// How strictly to judge.
    pub grade: Grade,
    /// The host that the call is about.
    pub device: Option<Device>,
    /// Keys that `wit/README.md` documents.
    pub extra: Vec<(String, String)>,
}

impl Context {
    /// The same context with today's date, `YYYY-MM-DD`.
    #[must_use]
    pub fn on(mut self, today: &str) -> Self {
        self.extra.retain(|(key, _)| key != "today");
        self.extra.push(("today".to_owned(), today.to_owned()));
        self
    }
}
