//! `mooring plugin disable`, `enable` and `lift`.

use bytes::Bytes;
use hyper::Method;
use mooring_server::api::PluginDetail;

use super::{on_server, plugin_path, view};
use crate::client;
use crate::connection::ConnectionArgs;
use crate::exit::Exit;
use crate::output;

/// What these commands take.
#[derive(Debug, clap::Args)]
pub(crate) struct SwitchArgs {
    /// The plugin's id
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the server's document as it is
    #[arg(long)]
    json: bool,
}

/// Stops asking it anything.
pub(super) fn disable(args: &SwitchArgs) -> anyhow::Result<Exit> {
    switch(args, "disable")
}

/// Asks it again where it is bound.
pub(super) fn enable(args: &SwitchArgs) -> anyhow::Result<Exit> {
    switch(args, "enable")
}

/// Ends its quarantine.
pub(super) fn lift(args: &SwitchArgs) -> anyhow::Result<Exit> {
    switch(args, "lift")
}

fn switch(args: &SwitchArgs, how: &str) -> anyhow::Result<Exit> {
    let path = format!("{}/{how}", plugin_path(&args.id));
    let body = on_server(async {
        let client = args.connection.client()?;
        Ok(client.request(Method::POST, &path, Bytes::new()).await?)
    })?;
    if args.json {
        output::document(&body)?;
        return Ok(Exit::Fine);
    }
    let detail: PluginDetail = client::read(&path, &body)?;
    output::data(&view::render(&detail))?;
    Ok(Exit::Fine)
}
