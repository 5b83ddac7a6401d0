//! What becomes of findings between whoever found them and whoever reads them: the policy of each
//! rule, rules that were accepted for one profile, and the pages that explain rules.
//!
//! Knows nothing of how a profile is judged. Invariants: what the host itself refuses never passes
//! here, so no policy lets it in; a finding that was accepted or lowered is shown all the same.

mod accepted;
mod complaints;
mod levels;
mod nearest;
mod rules;
mod scales;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use mooring_mdm::finding::{Finding, Severity};
use mooring_mdm::plist::{Node, NodeId, Value};
use mooring_store::StoreError;

pub use complaints::COMPLAINT_PREFIX;
pub use nearest::nearest;
pub use rules::{HOST, Rule, host_rules};

use crate::api::Level;

/// Why the policy, or what is accepted, was not changed.
#[derive(Debug, thiserror::Error)]
pub enum FindingsError {
    /// No rule has this id.
    #[error("no rule {rule} is known{}", meant(.nearest.as_deref()))]
    NoRule {
        /// What was asked for.
        rule: String,
        /// The rule that was probably meant.
        nearest: Option<String>,
    },
    /// The host refuses such a file whatever anybody says.
    #[error(
        "{rule} can be neither weighed otherwise nor accepted: it refuses what cannot be read in one \
         way only or would take over what is not its own, or tells of a plugin or its settings"
    )]
    Fixed {
        /// The rule.
        rule: String,
    },
    /// There is nothing to take back.
    #[error("{0} is not accepted for this profile")]
    NotAccepted(String),
    /// An acceptance says why.
    #[error("a reason is needed, of at most {0} bytes")]
    Reason(usize),
    /// There are more than anybody would read.
    #[error("at most {0} rules can be named")]
    TooMany(usize),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |rule| format!("; did you mean {rule}?"))
}

/// Applies a policy and what was accepted (reasons by rule) to what validators found.
pub fn settle(
    findings: Vec<Finding>,
    policy: &BTreeMap<String, Level>,
    accepted: &BTreeMap<String, String>,
) -> Vec<Finding> {
    let weighed = findings.into_iter().filter_map(|finding| {
        let reason = accepted.get(&finding.rule).map(String::as_str);
        weigh(finding, policy, reason)
    });
    weighed.collect()
}

/// The same for one finding, with the reason for which its rule is accepted.
fn weigh(
    finding: Finding,
    policy: &BTreeMap<String, Level>,
    reason: Option<&str>,
) -> Option<Finding> {
    if is_refusal(&finding) {
        return Some(finding);
    }
    let finding = match policy.get(&finding.rule) {
        None => finding,
        Some(Level::Off) => return None,
        Some(Level::Info) => finding.weighed(Severity::Info),
        Some(Level::Warning) => finding.weighed(Severity::Warning),
        Some(Level::Error) => finding.weighed(Severity::Error),
    };
    Some(match reason {
        Some(reason) => finding.accepted(reason),
        None => finding,
    })
}

/// Rules about a signature: the host judges it, and others may know better.
const SIGNATURE: [&str; 4] = ["S002", "S003", "S004", "S005"];

/// The rule under which any plugin may speak of its settings.
pub(crate) const SETTINGS_RULE: &str = "settings";

/// Whether the host refuses the file, or a plugin its settings: nobody can take that back.
fn is_refusal(finding: &Finding) -> bool {
    let is_own = finding.source == HOST && finding.severity == Severity::Error;
    is_own && !SIGNATURE.contains(&finding.rule.as_str()) || finding.rule == SETTINGS_RULE
}

/// Whether any finding refuses the profile.
pub(crate) fn refuses(findings: &[Finding]) -> bool {
    let mut all = findings.iter();
    all.any(|finding| finding.severity == Severity::Error)
}

/// Says of each finding how much of its line it is about, as far as the tree tells that.
pub(crate) fn measure(
    findings: &mut [Finding],
    nodes: &[Node],
    place: impl Fn(NodeId) -> (u32, u32),
) {
    if findings.is_empty() {
        return;
    }
    let mut lengths = BTreeMap::new();
    for (id, node) in (0..).zip(nodes) {
        lengths.entry(place(id)).or_insert(length(node));
    }
    for finding in findings {
        let found = lengths.get(&(finding.line, finding.column));
        finding.length = found.copied().unwrap_or(finding.length);
    }
}

/// The characters of the element at a node's place: its key, else the value, of what may go over
/// several lines the first tag.
fn length(node: &Node) -> u32 {
    let chars = |from: u32, to: u32, text: &str| {
        let more = text.len() - text.chars().count();
        (to - from).saturating_sub(u32::try_from(more).unwrap_or(u32::MAX))
    };
    if let Some(key) = &node.key {
        let Some(start) = key.text.find('\n') else {
            return chars(key.span.start, key.span.end, &key.text);
        };
        return u32::try_from("<key>".len() + start).unwrap_or(0);
    }
    let (start, end) = (node.span.start, node.span.end);
    match &node.value {
        Value::String(text) if !text.contains('\n') => chars(start, end, text),
        Value::Integer(_) | Value::Real(_) | Value::Boolean(_) | Value::Date(_) => end - start,
        Value::String(_) | Value::Data(_) | Value::Dictionary | Value::Array => {
            node.text.start - start
        }
    }
}
