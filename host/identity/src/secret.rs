//! A text that must not be shown.
//!
//! Knows nothing of what the text opens. Invariant: neither `Debug` nor a comparison says anything
//! about it; whoever wants to see it has to write `expose`.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;

/// A private key as PEM, a challenge, a token.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Takes a text out of sight.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that stores, sends or checks it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether this is the same text as another; how long the answer takes says at most how long
    /// the text is.
    pub fn matches(&self, other: &str) -> bool {
        verify_slices_are_equal(self.0.as_bytes(), other.as_bytes()).is_ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
