//! What the cache gives back, and what it does not.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;
use wasmtime::Engine;

use super::{CacheError, CacheLimits, CodeCache};
use crate::Digest;
use crate::engine::compiling;
use crate::native::{EngineId, NativeCode};

fn engine() -> EngineId {
    EngineId::of(&compiling().unwrap())
}

fn code(bytes: &[u8]) -> NativeCode {
    NativeCode::of_child(bytes.to_vec())
}

fn component(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

/// A folder with a cache that keeps `kept` for the component `a`.
fn keeping(kept: &[u8]) -> (TempDir, CodeCache) {
    let folder = tempfile::tempdir().unwrap();
    let cache = CodeCache::open(&folder.path().join("compiled")).unwrap();
    cache.write(component("a"), engine(), &code(kept));
    (folder, cache)
}

fn read(cache: &CodeCache) -> Option<Vec<u8>> {
    let code = cache.read(component("a"), engine());
    code.map(|code| code.as_bytes().to_vec())
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some());
    files.sort();
    files
}

fn entry(cache: &CodeCache) -> PathBuf {
    cache.path_of(component("a"), engine())
}

/// What was kept comes back, also from a cache that was opened later, for that component and that
/// engine alone; all of it is for the owner alone.
#[test]
fn kept() {
    let (folder, cache) = keeping(b"native");
    assert_eq!(read(&cache).unwrap(), b"native");
    let folder = folder.path().join("compiled");
    let later = CodeCache::open(&folder).unwrap();
    assert_eq!(read(&later).unwrap(), b"native");
    assert!(later.read(component("b"), engine()).is_none());
    let other = EngineId::of(&Engine::default());
    assert!(later.read(component("a"), other).is_none());
    for path in [folder.with_extension("key"), entry(&cache), folder] {
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", path.display());
    }
}

/// One flipped bit at any place, a cut at any place and an addition are noticed, and the entry that
/// is written then is good again.
#[test]
fn altered() {
    let (_folder, cache) = keeping(b"native code");
    let path = entry(&cache);
    let whole = fs::read(&path).unwrap();
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            fs::write(&path, &bytes).unwrap();
            assert_eq!(read(&cache), None, "bit {bit} of byte {at}");
        }
        fs::write(&path, &whole[..at]).unwrap();
        assert_eq!(read(&cache), None, "cut at {at}");
    }
    fs::write(&path, [&whole[..], b"\0"].concat()).unwrap();
    assert_eq!(read(&cache), None, "one byte more");
    cache.write(component("a"), engine(), &code(b"native code"));
    assert_eq!(read(&cache).unwrap(), b"native code");
}

/// An entry under another's name is not taken, and neither is one of another key; a new one is kept
/// under the new key.
#[test]
fn other_names_and_keys() {
    let (folder, cache) = keeping(b"native");
    let b = cache.path_of(component("b"), engine());
    fs::copy(entry(&cache), &b).unwrap();
    assert!(cache.read(component("b"), engine()).is_none());

    let folder = folder.path().join("compiled");
    for wrong in [&[7; 32][..], b"short", b""] {
        fs::write(folder.with_extension("key"), wrong).unwrap();
        let other = CodeCache::open(&folder).unwrap();
        assert_eq!(read(&other), None);
        other.write(component("a"), engine(), &code(b"anew"));
        assert_eq!(read(&CodeCache::open(&folder).unwrap()).unwrap(), b"anew");
        assert_eq!(read(&cache), None, "the old key");
    }
}

/// Who can write the folder and nothing beside it cannot have code of their own run: not with a whole
/// folder of another cache, whatever keys are put in with it.
#[test]
fn forged() {
    let ((ours, _), (theirs, other)) = (keeping(b"native"), keeping(b"theirs"));
    let folder = ours.path().join("compiled");
    fs::remove_dir_all(&folder).unwrap();
    fs::rename(theirs.path().join("compiled"), &folder).unwrap();
    for name in ["key", "compiled.key"] {
        fs::copy(theirs.path().join("compiled.key"), folder.join(name)).unwrap();
    }
    assert!(folder.join(entry(&other).file_name().unwrap()).exists());
    assert_eq!(read(&CodeCache::open(&folder).unwrap()), None);
}

