//! `mooring profile show`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use mooring_mdm::ids::PayloadIdentifier;
use mooring_server::api::{ProfileDetail, SetReport, VersionDetail};
use serde_json::json;

use super::{assign, identifier, list, path};
use crate::client::{self, Client};
use crate::connection::ConnectionArgs;
use crate::exit::Exit;
use crate::findings;
use crate::output;
use crate::text::{Table, clean, or_dash, pairs};
use crate::together;
use crate::words::word;

/// What `profile show` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// The profile's identifier
    #[arg(value_name = "ID", value_parser = identifier)]
    identifier: PayloadIdentifier,
    /// One version of it; without, all are listed and the latest is downloaded
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    version: Option<u32>,
    /// Write the mobileconfig, exactly as devices get it, to FILE or with `-` to standard output
    #[arg(long, value_name = "FILE")]
    download: Option<PathBuf>,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the server's document as it is
    #[arg(long)]
    json: bool,
}

/// Shows or downloads the profile.
pub(crate) async fn run(args: &ShowArgs) -> anyhow::Result<Exit> {
    let client = args.connection.client()?;
    let path = match args.version {
        Some(version) => format!("{}/versions/{version}", path(&args.identifier)),
        None => path(&args.identifier),
    };
    if let Some(file) = &args.download {
        return download(&client, &path, file, args.json).await;
    }
    let body = client.get(&path).await?;
    if args.json {
        output::document(&body)?;
        return Ok(Exit::Fine);
    }
    let text = match args.version {
        Some(_) => render_version(&args.identifier, &client::read(&path, &body)?),
        None => render(&client::read(&path, &body)?),
    };
    output::data(&text)?;
    Ok(Exit::Fine)
}

async fn download(client: &Client, path: &str, file: &Path, is_json: bool) -> anyhow::Result<Exit> {
    let body = client.get(&format!("{path}/raw")).await?;
    if file == Path::new("-") {
        output::bytes(&body)?;
        return Ok(Exit::Fine);
    }
    let name = file.display();
    fs::write(file, &body).with_context(|| format!("cannot write {name}"))?;
    if is_json {
        output::json(&json!({ "file": name.to_string(), "bytes": body.len() }))?;
    } else {
        output::note(&format!("wrote {} bytes to {name}", body.len()));
    }
    Ok(Exit::Fine)
}

fn render(detail: &ProfileDetail) -> String {
    let profile = &detail.summary;
    let hosts = &detail.hosts;
    let state = match &detail.deleted_at {
        Some(at) => format!("{} at {at}", word(&profile.state)),
        None => word(&profile.state),
    };
    let mut lines = vec![
        ("name", or_dash(profile.name.as_ref())),
        ("state", state),
        ("channel", word(&profile.channel)),
        ("origin", list::origin(&profile.origin)),
    ];
    if let Some(settings) = &detail.settings {
        lines.push(("settings", settings.to_string()));
    }
    let (applied, pending) = (hosts.applied, hosts.pending);
    let (failed, unknown) = (hosts.failed, hosts.unknown);
    let hosts = format!("{applied} applied, {pending} pending, {failed} failed, {unknown} unknown");
    lines.push(("for", assign::words(detail.assignment.as_ref())));
    lines.push(("hosts", hosts));
    let text = clean(profile.identifier.as_str()) + "\n" + &pairs(&lines);
    if detail.versions.is_empty() {
        return text + "  no version yet: it was never enabled\n";
    }
    let mut table = Table::new([
        "VERSION",
        "UPLOADED AT",
        "BY",
        "BYTES",
        "PAYLOAD UUID",
        "FROM",
    ]);
    for version in &detail.versions {
        table.row([
            version.version.to_string(),
            version.uploaded_at.clone(),
            version.uploaded_by.clone(),
            version.bytes.to_string(),
            version.payload_uuid.to_string(),
            version.source_name.clone(),
        ]);
    }
    text + "\n" + &table.render("  ") + &together(&detail.together)
}

/// What is wrong with it on hosts that would get others as well.
fn together(report: &SetReport) -> String {
    let mut text = together::section("together with other profiles", &report.findings);
    if !report.is_complete {
        text += "  not all was looked at yet that hosts get together\n";
    }
    text
}

fn render_version(identifier: &PayloadIdentifier, version: &VersionDetail) -> String {
    let signed = if version.is_signed {
        "yes, delivered as it came"
    } else {
        "no"
    };
    let lines = [
        ("name", or_dash(version.name.as_ref())),
        ("payload uuid", version.payload_uuid.to_string()),
        ("uploaded uuid", or_dash(version.uploaded_uuid.as_ref())),
        ("sha256 of the upload", version.uploaded_sha256.clone()),
        ("signed", signed.to_owned()),
        ("scope", or_dash(version.scope.as_ref())),
        ("payloads", version.payload_types.join(", ")),
        ("bytes", version.bytes.to_string()),
        ("from", version.source_name.clone()),
        ("uploaded at", version.uploaded_at.clone()),
        ("by", version.uploaded_by.clone()),
    ];
    let name = clean(identifier.as_str());
    let mut text = format!("{name} version {}\n", version.version) + &pairs(&lines);
    for finding in &version.findings {
        text.push_str(&findings::render(&version.source_name, finding));
        text.push('\n');
    }
    text
}
