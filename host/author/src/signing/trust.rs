//! Whose signatures count, and whether one is right.
//!
//! Invariant: a signature that does not say which plugin and which version it is for is not taken,
//! even where its key is known.

use minisign_verify::{Error, PublicKey, Signature};

use super::MARK;

/// Most keys that are used together.
const KEYS_MAX: usize = 1000;

/// Longest line of a signature that is repeated, in bytes.
const COMMENT_BYTES_MAX: usize = 500;

/// Why a list of keys is not used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TrustError {
    /// A line is no key.
    #[error("line {line} is no public key of minisign")]
    NotAKey {
        /// 1-based.
        line: usize,
    },
    /// There is none.
    #[error("the list has no public key")]
    Empty,
    /// There are too many, those of all lists counted that are used together.
    #[error("there are more than {KEYS_MAX} keys, those of all lists together")]
    TooMany,
}

/// Why a signature is not taken.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum VerifyError {
    /// It is none.
    #[error("this is no signature of minisign")]
    NotASignature,
    /// It was made with a key that is not on the list.
    #[error("the signature was made with a key that is not trusted")]
    UnknownKey,
    /// The key is known, but the component is not what was signed, or the signature was changed.
    #[error("the signature is not of this component, or was changed")]
    Wrong,
    /// It is of a form that signs the file without hashing it first.
    #[error("the signature is of the old form; sign again with a minisign of 0.8 or later")]
    OldForm,
    /// It says nothing about which plugin it is for.
    #[error(
        "the signature is right, but does not say which plugin and version it is for: sign with \
         `mooring plugin sign`, or with the trusted comment `mooring-plugin id:ID version:VERSION`"
    )]
    Unnamed,
}

/// One key that is trusted.
#[derive(Debug, Clone)]
struct Trusted {
    name: String,
    text: String,
    key: PublicKey,
}

/// Keys whose signatures count.
#[derive(Debug, Clone)]
pub struct TrustList(Vec<Trusted>);

/// What a right signature says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The key's public half, as text.
    pub key: String,
    /// What the list calls the key; nobody signed that name.
    pub key_name: String,
    /// The plugin's id.
    pub id: String,
    /// The plugin's version: one that is older than what is installed is a step back.
    pub version: String,
}

impl TrustList {
    /// Reads a list: the files of public keys, one after the other, or the keys alone, one a line. A
    /// line `untrusted comment: NAME` names the key after it; empty lines and such that begin with
    /// `#` are skipped.
    ///
    /// # Errors
    /// [`TrustError`] naming the line.
    pub fn parse(text: &str) -> Result<Self, TrustError> {
        let mut keys = Vec::new();
        let mut name = String::new();
        for (at, line) in text.lines().map(str::trim).enumerate() {
            if let Some(comment) = line.strip_prefix("untrusted comment:") {
                comment.trim().clone_into(&mut name);
            } else if !line.is_empty() && !line.starts_with('#') {
                let key = PublicKey::from_base64(line);
                let key = key.map_err(|_| TrustError::NotAKey { line: at + 1 })?;
                keys.push(Trusted {
                    name: std::mem::take(&mut name),
                    text: line.to_owned(),
                    key,
                });
            }
        }
        match keys.len() {
            0 => Err(TrustError::Empty),
            1..=KEYS_MAX => Ok(Self(keys)),
            _ => Err(TrustError::TooMany),
        }
    }

    /// The keys of both lists.
    ///
    /// # Errors
    /// [`TrustError::TooMany`] if there would be more than one list may have.
    pub fn and(mut self, other: Self) -> Result<Self, TrustError> {
        self.0.extend(other.0);
        if self.0.len() > KEYS_MAX {
            return Err(TrustError::TooMany);
        }
        Ok(self)
    }

    /// Whether a key, as [`Signed::key`] has it, is on the list.
    pub fn has(&self, key: &str) -> bool {
        self.0.iter().any(|trusted| trusted.text == key)
    }

