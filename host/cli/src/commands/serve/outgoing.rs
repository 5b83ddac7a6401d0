//! What `serve` takes about those whom the server calls: the push service, and the webhook.

use std::path::{Path, PathBuf};

use hyper::Uri;
use mooring_identity::certificates_from_pem;
use mooring_push::{APNS_URL, ApnsLimits};
use mooring_server::ServeOptions;
use mooring_server::webhook::WebhookOptions;

use crate::exit::UsageError;
use crate::files;

/// The options about push.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Push")]
pub(super) struct PushArgs {
    /// Another push service than Apple's, such as a stand-in
    #[arg(long, value_name = "URL", env = "MOORING_APNS_URL", default_value = APNS_URL)]
    apns_url: String,
    /// Authorities (PEM) to trust for it instead of the public ones
    #[arg(long, value_name = "FILE", env = "MOORING_APNS_CA")]
    apns_ca: Option<PathBuf>,
    /// Devices woken a second at most, in the long run; each of them connects. A million take a
    /// quarter of an hour at the default
    #[arg(
        long,
        value_name = "N",
        env = "MOORING_PUSH_RATE",
        default_value_t = ApnsLimits::default().pushes_per_s,
        value_parser = clap::value_parser!(u32).range(1..=100_000)
    )]
    push_rate: u32,
}

impl PushArgs {
    /// Puts the options where the server reads them. They are looked at here, since the server uses
    /// them only once there is a push certificate.
    ///
    /// # Errors
    /// [`UsageError`] if the address is none, or the file cannot be used.
    pub(super) fn fill(self, options: &mut ServeOptions) -> Result<(), UsageError> {
        let uri = self.apns_url.parse::<Uri>().ok();
        let is_https = uri.is_some_and(|uri| uri.scheme_str() == Some("https"));
        if !is_https {
            let error = UsageError::new(format!("{:?} is no push service", self.apns_url));
            return Err(error.with_hint("write --apns-url as https://HOST:PORT"));
        }
        options.apns.url = self.apns_url;
        options.apns.limits.pushes_per_s = self.push_rate;
        options.apns.ca_pem = self.apns_ca.as_deref().map(authorities).transpose()?;
        Ok(())
    }
}

/// A file of certificates.
fn authorities(path: &Path) -> Result<Vec<u8>, UsageError> {
    let pem = files::read(path)?;
    match certificates_from_pem(&pem) {
        Ok(found) if !found.is_empty() => Ok(pem),
        Ok(_) | Err(_) => {
            let error = UsageError::new(format!("{} has no certificates", path.display()));
            Err(error.with_hint("--apns-ca names a PEM file of the authorities to trust"))
        }
    }
}

/// The options about the webhook.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Webhook")]
pub(super) struct WebhookArgs {
    /// Where every event is posted, in order and until it is taken
    #[arg(
        id = "webhook_url",
        long = "webhook-url",
        value_name = "URL",
        env = "MOORING_WEBHOOK_URL"
    )]
    url: Option<String>,
    /// File with the key that signs each event (HMAC-SHA-256)
    #[arg(
        id = "webhook_hmac_key_file",
        long = "webhook-hmac-key-file",
        value_name = "FILE",
        env = "MOORING_WEBHOOK_HMAC_KEY_FILE",
        requires = "webhook_url"
    )]
    hmac_key_file: Option<PathBuf>,
    /// Authorities (PEM) to trust for it instead of the public ones
    #[arg(
        id = "webhook_ca",
        long = "webhook-ca",
        value_name = "FILE",
        env = "MOORING_WEBHOOK_CA",
        requires = "webhook_url"
    )]
    ca: Option<PathBuf>,
}

impl WebhookArgs {
    /// Puts the options where the server reads them.
    ///
    /// # Errors
    /// [`UsageError`] if a file cannot be used.
    pub(super) fn fill(self, options: &mut ServeOptions) -> Result<(), UsageError> {
        let Some(url) = self.url else {
            return Ok(());
        };
        let mut webhook = WebhookOptions::new(url);
        let key = self.hmac_key_file.as_deref();
        webhook.hmac_key = key.map(files::secret).transpose()?;
        webhook.ca_pem = self.ca.as_deref().map(files::read).transpose()?;
        options.webhook = Some(webhook);
        Ok(())
    }
}
