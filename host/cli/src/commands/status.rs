//! `mooring status`: the counts, overall and per profile.

use mooring_server::api::{PluginState, PluginSummary, Regrouping, Summary};

use crate::client;
use crate::connection::ConnectionArgs;
use crate::exit::Exit;
use crate::output;
use crate::text::{Table, clean, count};

const PATH: &str = "/api/v1/status";

/// What `status` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the server's document as it is
    #[arg(long)]
    json: bool,
}

/// Shows the counts.
pub(crate) async fn run(args: &StatusArgs) -> anyhow::Result<Exit> {
    let client = args.connection.client()?;
    let body = client.get(PATH).await?;
    if args.json {
        output::document(&body)?;
        return Ok(Exit::Fine);
    }
    let summary: Summary = client::read(PATH, &body)?;
    output::data(&render(&summary))?;
    if summary.counts.failed > 0 {
        output::note(
            "see why: `mooring host list --status failed` (with --profile IDENTIFIER those of one \
             profile), then `mooring host show ID`",
        );
    }
    if summary.duplicates > 0 {
        output::note(
            "see which hosts have two devices: `mooring host list`; `mooring host show ID` says \
             what to do",
        );
    }
    if summary.held > 0 {
        output::note(
            "see which are held: `mooring host list`; `mooring host show ID` says how to accept one",
        );
    }
    Ok(Exit::Fine)
}

/// The counts as text.
fn render(summary: &Summary) -> String {
    let counts = &summary.counts;
    let mut text = format!(
        "{}: {} applied, {} pending, {} failed, {} unknown\n",
        count(summary.hosts, "host"),
        counts.applied,
        counts.pending,
        counts.failed,
        counts.unknown
    );
    if summary.checked_out > 0 {
        let gone = summary.checked_out.to_string();
        text.extend([&gone, " more checked out and are not counted\n"]);
    }
    text.push_str(&notices(summary));
    if summary.profiles.is_empty() {
        text.push_str("no profiles; push one with: mooring profile push FILE\n");
        return text;
    }
    let mut table = Table::new([
        "PROFILE", "VERSION", "APPLIED", "PENDING", "FAILED", "UNKNOWN", "",
    ]);
    for profile in &summary.profiles {
        let counts = &profile.counts;
        let mark = if profile.is_wanted {
            ""
        } else {
            "to be removed"
        };
        table.row([
            profile.identifier.to_string(),
            profile.version.to_string(),
            counts.applied.to_string(),
            counts.pending.to_string(),
            counts.failed.to_string(),
            counts.unknown.to_string(),
            mark.to_owned(),
        ]);
    }
    text.push('\n');
    text + &table.render("")
}

/// Why somebody should look at a plugin.
fn plugin_problems(plugin: &PluginSummary) -> impl Iterator<Item = String> {
    let id = &plugin.id;
    let of_state = match (&plugin.problem, plugin.state) {
        (Some(problem), _) => Some(format!("the plugin {id} does not load: {problem}")),
        (None, PluginState::Quarantined) => Some(format!(
            "the plugin {id} is in quarantine; `mooring plugin lift {id}` ends that"
        )),
        (None, PluginState::Enabled | PluginState::Disabled | PluginState::Failed) => None,
    };
    let of_trust = plugin.is_signer_untrusted.then(|| {
        format!(
            "the plugin {id} is signed with a key that is no longer trusted; it serves where it is \
             bound. Upgrade it to a version of a trusted key, or unbind it"
        )
    });
    of_state.into_iter().chain(of_trust)
}

