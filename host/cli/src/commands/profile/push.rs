//! `mooring profile push`.

use std::path::PathBuf;

use mooring_mdm::finding::{Finding, Severity};
use mooring_server::api::{PushOutcome, PushResponse, PushResult};

use crate::commands::change::{self, ChangeArgs};
use crate::connection::ConnectionArgs;
use crate::exit::{Exit, UsageError};
use crate::findings;
use crate::output;
use crate::paths;
use crate::progress;
use crate::text::{Table, count, or_dash};
use crate::upload;
use crate::words::word;

/// What `profile push` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct PushArgs {
    /// Profiles, or folders that are searched for *.mobileconfig
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// Take uploads in which nothing but inner payload uuids changed, which are held otherwise
    #[arg(long)]
    accept_uuid_changes: bool,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Pushes the files and shows what became of each.
pub(crate) async fn run(args: &PushArgs) -> anyhow::Result<Exit> {
    let client = args.connection.client()?;
    let gathered = paths::gather(&args.paths);
    if gathered.is_empty() {
        let error = UsageError::new("there is no *.mobileconfig in the folders given");
        let hint = "name the files themselves if theirs end otherwise";
        return Err(error.with_hint(hint).into());
    }
    let loaded = upload::load(gathered);
    if args.change.is_plan() {
        let planned = upload::plan(&client, loaded, args.accept_uuid_changes, &args.change).await?;
        return show_planned(&planned, args.json);
    }
    let files = loaded.files();
    let bar = progress::bar(progress::steps(files), "pushed");
    let tell = |done| bar.inc(progress::steps(done));
    let sent = upload::send(
        &client,
        loaded,
        args.accept_uuid_changes,
        &args.change,
        tell,
    )
    .await;
    bar.finish_and_clear();
    let exit = exit(&sent.results);
    show(sent.results, args.json)?;
    match sent.error {
        None => Ok(exit),
        Some(error) => {
            output::note(
                "not every file was sent; those shown were, the same push may be repeated",
            );
            Err(error.into())
        }
    }
}

/// Shows what would become of the files, and what would follow.
fn show_planned(planned: &PushResponse, is_json: bool) -> anyhow::Result<Exit> {
    let exit = exit(&planned.results);
    if is_json {
        output::json(planned)?;
        return Ok(exit);
    }
    output::data(&(render(&planned.results) + "\n"))?;
    if let Some(plan) = &planned.plan {
        change::show_plan(plan)?;
    }
    Ok(exit)
}

fn exit(results: &[PushResult]) -> Exit {
    if results.iter().any(|result| is_refused(result.outcome)) {
        Exit::Findings
    } else {
        Exit::Fine
    }
}

/// Whether the server did not take the file.
pub(crate) fn is_refused(outcome: PushOutcome) -> bool {
    match outcome {
        PushOutcome::Created | PushOutcome::Updated | PushOutcome::Unchanged => false,
        PushOutcome::Held | PushOutcome::Refused => true,
    }
}

fn show(results: Vec<PushResult>, is_json: bool) -> anyhow::Result<()> {
    if is_json {
        return Ok(output::json(&PushResponse {
            results,
            plan: None,
        })?);
    }
    output::data(&render(&results))?;
    let refused = results.iter().filter(|one| is_refused(one.outcome)).count();
    let accepted = count(results.len() - refused, "file");
    output::note(&format!("{accepted} accepted, {refused} refused or held"));
    if results.iter().any(|one| one.outcome == PushOutcome::Held) {
        output::note("hint: --accept-uuid-changes takes what is held");
    }
    Ok(())
}

fn render(results: &[PushResult]) -> String {
    let mut table = Table::new(["OUTCOME", "PROFILE", "VERSION", "FILE"]);
    for result in results {
        table.row([
            word(&result.outcome),
            or_dash(result.identifier.as_ref()),
            or_dash(result.version),
            result.name.clone(),
        ]);
    }
    let mut text = table.render("");
    for result in results {
        // Remarks are for whoever asks, with `check` or `profile show`.
        let worth = |finding: &&Finding| finding.severity > Severity::Info;
        for finding in result.findings.iter().filter(worth) {
            text.push_str(&findings::render(&result.name, finding));
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that refused and held files make the code 6 and that findings follow the table.
    #[test]
    fn results_are_shown() {
        let response: PushResponse = serde_json::from_str(
            r#"{"results":[
                {"name":"a","outcome":"created","identifier":"com.example.a","version":1,"findings":[]},
                {"name":"b","outcome":"held","findings":[{"severity":"warning","rule":"R010",
                 "message":"only uuids changed","line":2,"column":3,"source":"host"}]}]}"#,
        )
        .unwrap();
        assert_eq!(exit(&response.results[..1]), Exit::Fine);
        assert_eq!(exit(&response.results), Exit::Findings);
        assert_eq!(
            render(&response.results),
            "OUTCOME  PROFILE        VERSION  FILE\n\
             created  com.example.a  1        a\n\
             held     -              -        b\n\
             b:2:3 warning R010 only uuids changed\n"
        );
    }
}
