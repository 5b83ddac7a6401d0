//! Whose signatures of plugins count: files of public keys, read anew whenever they are asked for.
//!
//! Knows nothing of components. Invariant: files that cannot be used are an error and never "nobody
//! is trusted"; who only looks is shown what they held when they could be read last.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use mooring_author::signing::{TrustError, TrustList};

use super::PluginError;
use super::record::PluginRecord;
use crate::core::Core;
use crate::device::chain;

/// Who may write a file beside its owner: its group, and others.
const OTHERS_WRITE: u32 = 0o022;

/// Why the files of keys cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PluginTrustError {
    /// One cannot be read.
    #[error("{path} cannot be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// One has something else than keys, none, or too many together with those before it.
    #[error("the keys in {path} cannot be used")]
    Keys {
        /// The file.
        path: PathBuf,
        /// Why.
        source: TrustError,
    },
}

/// Whose signatures of plugins count; nobody's by default.
#[derive(Debug, Default)]
pub struct PluginTrust {
    files: Vec<PathBuf>,
    /// What they held last.
    last: RwLock<Option<TrustList>>,
}

impl From<TrustList> for PluginTrust {
    fn from(list: TrustList) -> Self {
        Self {
            files: Vec::new(),
            last: RwLock::new(Some(list)),
        }
    }
}

impl PluginTrust {
    /// The keys of all these files together; without any, nobody is trusted.
    ///
    /// # Errors
    /// [`PluginTrustError`] naming the file.
    pub fn read(files: Vec<PathBuf>) -> Result<Self, PluginTrustError> {
        let trust = Self {
            files,
            ..Self::default()
        };
        trust.anew()?;
        Ok(trust)
    }

    /// The list as the files have it now.
    ///
    /// # Errors
    /// [`PluginTrustError`]; what they held before is not taken in its place.
    pub(super) fn anew(&self) -> Result<Option<TrustList>, PluginTrustError> {
        if self.files.is_empty() {
            return Ok(self.last());
        }
        let mut all: Option<TrustList> = None;
        for path in &self.files {
            let wrong = |source| PluginTrustError::Keys {
                path: path.clone(),
                source,
            };
            let list = TrustList::parse(&text(path)?).map_err(wrong)?;
            all = Some(match all {
                None => list,
                Some(before) => before.and(list).map_err(wrong)?,
            });
        }
        let mut last = self.last.write().unwrap_or_else(PoisonError::into_inner);
        last.clone_from(&all);
        Ok(all)
    }

    /// Has what is shown follow the files, if they can be used.
    pub(super) fn look(&self) {
        // Who installs is told of the error, and so is who asks for the status.
        let _ = self.anew();
    }

    fn last(&self) -> Option<TrustList> {
        let last = self.last.read().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }

    /// What is wrong with the files, a sentence each.
    pub(crate) fn problems(&self) -> Vec<String> {
        let others = |path: &&PathBuf| {
            let mode = path.metadata().map(|it| it.permissions().mode());
            mode.is_ok_and(|mode| mode & OTHERS_WRITE != 0)
        };
        let open = self.files.iter().filter(others).map(|path| {
            format!(
                "{} can be written by its group or by others, who so decide whose plugins are \
                 trusted; take that from them (chmod go-w)",
                path.display()
            )
        });
        let mut problems: Vec<String> = open.collect();
        problems.extend(self.anew().err().map(|error| {
            let error = chain(&error);
            format!("{error}; no plugin is installed, bound or enabled until that is mended")
        }));
        problems
    }
}

fn text(path: &Path) -> Result<String, PluginTrustError> {
    let mut text = String::new();
    let read = File::open(path).and_then(|mut file| file.read_to_string(&mut text));
    read.map(|_| text).map_err(|source| PluginTrustError::Read {
        path: path.to_owned(),
        source,
    })
}

