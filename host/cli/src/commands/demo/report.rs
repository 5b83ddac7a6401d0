//! What a demo came to.
//!
//! Invariant: `applied`, `pending`, `failed` and `unknown` add up to `hosts`; a host that never
//! enrolled is unknown.

use std::collections::BTreeMap;
use std::fmt;

use mooring_mdm::finding::{Finding, Severity};
use mooring_mdm::ids::PayloadIdentifier;
use mooring_server::api::{PushResult, Status, Summary};
use mooring_server::core::Core;
use mooring_server::hosts::{HostError, HostsQuery};
use serde::Serialize;

use crate::commands::profile::is_refused;
use crate::findings;
use crate::text::count;
use crate::words;

/// The result, as JSON.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Report {
    /// Hosts that were asked for.
    pub(crate) hosts: u64,
    pub(crate) applied: u64,
    pub(crate) pending: u64,
    pub(crate) failed: u64,
    pub(crate) unknown: u64,
    /// Files of the folder that the server took.
    pub(crate) profiles_accepted: usize,
    /// Files of the folder that it refused or held.
    pub(crate) profiles_refused: usize,
    /// Built-in profiles that the demo enabled, not counted above.
    pub(crate) builtins_enabled: usize,
    /// Why files were refused.
    pub(crate) refused: Vec<RefusedFile>,
    /// What failed on hosts, and why.
    pub(crate) failures: Vec<FailedProfile>,
    /// Commands that the server handed out.
    pub(crate) commands_sent: u64,
    /// Contacts that the hosts made.
    pub(crate) contacts: u64,
    /// Pushes that woke hosts.
    pub(crate) pushes: u64,
    /// Exchanges that failed.
    pub(crate) errors: u64,
    /// From the start of the command, in milliseconds.
    pub(crate) elapsed_ms: u64,
}

/// One file that was refused, and the worst that was found.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RefusedFile {
    file: String,
    line: u32,
    column: u32,
    rule: String,
    message: String,
}

/// One profile that failed in one way.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct FailedProfile {
    identifier: PayloadIdentifier,
    reason: String,
    hosts: u64,
}

impl fmt::Display for FailedProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts = count(self.hosts, "host");
        write!(f, "{} failed on {hosts}: {}", self.identifier, self.reason)
    }
}

/// What failed on the first page of failed hosts, by profile and reason.
///
/// # Errors
/// If the store fails.
pub(crate) fn failures(core: &Core) -> Result<Vec<FailedProfile>, HostError> {
    let failed = HostsQuery {
        limit: usize::MAX,
        status: Some(Status::Failed),
        ..HostsQuery::default()
    };
    let mut hosts: BTreeMap<(PayloadIdentifier, String), u64> = BTreeMap::new();
    for host in core.host_listing(&failed)?.hosts {
        for profile in core.host_profiles(host.id.as_str())?.profiles {
            if profile.status.word() == Status::Failed {
                let key = (profile.identifier, words::reason(&profile.status));
                *hosts.entry(key).or_default() += 1;
            }
        }
    }
    let failed = hosts.into_iter();
    let failed = failed.map(|((identifier, reason), hosts)| FailedProfile {
        identifier,
        reason,
        hosts,
    });
    Ok(failed.collect())
}

impl Report {
    /// The report on hosts of which nothing is known yet.
    pub(crate) fn new(hosts: u64) -> Self {
        Self {
            hosts,
            unknown: hosts,
            ..Self::default()
        }
    }

    /// Notes what became of the folder's files, and complains of each that was refused.
    pub(crate) fn note_files(&mut self, results: &[PushResult], complain: impl Fn(&str)) {
        for result in results {
            if !is_refused(result.outcome) {
                self.profiles_accepted += 1;
                continue;
            }
            self.profiles_refused += 1;
            let is_error = |finding: &&Finding| finding.severity == Severity::Error;
            let error = result.findings.iter().find(is_error);
            // A held file has no error.
            let finding = error.or_else(|| result.findings.first());
            let finding = finding.cloned().unwrap_or_else(no_reason);
            complain(&findings::render(&result.name, &finding));
            self.refused.push(RefusedFile {
                file: result.name.clone(),
                line: finding.line,
                column: finding.column,
                rule: finding.rule,
                message: finding.message,
            });
        }
    }

    /// Notes how the hosts stand.
    pub(crate) fn note_hosts(&mut self, summary: &Summary) {
        let counts = &summary.counts;
        self.applied = counts.applied;
        self.pending = counts.pending;
        self.failed = counts.failed;
        self.unknown = counts.unknown + self.hosts.saturating_sub(summary.hosts);
        self.commands_sent = summary.commands_sent;
    }

    /// Whether every host has everything.
    pub(crate) fn is_applied(&self) -> bool {
        self.applied == self.hosts
    }

    /// The report as text.
    pub(crate) fn render(&self) -> String {
        let seconds = std::time::Duration::from_millis(self.elapsed_ms).as_secs_f64();
        format!(
            "{} of {} applied, {} pending, {} failed, {} unknown\n\
             {} accepted, {} refused, {} built-in ones enabled\n\
             {} sent in {}, {}, {seconds:.1} s\n",
            self.applied,
            count(self.hosts, "host"),
            self.pending,
            self.failed,
            self.unknown,
            count(self.profiles_accepted, "profile"),
            self.profiles_refused,
            self.builtins_enabled,
            count(self.commands_sent, "command"),
            count(self.contacts, "contact"),
            count(self.pushes, "push")
        )
    }
}

fn no_reason() -> Finding {
    let message = "the server gave no reason";
    Finding::host(Severity::Error, "unknown", (0, 0), message)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use mooring_server::api::PushResponse;

    use super::*;

    /// Proves that refused files are named with rule and place, and counted apart.
    #[test]
    fn files() {
        let response: PushResponse = serde_json::from_str(
            r#"{"results":[{"name":"a","outcome":"updated","findings":[]},
                {"name":"b","outcome":"held","findings":[]},
                {"name":"c","outcome":"refused","findings":[{"severity":"error","rule":"P002",
                 "message":"no end","line":2,"column":3,"source":"host"}]}]}"#,
        )
        .unwrap();
        let said = RefCell::new(Vec::new());
        let mut report = Report::default();
        report.note_files(&response.results, |text| {
            said.borrow_mut().push(text.to_owned());
        });
        assert_eq!((report.profiles_accepted, report.profiles_refused), (1, 2));
        assert_eq!(said.borrow()[1], "c:2:3 error P002 no end");
        assert_eq!(report.refused[1].rule, "P002");
    }

    /// Proves that the four counts add up although a host never enrolled.
    #[test]
    fn hosts() {
        let summary: Summary = serde_json::from_str(
            r#"{"hosts":3,"applied":2,"pending":1,"failed":0,"unknown":0,"checked_out":0,
                "commands_sent":9,"profiles":[]}"#,
        )
        .unwrap();
        let mut report = Report::new(5);
        assert_eq!(report.unknown, 5);
        report.note_hosts(&summary);
        assert_eq!((report.applied, report.pending, report.unknown), (2, 1, 2));
        assert!(!report.is_applied());
    }
}
