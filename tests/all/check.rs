//! `mooring check` as people and programs run it, and what a server makes of findings.
//!
//! Knows the binary and the API, nothing inside. Invariant: no test depends on how many rules there
//! are.

mod pages;
mod server;
mod signers;
mod together;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::readme::binary;

/// Five mistakes of which three have one safe answer, and a secret.
const MISTAKES: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>PayloadContent</key>
	<array>
		<dict>
			<key>PayloadType</key>
			<string>com.apple.wifi.managed</string>
			<key>PayloadVersion</key>
			<integer>1</integer>
			<key>PayloadIdentifier</key>
			<string>com.harborworks.wifi.pier</string>
			<key>PayloadUUID</key>
			<string>3F5C9A31-57A4-4E0B-9C1C-2C1A3F2B7D10</string>
			<key>SSID_STR</key>
			<string>pier</string>
			<key>Password</key>
			<string>hunter2hunter2</string>
			<key>EncryptionType</key>
			<string>WPA9</string>
		</dict>
	</array>
	<key>PayloadDisplayName</key>
	<string>Pier</string>
	<key>PayloadIdentifier</key>
	<string>com.harborworks.wifi</string>
	<key>PayloadScope</key>
	<string>system</string>
	<key>payloadtype</key>
	<string>Configuration</string>
	<key>PayloadUUID</key>
	<string>0A07B331-0E7E-434C-B215-D6D085612071</string>
	<key>PayloadVersion</key>
	<string>1</string>
</dict>
</plist>
"#;

/// A folder with the file of mistakes.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.mobileconfig"), MISTAKES).unwrap();
    folder
}

fn check(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command.current_dir(folder).arg("check").args(arguments);
    command.output().expect("the binary starts")
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn report(folder: &Path, arguments: &[&str]) -> Value {
    serde_json::from_str(&out(&check(folder, arguments))).expect("one JSON object")
}

fn rules(findings: &Value) -> Vec<&str> {
    let findings = findings.as_array().unwrap().iter();
    findings.map(|one| one["rule"].as_str().unwrap()).collect()
}

/// The report for people shows the lines with the mistake, why, and what to do; no secret of the
/// file and no colour is in it.
#[test]
fn people_see_the_lines() {
    let folder = folder();
    let output = check(folder.path(), &["a.mobileconfig"]);
    let text = out(&output);
    assert_eq!(output.status.code(), Some(6));
    for part in [
        "a.mobileconfig:34:2 error T002\n",
        " 35 \u{2502}     <string>1</string>\n",
        "--fix writes it",
        "why: ",
        "<string>****</string>",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(
        !text.contains("hunter2") && !text.contains('\u{1b}'),
        "{text}"
    );
    let short = out(&check(
        folder.path(),
        &["a.mobileconfig", "--format", "short"],
    ));
    let line = short.lines().find(|line| line.contains("T002")).unwrap();
    assert!(line.starts_with("a.mobileconfig:34:2 error T002 PayloadVersion"));
}

/// Programs get the same findings in every format.
#[test]
fn programs_see_the_same() {
    let folder = folder();
    let json = report(folder.path(), &[".", "--json"]);
    let findings = &json["files"][0]["findings"];
    let named = rules(findings);
    assert!(
        named.contains(&"T009") && named.contains(&"T011"),
        "{named:?}"
    );
    let sarif = report(folder.path(), &[".", "--format", "sarif"]);
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), named.len());
    for (result, rule) in results.iter().zip(&named) {
        assert_eq!(result["ruleId"], *rule);
        let at = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        let described = &run["tool"]["driver"]["rules"][at];
        assert_eq!(described["id"], *rule);
        assert!(described["shortDescription"]["text"].is_string(), "{rule}");
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
    }
    assert!(results.iter().any(|result| result["fixes"].is_array()));
    let github = out(&check(
        folder.path(),
        &[".", "--format", "github", "--info"],
    ));
    assert_eq!(github.lines().count(), named.len());
    assert!(
        github.contains("::error file=./a.mobileconfig,line=34,col=2,"),
        "{github}"
    );
    for text in [sarif.to_string(), json.to_string(), github] {
        assert!(!text.contains("hunter2"));
    }
}

