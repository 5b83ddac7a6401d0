//! What every change of what hosts should have takes, and what is said of a plan.
//!
//! Knows nothing of what is changed. Invariant: a change that was only planned is never told as one
//! that was made.

use bytes::Bytes;
use hyper::Method;
use mooring_mdm::finding::{Finding, Severity};
use mooring_server::api::{Impact, ImpactChange, Planned};
use serde::Serialize;
use serde_json::Value;

use crate::client::{self, Client, ClientError, segment};
use crate::exit::Exit;
use crate::findings;
use crate::output;
use crate::progress;
use crate::text::{NOT_KNOWN, Table, count};
use crate::together;
use crate::words::word;

/// Hosts that a plan names unless all are asked for.
const HOSTS_SHOWN: usize = 20;
/// Most hosts in one answer of the server.
const PAGE_MAX: usize = 1000;

/// How a change is made.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct ChangeArgs {
    /// Say which hosts would install, replace or remove what, and change nothing
    #[arg(long, conflicts_with = "confirm")]
    plan: bool,
    /// With --plan: name every host, not just the first 20
    #[arg(long = "all", requires = "plan")]
    names_all: bool,
    /// Make a change that is held because so much would be removed; N is in the refusal and the plan
    #[arg(long, value_name = "N")]
    confirm: Option<u64>,
}

impl ChangeArgs {
    /// Whether nothing is to be changed.
    pub(crate) fn is_plan(&self) -> bool {
        self.plan
    }

