//! Keeps compiled code between starts, in a folder of files that prove whose work they are.
//!
//! Knows nothing of components and engines but their names. Invariants: what comes out is what was
//! put in under that name by somebody with the key of this folder, every byte of it, or it does not come
//! out; a file is never changed in place; whatever goes wrong here costs time and nothing else.
//!
//! Why a MAC and not a digest of each file in the store: who can write the folder alone can forge
//! neither, since the key lies outside of it, beside the store on a server; who can write beside the
//! store can put another store there as well. The MAC needs no store, so `check` has the same, and no
//! commit, so code is kept while the store is busy or its disk is full.

mod files;
mod key;
mod room;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hmac::Mac as _;

use self::files::FileError;
use self::key::{Key, TAG_BYTES};
use crate::Digest;
use crate::native::{EngineId, NativeCode};

/// How the names of entries end.
const EXTENSION: &str = "cwasm";

/// How much the folder keeps; the oldest files go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheLimits {
    /// Files. Default 64.
    pub entries: usize,
    /// Bytes of all of them. Default 512 MiB: an interpreted plugin has 35 MiB, a compiled one
    /// half a MiB.
    pub bytes: u64,
}

impl Default for CacheLimits {
    fn default() -> Self {
        Self {
            entries: 64,
            bytes: 512 << 20,
        }
    }
}

/// Why a folder is not used for compiled code.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// It cannot be made or looked at, or its key cannot.
    #[error("the folder of compiled code, {}, cannot be used", path.display())]
    File {
        /// The folder, or the file in it.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Others could put code there.
    #[error("the folder of compiled code, {}, is not used: {reason}", path.display())]
    NotOurs {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// There is no randomness for its key.
    #[error("the system gives no randomness for the key of compiled code")]
    Randomness,
    /// The user has no folder for what can be made again.
    #[error("neither XDG_CACHE_HOME nor HOME names a folder")]
    NoHome,
}

/// A folder of compiled code; cheap to clone.
#[derive(Clone)]
pub struct CodeCache(Arc<Folder>);

struct Folder {
    path: PathBuf,
    key: Key,
    limits: CacheLimits,
}

impl fmt::Debug for CodeCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeCache")
            .field("path", &self.0.path)
            .field("limits", &self.0.limits)
            .finish_non_exhaustive()
    }
}

impl CodeCache {
    /// The cache in this folder, which is made for its owner alone if it is not there.
    ///
    /// # Errors
    /// [`CacheError`] if the folder is no folder, is a link, or others can write to it.
    pub fn open(folder: &Path) -> Result<Self, CacheError> {
        Self::open_within(folder, CacheLimits::default())
    }

    /// The same with other limits.
    ///
    /// # Errors
    /// As of [`Self::open`].
    pub fn open_within(folder: &Path, limits: CacheLimits) -> Result<Self, CacheError> {
        files::own_folder(folder)?;
        let path = folder.to_owned();
        let key = Key::of(&path)?;
        Ok(Self(Arc::new(Folder { path, key, limits })))
    }

    /// The cache of the user who runs this: `mooring/compiled` in `XDG_CACHE_HOME`, or `~/.cache`.
    ///
    /// # Errors
    /// As of [`Self::open`], and if the user has no such folder.
    pub fn of_user() -> Result<Self, CacheError> {
        let absolute = |name: &str| {
            let path = std::env::var_os(name).map(PathBuf::from);
            path.filter(|path| path.is_absolute())
        };
        let caches =
            absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")));
        let caches = caches.ok_or(CacheError::NoHome)?;
        Self::open(&caches.join("mooring").join("compiled"))
    }

    /// The code kept for this component and engine; none if there is none, or none that can be
    /// trusted, of which the log tells.
    pub(crate) fn read(&self, component: Digest, engine: EngineId) -> Option<NativeCode> {
        let path = self.path_of(component, engine);
        match self.verified(&path) {
            Ok(code) => Some(code),
            Err(FileError::Missing) => None,
            Err(error) => {
                tracing::warn!(
                    file = %path.display(),
                    reason = %error,
                    "compiled code is not used; the plugin is compiled anew"
                );
                None
            }
        }
    }

    /// Keeps code under this name, in place of what was there.
    pub(crate) fn write(&self, component: Digest, engine: EngineId, code: &NativeCode) {
        let path = self.path_of(component, engine);
        let bytes = code.as_bytes();
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if length.saturating_add(TAG_BYTES as u64) > self.0.limits.bytes {
            return;
        }
        let tag = self.mac(&path, bytes).finalize().into_bytes();
        let written = files::replace(&path, &[&tag, bytes])
            .and_then(|()| room::make(&self.0.path, &self.0.limits, &path));
        if let Err(error) = written {
            tracing::warn!(
                file = %path.display(),
                error = %error,
                "compiled code cannot be kept; the plugin is compiled again at the next start"
            );
        }
    }

    fn verified(&self, path: &Path) -> Result<NativeCode, FileError> {
        let mut bytes = files::read(path, self.0.limits.bytes)?;
        let (tag, code) = bytes
            .split_first_chunk::<TAG_BYTES>()
            .ok_or(FileError::Altered)?;
        let is_ours = self.mac(path, code).verify_slice(tag);
        is_ours.map_err(|_| FileError::Altered)?;
        bytes.drain(..TAG_BYTES);
        Ok(NativeCode::verified(bytes))
    }

    /// The name is part of what is vouched for, or one plugin's code could be put in another's place.
    fn mac(&self, path: &Path, code: &[u8]) -> key::HmacSha256 {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        let mut mac = self.0.key.mac();
        mac.update(&u64::try_from(name.len()).unwrap_or(u64::MAX).to_be_bytes());
        mac.update(name);
        mac.update(code);
        mac
    }

    fn path_of(&self, component: Digest, engine: EngineId) -> PathBuf {
        let name = format!("{component:x}-{engine}.{EXTENSION}");
        self.0.path.join(name)
    }
}

#[cfg(test)]
mod tests;
