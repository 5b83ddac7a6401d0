//! `mooring status`: the counts, overall and per profile.

use mooring_server::api::Summary;

use crate::client;
use crate::connection::ConnectionArgs;
use crate::exit::Exit;
use crate::output;
use crate::text::{Table, count};

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
    let summary = client::read(PATH, &body)?;
    output::data(&render(&summary))?;
    if summary.counts.failed > 0 {
        output::note("see why: `mooring host list --status failed`, then `mooring host show ID`");
    }
    Ok(Exit::Fine)
}

/// The counts as text.
fn render(summary: &Summary) -> String {
    let counts = &summary.counts;
    let hosts = usize::try_from(summary.hosts).unwrap_or(usize::MAX);
    let mut text = format!(
        "{}: {} applied, {} pending, {} failed, {} unknown\n",
        count(hosts, "host"),
        counts.applied,
        counts.pending,
        counts.failed,
        counts.unknown
    );
    if summary.checked_out > 0 {
        let gone = summary.checked_out.to_string();
        text.extend([&gone, " more checked out and are not counted\n"]);
    }
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
}
