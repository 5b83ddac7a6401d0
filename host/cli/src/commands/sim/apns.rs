//! `mooring sim apns`: a stand-in for Apple's push service, to try push by hand.
//!
//! Invariant: the files are there before it says that it is ready.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use mooring_sim::TOPIC;
use mooring_sim::apns::ApnsServer;
use serde::Serialize;

use crate::exit::Exit;
use crate::files;
use crate::output;
use crate::signal;

/// What `sim apns` takes.
#[derive(Debug, clap::Args)]
pub(super) struct ApnsArgs {
    /// Folder for its CA and a push certificate; created if it is missing
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Print one line of JSON when ready
    #[arg(long)]
    json: bool,
}

/// Where it is, as JSON.
#[derive(Debug, Serialize)]
struct Ready {
    apns_url: String,
    ca_file: String,
    push_certificate_file: String,
}

/// Runs the stand-in until it is asked to stop.
pub(super) async fn run(args: &ApnsArgs) -> anyhow::Result<Exit> {
    let stop = signal::stop();
    let dir = std::path::absolute(&args.dir)?;
    fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
    let server = ApnsServer::start().context("the stand-in cannot start")?;
    let (ca, certificate) = (dir.join("apns-ca.pem"), dir.join("push.pem"));
    files::write_private(&ca, server.ca_pem().as_bytes())?;
    let pem = server.push_certificate_pem(TOPIC);
    let pem = pem.context("the push certificate cannot be made")?;
    files::write_private(&certificate, pem.as_bytes())?;
    let ready = Ready {
        apns_url: server.url(),
        ca_file: ca.display().to_string(),
        push_certificate_file: certificate.display().to_string(),
    };
    if args.json {
        output::json(&ready)?;
    } else {
        output::data(&render(&ready))?;
    }
    stop.await;
    let (pushes, accepted) = (server.pushes(), server.accepted());
    server.stop().await;
    output::note(&format!("pushes: {pushes} came, {accepted} accepted"));
    Ok(Exit::Fine)
}

fn render(ready: &Ready) -> String {
    let Ready {
        apns_url,
        ca_file,
        push_certificate_file,
    } = ready;
    format!(
        "A stand-in for Apple's push service is running.\n\
         \n\
         Start the server:  mooring serve ... --apns-url {apns_url} --apns-ca {ca_file}\n\
         Let it push:       mooring pushcert set {push_certificate_file} --data DIR\n\
         \n\
         It takes every push and wakes nobody. Ctrl-C stops it; the next one has another CA.\n"
    )
}
