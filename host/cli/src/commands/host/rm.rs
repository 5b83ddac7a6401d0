//! `mooring host rm`.

use bytes::Bytes;
use hyper::Method;

use super::name;
use crate::commands::each::{self, Work};
use crate::connection::ConnectionArgs;
use crate::exit::Exit;

/// What `host rm` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct RmArgs {
    /// The hosts' ids or serial numbers
    #[arg(required = true, value_name = "ID", value_parser = name)]
    hosts: Vec<String>,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Forgets the hosts.
pub(crate) async fn run(args: &RmArgs) -> anyhow::Result<Exit> {
    let client = args.connection.client()?;
    let work = Work {
        method: Method::DELETE,
        before: "/api/v1/hosts/",
        after: "",
        body: Bytes::new(),
        outcome: "removed",
        then: "its profiles stay on the device; it comes back here when it enrolls again",
    };
    each::run(&client, &args.hosts, &work, args.json).await
}
