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

use super::report::{CheckedFile, Report};
use crate::findings;
use crate::text::clean;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The report as SARIF, with what is known of the rules that it names.
pub(crate) fn sarif(report: &Report, rules: &BTreeMap<String, Rule>) -> Value {
    let named: BTreeSet<&str> = report.all().map(|(_, one)| one.rule.as_str()).collect();
    let named: Vec<&str> = named.into_iter().collect();
    let described = named.iter().map(|id| described(id, rules.get(*id)));
    let described: Vec<Value> = described.collect();
    let results = report.files.iter().flat_map(|file| results(file, &named));
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
            "results": results.collect::<Vec<Value>>(),
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

fn results(file: &CheckedFile, named: &[&str]) -> Vec<Value> {
    let uri = json!({"uri": uri(&file.file)});
    let has_fix = file.findings.iter().any(|finding| finding.fix.is_some());
    let limits = ReaderLimits::default();
    let fixes = has_fix.then(|| replacements(&file.bytes, &file.findings, &limits).ok());
    let mut fixes = fixes.flatten().unwrap_or_default().into_iter();
    let results = file.findings.iter().map(|finding| {
        let mut place = json!({"artifactLocation": uri});
        if finding.line > 0 {
            place["region"] = region(finding);
        }
        let mut result = json!({
            "ruleId": finding.rule,
            "level": level(finding.severity),
            "message": {"text": message(finding)},
            "locations": [{"physicalLocation": place}],
        });
        if let Ok(index) = named.binary_search(&finding.rule.as_str()) {
            result["ruleIndex"] = json!(index);
        }
        if let Some(reason) = &finding.accepted {
            result["suppressions"] = json!([{"kind": "external", "justification": reason}]);
        }
        if let Some(fix) = fixes.next().flatten() {
            result["fixes"] = json!([fixed(&uri, &fix)]);
        }
        result
    });
    results.collect()
}

fn region(finding: &Finding) -> Value {
    let mut region = json!({"startLine": finding.line, "startColumn": finding.column});
    if finding.length > 0 {
        region["endColumn"] = json!(finding.column + finding.length);
    }
    region
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
    let lines = report.all().map(|(file, finding)| {
        let kind = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        let mut place = format!("file={}", property(file));
        if finding.line > 0 {
            let (line, column) = (finding.line, finding.column);
            let _ = write!(place, ",line={line},col={column}");
            if finding.length > 0 {
                let _ = write!(place, ",endColumn={}", column + finding.length);
            }
        }
        let text = message(finding) + &findings::standing(finding);
        let rule = property(&finding.rule);
        format!("::{kind} {place},title={rule}::{}\n", data(&text))
    });
    lines.collect()
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
}
