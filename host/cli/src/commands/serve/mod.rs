//! `mooring serve`: the sync server.

mod announcement;
mod devices;
mod enrollment;
mod outgoing;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use mooring_plugin::Compiler;
use mooring_server::impact::RemovalGuard;
use mooring_server::{ServeOptions, Server};

use crate::duration;
use crate::exit::{Exit, UsageError};
use crate::logging;
use crate::output;
use crate::signal;
use announcement::Announcement;
pub(crate) use announcement::Ready;

/// What `serve` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct ServeArgs {
    /// Folder for all that the server keeps; created if it is missing
    #[arg(long, value_name = "DIR", env = "MOORING_DATA")]
    data: PathBuf,
    /// How old a host's list of profiles may get before it is asked for again
    #[arg(
        long,
        value_name = "SPAN",
        env = "MOORING_REFRESH_INTERVAL",
        default_value = "24h",
        value_parser = duration::parse
    )]
    refresh_interval: Duration,
    /// Hosts that may lose profiles by one change; more have to be confirmed. A huge number, with
    /// a share of 100, holds nothing
    #[arg(
        long,
        value_name = "N",
        env = "MOORING_REMOVAL_GUARD_HOSTS",
        default_value_t = RemovalGuard::default().hosts_max
    )]
    removal_guard_hosts: u64,
    /// The same as a share of all enrolled hosts, in percent; up to 25 hosts never count
    #[arg(
        long,
        value_name = "PERCENT",
        env = "MOORING_REMOVAL_GUARD_SHARE",
        default_value_t = RemovalGuard::default().share_max,
        value_parser = clap::value_parser!(u8).range(..=100)
    )]
    removal_guard_share: u8,
    /// Public keys whose signatures of plugins count, as of `plugin keygen`; may be repeated
    #[arg(
        long,
        value_name = "FILE",
        env = "MOORING_PLUGIN_TRUST",
        value_delimiter = ','
    )]
    plugin_trust: Vec<PathBuf>,
    /// Certificates (PEM) of those who sign profiles, or of CAs that issued theirs; a signature of
    /// anybody else is told of
    #[arg(long, value_name = "FILE", env = "MOORING_PROFILE_SIGNERS")]
    profile_signers: Option<PathBuf>,
    /// Print one line of JSON when ready
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    devices: devices::DeviceArgs,
    #[command(flatten)]
    enrollment: enrollment::EnrollmentArgs,
    #[command(flatten)]
    push: outgoing::PushArgs,
    #[command(flatten)]
    webhook: outgoing::WebhookArgs,
    #[command(flatten)]
    administrators: AdminArgs,
}

/// The options about administrators.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Administrators")]
struct AdminArgs {
    /// Address for administrators; off loopback it needs TLS
    #[arg(
        long,
        value_name = "ADDR",
        env = "MOORING_ADMIN",
        default_value = "127.0.0.1:9000"
    )]
    admin: SocketAddr,
    /// Certificate (PEM) for administrators' connections; read again when it changes
    #[arg(
        long,
        value_name = "FILE",
        env = "MOORING_ADMIN_TLS_CERT",
        requires = "admin_tls_key"
    )]
    admin_tls_cert: Option<PathBuf>,
    /// Its private key (PEM)
    #[arg(
        long,
        value_name = "FILE",
        env = "MOORING_ADMIN_TLS_KEY",
        requires = "admin_tls_cert"
    )]
    admin_tls_key: Option<PathBuf>,
}

impl ServeArgs {
    /// The server's options.
    ///
    /// # Errors
    /// [`UsageError`] if a file that is named cannot be used.
    fn options(self) -> Result<ServeOptions, UsageError> {
        let mut options = ServeOptions::new(self.data);
        options.policy.refresh_interval_ms = duration::whole_ms(self.refresh_interval);
        options.removal_guard = Some(RemovalGuard {
            hosts_max: self.removal_guard_hosts,
            share_max: self.removal_guard_share,
            ..RemovalGuard::default()
        });
        options.plugin_trust = self.plugin_trust;
        options.profile_signers = self.profile_signers;
        options.plugin_compiler = plugin_compiler()?;
        self.devices.fill(&mut options);
        self.enrollment.fill(&mut options)?;
        self.push.fill(&mut options)?;
        self.webhook.fill(&mut options)?;
        let AdminArgs {
            admin,
            admin_tls_cert,
            admin_tls_key,
        } = self.administrators;
        options.admin = admin;
        options.admin_tls = devices::tls_files(admin_tls_cert, admin_tls_key);
        Ok(options)
    }
}

/// Plugins of others are compiled by this program in a process of its own.
fn plugin_compiler() -> Result<Compiler, UsageError> {
    Compiler::this_program([OsString::from("compile-plugin")]).map_err(|error| {
        UsageError::new(format!(
            "the system does not say which program this is: {error}"
        ))
    })
}

/// Serves until it is asked to stop.
pub(crate) async fn run(args: ServeArgs) -> anyhow::Result<Exit> {
    logging::start("warn,mooring=info");
    let is_json = args.json;
    let options = args.options()?;
    let data = options.data.clone();
    let mut announcement = Announcement::new(&options);
    // Before anything is said, since whoever reads that it is ready may stop it at once.
    let (stop, hangups) = (signal::stop(), signal::hangups());
    let server = Server::start(options)
        .await
        .with_context(|| format!("the server cannot start on {}", data.display()))?;
    announcement.look(&server).await;
    let announced = announcement.make(&server, &std::path::absolute(&data)?, is_json);
    if announced.is_ok() {
        tokio::select! {
            () = stop => {}
            () = hangups => {}
        }
        output::note("stopping; a second Ctrl-C ends at once");
    }
    tokio::select! {
        () = server.stop() => {}
        () = signal::stop() => output::note("ended without waiting for open requests"),
    }
    announced?;
    Ok(Exit::Fine)
}
