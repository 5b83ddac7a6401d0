//! `mooring profile rm`.

use bytes::Bytes;
use hyper::Method;
use mooring_mdm::ids::PayloadIdentifier;
use mooring_server::api::{Impact, Planned};
use serde::Serialize;

use super::{identifier, path};
use crate::client::{self, Client};
use crate::commands::change::{self, ChangeArgs};
use crate::commands::each::{self, Work};
use crate::connection::ConnectionArgs;
use crate::exit::Exit;
use crate::output;
use crate::text::clean;

/// What `profile rm` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct RmArgs {
    /// The profiles' identifiers
    #[arg(required = true, value_name = "ID", value_parser = identifier)]
    identifiers: Vec<PayloadIdentifier>,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What deleting each of the profiles by itself would do.
#[derive(Debug, Serialize)]
struct Plans<'a> {
    plans: Vec<PlanOf<'a>>,
}

#[derive(Debug, Serialize)]
struct PlanOf<'a> {
    id: &'a PayloadIdentifier,
    plan: Impact,
}

/// Deletes the profiles.
pub(crate) async fn run(args: &RmArgs) -> anyhow::Result<Exit> {
    let client = args.connection.client()?;
    if args.change.is_plan() {
        return plan(&client, args).await;
    }
    let names: Vec<String> = args.identifiers.iter().map(ToString::to_string).collect();
    let work = Work {
        method: Method::DELETE,
        before: "/api/v1/profiles/",
        after: &args.change.on(""),
        body: Bytes::new(),
        outcome: "deleted",
        then: "hosts that have it remove it when they connect; see `mooring status`",
    };
    each::run(&client, &names, &work, args.json).await
}

async fn plan(client: &Client, args: &RmArgs) -> anyhow::Result<Exit> {
    let mut plans = Vec::new();
    for id in &args.identifiers {
        let path = path(id);
        let asked = args
            .change
            .request(client, Method::DELETE, &path, Bytes::new());
        let Planned { plan } = client::read(&path, &asked.await?)?;
        plans.push(PlanOf { id, plan });
    }
    if args.json {
        output::json(&Plans { plans })?;
        return Ok(Exit::Fine);
    }
    for PlanOf { id, plan } in &plans {
        output::data(&format!("{}\n", clean(id.as_str())))?;
        change::show_plan(plan)?;
    }
    Ok(Exit::Fine)
}
