//! `mooring plugin install` and `mooring plugin upgrade`.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use mooring_server::api::{InstallWish, PluginDetail};

use super::plan::PlanArgs;
use super::signing::beside;
use super::{PLUGINS, component, on_server, view};
use crate::client;
use crate::connection::ConnectionArgs;
use crate::exit::{Exit, UsageError};
use crate::files;
use crate::output;

/// What `plugin install` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct InstallArgs {
    #[command(flatten)]
    offer: OfferArgs,
}

/// What `plugin upgrade` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct UpgradeArgs {
    #[command(flatten)]
    offer: OfferArgs,
}

#[derive(Debug, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own on the command line"
)]
struct OfferArgs {
    /// A component, or the folder of a plugin, which is built first
    #[arg(value_name = "FILE|DIR")]
    file: PathBuf,
    /// Its signature [default: the component's name and .minisig, if there is such a file]
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
    /// Take it without a signature of a key that the server trusts
    #[arg(long)]
    allow_unsigned: bool,
    /// Take one that brings its own interpreter (JavaScript, Python)
    #[arg(long)]
    allow_interpreted: bool,
    /// Take a version that is older than the highest that was ever installed
    #[arg(long)]
    allow_downgrade: bool,
    /// Take one that is signed with another key than the plugin was before
    #[arg(long)]
    allow_other_signer: bool,
    #[command(flatten)]
    plan: PlanArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the server's document as it is
    #[arg(long)]
    json: bool,
}

/// Installs a plugin.
pub(super) fn install(args: &InstallArgs) -> anyhow::Result<Exit> {
    offer(&args.offer, &InstallWish::default(), "installed")
}

/// Puts another version in the place of an installed one.
pub(super) fn upgrade(args: &UpgradeArgs) -> anyhow::Result<Exit> {
    let wish = InstallWish {
        is_upgrade: true,
        ..InstallWish::default()
    };
    offer(&args.offer, &wish, "upgraded")
}

fn offer(args: &OfferArgs, wish: &InstallWish, done: &str) -> anyhow::Result<Exit> {
    let (path, bytes) = component(&args.file)?;
    let wish = InstallWish {
        component: STANDARD.encode(&bytes),
        signature: signature(args.signature.as_deref(), &path)?,
        allow_unsigned: args.allow_unsigned,
        allow_interpreted: args.allow_interpreted,
        allow_downgrade: args.allow_downgrade,
        allow_other_signer: args.allow_other_signer,
        ..wish.clone()
    };
    let address = args.plan.on(PLUGINS);
    let body = on_server(async {
        let client = args.connection.client()?;
        Ok(client.send_patiently(Method::POST, &address, &wish).await?)
    })?;
    args.plan.show(&body, args.json, |body| {
        let detail: PluginDetail = client::read(PLUGINS, body)?;
        output::data(&view::render(&detail))?;
        let id = &detail.summary.id;
        if detail.summary.bindings.is_empty() {
            output::note(&format!(
                "{done}; it is asked nothing yet. Next: mooring plugin bind NAME --plugin {id}"
            ));
        } else {
            output::note(&format!("{done}; its bindings go on with it"));
        }
        Ok(())
    })
}

fn signature(named: Option<&Path>, component: &Path) -> Result<Option<String>, UsageError> {
    let beside = beside(component);
    let path = match named {
        Some(path) => path,
        None if beside.exists() => &beside,
        None => return Ok(None),
    };
    let text = String::from_utf8(files::read(path)?);
    let text = text.map_err(|_| UsageError::new(format!("{} is no text", path.display())));
    text.map(Some)
}