impl Core {
    /// Whether a plugin was signed with a key that is not trusted any more. It goes on where it is
    /// bound: what it judged and made stands, and hosts must not lose profiles for a list of keys.
    pub(super) fn has_lost_trust(&self, record: &PluginRecord) -> bool {
        let signer = record.signed_by.as_ref();
        signer.is_some_and(|signer| {
            let trusted = self.plugin_trust.last();
            !trusted.is_some_and(|list| list.has(&signer.key))
        })
    }

    /// Refuses to bind or enable a plugin whose signer is not trusted any more, unless that is meant.
    pub(super) fn check_trusted(
        &self,
        id: &str,
        record: &PluginRecord,
        is_allowed: bool,
    ) -> Result<(), PluginError> {
        self.plugin_trust.anew()?;
        if is_allowed || !self.has_lost_trust(record) {
            return Ok(());
        }
        Err(PluginError::NoLongerTrusted(id.to_owned()))
    }

    /// Tells the log what is wrong with the files of keys, and which plugins lost their trust.
    pub(crate) fn tell_of_trust(&self) {
        for problem in self.plugin_trust.problems() {
            tracing::warn!(problem, "whose signatures of plugins count");
        }
        for (id, installed) in &self.plugins.set().plugins {
            if self.has_lost_trust(&installed.record) {
                tracing::warn!(
                    plugin = id,
                    "an installed plugin was signed with a key that is not trusted any more; it \
                     serves where it is bound"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use mooring_author::signing::KeyPair;

    use super::*;

    fn public(name: &str) -> String {
        let public = KeyPair::generate().unwrap().public;
        let line = public.lines().nth(1).unwrap();
        format!("untrusted comment: {name}\n{line}\n")
    }

    /// Proves that files are read anew, that one which cannot be used is named and does not pass for
    /// a list without keys, and that what it held is still shown.
    #[test]
    fn files_are_read_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let (one, other) = (public("one"), public("other"));
        let key = |text: &str| text.lines().nth(1).unwrap().to_owned();
        fs::write(path("a"), &one).unwrap();
        let trust = PluginTrust::read(vec![path("a")]).unwrap();
        let has = |list: Option<TrustList>, text: &str| list.unwrap().has(&key(text));
        assert!(has(trust.anew().unwrap(), &one));
        fs::write(path("a"), &other).unwrap();
        assert!(!has(trust.anew().unwrap(), &one));
        fs::write(path("a"), "nonsense").unwrap();
        let error = chain(&trust.anew().unwrap_err());
        assert!(error.contains("/a cannot be used: line 1"), "{error}");
        assert!(has(trust.last(), &other));
        fs::remove_file(path("a")).unwrap();
        let error = chain(&trust.anew().unwrap_err());
        assert!(error.contains("/a cannot be read"), "{error}");
        assert!(
            PluginTrust::read(Vec::new())
                .unwrap()
                .anew()
                .unwrap()
                .is_none()
        );
    }

    /// Proves that too many keys in all files together are an error with file and limit.
    #[test]
    fn too_many_in_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let many = key_lines(600);
        fs::write(path("a"), &many).unwrap();
        fs::write(path("b"), &many).unwrap();
        assert!(PluginTrust::read(vec![path("a")]).is_ok());
        let error = PluginTrust::read(vec![path("a"), path("b")]).unwrap_err();
        let text = chain(&error);
        assert!(text.contains("/b cannot be used"), "{text}");
        assert!(text.contains("more than 1000 keys"), "{text}");
    }

    fn key_lines(count: usize) -> String {
        let public = KeyPair::generate().unwrap().public;
        let line = public.lines().nth(1).unwrap();
        format!("{line}\n").repeat(count)
    }

    /// Proves that a file which others may write is told of.
    #[test]
    fn files_of_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys.pub");
        fs::write(&path, public("one")).unwrap();
        let trust = PluginTrust::read(vec![path.clone()]).unwrap();
        for (mode, is_told) in [(0o644, false), (0o664, true), (0o602, true)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let problems = trust.problems();
            assert_eq!(!problems.is_empty(), is_told, "{mode:o} {problems:?}");
        }
    }
}