    /// Asks for the change, or for its plan with as many hosts as were asked for.
    pub(crate) async fn request(
        &self,
        client: &Client,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<Bytes, ClientError> {
        let path = self.on(path);
        let first = client.request(method.clone(), &path, body.clone()).await?;
        if !self.plan || !self.names_all {
            return Ok(first);
        }
        let mut document: Value = client::read(&path, &first)?;
        let hosts = document["plan"]["hosts"].as_u64().unwrap_or_default();
        let bar = progress::bar(hosts, "planned");
        while let Some(next) = document["plan"]["next"].as_str() {
            let page = format!("{path}&after={}", segment(next));
            let more = client.request(method.clone(), &page, body.clone()).await?;
            let mut more: Value = client::read(&page, &more)?;
            let named = document["plan"]["affected"].as_array_mut();
            if let (Some(named), Some(more)) = (named, more["plan"]["affected"].as_array_mut()) {
                named.append(more);
                bar.set_position(progress::steps(named.len()));
            }
            document["plan"]["next"] = more["plan"]["next"].take();
        }
        bar.finish_and_clear();
        if let Some(plan) = document["plan"].as_object_mut() {
            plan.remove("next");
        }
        Ok(Bytes::from(document.to_string()))
    }

    /// The same with a document.
    pub(crate) async fn send<T: Serialize>(
        &self,
        client: &Client,
        method: Method,
        path: &str,
        document: &T,
    ) -> Result<Bytes, ClientError> {
        let body = serde_json::to_vec(document);
        let body = body.map_err(|error| ClientError::Unwritable(error.into()))?;
        self.request(client, method, path, Bytes::from(body)).await
    }

    /// The address with what was asked for.
    pub(crate) fn on(&self, path: &str) -> String {
        let limit = if self.names_all {
            PAGE_MAX
        } else {
            HOSTS_SHOWN
        };
        match (self.plan, self.confirm) {
            (true, _) => format!("{path}?plan=true&limit={limit}"),
            (false, Some(number)) => format!("{path}?confirm={number}"),
            (false, None) => path.to_owned(),
        }
    }

    /// Shows the answer to the change: the plan if it was only planned, else what `done` says of it.
    pub(crate) fn show(
        &self,
        body: &Bytes,
        is_json: bool,
        done: impl FnOnce(&Bytes) -> anyhow::Result<()>,
    ) -> anyhow::Result<Exit> {
        if is_json && !body.is_empty() {
            output::document(body)?;
        } else if is_json {
            output::data("{}\n")?;
        } else if self.plan {
            let planned: Planned = client::read("a plan", body)?;
            show_plan(&planned.plan)?;
        } else {
            done(body)?;
        }
        Ok(Exit::Fine)
    }
}

/// Says what would follow, and that it did not.
pub(crate) fn show_plan(plan: &Impact) -> Result<(), output::OutputError> {
    output::data(&render(plan))?;
    if plan.next.is_some() {
        output::note("there are more hosts; --all names them all");
    }
    output::note("nothing was changed");
    Ok(())
}

/// What would follow: all of it in a few lines, then by profile, then by host.
fn render(plan: &Impact) -> String {
    let mut text = summary(plan) + &judged(plan);
    if plan.hosts == 0 {
        return text + &together(plan);
    }
    let mut table = Table::new(["PROFILE", "INSTALL", "REPLACE", "REMOVE"]);
    for profile in &plan.profiles {
        table.row([
            profile.identifier.to_string(),
            profile.installs.to_string(),
            profile.replaces.to_string(),
            profile.removes.to_string(),
        ]);
    }
    text.extend(["\n", &table.render("")]);
    if !plan.affected.is_empty() {
        text.extend(["\n", &hosts(plan).render("")]);
    }
    text + &together(plan)
}

/// What validators say that would judge the profile only then.
fn judged(plan: &Impact) -> String {
    if plan.findings.is_empty() {
        return String::new();
    }
    let refuses = |it: &Finding| it.severity == Severity::Error;
    let mut text = if plan.findings.iter().any(refuses) {
        "it would be refused: other validators judge the profile then\n".to_owned()
    } else {
        "other validators judge the profile then\n".to_owned()
    };
    for finding in &plan.findings {
        text.extend(["  ", &findings::render("", finding), "\n"]);
    }
    text
}

/// What would be wrong with profiles that hosts would get together.
fn together(plan: &Impact) -> String {
    let mut text = together::section("not wrong now, and then wrong together", &plan.together);
    if plan.is_together_cut {
        text += "  there was no time to look at all that hosts would get together\n";
    }
    text
}

fn summary(plan: &Impact) -> String {
    let number = |n: u64, noun| count(n, noun);
    let mut lines = vec![if plan.hosts == 0 {
        format!("no host of {} would be changed", plan.hosts_of)
    } else {
        format!(
            "{} of {} would be changed, with {}: {} installed, {} replaced, {} removed",
            plan.hosts,
            number(plan.hosts_of, "host"),
            number(plan.commands, "command"),
            plan.installs,
            plan.replaces,
            plan.removes,
        )
    }];
    if plan.hosts_losing > 0 {
        let hosts = number(plan.hosts_losing, "host");
        lines.push(format!("{hosts} would lose a profile"));
    }
    if plan.cancels > 0 {
        let changes = number(plan.cancels, "pending change");
        lines.push(format!("{changes} would no longer be made"));
    }
    if plan.hosts_unknown > 0 {
        let hosts = number(plan.hosts_unknown, "host");
        lines.push(format!(
            "{hosts} without a list of profiles: decided when they connect"
        ));
    }
    if plan.is_held {
        let number = plan.confirm;
        lines.push(format!(
            "it would be held; to make it, repeat it with --confirm {number}"
        ));
    }
    lines.join("\n") + "\n"
}

fn hosts(plan: &Impact) -> Table {
    let mut table = Table::new(["HOST", "CHANNEL", "CHANGE", "PROFILE", "VERSION"]);
    for host in &plan.affected {
        for change in &host.changes {
            let (what, identifier, version) = match change {
                ImpactChange::Install {
                    identifier,
                    version,
                    reason,
                } => {
                    let is_new = word(reason) == "missing";
                    let what = if is_new { "install" } else { "replace" };
                    (what, identifier, version.to_string())
                }
                ImpactChange::Remove { identifier } => ("remove", identifier, NOT_KNOWN.to_owned()),
            };
            table.row([
                host.host.to_string(),
                word(&host.enrollment.channel()),
                what.to_owned(),
                identifier.to_string(),
                version,
            ]);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that what was asked for is in the address.
    #[test]
    fn addresses() {
        let args = |plan, names_all, confirm| ChangeArgs {
            plan,
            names_all,
            confirm,
        };
        assert_eq!(args(false, false, None).on("/a"), "/a");
        assert_eq!(args(true, false, None).on("/a"), "/a?plan=true&limit=20");
        assert_eq!(args(true, true, None).on("/a"), "/a?plan=true&limit=1000");
        assert_eq!(args(false, false, Some(7)).on("/a"), "/a?confirm=7");
    }

    /// Proves that a plan is told in a few lines, then by profile and by host.
    #[test]
    fn plans() {
        let mut plan = Impact::default();
        assert_eq!(render(&plan), "no host of 0 would be changed\n");
        plan = serde_json::from_str(
            r#"{"hosts":2,"hosts_of":3,"installs":0,"replaces":1,"removes":2,"cancels":1,
                "hosts_losing":2,"hosts_changed":2,"hosts_unknown":1,"commands":5,"is_held":true,
                "confirm":2,"profiles":[{"identifier":"com.example.a","installs":0,"replaces":1,
                "removes":2}],"affected":[{"host":"A","enrollment":"A:U","changes":[
                {"action":"remove","identifier":"com.example.a"},
                {"action":"install","identifier":"com.example.b","version":2,"reason":"outdated"}
                ]}]}"#,
        )
        .unwrap();
        assert_eq!(
            render(&plan),
            "2 of 3 hosts would be changed, with 5 commands: 0 installed, 1 replaced, 2 removed\n\
             2 hosts would lose a profile\n\
             1 pending change would no longer be made\n\
             1 host without a list of profiles: decided when they connect\n\
             it would be held; to make it, repeat it with --confirm 2\n\
             \n\
             PROFILE        INSTALL  REPLACE  REMOVE\n\
             com.example.a  0        1        2\n\
             \n\
             HOST  CHANNEL  CHANGE   PROFILE        VERSION\n\
             A     user     remove   com.example.a  -\n\
             A     user     replace  com.example.b  2\n"
        );
    }
}
