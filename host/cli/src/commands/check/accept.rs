//! Rules that were accepted for a profile: on the command line, or in a file beside the profiles.
//!
//! The file is `.mooring-accept`, JSON: rules with reasons under the identifier of each profile.
//! Knows nothing of what a rule says. Invariant: nothing is accepted without a reason.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::exit::UsageError;
use crate::files;

/// The name of the file.
pub(crate) const FILE_NAME: &str = ".mooring-accept";

/// One rule with its reason, from the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Acceptance {
    rule: String,
    reason: String,
}

/// Why a text accepts nothing.
#[derive(Debug, thiserror::Error)]
#[error("write RULE=REASON, such as --accept 'L007=our own payload type'")]
pub(crate) struct AcceptanceError;

/// Reads `RULE=REASON`.
pub(crate) fn acceptance(text: &str) -> Result<Acceptance, AcceptanceError> {
    let (rule, reason) = text.split_once('=').ok_or(AcceptanceError)?;
    let (rule, reason) = (rule.trim().to_owned(), reason.trim().to_owned());
    if rule.is_empty() || reason.is_empty() {
        return Err(AcceptanceError);
    }
    Ok(Acceptance { rule, reason })
}

/// Reasons by rule.
type Reasons = BTreeMap<String, String>;

/// What is accepted: everywhere, and for profiles by folder and identifier.
#[derive(Debug, Default)]
pub(crate) struct Accepted {
    everywhere: Reasons,
    folders: BTreeMap<PathBuf, BTreeMap<String, Reasons>>,
}

impl Accepted {
    /// What the command line accepts.
    pub(crate) fn new(all: &[Acceptance]) -> Self {
        let pairs = all.iter().map(|one| (one.rule.clone(), one.reason.clone()));
        Self {
            everywhere: pairs.collect(),
            folders: BTreeMap::new(),
        }
    }

    /// What is accepted in a file: by the command line, and by the file of its folder or else of
    /// the present one.
    ///
    /// # Errors
    /// [`UsageError`] if such a file cannot be read, or says something else.
    pub(crate) fn of(
        &mut self,
        path: &Path,
        identifier: Option<&str>,
    ) -> Result<Reasons, UsageError> {
        let mut reasons = self.everywhere.clone();
        let own = path.parent().unwrap_or(Path::new("")).to_owned();
        for folder in [own, PathBuf::new()] {
            if !self.folders.contains_key(&folder) {
                let known = read(&folder.join(FILE_NAME))?;
                self.folders.insert(folder.clone(), known);
            }
            let known = self.folders.get(&folder);
            let named = known.zip(identifier);
            let named = named.and_then(|(known, identifier)| known.get(identifier));
            for (rule, reason) in named.into_iter().flatten() {
                reasons
                    .entry(rule.clone())
                    .or_insert_with(|| reason.clone());
            }
        }
        Ok(reasons)
    }
}

fn read(path: &Path) -> Result<BTreeMap<String, Reasons>, UsageError> {
    let hint = "it is JSON: {\"com.example.wifi\": {\"L007\": \"our own payload type\"}}";
    match path.try_exists() {
        Ok(false) => return Ok(BTreeMap::new()),
        Err(error) if error.kind() == ErrorKind::NotADirectory => return Ok(BTreeMap::new()),
        Ok(true) | Err(_) => {}
    }
    let name = path.display();
    let all: BTreeMap<String, Reasons> = serde_json::from_slice(&files::read(path)?)
        .map_err(|error| UsageError::new(format!("{name}: {error}")).with_hint(hint))?;
    let mut reasons = all.values().flatten();
    if let Some((rule, _)) = reasons.find(|(_, reason)| reason.trim().is_empty()) {
        let message = format!("{name}: {rule} is accepted without a reason");
        return Err(UsageError::new(message).with_hint(hint));
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The file counts for the profiles of its folder that it names; the command line for all.
    #[test]
    fn files_and_options() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(FILE_NAME);
        fs::write(&file, r#"{"com.example.a": {"L007": "ours"}}"#).unwrap();
        let path = folder.path().join("a.mobileconfig");
        let options = [acceptance("T016=nobody reads it").unwrap()];
        let mut accepted = Accepted::new(&options);
        let of = |accepted: &mut Accepted, identifier| {
            let reasons = accepted.of(&path, identifier).unwrap().into_iter();
            reasons.map(|(rule, _)| rule).collect::<Vec<_>>()
        };
        assert_eq!(of(&mut accepted, Some("com.example.a")), ["L007", "T016"]);
        assert_eq!(of(&mut accepted, Some("com.example.b")), ["T016"]);
        assert_eq!(of(&mut accepted, None), ["T016"]);
        for wrong in ["[]", r#"{"com.example.a": {"L007": " "}}"#] {
            fs::write(&file, wrong).unwrap();
            assert!(Accepted::default().of(&path, None).is_err(), "{wrong}");
        }
        for wrong in ["L007", "L007=", "=x"] {
            assert!(acceptance(wrong).is_err(), "{wrong}");
        }
    }
}