/// A key that others could have read or made is not used.
#[test]
fn a_known_key() {
    let (folder, cache) = keeping(b"native");
    let folder = folder.path().join("compiled");
    let key = folder.with_extension("key");
    let first = fs::read(&key).unwrap();
    fs::set_permissions(&key, Permissions::from_mode(0o640)).unwrap();
    assert_eq!(read(&CodeCache::open(&folder).unwrap()), None);
    assert_ne!(fs::read(&key).unwrap(), first);
    cache.write(component("a"), engine(), &code(b"native"));
    let elsewhere = folder.join("elsewhere");
    fs::rename(&key, &elsewhere).unwrap();
    symlink(&elsewhere, &key).unwrap();
    assert_eq!(read(&CodeCache::open(&folder).unwrap()), None);
    assert!(!fs::symlink_metadata(&key).unwrap().is_symlink());
}

/// A link, a pipe, a folder and a file that others may write to are no entries, and what is written
/// takes their place without touching what a link points to.
#[test]
fn no_plain_files() {
    let (folder, cache) = keeping(b"native");
    let path = entry(&cache);
    let elsewhere = folder.path().join("elsewhere");
    fs::rename(&path, &elsewhere).unwrap();
    let bytes = fs::read(&elsewhere).unwrap();
    symlink(&elsewhere, &path).unwrap();
    assert_eq!(read(&cache), None, "a link");
    cache.write(component("a"), engine(), &code(b"other"));
    assert_eq!(fs::read(&elsewhere).unwrap(), bytes);
    assert_eq!(read(&cache).unwrap(), b"other");

    fs::set_permissions(&path, Permissions::from_mode(0o620)).unwrap();
    assert_eq!(read(&cache), None, "others may write");

    fs::remove_file(&path).unwrap();
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mkfifoat(rustix::fs::CWD, &path, mode).unwrap();
    assert_eq!(read(&cache), None, "a pipe");

    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(read(&cache), None, "a folder");
    cache.write(component("a"), engine(), &code(b"other"));
    assert_eq!(read(&cache), None, "it cannot be replaced, and that is all");
}

/// A folder that others may write to, a link to one, and a file are not used as a cache.
#[test]
fn other_folders() {
    let folder = tempfile::tempdir().unwrap();
    let open = folder.path().join("open");
    fs::create_dir(&open).unwrap();
    for mode in [0o770, 0o702] {
        fs::set_permissions(&open, Permissions::from_mode(mode)).unwrap();
        let error = CodeCache::open(&open).unwrap_err();
        assert!(matches!(error, CacheError::NotOurs { .. }), "{error}");
    }
    fs::set_permissions(&open, Permissions::from_mode(0o700)).unwrap();
    let link = folder.path().join("link");
    symlink(&open, &link).unwrap();
    let error = CodeCache::open(&link).unwrap_err();
    assert!(matches!(error, CacheError::NotOurs { .. }), "{error}");
    let file = folder.path().join("file");
    File::create(&file).unwrap();
    assert!(CodeCache::open(&file).is_err());
    assert!(CodeCache::open(&open).is_ok());
}

/// The oldest files go when there are too many of them or they are too large, the one just written
/// never does, and one that alone is too large is not kept.
#[test]
fn bounds() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("compiled");
    let limits = CacheLimits {
        entries: 3,
        bytes: 1000,
    };
    let cache = CodeCache::open_within(&folder, limits).unwrap();
    let is_kept = |name: &str| cache.read(component(name), engine()).is_some();
    let left_behind = folder.join("x.new");
    fs::write(&left_behind, b"cut short").unwrap();
    // Ever younger, but all older than what is written next.
    let age = |path: &Path, seconds: u64| {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        File::open(path).unwrap().set_modified(at).unwrap();
    };
    age(&left_behind, 1);
    for (second, name) in [(2, "a"), (3, "b"), (4, "c"), (5, "d")] {
        cache.write(component(name), engine(), &code(b"native"));
        age(&cache.path_of(component(name), engine()), second);
    }
    assert!(!left_behind.exists());
    assert_eq!(files(&folder).len(), 3);
    assert!(!is_kept("a") && is_kept("b") && is_kept("c") && is_kept("d"));
    cache.write(component("large"), engine(), &code(&[1; 900]));
    assert_eq!(files(&folder).len(), 2);
    assert!(is_kept("large") && is_kept("d"));
    cache.write(component("larger"), engine(), &code(&[1; 1000]));
    assert!(!is_kept("larger") && is_kept("large"));
}

/// A folder that went away, or is full, costs the code and nothing else.
#[test]
fn without_a_folder() {
    let (folder, cache) = keeping(b"native");
    drop(folder);
    assert_eq!(read(&cache), None);
    cache.write(component("a"), engine(), &code(b"native"));
    assert_eq!(read(&cache), None);
}
