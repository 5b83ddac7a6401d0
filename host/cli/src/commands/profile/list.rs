//! `mooring profile list`.

use mooring_server::api::{ProfileListing, ProfileOrigin};

use crate::client;
use crate::connection::ConnectionArgs;
use crate::exit::Exit;
use crate::output;
use crate::text::{Table, clean, or_dash};
use crate::words::word;

/// What `profile list` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// Also those that were deleted
    #[arg(long)]
    deleted: bool,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the server's document as it is
    #[arg(long)]
    json: bool,
}

/// Lists the profiles.
pub(crate) async fn run(args: &ListArgs) -> anyhow::Result<Exit> {
    let client = args.connection.client()?;
    let path = if args.deleted {
        "/api/v1/profiles?deleted=true"
    } else {
        "/api/v1/profiles"
    };
    let body = client.get(path).await?;
    if args.json {
        output::document(&body)?;
        return Ok(Exit::Fine);
    }
    let listing: ProfileListing = client::read(path, &body)?;
    if listing.profiles.is_empty() {
        output::note("no profiles; push one with: mooring profile push FILE");
    } else {
        output::data(&render(&listing))?;
    }
    Ok(Exit::Fine)
}

fn render(listing: &ProfileListing) -> String {
    let mut table = Table::new(["PROFILE", "VERSION", "STATE", "CHANNEL", "ORIGIN", "NAME"]);
    for profile in &listing.profiles {
        table.row([
            profile.identifier.to_string(),
            or_dash(profile.version),
            word(&profile.state),
            word(&profile.channel),
            origin(&profile.origin),
            or_dash(profile.name.as_ref()),
        ]);
    }
    table.render("")
}

/// Where a profile comes from, in a few words.
pub(super) fn origin(origin: &ProfileOrigin) -> String {
    match origin {
        ProfileOrigin::Uploaded => "uploaded".to_owned(),
        ProfileOrigin::Generated { binding } => format!("made by binding {}", clean(binding)),
        ProfileOrigin::BuiltIn { plugin } => format!("built in, {plugin}"),
    }
}
