//! `mooring host block`, `unblock` and `accept`: who may speak for a host.

use hyper::Method;

use super::name;
use crate::commands::each::{self, Work};
use crate::connection::ConnectionArgs;
use crate::exit::Exit;

/// What each of the three takes.
#[derive(Debug, clap::Args)]
pub(crate) struct AccessArgs {
    /// The hosts' ids or serial numbers
    #[arg(required = true, value_name = "ID", value_parser = name)]
    hosts: Vec<String>,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Blocks hosts.
pub(crate) async fn block(args: &AccessArgs) -> anyhow::Result<Exit> {
    let work = Work {
        method: Method::POST,
        before: "/api/v1/hosts/",
        after: "/block",
        outcome: "blocked",
        then: "it is told to unenroll when it next connects, and loses all that was installed; \
               until then `mooring host unblock ID` takes it back",
    };
    each::run(&args.connection.client()?, &args.hosts, &work, args.json).await
}

/// Takes blocks back.
pub(crate) async fn unblock(args: &AccessArgs) -> anyhow::Result<Exit> {
    let work = Work {
        method: Method::DELETE,
        before: "/api/v1/hosts/",
        after: "/block",
        outcome: "unblocked",
        then: "a host that has unenrolled meanwhile has to enroll again: mooring enroll --serial S",
    };
    each::run(&args.connection.client()?, &args.hosts, &work, args.json).await
}

/// Accepts the identities that are held.
pub(crate) async fn accept(args: &AccessArgs) -> anyhow::Result<Exit> {
    let work = Work {
        method: Method::POST,
        before: "/api/v1/hosts/",
        after: "/accept",
        outcome: "accepted",
        then: "the identity that was held is the host's only one now, and what is on the host is \
               found out anew",
    };
    each::run(&args.connection.client()?, &args.hosts, &work, args.json).await
}
