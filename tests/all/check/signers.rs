//! Signed profiles before a server and before `mooring check`: whether the signature fits, and whose
//! it is.
//!
//! Knows the binary and the API alone. Invariant: see the parent module.

use std::fs;
use std::path::{Path, PathBuf};

use mooring_server::ServeError;
use mooring_tests::identity::{Shape, outside, rsa_key, sign_profile, stranger};
use mooring_tests::{Draft, Running, Terminal};
use serde_json::{Value, json};

use super::{report, rules};

const JSON: &str = "Content-Type: application/json";
const PROFILE: &str = "Content-Type: application/x-apple-aspen-config";

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/reading/signed")
}

fn shipped(name: &str) -> Vec<u8> {
    fs::read(data().join(name)).unwrap()
}

/// Pushes one file; tells whether it is taken, and the findings about its signature.
#[track_caller]
fn push(running: &Running, file: &[u8]) -> (bool, Vec<Value>) {
    let path = "/api/v1/profiles?name=a.mobileconfig";
    let answer = running.api("POST", path, &[PROFILE], file);
    assert!(matches!(answer.status, 200 | 422), "{}", answer.text());
    let mut findings = answer.json()["findings"].as_array().unwrap().clone();
    findings.retain(|one| one["rule"].as_str().unwrap().starts_with('S'));
    (answer.status == 200, findings)
}

/// The same, with rule and severity of each finding.
#[track_caller]
fn said(running: &Running, file: &[u8]) -> (bool, Vec<String>) {
    let (is_taken, findings) = push(running, file);
    let line = |one: &Value| {
        let (rule, severity) = (one["rule"].as_str(), one["severity"].as_str());
        format!("{} {}", rule.unwrap(), severity.unwrap())
    };
    (is_taken, findings.iter().map(line).collect())
}

fn set_level(running: &Running, rule: &str, level: &str) {
    let body = json!({"level": level}).to_string();
    let path = format!("/api/v1/policy/{rule}");
    let answer = running.api("PUT", &path, &[JSON], body.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// The file with another value in its signed content, of the same length.
fn tampered(file: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut file = file.to_vec();
    let mut windows = file.windows(from.len());
    let at = windows.position(|part| part == from.as_bytes());
    let at = at.expect("it is in the content");
    file[at..at + to.len()].copy_from_slice(to.as_bytes());
    file
}

/// An upload whose content was changed after it was signed is refused, until somebody says that the
/// rule is to be weighed otherwise or accepts it there; two signers who disagree are refused for good.
/// A certificate that has expired and a weak digest are warned of, and a good signature is not even
/// mentioned. What was said stays with the version.
#[test]
fn signed_uploads() {
    let running = Running::start();
    let draft = |name: &str| Draft::new(&format!("com.harborworks.{name}"), "first").xml();
    let signed = |name: &str| sign_profile(&outside().card("author", 1), draft(name).as_bytes());
    assert_eq!(said(&running, &signed("good")), (true, Vec::new()));

    let bad = tampered(&signed("bad"), "first", "other");
    let (is_taken, findings) = push(&running, &bad);
    assert!(!is_taken);
    assert_eq!(findings.len(), 1, "{findings:?}");
    let message = findings[0]["message"].as_str().unwrap();
    assert!(message.contains("changed after it was signed"), "{message}");
    set_level(&running, "S002", "warning");
    assert_eq!(
        said(&running, &bad),
        (true, vec!["S002 warning".to_owned()])
    );
    set_level(&running, "S002", "error");
    let reason = json!({"reason": "signed by a tool of ours"}).to_string();
    let path = "/api/v1/profiles/com.harborworks.bad/accepted/S002";
    let answer = running.api("PUT", path, &[JSON], reason.as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(said(&running, &bad), (true, vec!["S002 info".to_owned()]));

    let shape = Shape {
        years: (2015, 2020),
        ..Shape::new("author")
    };
    let expired = outside().issue(&shape, rsa_key(1));
    let expired = sign_profile(&expired, draft("expired").as_bytes());
    assert_eq!(
        said(&running, &expired),
        (true, vec!["S003 warning".to_owned()])
    );
    let path = "/api/v1/profiles/com.harborworks.expired/versions/1";
    let kept = running.get(path).json();
    assert!(rules(&kept["findings"]).contains(&"S003"), "{kept}");

    let (is_taken, weak) = said(&running, &shipped("sha1.mobileconfig"));
    assert_eq!((is_taken, weak), (true, vec!["S005 warning".to_owned()]));
    let mut two = shipped("two.mobileconfig");
    *two.last_mut().unwrap() ^= 1;
    assert_eq!(said(&running, &two), (false, vec!["S009 error".to_owned()]));
}

/// A server that knows who signs profiles tells of everybody else, and refuses them where its policy
/// says so; it does not start with a file that names nobody.
#[test]
fn trusted_signers() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("signers.pem");
    fs::write(&file, outside().pem()).unwrap();
    let running = Running::start_with(|options| options.profile_signers = Some(file));
    let draft = |name: &str| Draft::new(&format!("com.harborworks.{name}"), "first").xml();
    let ours = sign_profile(&outside().card("author", 1), draft("ours").as_bytes());
    let theirs = sign_profile(&stranger().card("author", 1), draft("theirs").as_bytes());
    assert_eq!(said(&running, &ours), (true, Vec::new()));
    set_level(&running, "S004", "error");
    let refused = vec!["S004 error".to_owned()];
    assert_eq!(said(&running, &theirs), (false, refused));
    assert_eq!(
        said(&running, draft("plain").as_bytes()),
        (true, Vec::new())
    );

    let mut options = mooring_tests::running::options(&folder.path().join("other"));
    let nobody = folder.path().join("nobody.pem");
    fs::write(&nobody, "nobody").unwrap();
    options.profile_signers = Some(nobody);
    let error = running.start_another(&options).unwrap_err();
    assert!(
        matches!(error, ServeError::ProfileSigners { .. }),
        "{error}"
    );
}

/// `check` asks who signed only if it is told who may, and `serve` takes the same file.
#[test]
fn on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    for name in [
        "good.mobileconfig",
        "p384.mobileconfig",
        "ca.pem",
        "p256.pem",
    ] {
        fs::write(folder.path().join(name), shipped(name)).unwrap();
    }
    let strangers = |options: &[&str]| -> Vec<String> {
        let report = report(folder.path(), &[&[".", "--json"], options].concat());
        let files = report["files"].as_array().unwrap().iter();
        let strangers = files.filter(|file| rules(&file["findings"]).contains(&"S004"));
        let name = |file: &Value| file["file"].as_str().unwrap().to_owned();
        strangers.map(name).collect()
    };
    assert_eq!(strangers(&[]), [""; 0]);
    assert_eq!(strangers(&["--signers", "ca.pem"]), [""; 0]);
    let found = strangers(&["--signers", "p256.pem"]);
    assert!(
        found.len() == 1 && found[0].ends_with("p384.mobileconfig"),
        "{found:?}"
    );

    let terminal = Terminal::new();
    terminal.write("nobody.pem", "nobody");
    let draft = Draft::new("com.harborworks.a", "first");
    terminal.write("a.mobileconfig", &draft.xml());
    let wrong = terminal.run("check . --signers nobody.pem").expect(64);
    assert!(wrong.err.contains("--signers names"), "{wrong:#?}");
    let ports = "--admin 127.0.0.1:0 --device 127.0.0.1:0";
    let serve = format!("serve --data data {ports} --profile-signers nobody.pem");
    let wrong = terminal.run(&serve).expect(1);
    assert!(wrong.err.contains("certificates of signers"), "{wrong:#?}");
}
