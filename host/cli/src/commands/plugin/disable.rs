//! `mooring plugin disable`, `enable` and `lift`.

use bytes::Bytes;
use hyper::Method;
use mooring_server::api::{EnableWish, PluginDetail};

use super::plan::PlanArgs;
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
    plan: PlanArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the server's document as it is
    #[arg(long)]
    json: bool,
}

/// What `plugin enable` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct EnableArgs {
    /// Enable it although the key that it is signed with is not trusted any more
    #[arg(long)]
    allow_untrusted: bool,
    #[command(flatten)]
    switch: SwitchArgs,
}

/// What `plugin lift` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct LiftArgs {
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
    switch(args, "disable", Bytes::new())
}

/// Asks it again where it is bound.
pub(super) fn enable(args: &EnableArgs) -> anyhow::Result<Exit> {
    let allow_untrusted = args.allow_untrusted;
    let wish = serde_json::to_vec(&EnableWish { allow_untrusted })?;
    switch(&args.switch, "enable", wish.into())
}

/// Ends its quarantine.
pub(super) fn lift(args: &LiftArgs) -> anyhow::Result<Exit> {
    let path = format!("{}/lift", plugin_path(&args.id));
    let body = posted(&args.connection, &path, Bytes::new())?;
    PlanArgs::default().show(&body, args.json, |body| shown(&path, body))
}

fn switch(args: &SwitchArgs, how: &str, wish: Bytes) -> anyhow::Result<Exit> {
    let path = format!("{}/{how}", plugin_path(&args.id));
    let body = posted(&args.connection, &args.plan.on(&path), wish)?;
    args.plan.show(&body, args.json, |body| shown(&path, body))
}

fn posted(connection: &ConnectionArgs, address: &str, wish: Bytes) -> anyhow::Result<Bytes> {
    on_server(async {
        let client = connection.client()?;
        Ok(client
            .request_patiently(Method::POST, address, wish)
            .await?)
    })
}

fn shown(path: &str, body: &Bytes) -> anyhow::Result<()> {
    let detail: PluginDetail = client::read(path, body)?;
    Ok(output::data(&view::render(&detail))?)
}
