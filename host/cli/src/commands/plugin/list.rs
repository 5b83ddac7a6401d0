//! `mooring plugin list`.

use mooring_server::api::PluginListing;

use super::{PLUGINS, on_server, view};
use crate::client;
use crate::connection::ConnectionArgs;
use crate::exit::Exit;
use crate::output;

/// What `plugin list` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the server's document as it is
    #[arg(long)]
    json: bool,
}

/// Lists the installed plugins.
pub(super) fn run(args: &ListArgs) -> anyhow::Result<Exit> {
    let body = on_server(async { Ok(args.connection.client()?.get(PLUGINS).await?) })?;
    if args.json {
        output::document(&body)?;
        return Ok(Exit::Fine);
    }
    let listing: PluginListing = client::read(PLUGINS, &body)?;
    if listing.plugins.is_empty() {
        output::note("no plugins; install one with: mooring plugin install FILE");
        return Ok(Exit::Fine);
    }
    output::data(&view::list(&listing))?;
    for plugin in listing.plugins {
        if let Some(problem) = plugin.problem {
            let (id, problem) = (crate::text::clean(&plugin.id), crate::text::clean(&problem));
            output::note(&format!("{id} does not load: {problem}"));
        }
    }
    Ok(Exit::Fine)
}