    /// Verifies the signature of a component.
    ///
    /// # Errors
    /// [`VerifyError`] naming what is wrong.
    pub fn verify(&self, component: &[u8], signature: &str) -> Result<Signed, VerifyError> {
        let signature = Signature::decode(signature).map_err(|_| VerifyError::NotASignature)?;
        // The number that a signature names its key by is short and can be made to fit: all keys
        // that it fits are tried.
        let mut reason = VerifyError::UnknownKey;
        for trusted in &self.0 {
            match trusted.key.verify(component, &signature, false) {
                Ok(()) => return trusted.signed(signature.trusted_comment()),
                Err(Error::UnexpectedKeyId) => {}
                Err(Error::UnexpectedAlgorithm) => reason = VerifyError::OldForm,
                Err(_) => reason = VerifyError::Wrong,
            }
        }
        Err(reason)
    }
}

impl Trusted {
    fn signed(&self, comment: &str) -> Result<Signed, VerifyError> {
        let mut words = comment.split_whitespace();
        let is_ours = comment.len() <= COMMENT_BYTES_MAX && words.next() == Some(MARK);
        let (mut id, mut version) = (None, None);
        for word in words {
            match word.split_once(':') {
                Some(("id", value)) if id.is_none() => id = Some(value.to_owned()),
                Some(("version", value)) if version.is_none() => version = Some(value.to_owned()),
                _ => {}
            }
        }
        match (is_ours, id, version) {
            (true, Some(id), Some(version)) => Ok(Signed {
                key: self.text.clone(),
                key_name: self.name.clone(),
                id,
                version,
            }),
            _ => Err(VerifyError::Unnamed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signing::{KeyError, KeyPair, SecretKey};

    /// What was signed verifies with its key alone, and names plugin and version.
    #[test]
    fn there_and_back() {
        let (ours, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
        let key = SecretKey::read(&ours.secret, None).unwrap();
        let signature = key.sign(b"component", "com.example.x", "1.2.3").unwrap();
        let both = TrustList::parse(&format!("{}\n{}", other.public, ours.public)).unwrap();
        let signed = both.verify(b"component", &signature).unwrap();
        assert_eq!((&*signed.id, &*signed.version), ("com.example.x", "1.2.3"));
        assert_eq!(ours.public.lines().nth(1), Some(&*signed.key));
        assert_eq!(
            both.verify(b"Component", &signature),
            Err(VerifyError::Wrong)
        );
        assert!(both.has(&signed.key) && !both.has("x"));
        let changed = signature.replace("1.2.3", "1.2.4");
        assert_eq!(both.verify(b"component", &changed), Err(VerifyError::Wrong));
        let stranger = TrustList::parse(&other.public).unwrap();
        assert_eq!(
            stranger.verify(b"component", &signature),
            Err(VerifyError::UnknownKey)
        );
        assert_eq!(stranger.verify(b"", "x"), Err(VerifyError::NotASignature));
    }

    /// A line of a list that is no key is named, and a version that would break the line is refused.
    #[test]
    fn wrong_texts() {
        let pair = KeyPair::generate().unwrap();
        let list = format!("# ours\n\n{}\nnonsense\n", pair.public.trim_end());
        assert_eq!(
            TrustList::parse(&list).unwrap_err(),
            TrustError::NotAKey { line: 5 }
        );
        assert_eq!(TrustList::parse("# none\n").unwrap_err(), TrustError::Empty);
        let key = SecretKey::read(&pair.secret, None).unwrap();
        for version in ["", "1 id:com.example.y", "1\n2"] {
            let error = key.sign(b"", "com.example.x", version).unwrap_err();
            assert!(matches!(error, KeyError::Version { .. }), "{version:?}");
        }
        assert!(matches!(
            SecretKey::read(&pair.public, None),
            Err(KeyError::NotAKey { .. })
        ));
    }
}
