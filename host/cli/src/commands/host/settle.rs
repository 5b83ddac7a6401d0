//! `mooring host settle`.

use bytes::Bytes;
use hyper::Method;

use super::name;
use crate::commands::each::{self, Work};
use crate::connection::ConnectionArgs;
use crate::exit::Exit;

/// What `host settle` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct SettleArgs {
    /// The hosts' ids or serial numbers
    #[arg(required = true, value_name = "ID", value_parser = name)]
    hosts: Vec<String>,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Takes it that one device alone speaks for each of the hosts.
pub(crate) async fn run(args: &SettleArgs) -> anyhow::Result<Exit> {
    let client = args.connection.client()?;
    let work = Work {
        method: Method::POST,
        before: "/api/v1/hosts/",
        after: "/settle",
        body: Bytes::new(),
        outcome: "settled",
        then: "what is on it is found out anew when it connects; should the other device speak again, \
               it is flagged again",
    };
    each::run(&client, &args.hosts, &work, args.json).await
}
