//! Whom to push: what the device's TokenUpdate gave.
//!
//! Knows nothing of connections. Invariant: every target makes a request that can be sent, and
//! neither token nor magic is ever shown.

use std::fmt::{self, Write};

/// Longest token in bytes. Today's have 32; Apple promises no length.
const TOKEN_BYTES_MAX: usize = 256;
/// Longest magic in bytes: a push may have 4 KiB, a uuid has 36.
const MAGIC_BYTES_MAX: usize = 1024;

/// Why nobody can be pushed with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// No or too long a token.
    #[error("a push token must have 1 to {TOKEN_BYTES_MAX} bytes")]
    Token,
    /// No or too long a magic.
    #[error("a push magic must have 1 to {MAGIC_BYTES_MAX} bytes")]
    Magic,
}

/// Token and magic of one enrollment.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    token_hex: String,
    body: Vec<u8>,
}

#[derive(serde::Serialize)]
struct Body<'a> {
    mdm: &'a str,
}

impl Target {
    /// From the bytes of `Token` and the text of `PushMagic`.
    ///
    /// # Errors
    ///
    /// One of them is empty or too long.
    pub fn new(token: &[u8], magic: &str) -> Result<Self, TargetError> {
        if token.is_empty() || token.len() > TOKEN_BYTES_MAX {
            return Err(TargetError::Token);
        }
        if magic.is_empty() || magic.len() > MAGIC_BYTES_MAX {
            return Err(TargetError::Magic);
        }
        let mut token_hex = String::with_capacity(2 * token.len());
        for byte in token {
            // Writing to a string cannot fail.
            let _ = write!(token_hex, "{byte:02x}");
        }
        let body = serde_json::to_vec(&Body { mdm: magic }).map_err(|_| TargetError::Magic)?;
        Ok(Self { token_hex, body })
    }

    pub(super) fn token_hex(&self) -> &str {
        &self.token_hex
    }

    pub(super) fn body(&self) -> Vec<u8> {
        self.body.clone()
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves the form of path and body, that a magic is escaped and not spliced, and that debug
    /// output shows neither.
    #[test]
    fn forms_and_bounds() {
        let target = Target::new(&[0xAB, 0x01, 0xFF], r#"M"},{"x"#).unwrap();
        assert_eq!(target.token_hex(), "ab01ff");
        assert_eq!(target.body(), br#"{"mdm":"M\"},{\"x"}"#);
        assert_eq!(format!("{target:?}"), "Target { .. }");
        assert_eq!(Target::new(&[], "M"), Err(TargetError::Token));
        assert_eq!(Target::new(&[0; 257], "M"), Err(TargetError::Token));
        assert_eq!(Target::new(&[0], ""), Err(TargetError::Magic));
        assert_eq!(
            Target::new(&[0], &"M".repeat(1025)),
            Err(TargetError::Magic)
        );
    }
}
