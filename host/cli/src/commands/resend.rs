//! `mooring resend`: a profile once more, to one host or to all on which it failed.

use bytes::Bytes;
use hyper::Method;
use mooring_mdm::ids::PayloadIdentifier;
use mooring_server::api::{FailedResent, Resent};

use crate::client::{self, segment};
use crate::commands::{host, profile};
use crate::connection::ConnectionArgs;
use crate::exit::Exit;
use crate::output;
use crate::text::{clean, count};

/// What `resend` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct ResendArgs {
    /// The profile's identifier
    #[arg(value_name = "PROFILE", value_parser = profile::identifier)]
    profile: PayloadIdentifier,
    #[command(flatten)]
    whom: Whom,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the server's document as it is
    #[arg(long)]
    json: bool,
}

/// Who gets it once more.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Whom {
    /// This host, by its id or serial number
    #[arg(long, value_name = "ID", value_parser = host::name)]
    host: Option<String>,
    /// Every host on which it failed
    #[arg(long)]
    failed: bool,
}

/// Sends the profile once more.
pub(crate) async fn run(args: &ResendArgs) -> anyhow::Result<Exit> {
    let client = args.connection.client()?;
    let of_profile = profile::path(&args.profile);
    let path = match &args.whom.host {
        Some(host) => {
            let (host, id) = (segment(host), segment(args.profile.as_str()));
            format!("/api/v1/hosts/{host}/profiles/{id}/resend")
        }
        None => format!("{of_profile}/resend"),
    };
    let body = client.request(Method::POST, &path, Bytes::new()).await?;
    if args.json {
        output::document(&body)?;
        return Ok(Exit::Fine);
    }
    let name = clean(args.profile.as_str());
    if args.whom.host.is_some() {
        let resent: Resent = client::read(&path, &body)?;
        if resent.resent.is_empty() {
            output::data(&format!("{name} is pending already; nothing was changed\n"))?;
            return Ok(Exit::Fine);
        }
        let host = clean(resent.host.as_str());
        output::data(&format!("{name} is sent to {host} once more\n"))?;
    } else {
        let resent: FailedResent = client::read(&path, &body)?;
        let hosts = count(resent.hosts, "host");
        output::data(&format!(
            "{name} had failed on {hosts} and is tried once more\n"
        ))?;
    }
    output::note("it is done when the host connects; see `mooring status`");
    Ok(Exit::Fine)
}
