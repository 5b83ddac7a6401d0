//! `mooring policy`: how much rules weigh on a server.
//!
//! Knows nothing of rules. Invariant: see the parent module.

use bytes::Bytes;
use clap::{Subcommand, ValueEnum};
use hyper::Method;
use mooring_server::api::{Level, PolicyListing, PolicyRule, PolicyWish};

use crate::client::{self, segment};
use crate::connection::ConnectionArgs;
use crate::exit::Exit;
use crate::output;
use crate::text::{Table, clean, or_dash};

const PATH: &str = "/api/v1/policy";

/// What can be done with the policy.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Show the rules whose weight was changed
    Show(ShowArgs),
    /// Say how much a rule weighs: an error refuses uploads, anything less does not
    Set(SetArgs),
}

/// What `policy show` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the server's document as it is
    #[arg(long)]
    json: bool,
}

/// What `policy set` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct SetArgs {
    /// The rule's id
    rule: String,
    /// How much it weighs from the next upload on
    #[arg(value_enum)]
    level: Word,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the server's document as it is
    #[arg(long)]
    json: bool,
}

/// A level, or the rule's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Word {
    Error,
    Warning,
    Info,
    Off,
    /// As the rule itself says
    Default,
}

impl Word {
    fn level(self) -> Option<Level> {
        match self {
            Self::Error => Some(Level::Error),
            Self::Warning => Some(Level::Warning),
            Self::Info => Some(Level::Info),
            Self::Off => Some(Level::Off),
            Self::Default => None,
        }
    }
}

/// Runs the command.
pub(crate) async fn run(command: PolicyCommand) -> anyhow::Result<Exit> {
    match command {
        PolicyCommand::Show(args) => show(&args).await,
        PolicyCommand::Set(args) => set(&args).await,
    }
}

async fn show(args: &ShowArgs) -> anyhow::Result<Exit> {
    let body = args.connection.client()?.get(PATH).await?;
    if args.json {
        output::document(&body)?;
        return Ok(Exit::Fine);
    }
    let PolicyListing { rules } = client::read(PATH, &body)?;
    if rules.is_empty() {
        output::note("every rule weighs what it says itself; `mooring check --explain` lists them");
        return Ok(Exit::Fine);
    }
    let mut table = Table::new([
        "RULE",
        "HERE",
        "BY ITSELF",
        "SINCE",
        "BY",
        "WHAT IT DEMANDS",
    ]);
    for rule in rules {
        table.row([
            rule.rule,
            rule.level.to_string(),
            or_dash(rule.own),
            rule.at,
            rule.by,
            or_dash(rule.text),
        ]);
    }
    output::data(&table.render(""))?;
    Ok(Exit::Fine)
}

async fn set(args: &SetArgs) -> anyhow::Result<Exit> {
    let client = args.connection.client()?;
    let path = format!("{PATH}/{}", segment(&args.rule));
    let Some(level) = args.level.level() else {
        client.request(Method::DELETE, &path, Bytes::new()).await?;
        let rule = clean(&args.rule);
        output::data(&if args.json {
            "{}\n".to_owned()
        } else {
            format!("{rule} weighs what it says itself\n")
        })?;
        return Ok(Exit::Fine);
    };
    let body = client
        .send(Method::PUT, &path, &PolicyWish { level })
        .await?;
    if args.json {
        output::document(&body)?;
        return Ok(Exit::Fine);
    }
    let rule: PolicyRule = client::read(&path, &body)?;
    let own = rule
        .own
        .map_or_else(String::new, |own| format!(" (by itself {own})"));
    let id = clean(&rule.rule);
    output::data(&format!(
        "{id} is {} from the next upload on{own}\n",
        rule.level
    ))?;
    output::note("what is stored already stays as it was judged");
    Ok(Exit::Fine)
}
