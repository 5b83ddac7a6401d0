//! `mooring label set` and `mooring label rm`.

use bytes::Bytes;
use hyper::Method;
use mooring_server::api::LabelName;
use mooring_server::api::{LabelKind, LabelSummary, LabelWish};

use super::{label_name, path, view};
use crate::client;
use crate::commands::change::ChangeArgs;
use crate::connection::ConnectionArgs;
use crate::exit::Exit;
use crate::output;

/// What `label set` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct SetArgs {
    /// The label
    #[arg(value_name = "NAME", value_parser = label_name)]
    name: LabelName,
    /// The rule that its hosts match, such as `host.os_version >= "15"`; without one it is manual
    #[arg(long, value_name = "RULE")]
    rule: Option<String>,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the server's document as it is
    #[arg(long)]
    json: bool,
}

/// What `label rm` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct RmArgs {
    /// The label
    #[arg(value_name = "NAME", value_parser = label_name)]
    name: LabelName,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Defines the label.
pub(crate) async fn set(args: &SetArgs) -> anyhow::Result<Exit> {
    let wish = LabelWish {
        kind: if args.rule.is_some() {
            LabelKind::Rule
        } else {
            LabelKind::Manual
        },
        rule: args.rule.clone(),
    };
    let path = path(&args.name);
    let client = args.connection.client()?;
    let body = args.change.send(&client, Method::PUT, &path, &wish).await?;
    args.change.show(&body, args.json, |body| {
        let summary: LabelSummary = client::read(&path, body)?;
        Ok(output::data(&view::render_summary(&summary))?)
    })
}

/// Removes the label.
pub(crate) async fn remove(args: &RmArgs) -> anyhow::Result<Exit> {
    let path = path(&args.name);
    let client = args.connection.client()?;
    let body = args
        .change
        .request(&client, Method::DELETE, &path, Bytes::new())
        .await?;
    args.change.show(&body, args.json, |_| {
        Ok(output::data(&format!("removed {}\n", args.name))?)
    })
}
