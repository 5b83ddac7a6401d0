//! Files that a person names on the command line: certificates, keys, secrets, and what is written.
//!
//! Knows nothing of what is in them. Invariants: a file with something secret in it is written for
//! its owner alone; no text of an error shows what a file holds.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use anyhow::Context as _;
use mooring_identity::Secret;

use crate::exit::UsageError;

/// Most of a named file that is read, in bytes: far more than any bundle of authorities has.
const READ_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// What stands for standard input.
pub(crate) const STDIN: &str = "-";

/// Reads a file whole.
///
/// # Errors
/// [`UsageError`] if it cannot be read, or is larger than any such file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, UsageError> {
    File::open(path)
        .and_then(bounded)
        .map_err(|error| unreadable(&path.display().to_string(), &error))
}

/// Reads standard input whole.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_stdin() -> Result<Vec<u8>, UsageError> {
    bounded(io::stdin().lock()).map_err(|error| unreadable("standard input", &error))
}

/// Reads a secret from a file, or from [`STDIN`]: one line, without the space around it.
///
/// # Errors
/// [`UsageError`] if the file cannot be read or holds no text.
pub(crate) fn secret(path: &Path) -> Result<Secret, UsageError> {
    let wrong = |what| {
        let error = UsageError::new(format!("{} {what}", path.display()));
        error.with_hint("the file holds the secret alone, as one line of text")
    };
    let bytes = if path == Path::new(STDIN) {
        read_stdin()?
    } else {
        read(path)?
    };
    let text = String::from_utf8(bytes).map_err(|_| wrong("is no text"))?;
    match text.trim() {
        "" => Err(wrong("is empty")),
        line if line.contains(['\n', '\r']) => Err(wrong("has more than one line")),
        line => Ok(Secret::new(line)),
    }
}

/// Writes a file that only its owner can read, in place of what was there.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let write = || {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(path)?;
        // The mode above is for a new file only.
        if file.metadata()?.is_file() {
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
        }
        file.write_all(bytes)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

fn bounded(source: impl io::Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(READ_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > READ_BYTES_MAX {
        let text = format!("it has more than {READ_BYTES_MAX} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    Ok(bytes)
}

fn unreadable(what: &str, error: &io::Error) -> UsageError {
    UsageError::new(format!("{what} cannot be read: {error}"))
        .with_hint("name a file that exists and that you may read")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that a secret is one line, that errors say what to do and never what the file holds.
    #[test]
    fn secrets() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        fs::write(&path, "sesame\n").unwrap();
        assert_eq!(secret(&path).unwrap().expose(), "sesame");
        for bytes in [&b" \n"[..], b"sesame\nopen", b"sesame\xff"] {
            fs::write(&path, bytes).unwrap();
            let error = secret(&path).unwrap_err();
            assert!(error.hint.is_some());
            assert!(!error.to_string().contains("sesame"), "{error}");
        }
        assert!(secret(&folder.path().join("none")).is_err());
    }

    /// Proves that what was readable by others no longer is once something secret is in it.
    #[test]
    fn private_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        fs::write(&path, "longer than what comes").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        write_private(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(write_private(folder.path(), b"x").is_err());
    }
}
