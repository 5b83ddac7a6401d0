//! `mooring profile accept`: taking a rule's findings in one profile.
//!
//! Knows nothing of rules. Invariant: nothing is accepted without a reason.

use bytes::Bytes;
use hyper::Method;
use mooring_mdm::ids::PayloadIdentifier;
use mooring_server::api::{AcceptWish, AcceptedListing};

use super::{identifier, path};
use crate::client::{self, segment};
use crate::connection::ConnectionArgs;
use crate::exit::Exit;
use crate::output;
use crate::text::{Table, clean};

/// What `profile accept` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct AcceptArgs {
    /// The profile's identifier; it may be pushed later
    #[arg(value_name = "ID", value_parser = identifier)]
    identifier: PayloadIdentifier,
    /// The rule's id
    #[arg(required_unless_present = "list")]
    rule: Option<String>,
    /// Why it is taken: whoever looks at the profile later reads it
    #[arg(
        long,
        value_name = "TEXT",
        required_unless_present_any = ["list", "revoke"]
    )]
    reason: Option<String>,
    /// Show what is accepted in the profile
    #[arg(long, conflicts_with_all = ["rule", "reason"])]
    list: bool,
    /// Take it back: from the next upload on the rule counts again
    #[arg(long, conflicts_with_all = ["reason", "list"])]
    revoke: bool,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the server's document as it is
    #[arg(long)]
    json: bool,
}

/// Accepts the rule, takes that back, or shows what is accepted.
pub(crate) async fn run(args: &AcceptArgs) -> anyhow::Result<Exit> {
    let client = args.connection.client()?;
    let all = format!("{}/accepted", path(&args.identifier));
    let name = clean(args.identifier.as_str());
    let Some(rule) = &args.rule else {
        let body = client.get(&all).await?;
        if args.json {
            output::document(&body)?;
        } else {
            output::data(&render(&client::read(&all, &body)?))?;
        }
        return Ok(Exit::Fine);
    };
    let one = format!("{all}/{}", segment(rule));
    let rule = clean(rule);
    let reason = args.reason.clone().unwrap_or_default();
    let (body, said) = if args.revoke {
        let body = client.request(Method::DELETE, &one, Bytes::new()).await?;
        (body, format!("{rule} counts in {name} again\n"))
    } else {
        let wish = AcceptWish { reason };
        let body = client.send(Method::PUT, &one, &wish).await?;
        (body, format!("{rule} is accepted in {name}\n"))
    };
    if !args.json {
        output::data(&said)?;
        output::note("this is so from the next upload on");
    } else if body.is_empty() {
        output::data("{}\n")?;
    } else {
        output::document(&body)?;
    }
    Ok(Exit::Fine)
}

fn render(listing: &AcceptedListing) -> String {
    if listing.accepted.is_empty() {
        return "nothing is accepted\n".to_owned();
    }
    let mut table = Table::new(["RULE", "SINCE", "BY", "REASON"]);
    for one in &listing.accepted {
        let row = [&one.rule, &one.at, &one.by, &one.reason];
        table.row(row.map(Clone::clone));
    }
    table.render("")
}
