//! The key by which the files of one folder are known.
//!
//! Knows nothing of code. Invariants: it is readable for its owner alone and never shown; it lies
//! beside the folder and not in it, so that who can write nothing but the folder can forge nothing; a
//! key that is not as it should be is replaced by a new one, which makes every file of the folder
//! unknown.

use std::path::Path;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use super::CacheError;
use super::files::{self, FileError};

/// What a file is vouched for with.
pub(super) type HmacSha256 = Hmac<Sha256>;

/// Bytes of what vouches for a file.
pub(super) const TAG_BYTES: usize = 32;

/// What the key's file has behind the name of the folder.
const EXTENSION: &str = "key";

const KEY_BYTES: usize = 32;

/// Keeps these files apart from any other use of such a key.
const PURPOSE: &[u8] = b"mooring compiled code 1\0";

/// The key, ready to be used.
pub(super) struct Key(HmacSha256);

impl Key {
    /// The key of `folder`, made if there is none.
    pub(super) fn of(folder: &Path) -> Result<Self, CacheError> {
        let path = folder.with_extension(EXTENSION);
        match read(&path) {
            Ok(bytes) => return Self::new(&bytes),
            Err(FileError::Missing) => {}
            Err(error) => tracing::warn!(
                file = %path.display(),
                reason = %error,
                "the key of compiled code is not used; a new one is made, and plugins are compiled \
                 anew"
            ),
        }
        let mut bytes = [0; KEY_BYTES];
        getrandom::fill(&mut bytes).map_err(|_| CacheError::Randomness)?;
        let failed = |source| CacheError::File {
            path: path.clone(),
            source,
        };
        files::replace(&path, &[&bytes]).map_err(failed)?;
        // Another process may have been quicker or slower: what lies there now is the key.
        Self::new(&read(&path).unwrap_or(bytes))
    }

    fn new(bytes: &[u8; KEY_BYTES]) -> Result<Self, CacheError> {
        let mut mac = HmacSha256::new_from_slice(bytes).map_err(|_| CacheError::Randomness)?;
        mac.update(PURPOSE);
        Ok(Self(mac))
    }

    /// A computation under this key that has taken nothing in yet.
    pub(super) fn mac(&self) -> HmacSha256 {
        self.0.clone()
    }
}

fn read(path: &Path) -> Result<[u8; KEY_BYTES], FileError> {
    let bytes = files::read_secret(path, KEY_BYTES as u64)?;
    bytes.try_into().map_err(|_| FileError::Altered)
}
