//! `mooring serve`: the sync server.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use mooring_server::serve::TOKEN_FILE;
use mooring_server::{ServeOptions, Server};
use serde::Serialize;

use crate::duration;
use crate::exit::Exit;
use crate::logging;
use crate::output::{self, OutputError};
use crate::signal;

/// What `serve` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct ServeArgs {
    /// Folder for all that the server keeps; created if it is missing
    #[arg(long, value_name = "DIR", env = "MOORING_DATA")]
    data: PathBuf,
    /// Address for administrators
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9000")]
    admin: SocketAddr,
    /// Address for devices; loopback only until devices are authenticated
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9001")]
    device: SocketAddr,
    /// How old a host's list of profiles may get before it is asked for again
    #[arg(long, value_name = "SPAN", default_value = "24h", value_parser = duration::parse)]
    refresh_interval: Duration,
    /// Print one line of JSON when ready
    #[arg(long)]
    json: bool,
}

/// Where a running server is, as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct Ready<'a> {
    pub(crate) admin_url: &'a str,
    pub(crate) device_url: &'a str,
    pub(crate) token_file: &'a str,
}

/// Serves until it is asked to stop.
pub(crate) async fn run(args: ServeArgs) -> anyhow::Result<Exit> {
    logging::start("warn,mooring=info");
    let mut options = ServeOptions::new(args.data.clone());
    options.admin = args.admin;
    options.device = args.device;
    options.policy.refresh_interval_ms = duration::whole_ms(args.refresh_interval);
    // Before anything is said, since whoever reads that it is ready may stop it at once.
    let stop = signal::stop();
    let server = Server::start(options)
        .await
        .with_context(|| format!("the server cannot start on {}", args.data.display()))?;
    let data = std::path::absolute(&args.data)?;
    let announced = announce(&server, &data, args.json);
    if announced.is_ok() {
        stop.await;
        output::note("stopping; a second Ctrl-C ends at once");
    }
    tokio::select! {
        () = server.stop() => {}
        () = signal::stop() => output::note("ended without waiting for open requests"),
    }
    announced?;
    Ok(Exit::Fine)
}

fn announce(server: &Server, data: &Path, is_json: bool) -> Result<(), OutputError> {
    let (admin, device) = (server.admin_url(), server.device_url());
    let token_file = data.join(TOKEN_FILE).display().to_string();
    if is_json {
        return output::json(&Ready {
            admin_url: &admin,
            device_url: &device,
            token_file: &token_file,
        });
    }
    let data = data.display();
    output::data(&format!(
        "Mooring is running.\n\
         \n\
         \x20 administrators  {admin}\n\
         \x20 devices         {device}\n\
         \x20 token           {token_file}\n\
         \n\
         Push profiles:     mooring profile push FILE... --data {data}\n\
         Simulate devices:  mooring sim --device-url {device} --hosts 20\n\
         See what happens:  mooring status --data {data}\n\
         \n\
         Ctrl-C stops it.\n"
    ))
}
