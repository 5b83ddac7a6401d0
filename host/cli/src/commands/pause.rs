//! `mooring pause` and `mooring resume`: stopping all sending, and letting it go on.

use bytes::Bytes;
use hyper::Method;
use mooring_server::api::PauseWish;

use crate::connection::ConnectionArgs;
use crate::exit::Exit;
use crate::output;

const PATH: &str = "/api/v1/pause";

/// What `pause` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct PauseArgs {
    /// Why, for whoever sees that it is paused
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the server's document as it is
    #[arg(long)]
    json: bool,
}

/// What `resume` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct ResumeArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the server's document as it is
    #[arg(long)]
    json: bool,
}

/// Stops all sending.
pub(crate) async fn pause(args: &PauseArgs) -> anyhow::Result<Exit> {
    let wish = PauseWish {
        reason: args.reason.clone(),
    };
    let client = args.connection.client()?;
    let body = client.send(Method::PUT, PATH, &wish).await?;
    if args.json {
        output::document(&body)?;
        return Ok(Exit::Fine);
    }
    output::data("paused: no command is sent and no device is woken\n")?;
    output::note("what a device has got already it may still do; `mooring resume` goes on");
    Ok(Exit::Fine)
}

/// Lets commands out again.
pub(crate) async fn resume(args: &ResumeArgs) -> anyhow::Result<Exit> {
    let client = args.connection.client()?;
    let body = client.request(Method::DELETE, PATH, Bytes::new()).await?;
    if args.json {
        output::document(&body)?;
        return Ok(Exit::Fine);
    }
    output::data("resumed: commands are sent again\n")?;
    Ok(Exit::Fine)
}
