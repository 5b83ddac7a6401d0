//! Making keys, and signing with them.
//!
//! Invariant: a secret key is shown nowhere but in the text that is made to be its file.

use std::fmt;
use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::MARK;

/// Length of a secret key, in bytes, and the two of them that say how it is protected.
const KEY_BYTES: usize = 158;
const KDF: std::ops::Range<usize> = 2..4;

/// Longest version that a signature names, in bytes.
const VERSION_BYTES_MAX: usize = 100;

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The system gives no randomness.
    #[error("no key can be made: {reason}")]
    Generate {
        /// What the library says.
        reason: String,
    },
    /// It is no secret key.
    #[error("this is no secret key of minisign: {reason}")]
    NotAKey {
        /// What the library says.
        reason: String,
    },
    /// It needs a password.
    #[error("the secret key is protected by a password; give it with --password-file")]
    Protected,
    /// The password is another one.
    #[error("the secret key does not open with this password")]
    Password,
    /// The version would not fit into the line that is signed.
    #[error("the version `{version}` has a space, or more than {VERSION_BYTES_MAX} bytes")]
    Version {
        /// The version.
        version: String,
    },
    /// Signing failed.
    #[error("nothing was signed: {reason}")]
    Sign {
        /// What the library says.
        reason: String,
    },
}

/// The files of a new pair of keys.
pub struct KeyPair {
    /// For those who verify.
    pub public: String,
    /// For nobody else.
    pub secret: String,
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

impl KeyPair {
    /// A new pair, whose secret key has no password.
    ///
    /// # Errors
    /// [`KeyError::Generate`] without randomness.
    pub fn generate() -> Result<Self, KeyError> {
        let failed = |error: minisign::PError| KeyError::Generate {
            reason: error.to_string(),
        };
        let pair = minisign::KeyPair::generate_unencrypted_keypair().map_err(failed)?;
        let secret = pair
            .sk
            .to_box(Some("minisign secret key, without a password"));
        Ok(Self {
            public: pair.pk.to_box().map_err(failed)?.into_string(),
            secret: secret.map_err(failed)?.into_string(),
        })
    }
}

/// A key to sign with.
pub struct SecretKey(minisign::SecretKey);

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey")
    }
}

impl SecretKey {
    /// Reads the file of a secret key of minisign, with its password if it has one. Opening a
    /// protected key takes a second and up to 1 GiB of memory, which is the point of it.
    ///
    /// # Errors
    /// [`KeyError`] if it is none, or the password is missing or wrong.
    pub fn read(text: &str, password: Option<&str>) -> Result<Self, KeyError> {
        let not_a_key = |reason: &str| KeyError::NotAKey {
            reason: reason.to_owned(),
        };
        let line = text.lines().nth(1).unwrap_or_default().trim();
        let bytes = STANDARD
            .decode(line)
            .map_err(|_| not_a_key("its second line is no base64"))?;
        if bytes.len() != KEY_BYTES {
            return Err(not_a_key("it has another length"));
        }
        let key = match (bytes.get(KDF), password) {
            (Some([0, 0]), _) => minisign::SecretKey::from_bytes(&bytes),
            (_, None) => return Err(KeyError::Protected),
            (_, Some(password)) => minisign::SecretKeyBox::from_string(text)
                .and_then(|key| key.into_secret_key(Some(password.to_owned()))),
        };
        key.map(Self).map_err(|error| {
            if matches!(error.kind(), minisign::ErrorKind::Verify) {
                return KeyError::Password;
            }
            not_a_key(&error.to_string())
        })
    }

    /// The signature of a component, with the id and version of its plugin.
    ///
    /// # Errors
    /// [`KeyError`] if the version cannot be named, or signing fails.
    pub fn sign(&self, component: &[u8], id: &str, version: &str) -> Result<String, KeyError> {
        let is_odd = |c: char| c.is_whitespace() || c.is_control();
        if version.is_empty() || version.len() > VERSION_BYTES_MAX || version.contains(is_odd) {
            let version = version.escape_debug().take(VERSION_BYTES_MAX).collect();
            return Err(KeyError::Version { version });
        }
        let comment = format!("{MARK} id:{id} version:{version}");
        let failed = |error: minisign::PError| KeyError::Sign {
            reason: error.to_string(),
        };
        // With its public half the library verifies what it signed: minisign writes no checksum
        // into keys without a password, so a damaged one shows only here.
        let public = minisign::PublicKey::from_secret_key(&self.0).map_err(failed)?;
        let signature = minisign::sign(
            Some(&public),
            &self.0,
            Cursor::new(component),
            Some(&comment),
            Some("signature of a Mooring plugin"),
        );
        signature
            .map(minisign::SignatureBox::into_string)
            .map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_changed(secret: &str, change: impl FnOnce(&mut Vec<u8>)) -> String {
        let (comment, line) = secret.split_once('\n').unwrap();
        let mut bytes = STANDARD.decode(line.trim()).unwrap();
        change(&mut bytes);
        format!("{comment}\n{}\n", STANDARD.encode(bytes))
    }

    /// A key of minisign's own, which has no checksum, signs; a damaged or protected one does not.
    #[test]
    fn keys_of_others() {
        let pair = KeyPair::generate().unwrap();
        let sign = |text: &str| SecretKey::read(text, None)?.sign(b"x", "com.example.x", "1");
        let unchecked = with_changed(&pair.secret, |bytes| bytes[126..].fill(0));
        assert!(sign(&unchecked).is_ok());
        let damaged = with_changed(&pair.secret, |bytes| bytes[70] ^= 1);
        assert!(matches!(sign(&damaged), Err(KeyError::Sign { .. })));
        let protected = with_changed(&pair.secret, |bytes| bytes[KDF].copy_from_slice(b"Sc"));
        assert!(matches!(sign(&protected), Err(KeyError::Protected)));
        let short = with_changed(&pair.secret, |bytes| bytes.truncate(100));
        assert!(matches!(sign(&short), Err(KeyError::NotAKey { .. })));
    }

    /// A pair in a log shows its public half alone.
    #[test]
    fn secrets_stay_secret() {
        let pair = KeyPair::generate().unwrap();
        let shown = format!("{pair:?}");
        assert!(shown.contains("public"));
        let line = pair.secret.lines().nth(1).unwrap();
        assert!(!shown.contains(line));
        let key = SecretKey::read(&pair.secret, None).unwrap();
        assert_eq!(format!("{key:?}"), "SecretKey");
    }
}
