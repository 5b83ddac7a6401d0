//! Reports for programs: SARIF 2.1.0, and the workflow commands of GitHub.
//!
//! Knows nothing of how a finding came about. Invariants: nothing of a file is in a report but what
//! a finding says; in a workflow command no text can end its line or its property.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use mooring_mdm::finding::{Finding, Severity};
use mooring_mdm::fix::{Replacement, replacements};
use mooring_mdm::plist::ReaderLimits;
use mooring_server::findings::Rule;
use serde_json::{Value, json};

use super::excerpt::Source;
use super::report::{CheckedFile, Entry, Joint, Report, Spot};
use crate::findings;
use crate::text::clean;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The report as SARIF, with what is known of the rules that it names.
pub(crate) fn sarif(report: &Report, rules: &BTreeMap<String, Rule>) -> Value {
    let named: BTreeSet<&str> = report.all().map(|one| one.finding.rule.as_str()).collect();
    let named: Vec<&str> = named.into_iter().collect();
    let described = named.iter().map(|id| described(id, rules.get(*id)));
    let described: Vec<Value> = described.collect();
    let alone = report.files.iter().flat_map(results);
    let together = report.joint().iter().map(|joint| result_of(joint, report));
    let mut results: Vec<Value> = alone.chain(together).collect();
    // Either every result says whether it is suppressed, or none does.
    let has_accepted = report.all().any(|one| one.finding.accepted.is_some());
    for (result, entry) in results.iter_mut().zip(report.all()) {
        if let Ok(index) = named.binary_search(&entry.finding.rule.as_str()) {
            result["ruleIndex"] = json!(index);
        }
        if has_accepted {
            let reason = entry.finding.accepted.iter();
            let reason = reason.map(|why| json!({"kind": "external", "justification": why}));
            result["suppressions"] = reason.collect();
        }
    }
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "mooring",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": described,
            }},
            "columnKind": "unicodeCodePoints",
            "newlineSequences": ["\r\n", "\n", "\r"],
            "results": results,
        }],
    })
}

