//! Two files of one push with one identifier: which is meant, nobody can say.
//!
//! Knows nothing of stored profiles. Invariant: both are refused, each naming the other, whatever
//! their order and whatever else is wrong with one of them.

use std::collections::BTreeMap;

use mooring_mdm::finding::{Finding, Severity};
use mooring_mdm::ids::PayloadIdentifier;
use mooring_mdm::plist::NodeRef;

use super::push::{Upload, Verdict, refused};

/// Files named in one finding; with many copies of one file the findings would grow with the
/// square of their number.
const OTHERS_NAMED_MAX: usize = 3;

/// Refuses every candidate whose identifier another file of the push has too.
pub(super) fn refuse_duplicates(uploads: &[Upload], mut verdicts: Vec<Verdict>) -> Vec<Verdict> {
    let mut files: BTreeMap<PayloadIdentifier, Vec<usize>> = BTreeMap::new();
    for (at, verdict) in verdicts.iter().enumerate() {
        let identifier = match verdict {
            Verdict::Candidate(candidate) => Some(candidate.identifier.clone()),
            Verdict::Decided(result) => result.identifier.clone(),
        };
        if let Some(identifier) = identifier {
            files.entry(identifier).or_default().push(at);
        }
    }
    for (identifier, positions) in files.iter().filter(|(_, positions)| positions.len() > 1) {
        for at in positions {
            let others = positions.iter().filter(|other| *other != at);
            let others: Vec<_> = others.map(|other| uploads[*other].name.as_str()).collect();
            let mut finding = duplicate(identifier, &others);
            match &mut verdicts[*at] {
                Verdict::Candidate(candidate) => {
                    let node = candidate.document.root().get("PayloadIdentifier");
                    (finding.line, finding.column) = candidate.place(node.map_or(0, NodeRef::id));
                    candidate.notices.push(finding);
                    verdicts[*at] = Verdict::Decided(refused(&uploads[*at], candidate));
                }
                Verdict::Decided(result) => result.findings.push(finding),
            }
        }
    }
    verdicts
}

fn duplicate(identifier: &PayloadIdentifier, others: &[&str]) -> Finding {
    let named = others
        .iter()
        .take(OTHERS_NAMED_MAX)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    let more = match others.len().saturating_sub(OTHERS_NAMED_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = format!("the PayloadIdentifier {identifier} is also that of {named}{more}");
    Finding::host(Severity::Error, "duplicate", (0, 0), message)
        .with_hint("give each profile an identifier of its own, or push only one of them")
}
