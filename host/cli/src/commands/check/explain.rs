//! What a rule demands, why, and what to write instead.
//!
//! Knows nothing of profiles. Invariant: every rule that a finding can name is explained, and a
//! misspelt one leads to the one that was meant.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use mooring_server::findings::{Rule, nearest};

use crate::exit::{Exit, UsageError};
use crate::output;
use crate::text::{Table, clean};

/// Explains one rule, or with an empty name lists them all.
pub(crate) fn run(
    rules: &BTreeMap<String, Rule>,
    name: &str,
    is_json: bool,
) -> anyhow::Result<Exit> {
    if name.is_empty() {
        if is_json {
            let rules: Vec<&Rule> = rules.values().collect();
            output::json(&serde_json::json!({ "rules": rules }))?;
        } else {
            output::data(&list(rules))?;
        }
        return Ok(Exit::Fine);
    }
    let known = || rules.keys().map(String::as_str);
    let exact = rules.get(name);
    let exact = exact.or_else(|| {
        let mut same = known().filter(|known| known.eq_ignore_ascii_case(name));
        rules.get(same.next()?)
    });
    let Some(rule) = exact else {
        let error = UsageError::new(format!("no rule {} is known", clean(name)));
        let hint = match nearest(name, known()) {
            Some(meant) => {
                format!("did you mean {meant}? `mooring check --explain` lists them all")
            }
            None => "`mooring check --explain` lists them all".to_owned(),
        };
        return Err(error.with_hint(hint).into());
    };
    if is_json {
        output::json(rule)?;
    } else {
        output::data(&explain(rule))?;
    }
    Ok(Exit::Fine)
}

fn list(rules: &BTreeMap<String, Rule>) -> String {
    let mut table = Table::new(["RULE", "SEVERITY", "FROM", "WHAT IT DEMANDS"]);
    for rule in rules.values() {
        let severity = rule.severity.to_string();
        let row = [&rule.id, &severity, &rule.source, &rule.text];
        table.row(row.map(Clone::clone));
    }
    table.render("")
}

fn explain(rule: &Rule) -> String {
    let (id, severity) = (&rule.id, rule.severity);
    let mut text = format!("{id} ({severity}, from {}): {}\n", rule.source, rule.text);
    for (name, part) in [("Why", &rule.why), ("Instead", &rule.instead)] {
        if let Some(part) = part {
            let _ = writeln!(text, "\n{name}: {part}");
        }
    }
    if let Some(reason) = rule.reason_fixed() {
        let _ = writeln!(text, "\n{reason}");
    } else {
        text.push_str(
            "\nmooring policy set RULE LEVEL weighs it otherwise on a server; mooring profile accept, \
             or --accept here, takes it in one profile.\n",
        );
    }
    text
}
