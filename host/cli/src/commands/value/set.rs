//! `mooring value set` and `mooring value rm`.

use std::path::PathBuf;

use bytes::Bytes;
use hyper::Method;
use mooring_mdm::profile::placeholder::ValueName;
use mooring_server::api::ValueSummary;
use mooring_server::scope::{DeclaredValue, ValueKind};

use super::{PATH, list, value_name};
use crate::client;
use crate::commands::change::ChangeArgs;
use crate::connection::ConnectionArgs;
use crate::exit::{Exit, UsageError};
use crate::files;
use crate::output;

/// What `value set` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct SetArgs {
    /// The value's name
    #[arg(value_name = "NAME", value_parser = value_name)]
    name: ValueName,
    /// It may be read by anybody who may use the API, and rules can name it
    #[arg(long, required_unless_present = "secret", conflicts_with = "secret")]
    attribute: bool,
    /// It is never shown again
    #[arg(long)]
    secret: bool,
    /// The value of hosts that have none of their own; without a default such hosts have none
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["secret", "default_file"])]
    default: Option<String>,
    /// The same from a file, or with `-` from standard input: one line
    #[arg(long, value_name = "FILE")]
    default_file: Option<PathBuf>,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the server's document as it is
    #[arg(long)]
    json: bool,
}

/// What `value rm` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct RmArgs {
    /// The value's name
    #[arg(value_name = "NAME", value_parser = value_name)]
    name: ValueName,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Declares the value.
pub(crate) async fn set(args: &SetArgs) -> anyhow::Result<Exit> {
    let declared = DeclaredValue {
        kind: if args.secret {
            ValueKind::Secret
        } else {
            ValueKind::Attribute
        },
        default: default(args)?,
    };
    let path = path(&args.name);
    let client = args.connection.client()?;
    let body = args
        .change
        .send(&client, Method::PUT, &path, &declared)
        .await?;
    args.change.show(&body, args.json, |body| {
        let summary: ValueSummary = client::read(&path, body)?;
        output::data(&list::render(&[summary]))?;
        Ok(())
    })
}

/// Takes the declaration back.
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

fn path(name: &ValueName) -> String {
    // A name holds nothing that an address would have to escape.
    format!("{PATH}/{name}")
}

fn default(args: &SetArgs) -> Result<Option<String>, UsageError> {
    let read = args
        .default_file
        .as_deref()
        .map(files::secret)
        .transpose()?;
    let read = read.map(|line| line.expose().to_owned());
    Ok(read.or_else(|| args.default.clone()))
}
