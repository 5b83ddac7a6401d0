//! `mooring plugin show`.

use mooring_server::api::PluginDetail;

use super::{on_server, plugin_path, view};
use crate::client;
use crate::connection::ConnectionArgs;
use crate::exit::Exit;
use crate::output;

/// What `plugin show` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// The plugin's id
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the server's document as it is
    #[arg(long)]
    json: bool,
}

/// Shows one plugin with its bindings.
pub(super) fn run(args: &ShowArgs) -> anyhow::Result<Exit> {
    let path = plugin_path(&args.id);
    let body = on_server(async { Ok(args.connection.client()?.get(&path).await?) })?;
    if args.json {
        output::document(&body)?;
        return Ok(Exit::Fine);
    }
    let detail: PluginDetail = client::read(&path, &body)?;
    output::data(&view::render(&detail))?;
    Ok(Exit::Fine)
}