/// What needs somebody's eye, a line each; nothing where all is as it should be.
fn notices(summary: &Summary) -> String {
    let mut lines = Vec::new();
    if let Some(pause) = &summary.pause {
        let reason = pause.reason.as_ref();
        let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
        lines.push(format!(
            "PAUSED since {} by {}{reason}; no command is sent; `mooring resume` goes on",
            pause.at, pause.by
        ));
    }
    for held in &summary.held_builtins {
        let hosts = count(held.hosts, "host");
        lines.push(format!(
            "{} keeps its version: {} {} would change it on {hosts}; look with `mooring profile \
             enable {} --plan`, make it with --confirm {} instead",
            held.identifier, held.plugin, held.plugin_version, held.identifier, held.confirm
        ));
    }
    lines.extend(summary.plugin_problems.iter().flat_map(plugin_problems));
    lines.extend(summary.plugin_trust_problems.iter().cloned());
    if summary.duplicates > 0 {
        lines.push(format!(
            "{} spoken for by two devices: nothing is changed there",
            count(summary.duplicates, "host")
        ));
    }
    if let Some(Regrouping { done, total }) = &summary.regrouping {
        lines.push(format!(
            "counting by changed definitions: {done} of {total} hosts are done, the others count as \
             before; devices get what is right already"
        ));
    }
    if summary.held > 0 {
        lines.push(format!(
            "{} held: another identity wants to speak",
            count(summary.held, "host")
        ));
    }
    let soon = &summary.identities;
    if soon.under_60_days > 0 {
        lines.push(format!(
            "identities that expire in less than 60 days: {}, 30 days: {}, 7 days: {}",
            soon.under_60_days, soon.under_30_days, soon.under_7_days
        ));
    }
    if soon.expired > 0 {
        lines.push(format!(
            "identities that expired: {}; they have to enroll again (mooring enroll --serial SERIAL)",
            count(soon.expired, "host")
        ));
    }
    if let Some(push) = &summary.push {
        if let Some(alarm) = &push.alarm {
            lines.push(format!("push is halted: {alarm}"));
        }
        lines.extend(
            push.warnings
                .iter()
                .map(|warning| format!("push: {warning}")),
        );
        if push.waiting > 0 {
            lines.push(format!(
                "push: {} to be woken",
                count(push.waiting, "channel")
            ));
        }
    }
    lines.iter().map(|line| clean(line) + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves what people read, from a document as the server sends it.
    #[test]
    fn counts_are_shown() {
        let summary: Summary = serde_json::from_str(
            r#"{"hosts":3,"applied":1,"pending":2,"failed":0,"unknown":0,"checked_out":1,
                "commands_sent":9,"profiles":[{"identifier":"com.example.a","version":2,
                "is_wanted":false,"applied":1,"pending":2,"failed":0,"unknown":0}]}"#,
        )
        .unwrap();
        assert_eq!(
            render(&summary),
            "3 hosts: 1 applied, 2 pending, 0 failed, 0 unknown\n\
             1 more checked out and are not counted\n\n\
             PROFILE        VERSION  APPLIED  PENDING  FAILED  UNKNOWN\n\
             com.example.a  2        1        2        0       0        to be removed\n"
        );
    }
    /// Proves that what needs somebody's eye is said, and that nothing is where all is well.
    #[test]
    fn notices_are_shown() {
        let mut summary: Summary = serde_json::from_str(
            r#"{"hosts":1,"applied":1,"pending":0,"failed":0,"unknown":0,"checked_out":0,
                "commands_sent":0,"identities":{"under_60_days":3,"under_30_days":2,"under_7_days":1,"expired":4},
                "held":1,"regrouping":{"done":7,"total":9},"push":{"waiting":2,"alarm":"refused","warnings":["expires"]},"profiles":[]}"#,
        )
        .unwrap();
        assert_eq!(
            notices(&summary),
            "counting by changed definitions: 7 of 9 hosts are done, the others count as before; \
             devices get what is right already\n\
             1 host held: another identity wants to speak\n\
             identities that expire in less than 60 days: 3, 30 days: 2, 7 days: 1\n\
             identities that expired: 4 hosts; they have to enroll again (mooring enroll --serial \
             SERIAL)\n\
             push is halted: refused\n\
             push: expires\n\
             push: 2 channels to be woken\n"
        );
        summary.held = 0;
        summary.regrouping = None;
        summary.identities.under_60_days = 0;
        summary.identities.expired = 0;
        summary.push = None;
        assert_eq!(notices(&summary), "");
    }
}