fn described(id: &str, rule: Option<&Rule>) -> Value {
    let mut described = json!({"id": id});
    if let Some(rule) = rule {
        described["shortDescription"] = json!({"text": rule.text});
        described["defaultConfiguration"] = json!({"level": level(rule.severity)});
        if let Some(why) = &rule.why {
            described["fullDescription"] = json!({"text": why});
        }
        if let Some(instead) = &rule.instead {
            described["help"] = json!({"text": instead});
        }
    }
    described
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// What was found in one file.
fn results(file: &CheckedFile) -> Vec<Value> {
    let location = json!({"uri": uri(&file.file)});
    let has_fix = file.findings.iter().any(|finding| finding.fix.is_some());
    let limits = ReaderLimits::default();
    let fixes = has_fix.then(|| replacements(&file.bytes, &file.findings, &limits).ok());
    let mut fixes = fixes.flatten().unwrap_or_default().into_iter();
    let has_lines = Source::of(&file.bytes).is_some();
    let results = file.findings.iter().map(|finding| {
        let mut result = result(finding);
        result["locations"] = json!([{"physicalLocation": place(finding, &file.file, has_lines)}]);
        if finding.line > 0 && !has_lines {
            let within = format!(" (line {} of its content)", finding.line);
            result["message"]["text"] = json!(unlinked(finding) + &within);
        }
        if let Some(fix) = fixes.next().flatten() {
            result["fixes"] = json!([fixed(&location, &fix)]);
        }
        result
    });
    results.collect()
}

/// What was found of files together: the other of two is a related place, to which the message leads.
fn result_of(joint: &Joint, report: &Report) -> Value {
    let finding = &joint.finding;
    let mut result = result(finding);
    let has_lines = |name: &str| {
        let file = report.files.iter().find(|file| file.file == name);
        file.is_some_and(|file| Source::of(&file.bytes).is_some())
    };
    if let Some(file) = &joint.file {
        let place = place(finding, file, has_lines(file));
        result["locations"] = json!([{"physicalLocation": place}]);
    }
    if let Some(other) = &joint.other {
        let mut place = json!({"artifactLocation": {"uri": uri(&other.file)}});
        if other.line > 0 && has_lines(&other.file) {
            place["region"] = json!({"startLine": other.line, "startColumn": other.column});
        }
        result["relatedLocations"] = json!([{
            "id": 1,
            "physicalLocation": place,
            "message": {"text": "the other of the two"},
        }]);
        let link = other.to_string().replace(['[', ']'], "");
        result["message"]["text"] =
            json!(unlinked(finding) + &format!(" (the other: [{link}](1))"));
    }
    result
}

/// What every result has.
fn result(finding: &Finding) -> Value {
    json!({
        "ruleId": finding.rule,
        "level": level(finding.severity),
        "message": {"text": unlinked(finding)},
    })
}

/// The message, in which nothing is a link.
fn unlinked(finding: &Finding) -> String {
    let text = message(finding);
    if text.contains("](") {
        return text.replace('[', "\\[");
    }
    text
}

/// The file, and where in it. The content of a signed or binary file has lines that the file itself
/// does not have.
fn place(finding: &Finding, file: &str, has_lines: bool) -> Value {
    let mut place = json!({"artifactLocation": {"uri": uri(file)}});
    if finding.line > 0 && has_lines {
        let mut region = json!({"startLine": finding.line, "startColumn": finding.column});
        if finding.length > 0 {
            region["endColumn"] = json!(finding.column + finding.length);
        }
        place["region"] = region;
    }
    place
}

fn fixed(uri: &Value, fix: &Replacement) -> Value {
    let (start, end) = (fix.start, fix.end);
    json!({"artifactChanges": [{
        "artifactLocation": uri,
        "replacements": [{
            "deletedRegion": {
                "startLine": start.0, "startColumn": start.1,
                "endLine": end.0, "endColumn": end.1,
            },
            "insertedContent": {"text": fix.text},
        }],
    }]})
}

/// A path as a relative reference, or as a `file` address if it is absolute.
fn uri(path: &str) -> String {
    let scheme = if path.starts_with('/') { "file://" } else { "" };
    let mut uri = scheme.to_owned();
    for byte in path.trim_start_matches("./").bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

fn message(finding: &Finding) -> String {
    let hint = finding.hint.as_ref();
    let hint = hint.map_or_else(String::new, |hint| format!("; {hint}"));
    clean(&(finding.message.clone() + &hint))
}

/// The report as workflow commands, one line a finding.
pub(crate) fn github(report: &Report) -> String {
    report.all().map(command).collect()
}

fn command(entry: Entry<'_>) -> String {
    let Entry {
        file,
        finding,
        other,
    } = entry;
    let kind = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let mut place = String::new();
    if !file.is_empty() {
        let _ = write!(place, "file={},", property(file));
    }
    if finding.line > 0 {
        let (line, column) = (finding.line, finding.column);
        let _ = write!(place, "line={line},col={column},");
        if finding.length > 0 {
            let _ = write!(place, "endColumn={},", column + finding.length);
        }
    }
    let other = other.map(|other: &Spot| format!(" (the other: {other})"));
    let text = message(finding) + &findings::standing(finding) + &other.unwrap_or_default();
    let rule = property(&finding.rule);
    format!("::{kind} {place}title={rule}::{}\n", data(&text))
}

fn data(text: &str) -> String {
    let text = text.replace('%', "%25");
    text.replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn report() -> Report {
        let text =
            "<plist version=\"1.0\">\n<dict>\n\t<key>a</key>\n\t<true/>\n</dict>\n</plist>\n";
        let mut first = Finding::host(Severity::Error, "T:1", (3, 2), "50% is,\nwrong");
        first.length = 12;
        let found = vec![
            first.with_hint("less").with_fix("remove"),
            Finding::host(Severity::Error, "T:2", (0, 0), "text").accepted("a loan"),
        ];
        let mut report = Report::default();
        report.add(CheckedFile::new(Path::new("./a b,c.x"), text.into(), found));
        report
    }

    /// Nothing in a text or a name can end a workflow command or one of its properties.
    #[test]
    fn workflow_commands() {
        assert_eq!(
            github(&report()),
            "::notice file=./a b%2Cc.x,title=T%3A2::text (accepted error: a loan)\n\
             ::error file=./a b%2Cc.x,line=3,col=2,endColumn=14,title=T%3A1::50%25 is, wrong; less\n"
        );
    }

    /// SARIF names the rule, the place, what is suppressed and what a fix replaces.
    #[test]
    fn sarif_results() {
        let sarif = sarif(&report(), &BTreeMap::new());
        let run = &sarif["runs"][0];
        assert_eq!(run["tool"]["driver"]["rules"][0], json!({"id": "T:1"}));
        let results = &run["results"];
        assert_eq!(results[0]["level"], "note");
        assert_eq!(results[0]["suppressions"][0]["justification"], "a loan");
        assert_eq!(results[1]["suppressions"], json!([]));
        let place = &results[0]["locations"][0]["physicalLocation"];
        assert_eq!(*place, json!({"artifactLocation": {"uri": "a%20b%2Cc.x"}}));
        assert_eq!(results[1]["ruleIndex"], 0);
        let place = &results[1]["locations"][0]["physicalLocation"]["region"];
        let wanted = json!({"startLine": 3, "startColumn": 2, "endColumn": 14});
        assert_eq!(*place, wanted);
        let change = &results[1]["fixes"][0]["artifactChanges"][0]["replacements"][0];
        let gone = json!({"startLine": 2, "startColumn": 7, "endLine": 4, "endColumn": 9});
        assert_eq!(change["deletedRegion"], gone);
        assert_eq!(change["insertedContent"]["text"], "");
    }

    /// Lines are counted as the host counts them; a place that a file itself does not have is told in
    /// words; what a file says is no link.
    #[test]
    fn sarif_places() {
        let finding = Finding::host(Severity::Error, "T:1", (3, 2), "it says [more](1)");
        let mut report = Report::default();
        let file = CheckedFile::new(Path::new("/a.x"), b"bplist00".to_vec(), vec![finding]);
        report.add(file);
        let sarif = sarif(&report, &BTreeMap::new());
        let run = &sarif["runs"][0];
        assert_eq!(run["columnKind"], "unicodeCodePoints");
        assert_eq!(run["newlineSequences"], json!(["\r\n", "\n", "\r"]));
        let result = &run["results"][0];
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(*place, json!({"artifactLocation": {"uri": "file:///a.x"}}));
        let text = "it says \\[more](1) (line 3 of its content)";
        assert_eq!(result["message"]["text"], text);
        assert!(result["suppressions"].is_null());
    }
}
