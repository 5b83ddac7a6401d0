//! The pages about rules against the rules.
//!
//! Knows nothing of what they say. Invariant: every rule that a finding can name has one page, and
//! every page is a rule's. `UPDATE_PAGES=1` writes them anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use mooring_server::findings::Rule;
use mooring_server::judge::Judge;

use crate::tidy::root;

const INDEX: &str = "# Rules

Every rule that a finding can name, by id, with a page for each. These pages are made of the plugins' manifests and of the host's own
table: a test says when they are stale. `mooring check --explain RULE` shows the same. [PROFILES.md](PROFILES.md) tells what becomes of findings, [CORPUS.md](CORPUS.md) what the rules
find in 239 real profiles.

| rule | severity | reported by | what it demands |
| --- | --- | --- | --- |
";

/// What stands in the cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn page(rule: &Rule) -> String {
    let Rule {
        id, severity, text, ..
    } = rule;
    let source = match rule.source.as_str() {
        "host" => "the host itself".to_owned(),
        plugin => format!("the plugin `{plugin}`"),
    };
    let mut page = format!("# {id}\n\n{text}\n\nSeverity {severity}, reported by {source}.\n");
    for (heading, part) in [("Why", &rule.why), ("Instead", &rule.instead)] {
        if let Some(part) = part {
            let _ = writeln!(page, "\n## {heading}\n\n{part}");
        }
    }
    page.push_str("\n## If it is meant\n\n");
    if let Some(reason) = rule.reason_fixed() {
        let _ = writeln!(page, "{reason}");
    } else {
        let _ = writeln!(
            page,
            "`mooring profile accept PROFILE {id} --reason TEXT` takes it in one profile, `mooring policy set {id} LEVEL` weighs it otherwise \
             in all of them, and `mooring check --accept {id}=REASON` does so without a server."
        );
    }
    page.push_str("\n[All rules](../RULES.md)\n");
    page
}

/// Every page by its path below the documentation.
fn pages(rules: &BTreeMap<String, Rule>) -> BTreeMap<String, String> {
    let row = |rule: &Rule| {
        let (id, severity, source) = (&rule.id, rule.severity, &rule.source);
        let text = cell(&rule.text);
        format!("| [{id}](rules/{id}.md) | {severity} | {source} | {text} |\n")
    };
    let index = INDEX.to_owned() + &rules.values().map(row).collect::<String>();
    let all = rules.values();
    let all = all.map(|rule| (format!("rules/{}.md", rule.id), page(rule)));
    all.chain([("RULES.md".to_owned(), index)]).collect()
}

fn stored(docs: &Path) -> BTreeMap<String, String> {
    let folder = fs::read_dir(docs.join("rules")).expect("the folder");
    let names = folder.map(|entry| entry.expect("an entry").file_name());
    let names = names.map(|name| format!("rules/{}", name.to_string_lossy()));
    let names = names.chain(["RULES.md".to_owned()]);
    let read = |name: String| {
        let text = fs::read_to_string(docs.join(&name)).unwrap_or_default();
        (name, text)
    };
    names.map(read).collect()
}

/// The pages say what the manifests say: of every rule, and of no other.
#[test]
fn pages_are_fresh() {
    let judge = Judge::load().expect("the plugins load");
    let (docs, wanted) = (root().join("host/docs"), pages(&judge.rules()));
    if std::env::var_os("UPDATE_PAGES").is_some() {
        fs::remove_dir_all(docs.join("rules")).expect("the old pages go");
        fs::create_dir(docs.join("rules")).expect("the folder");
        for (name, text) in &wanted {
            fs::write(docs.join(name), text).expect("a page is written");
        }
    }
    let stored = stored(&docs);
    let stale = wanted
        .iter()
        .filter(|(name, text)| stored.get(*name) != Some(*text));
    let stale: Vec<_> = stale.map(|(name, _)| name).collect();
    let gone = stored.keys().filter(|name| !wanted.contains_key(*name));
    let gone: Vec<_> = gone.collect();
    assert!(
        stale.is_empty() && gone.is_empty(),
        "run this test with UPDATE_PAGES=1; stale: {stale:?}, of no rule: {gone:?}"
    );
}

/// Every rule about profiles says why it is there and what to write instead, in at most 300
/// characters each; what is said of settings has no number and speaks for itself.
#[test]
fn rules_explain_themselves() {
    let judge = Judge::load().expect("the plugins load");
    let rules = judge.rules();
    let is_numbered = |rule: &&Rule| rule.id.ends_with(|c: char| c.is_ascii_digit());
    for rule in rules.values().filter(is_numbered) {
        for text in [&rule.why, &rule.instead] {
            let length = text.as_deref().unwrap_or_default().chars().count();
            assert!((5..=300).contains(&length), "{}: {length}", rule.id);
        }
    }
}
