//! Writing those fixes that have one safe answer.
//!
//! Knows nothing of rules. Invariants: a file that was named is not touched unless that was asked
//! for; a file that cannot be changed without breaking what vouches for it is not changed at all;
//! what is left was judged in the fixed text.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use mooring_mdm::finding::Finding;
use mooring_mdm::fix;
use mooring_mdm::plist::ReaderLimits;
use mooring_mdm::profile::{Container, Profile, ProfileLimits};

use super::FixArgs;
use crate::{findings, paths};

/// How often what was fixed is judged again: one fix may show the way to the next.
const ROUNDS_MAX: usize = 10;

/// A text with its fixes written, and which findings these answer.
#[derive(Debug)]
pub(super) struct Mended {
    pub(super) text: Vec<u8>,
    pub(super) fixed: Vec<Finding>,
    /// What is left, in the new text.
    pub(super) left: Vec<Finding>,
}

/// Why a file is not changed.
pub(super) fn obstacle(bytes: &[u8]) -> Option<&'static str> {
    let profile = Profile::parse(bytes, &ProfileLimits::default());
    match profile.map(|profile| profile.container()) {
        Ok(Container::Xml) => None,
        Ok(Container::Signed) => Some("it is signed, and a change would break the signature"),
        Ok(Container::Binary) => Some(
            "it is a binary property list: convert it first, for instance with plutil -convert xml1",
        ),
        Err(_) => Some("it cannot be read, so nobody knows what is meant"),
    }
}

/// Writes fixes and judges again until there is nothing more to fix.
pub(super) fn mend(text: &[u8], judge: impl Fn(&[u8]) -> Vec<Finding>) -> Mended {
    let mut mended = Mended {
        text: text.to_vec(),
        fixed: Vec::new(),
        left: judge(text),
    };
    for _ in 0..ROUNDS_MAX {
        let open = |finding: &&Finding| finding.accepted.is_none() && finding.fix.is_some();
        let open: Vec<Finding> = mended.left.iter().filter(open).cloned().collect();
        let Ok(next) = fix::apply(&mended.text, &open, &ReaderLimits::default()) else {
            break;
        };
        if next.done.is_empty() || next.text == mended.text {
            break;
        }
        let done = next.done.iter().filter_map(|at| open.get(*at));
        mended.fixed.extend(done.cloned());
        mended.left = judge(&next.text);
        mended.text = next.text;
    }
    findings::sort(&mut mended.fixed);
    mended
}

/// Where the fixed file goes.
pub(super) fn destination(path: &Path, args: &FixArgs) -> PathBuf {
    if args.in_place {
        return path.to_owned();
    }
    if let Some(output) = &args.output {
        return output.clone();
    }
    let stem = path.file_stem().unwrap_or_default();
    let mut name = stem.to_os_string();
    name.push(paths::FIXED);
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

/// Writes the fixed file: a new one, or with `is_replacing` in one step in place of the old one.
pub(super) fn write(path: &Path, text: &[u8], is_replacing: bool) -> io::Result<()> {
    if !is_replacing {
        let opened = OpenOptions::new().write(true).create_new(true).open(path);
        let mut file = opened.map_err(|error| {
            let text = "it is there already: remove it, or use --output or --in-place";
            let is_there = error.kind() == io::ErrorKind::AlreadyExists;
            if is_there {
                io::Error::new(error.kind(), text)
            } else {
                error
            }
        })?;
        return file.write_all(text);
    }
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(text)?;
    let permissions = fs::metadata(path)?.permissions();
    file.as_file().set_permissions(permissions)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use mooring_mdm::finding::Severity;

    use super::*;

    /// One fix may show the next; what is left is told of the new text, and what goes round in
    /// circles ends.
    #[test]
    fn rounds() {
        let text = |value: &str| {
            format!("<plist version=\"1.0\">\n<dict><key>a</key>{value}</dict>\n</plist>")
        };
        let found = |fix: &str| {
            let finding = Finding::host(Severity::Error, "X", (2, 7), "text");
            vec![finding.with_fix(fix)]
        };
        let judge = |bytes: &[u8]| match std::str::from_utf8(bytes).unwrap() {
            one if one.contains("<true/>") => found("value <integer>1</integer>"),
            two if two.contains("<integer>") => found("rename b"),
            _ => vec![Finding::host(Severity::Error, "Y", (0, 0), "no fix")],
        };
        let mended = mend(text("<true/>").as_bytes(), judge);
        let wanted = text("<integer>1</integer>").replace(">a<", ">b<");
        assert_eq!(String::from_utf8(mended.text).unwrap(), wanted);
        assert_eq!(mended.fixed.len(), 2);
        let again = |bytes: &[u8]| {
            if bytes.windows(7).any(|part| part == b"<true/>") {
                found("value <false/>")
            } else {
                found("value <true/>")
            }
        };
        assert_eq!(
            mend(text("<true/>").as_bytes(), again).fixed.len(),
            ROUNDS_MAX
        );
    }

    /// A new file never takes the place of another; in place, the old one goes in one step.
    #[test]
    fn places() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.b.mobileconfig");
        fs::write(&path, "old").unwrap();
        let args = FixArgs::default();
        let beside = destination(&path, &args);
        assert!(beside.ends_with("a.b.fixed.mobileconfig"));
        write(&beside, b"new", false).unwrap();
        let again = write(&beside, b"newer", false).unwrap_err();
        assert!(again.to_string().starts_with("it is there already"));
        write(&path, b"newer", true).unwrap();
        let read = |path: &Path| fs::read_to_string(path).unwrap();
        assert_eq!((read(&beside), read(&path)), ("new".into(), "newer".into()));
    }
}
