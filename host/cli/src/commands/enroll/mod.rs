//! `mooring enroll`: what a device needs to enroll, and the links that were made.

mod links;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use hyper::Method;
use mooring_server::api::{LinkWish, NewEnrollmentLink};
use serde_json::json;

use crate::client;
use crate::connection::ConnectionArgs;
use crate::duration;
use crate::exit::Exit;
use crate::files;
use crate::output;
use crate::text::clean;

/// Where a profile is made.
pub(crate) const PROFILE_PATH: &str = "/api/v1/enrollment/profile";
/// Where links are.
pub(crate) const LINKS_PATH: &str = "/api/v1/enrollment/links";

/// What whoever has a profile should know. How often it can be used is for who issues the identity.
const SECRET: &str = "it is a secret: whoever has it can enroll; valid for one hour";

/// What `enroll` takes.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct EnrollArgs {
    #[command(subcommand)]
    command: Option<EnrollCommand>,
    #[command(flatten)]
    new: NewArgs,
}

/// What else can be done about enrollment.
#[derive(Debug, clap::Subcommand)]
enum EnrollCommand {
    /// List the links that were made
    Links(links::LinksArgs),
    /// Take back links that are not used yet
    Revoke(links::RevokeArgs),
}

/// What a new profile or link takes.
#[derive(Debug, clap::Args)]
struct NewArgs {
    /// Only the device with this serial number can use it; also lets an erased device come back
    #[arg(long, value_name = "S", conflicts_with = "udid")]
    serial: Option<String>,
    /// Only the device with this UDID can use it
    #[arg(long, value_name = "U")]
    udid: Option<String>,
    /// How long the link can be used [default: 24h]; what is printed without --link is valid for
    /// one hour
    #[arg(long, value_name = "SPAN", value_parser = duration::parse, requires = "link", conflicts_with = "out")]
    expires: Option<Duration>,
    /// Write the profile to this file, for its owner alone, not to standard output
    #[arg(long, value_name = "FILE", group = "destination")]
    out: Option<PathBuf>,
    /// Print a one-time link instead, which the device opens to get the profile
    #[arg(long, group = "destination", conflicts_with = "out")]
    link: bool,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print one JSON object about the file or the link
    #[arg(long, requires = "destination")]
    json: bool,
}

/// Runs the command.
pub(crate) async fn run(args: EnrollArgs) -> anyhow::Result<Exit> {
    match args.command {
        None if args.new.link => make_link(&args.new).await,
        None => make_profile(&args.new).await,
        Some(EnrollCommand::Links(args)) => links::list(&args).await,
        Some(EnrollCommand::Revoke(args)) => links::revoke(&args).await,
    }
}

impl NewArgs {
    fn wish(&self) -> LinkWish {
        let plain = |text: &Option<String>| text.as_deref().map(|text| text.trim().to_owned());
        LinkWish {
            serial: plain(&self.serial),
            udid: plain(&self.udid),
            expires_in_s: self.expires.map(|span| span.as_secs()),
        }
    }
}

async fn make_profile(args: &NewArgs) -> anyhow::Result<Exit> {
    let client = args.connection.client()?;
    let profile = client
        .send(Method::POST, PROFILE_PATH, &args.wish())
        .await?;
    let Some(path) = &args.out else {
        output::bytes(&profile)?;
        output::note(SECRET);
        return Ok(Exit::Fine);
    };
    files::write_private(path, &profile).context("the profile is lost; make another one")?;
    let name = path.display().to_string();
    if args.json {
        output::json(&json!({ "file": name, "bytes": profile.len() }))?;
    } else {
        output::note(&format!("wrote {}; {SECRET}", clean(&name)));
    }
    Ok(Exit::Fine)
}

async fn make_link(args: &NewArgs) -> anyhow::Result<Exit> {
    let client = args.connection.client()?;
    let body = client.send(Method::POST, LINKS_PATH, &args.wish()).await?;
    if args.json {
        output::document(&body)?;
        return Ok(Exit::Fine);
    }
    let link: NewEnrollmentLink = client::read(LINKS_PATH, &body)?;
    output::data(&format!("{}\n", clean(&link.url)))?;
    let (id, expires) = (clean(&link.link.id), clean(&link.link.expires_at));
    output::note(&format!(
        "whoever has it can enroll; valid until {expires}; to take it back: mooring enroll revoke \
         {id}"
    ));
    Ok(Exit::Fine)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: EnrollArgs,
    }

    /// Proves what is asked of the server for each way to name a device.
    #[test]
    fn wishes() {
        let wish = |line: &str| {
            let line = Line::try_parse_from(line.split(' ')).unwrap();
            line.args.new.wish()
        };
        assert_eq!(wish("enroll --link"), LinkWish::default());
        let named = wish("enroll --link --serial C02X --expires 1h30m");
        assert_eq!(named.serial.as_deref(), Some("C02X"));
        assert_eq!((named.udid, named.expires_in_s), (None, Some(5400)));
    }
}
