//! What `serve` takes about devices: how they show who they are, and how their connections are
//! secured.
//!
//! Decides nothing: what does not go together is for the server to say.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::BoolishValueParser;
use ipnet::IpNet;
use mooring_server::ServeOptions;
use mooring_server::device::{DeviceAuth, Reenroll};
use mooring_server::http::TlsFiles;

/// The options about devices.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Devices")]
pub(super) struct DeviceArgs {
    /// Address for devices; off loopback it needs TLS and --device-auth
    #[arg(
        long,
        value_name = "ADDR",
        env = "MOORING_DEVICE",
        default_value = "127.0.0.1:9001"
    )]
    device: SocketAddr,
    /// How devices show who they are: mtls, signature, header or none; several may be named
    /// [default: none, which is for loopback only]
    #[arg(
        long,
        value_name = "WAY",
        env = "MOORING_DEVICE_AUTH",
        value_delimiter = ','
    )]
    device_auth: Vec<DeviceAuth>,
    /// CAs (PEM) whose certificates devices may have, beside those of this server
    #[arg(long, value_name = "FILE", env = "MOORING_DEVICE_CA")]
    device_ca: Option<PathBuf>,
    /// Header in which a proxy passes a device's certificate on: RFC 9440 or URL-escaped PEM
    #[arg(long, value_name = "NAME", env = "MOORING_CERT_HEADER")]
    cert_header: Option<String>,
    /// Network of proxies whose header is believed, such as 10.0.0.0/8; may be given several times
    #[arg(
        long = "trusted-proxy",
        value_name = "CIDR",
        env = "MOORING_TRUSTED_PROXY",
        value_delimiter = ','
    )]
    trusted_proxies: Vec<IpNet>,
    /// Certificate (PEM) for devices' connections, with those above it; read again when it changes
    #[arg(
        long,
        value_name = "FILE",
        env = "MOORING_TLS_CERT",
        requires = "tls_key"
    )]
    tls_cert: Option<PathBuf>,
    /// Its private key (PEM)
    #[arg(
        long,
        value_name = "FILE",
        env = "MOORING_TLS_KEY",
        requires = "tls_cert"
    )]
    tls_key: Option<PathBuf>,
    /// What becomes of an enrolled host that enrolls with another certificate of an outside CA
    #[arg(
        long,
        value_name = "HOW",
        env = "MOORING_REENROLL",
        default_value = "hold"
    )]
    reenroll: ReenrollWord,
    /// Answer a network user's `UserAuthenticate` instead of declining it
    #[arg(long, env = "MOORING_ACCEPT_USER_AUTHENTICATE", value_parser = BoolishValueParser::new())]
    accept_user_authenticate: bool,
    /// Let administrators bring enrollments over from another server
    #[arg(long, env = "MOORING_MIGRATION", value_parser = BoolishValueParser::new())]
    migration: bool,
}

/// The words of `--reenroll`.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum ReenrollWord {
    /// Hold it until an administrator accepts it
    Hold,
    /// Take it: whoever the CA gave a certificate is trusted
    Auto,
}

impl DeviceArgs {
    /// Puts the options where the server reads them.
    pub(super) fn fill(self, options: &mut ServeOptions) {
        options.device = self.device;
        options.device_auth = self.device_auth;
        options.device_auth.sort_unstable();
        options.device_auth.dedup();
        options.device_ca = self.device_ca;
        options.cert_header = self.cert_header;
        options.trusted_proxies = self.trusted_proxies;
        options.tls = tls_files(self.tls_cert, self.tls_key);
        options.devices.reenroll = match self.reenroll {
            ReenrollWord::Hold => Reenroll::Hold,
            ReenrollWord::Auto => Reenroll::Auto,
        };
        options.devices.accepts_user_authenticate = self.accept_user_authenticate;
        options.allows_migration = self.migration;
    }
}

/// A certificate and its key; the parser sees to it that there is none or both.
pub(super) fn tls_files(certificate: Option<PathBuf>, key: Option<PathBuf>) -> Option<TlsFiles> {
    Some(TlsFiles {
        certificate: certificate?,
        key: key?,
    })
}
