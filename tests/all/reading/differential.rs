//! The host's reader beside Python's plistlib: whatever both read, they read the same.
//!
//! Where one refuses what the other takes, the host's rule must be in a table here that says why.
//! One Python process answers for all files.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use mooring_mdm::plist::{NodeRef, Value};
use mooring_mdm::profile::{Profile, ProfileLimits};
use mooring_tests::corpus::say;
use sha2::{Digest as _, Sha256};

use super::{damaged, files};
use crate::mutants::reading::KINDS;
use crate::mutants::source::{Random, Source};

const DAMAGED: u64 = 1000;
const SCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/data/reading/plistlib_trees.py"
);

/// What the host refuses and plistlib takes, by rule.
const STRICTER: [(&str, &str); 19] = [
    (
        "P003",
        "of two values it takes the last, and it asks for no <plist>",
    ),
    (
        "P005",
        "after a document type it leaves out an entity that it does not know",
    ),
    ("P006", "it does not look at the document type"),
    ("P008", "it decodes other encodings"),
    ("P009", "it takes the last of two keys"),
    (
        "P011",
        "it skips elements, attributes and text that it does not know",
    ),
    (
        "P012",
        "it keeps CDATA and steps over comments, of which other readers do one or neither",
    ),
    (
        "P013",
        "a binary text may have any character, which XML cannot carry",
    ),
    ("P014", "it takes signs, blanks and numbers of any size"),
    ("P015", "it takes infinity and what is no number"),
    ("P016", "it takes days without a time, and any year"),
    ("P017", "it skips what is no base64"),
    ("P018", "it has no bound on depth"),
    ("P019", "it has no bound on values"),
    ("P020", "it has no bound on size"),
    (
        "P021",
        "it looks at no more of a binary file than it needs, and lets objects be shared",
    ),
    ("P023", "keys that differ are different keys"),
    ("S007", "it knows no placeholders"),
    ("T001", "a property list may be any value"),
];

/// What the host takes with this warning and plistlib refuses.
const LOOSER: [(&str, &str); 3] = [
    ("P007", "it takes nothing before the declaration"),
    (
        "P008",
        "it tells XML by its declaration, and knows fewer names of encodings",
    ),
    ("P014", "it takes no sign before a hexadecimal number"),
];

/// Asks Python about all requests; `None`, loudly, if there is no Python.
fn ask(requests: &[(u8, Vec<u8>)]) -> Option<Vec<String>> {
    let mut command = Command::new("python3");
    command
        .arg(SCRIPT)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let Ok(mut python) = command.spawn() else {
        say("SKIPPED reading::differential: there is no python3 to compare with");
        return None;
    };
    let mut input = python.stdin.take().unwrap();
    let output = BufReader::new(python.stdout.take().unwrap());
    // It answers while it is asked: a pipe that is full must not hold up both.
    let answers = std::thread::scope(|scope| {
        scope.spawn(move || {
            for (kind, file) in requests {
                let length = u32::try_from(file.len()).unwrap().to_be_bytes();
                let request = [[*kind].as_slice(), &length, file].concat();
                input.write_all(&request).unwrap();
            }
        });
        output.lines().map(Result::unwrap).collect::<Vec<_>>()
    });
    assert!(python.wait().unwrap().success(), "the script fails");
    assert_eq!(answers.len(), requests.len());
    Some(answers)
}

/// The tree as the script writes it down.
fn form(root: NodeRef<'_>) -> Vec<u8> {
    fn sized(out: &mut Vec<u8>, kind: char, content: &[u8]) {
        out.extend(format!("{kind}{}:", content.len()).bytes());
        out.extend(content);
    }
    let mut out = Vec::new();
    let mut ahead = vec![root];
    while let Some(node) = ahead.pop() {
        if let Some(key) = &node.node().key {
            sized(&mut out, 'k', key.text.as_bytes());
        }
        match &node.node().value {
            Value::Dictionary => {
                let mut entries: Vec<_> = node.entries().collect();
                entries.sort_unstable_by_key(|(key, _)| *key);
                out.extend(format!("d{}:", entries.len()).bytes());
                ahead.extend(entries.into_iter().rev().map(|(_, value)| value));
            }
            Value::Array => {
                let items: Vec<_> = node.items().collect();
                out.extend(format!("a{}:", items.len()).bytes());
                ahead.extend(items.into_iter().rev());
            }
            Value::Boolean(flag) => out.push(b'0' + u8::from(*flag)),
            Value::Integer(number) => out.extend(format!("i{number}:").bytes()),
            Value::Real(number) => {
                out.push(b'r');
                out.extend(number.to_be_bytes());
            }
            Value::String(text) => sized(&mut out, 's', text.as_bytes()),
            Value::Data(bytes) => sized(&mut out, 'b', bytes),
            Value::Date(date) => sized(&mut out, 't', date.as_bytes()),
        }
    }
    out
}

