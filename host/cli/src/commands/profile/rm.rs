//! `mooring profile rm`.

use bytes::Bytes;
use hyper::Method;
use mooring_mdm::ids::PayloadIdentifier;

use super::identifier;
use crate::commands::each::{self, Work};
use crate::connection::ConnectionArgs;
use crate::exit::Exit;

/// What `profile rm` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct RmArgs {
    /// The profiles' identifiers
    #[arg(required = true, value_name = "ID", value_parser = identifier)]
    identifiers: Vec<PayloadIdentifier>,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Deletes the profiles.
pub(crate) async fn run(args: &RmArgs) -> anyhow::Result<Exit> {
    let client = args.connection.client()?;
    let names: Vec<String> = args.identifiers.iter().map(ToString::to_string).collect();
    let work = Work {
        method: Method::DELETE,
        before: "/api/v1/profiles/",
        after: "",
        body: Bytes::new(),
        outcome: "deleted",
        then: "hosts that have it remove it when they connect; see `mooring status`",
    };
    each::run(&client, &names, &work, args.json).await
}