/// Fixes go to a new file, and change nothing but their places; what has no safe answer is left;
/// another file is never written over.
#[test]
fn fixes_are_written_beside() {
    let folder = folder();
    let fixed = report(folder.path(), &["a.mobileconfig", "--fix", "--json"]);
    let file = &fixed["files"][0];
    assert_eq!(file["output"], "a.fixed.mobileconfig");
    assert_eq!(rules(&file["fixed"]), ["T009", "T011", "T002"]);
    let left = rules(&file["findings"]);
    assert!(
        left.contains(&"A003") && !left.contains(&"T002"),
        "{left:?}"
    );
    let read = |name| fs::read_to_string(folder.path().join(name)).unwrap();
    let wanted = MISTAKES
        .replace("<string>system</string>", "<string>System</string>")
        .replace("payloadtype", "PayloadType")
        .replace("<string>1</string>", "<integer>1</integer>");
    assert_eq!(read("a.fixed.mobileconfig"), wanted);
    assert_eq!(read("a.mobileconfig"), MISTAKES);
    let again = check(folder.path(), &["a.mobileconfig", "--fix"]);
    assert_eq!(again.status.code(), Some(1));
    let said = String::from_utf8(again.stderr).unwrap();
    let there = "a.fixed.mobileconfig was not written: it is there already: remove it, or use";
    assert!(said.contains(there), "{said}");
    let whole = check(folder.path(), &[".", "--json"]);
    let said = String::from_utf8(whole.stderr.clone()).unwrap();
    assert!(
        said.contains("a.fixed.mobileconfig was passed over"),
        "{said}"
    );
    let judged: Value = serde_json::from_slice(&whole.stdout).unwrap();
    assert_eq!(judged["files"].as_array().unwrap().len(), 1);
    let elsewhere = ["a.mobileconfig", "--fix", "--output", "b.mobileconfig"];
    check(folder.path(), &elsewhere);
    assert_eq!(read("b.mobileconfig"), wanted);
    check(folder.path(), &["a.mobileconfig", "--fix", "--in-place"]);
    assert_eq!(read("a.mobileconfig"), wanted);
}

/// A file that a change would break, or that nobody can read, is not fixed, and that is said.
#[test]
fn what_is_not_fixed_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let cut = &MISTAKES[..MISTAKES.len() - 20];
    fs::write(folder.path().join("a.mobileconfig"), cut).unwrap();
    let signed = crate::tidy::root().join("tests/data/signed");
    let signed: Vec<PathBuf> = fs::read_dir(signed)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "mobileconfig"))
        .take(1)
        .collect();
    let mut arguments = vec!["a.mobileconfig", "--fix"];
    arguments.extend(signed.iter().map(|path| path.to_str().unwrap()));
    let output = check(folder.path(), &arguments);
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(
        said.contains("a.mobileconfig was not fixed: it cannot be read"),
        "{said}"
    );
    if !signed.is_empty() {
        assert!(said.contains("break the signature"), "{said}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// A rule that is accepted is shown with its reason and blocks no more, unless the host itself
/// refuses the file.
#[test]
fn accepted_rules_block_no_more() {
    let folder = folder();
    let before = report(folder.path(), &[".", "--json"]);
    let mut accepted: Vec<String> = Vec::new();
    for finding in before["files"][0]["findings"].as_array().unwrap() {
        accepted.push(finding["rule"].as_str().unwrap().to_owned());
    }
    accepted.sort_unstable();
    accepted.dedup();
    let reasons: serde_json::Map<String, Value> = accepted
        .iter()
        .map(|rule| (rule.clone(), json!("a test network")))
        .collect();
    let file = json!({"com.harborworks.wifi": reasons}).to_string();
    fs::write(folder.path().join(".mooring-accept"), file).unwrap();
    let output = check(folder.path(), &[".", "--format", "short"]);
    assert_eq!(output.status.code(), Some(0), "{}", out(&output));
    assert!(out(&output).contains("(accepted error: a test network)"));
    let cut = &MISTAKES[..MISTAKES.len() - 20];
    fs::write(folder.path().join("a.mobileconfig"), cut).unwrap();
    let output = check(
        folder.path(),
        &[".", "--accept", "P002=x", "--accept", "P003=x"],
    );
    assert_eq!(output.status.code(), Some(6));
}

/// A rule is explained, a misspelt one leads to it, and all of them are listed.
#[test]
fn rules_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let explained = out(&check(folder.path(), &["--explain", "t002"]));
    assert!(
        explained.starts_with("T002 (error, from structure): "),
        "{explained}"
    );
    assert!(explained.contains("\nWhy: ") && explained.contains("\nInstead: "));
    let typo = check(folder.path(), &["--explain", "T0002"]);
    assert_eq!(typo.status.code(), Some(64));
    let said = String::from_utf8(typo.stderr).unwrap();
    assert!(said.contains("did you mean T002?"), "{said}");
    let all = report(folder.path(), &["--explain", "--json"]);
    let ids: Vec<_> = all["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| &r["id"])
        .collect();
    for id in ["P001", "S001", "T001", "L001", "reserved"] {
        assert!(ids.contains(&&json!(id)), "{id}");
    }
}

/// What the profiles are for reaches the validators.
#[test]
fn targets_are_judged() {
    let folder = folder();
    let path = folder.path();
    let fine = check(
        path,
        &[
            ".",
            "--target",
            "macOS:15.1",
            "--channel",
            "device",
            "--enrollment",
            "ade",
        ],
    );
    assert_eq!(fine.status.code(), Some(6));
    let strict = report(path, &[".", "--grade", "apple-strict", "--json"]);
    let older = report(path, &[".", "--strict", "--json"]);
    assert_eq!(strict, older);
    let missing = check(path, &[".", "--schema", "nothing.table"]);
    assert_ne!(missing.status.code(), Some(0));
}
