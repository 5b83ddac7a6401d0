//! `mooring host refresh`.

use bytes::Bytes;
use hyper::Method;

use super::name;
use crate::commands::each::{self, Work};
use crate::connection::ConnectionArgs;
use crate::exit::Exit;

/// What `host refresh` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct RefreshArgs {
    /// The hosts' ids or serial numbers
    #[arg(required = true, value_name = "ID", value_parser = name)]
    hosts: Vec<String>,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Asks for a refresh of the hosts.
pub(crate) async fn run(args: &RefreshArgs) -> anyhow::Result<Exit> {
    let client = args.connection.client()?;
    let work = Work {
        method: Method::POST,
        before: "/api/v1/hosts/",
        after: "/refresh",
        body: Bytes::new(),
        outcome: "asked",
        then: "it is done when the host connects; see `mooring host show ID`",
    };
    each::run(&client, &args.hosts, &work, args.json).await
}
