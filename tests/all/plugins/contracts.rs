//! The promise of the contract: a folder that was released never changes, and what was built against
//! it still runs.
//!
//! Knows nothing of what a contract says. Invariant: a folder of `wit/` is either released, and then
//! its hash stands here and a component of then lies in `tests/data/plugins`, or it is a draft.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use mooring_mdm::finding::Severity;
use mooring_plugin::Digest;
use mooring_server::api::{BindingWish, OnFailure, PluginRole, PushOutcome};
use mooring_tests::{Draft, TestServer};
use serde_json::Value;

use super::{bind, install, validator};
use crate::tidy::root;

/// Released contracts, each with the [`hash`] that its folder has for good. None is released yet.
const RELEASED: &[(&str, &str)] = &[];

/// Folders that may still change.
const DRAFTS: &[&str] = &["0.1.0"];

/// What was built against each of them, and how its plugin is called.
const KEPT: &[(&str, &[u8])] = &[(
    "0.1.0",
    include_bytes!("../../data/plugins/contract-0.1.0.wasm"),
)];

/// The id of all kept plugins.
const KEPT_ID: &str = "com.example.kept";

/// The digest of a folder's files, each with its name.
fn hash(folder: &Path) -> io::Result<String> {
    let mut files = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    files.sort_by_key(fs::DirEntry::file_name);
    let mut text = String::new();
    for file in files {
        let name = file.file_name();
        let digest = Digest::of(&fs::read(file.path())?);
        let _ = writeln!(text, "{} {digest}", name.to_string_lossy());
    }
    Ok(format!("{:x}", Digest::of(text.as_bytes())))
}

/// What is wrong with the folders below `wit`.
fn complaints(wit: &Path, released: &[(&str, &str)], drafts: &[&str]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, pinned) in released {
        match hash(&wit.join(name)) {
            Ok(found) if found == *pinned => {}
            Ok(found) => wrong.push(format!(
                "wit/{name} is released and has changed ({found}): put it back, and make the change in \
                 a folder of its own"
            )),
            Err(error) => wrong.push(format!("wit/{name} is released and cannot be read: {error}")),
        }
    }
    let known: BTreeSet<&str> = released.iter().map(|(name, _)| *name).collect();
    for draft in drafts.iter().filter(|draft| known.contains(**draft)) {
        wrong.push(format!("wit/{draft} is both released and a draft"));
    }
    for entry in fs::read_dir(wit).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_known = known.contains(name.as_str()) || drafts.contains(&name.as_str());
        if entry.path().is_dir() && !is_known {
            wrong.push(format!("wit/{name} is neither released nor a draft"));
        }
    }
    wrong
}

/// No released contract has changed, none is left out, and each has a component that was built
/// against it.
#[test]
fn released_contracts_are_pinned() {
    let wrong = complaints(&root().join("wit"), RELEASED, DRAFTS);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (name, _) in RELEASED {
        let has_kept = KEPT.iter().any(|(kept, _)| kept == name);
        assert!(has_kept, "nothing that was built against {name} is kept");
    }
}

/// A released folder of which a byte, a name or a file changes is found, and so is one that nobody
/// decided about.
#[test]
fn a_change_is_found() {
    let wit = tempfile::tempdir().unwrap();
    let folder = wit.path().join("9.8.0");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("types.wit"), "record a {}").unwrap();
    fs::write(folder.join("log.wit"), "write").unwrap();
    let pinned = hash(&folder).unwrap();
    let released = [("9.8.0", pinned.as_str())];
    let found =
        |released: &[(&str, &str)], drafts: &[&str]| complaints(wit.path(), released, drafts);
    assert_eq!(found(&released, &[]), Vec::<String>::new());
    assert_eq!(found(&[], &["9.8.0"]), Vec::<String>::new());
    assert!(found(&[], &[])[0].contains("neither released nor a draft"));
    assert!(found(&released, &["9.8.0"])[0].contains("both"));
    let gone = [released[0], ("9.7.0", "00")];
    assert!(found(&gone, &[])[0].contains("cannot be read"));

    fs::write(folder.join("types.wit"), "record a { }").unwrap();
    assert!(found(&released, &[])[0].contains("has changed"));
    fs::write(folder.join("types.wit"), "record a {}").unwrap();
    assert_eq!(found(&released, &[]), Vec::<String>::new());
    fs::write(folder.join("more.wit"), "").unwrap();
    assert!(found(&released, &[])[0].contains("has changed"));
    fs::remove_file(folder.join("more.wit")).unwrap();
    fs::rename(folder.join("log.wit"), folder.join("logs.wit")).unwrap();
    assert!(found(&released, &[])[0].contains("has changed"));
}

/// A component of another day is installed, with all of its self-tests and what every plugin has to
/// withstand, judges an upload, refuses settings, and makes a profile: roles that were added since are
/// no concern of its.
#[test]
fn what_was_built_still_runs() {
    for (contract, component) in KEPT {
        let server = TestServer::new();
        let detail =
            install(&server, component).unwrap_or_else(|error| panic!("{contract}: {error:?}"));
        assert_eq!(detail.summary.id, KEPT_ID, "{contract}");
        let kept = |role| BindingWish {
            plugin: KEPT_ID.to_owned(),
            role: Some(role),
            ..validator(OnFailure::Block)
        };
        bind(&server, "judge", kept(PluginRole::Validator)).unwrap();
        let said = server.push_one(Draft::new("com.harborworks.a", "1").xml());
        let own = said.findings.iter().filter(|it| it.source == KEPT_ID);
        let own: Vec<_> = own.map(|it| (it.rule.as_str(), it.severity)).collect();
        assert_eq!(own, [("seen", Severity::Info)], "{contract}: {said:#?}");
        assert_eq!(said.outcome, PushOutcome::Created, "{contract}");

        let mut bad = kept(PluginRole::Validator);
        bad.settings = Some(Value::String("bad".to_owned()));
        assert!(bind(&server, "bad", bad).is_err(), "{contract}");

        let mut maker = kept(PluginRole::Generator);
        maker.prefixes = ["com.example.".to_owned()].into();
        let made = bind(&server, "maker", maker).unwrap();
        let made: Vec<_> = made.makes.keys().map(String::as_str).collect();
        assert_eq!(made, ["dock"], "{contract}");
    }
}