/// What both make of one file: a word for the count, or what cannot be explained.
fn compared(file: &[u8], theirs: &str) -> Result<String, String> {
    let ours = Profile::parse(file, &ProfileLimits::default());
    let is_known =
        |table: &[(&str, &str)], rule: &str| table.iter().any(|(known, _)| *known == rule);
    match (ours, theirs.strip_prefix("ok ")) {
        (Ok(profile), Some(digest)) => {
            let form = form(profile.document().root());
            let own = Sha256::digest(&form);
            let is_same = digest.len() == 2 * own.len()
                && own.iter().enumerate().all(|(at, byte)| {
                    digest.get(2 * at..2 * at + 2) == Some(&format!("{byte:02x}"))
                });
            is_same
                .then(|| "read alike".to_owned())
                .ok_or_else(|| "read differently".to_owned())
        }
        (Err(_), None) => Ok("refused by both".to_owned()),
        (Err(finding), Some(_)) if is_known(&STRICTER, &finding.rule) => {
            Ok(format!("refused here alone, {}", finding.rule))
        }
        (Err(finding), Some(_)) => Err(format!("refused here alone: {finding}")),
        (Ok(profile), None) => {
            let mut rules = profile.notices().iter().map(|notice| notice.rule.as_str());
            let known = rules.find(|rule| is_known(&LOOSER, rule));
            let known = known.map(|rule| format!("refused there alone, {rule}"));
            known.ok_or_else(|| format!("refused there alone: {theirs}"))
        }
    }
}

/// Files with each fault that the mutants know of how a file is written, three of a kind.
fn known_faults(files: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let read = |file: &Vec<u8>| Source::read(String::new(), file.clone());
    let sources: Vec<_> = files.iter().filter_map(read).collect();
    let mut random = Random(1);
    let mut faults = Vec::new();
    for (_, _, make) in KINDS {
        let made =
            (0..100).filter_map(|_| make(&sources[random.below(sources.len())], &mut random));
        faults.extend(made.take(3).map(|change| change.bytes));
    }
    faults
}

/// Real profiles, plain and as binary lists, and a thousand damaged ones: both readers read the same
/// tree, or the rule by which they differ is known.
#[test]
fn plistlib_agrees() {
    let mut whole = files("reading::differential::plistlib_agrees");
    // Of signed files Python knows nothing.
    whole.retain(|file| !file.starts_with(b"0"));
    let ours = |file: &Vec<u8>| Profile::parse(file, &ProfileLimits::default()).is_ok();
    let good: Vec<_> = whole
        .iter()
        .filter(|file| ours(file))
        .take(60)
        .cloned()
        .collect();
    let requests: Vec<_> = good.into_iter().map(|file| (b'b', file)).collect();
    let Some(binary) = ask(&requests) else { return };
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let read = |line: &String| line.as_bytes().chunks(2).map(byte).collect::<Vec<u8>>();
    let is_hex = |line: &&String| !line.starts_with("refused");
    whole.extend(binary.iter().filter(is_hex).map(read));
    let mut requests: Vec<_> = whole.iter().map(|file| (b'r', file.clone())).collect();
    for seed in 0..DAMAGED {
        requests.push((b'r', damaged(&whole, &mut Random(seed))));
    }
    requests.extend(known_faults(&whole).into_iter().map(|file| (b'r', file)));
    let Some(answers) = ask(&requests) else {
        return;
    };
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    let mut unexplained = Vec::new();
    for (at, ((_, file), theirs)) in requests.iter().zip(&answers).enumerate() {
        match compared(file, theirs) {
            Ok(word) => *counts.entry(word).or_default() += 1,
            Err(why) => {
                let seed = at.checked_sub(whole.len());
                let text = String::from_utf8_lossy(&file[..file.len().min(300)]).into_owned();
                unexplained.push(format!("{why} (seed {seed:?}): {text:?}"));
            }
        }
    }
    for (word, count) in &counts {
        say(&format!("plistlib: {count:4} {word}"));
    }
    let shown = unexplained.iter().take(10).map(String::as_str);
    let shown = shown.collect::<Vec<_>>().join("\n");
    assert!(
        unexplained.is_empty(),
        "{} files:\n{shown}",
        unexplained.len()
    );
}
