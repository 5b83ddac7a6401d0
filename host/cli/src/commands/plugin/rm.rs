//! `mooring plugin rm`.

use bytes::Bytes;
use hyper::Method;

use super::{on_server, plugin_path};
use crate::connection::ConnectionArgs;
use crate::exit::Exit;
use crate::output;
use crate::text::clean;

/// What `plugin rm` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct RmArgs {
    /// The plugin's id; it must not be bound
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Removes a plugin.
pub(super) fn run(args: &RmArgs) -> anyhow::Result<Exit> {
    let path = plugin_path(&args.id);
    on_server(async {
        let client = args.connection.client()?;
        Ok(client.request(Method::DELETE, &path, Bytes::new()).await?)
    })?;
    if args.json {
        output::data("{}\n")?;
    } else {
        output::data(&format!("removed {}\n", clean(&args.id)))?;
    }
    Ok(Exit::Fine)
}
