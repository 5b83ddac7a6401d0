//! Where simulated devices get their enrollment profiles, and how they show who they are.
//!
//! Knows nothing of a run. Invariant: what would make every device fail is found before the first
//! one tries.

use std::sync::Arc;

use bytes::Bytes;
use clap::ValueEnum;
use hyper::Method;
use mooring_server::api::{LinkWish, NewEnrollmentLink, PushCertificateDetail};
use mooring_sim::{DeviceAuth, EnrollmentSource, FleetOptions};

use crate::client::{self, Client, ClientError, segment};
use crate::commands::enroll::{LINKS_PATH, PROFILE_PATH};
use crate::commands::pushcert;
use crate::connection::ConnectionArgs;
use crate::exit::UsageError;

/// Seconds for which the link is good that only shows whether there are links.
const TRIAL_S: u64 = 60;

/// What `sim` takes about who its devices are.
#[derive(Debug, clap::Args)]
pub(super) struct SourceArgs {
    /// Where devices without an identity reach the server; others learn it from their profile
    #[arg(long, value_name = "URL", conflicts_with = "enroll_url")]
    pub(super) device_url: Option<String>,
    /// How devices show who they are [default: signature, with --device-url none]
    #[arg(long, value_name = "WAY")]
    auth: Option<AuthWord>,
    /// Enrollment profile that all devices download, as with a challenge for all
    #[arg(long, value_name = "URL")]
    enroll_url: Option<String>,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// The words of `--auth`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AuthWord {
    /// Not at all
    None,
    /// Sign every message
    Signature,
    /// Show a certificate on the connection, which takes https
    Mtls,
}

/// What was settled.
pub(super) struct Source {
    /// Where somebody must listen.
    pub(super) url: String,
    auth: DeviceAuth,
    ca_pem: Option<Vec<u8>>,
    enrollment: Option<EnrollmentSource>,
}

impl Source {
    /// Puts it where the fleet reads it.
    pub(super) fn fill(self, options: &mut FleetOptions) {
        options.device_url = self.url;
        options.auth = self.auth;
        options.ca_pem = self.ca_pem;
        options.enrollment = self.enrollment;
    }
}

impl SourceArgs {
    /// Settles where devices get their profiles: from one address, or one by one from the admin
    /// API, unless an address for devices without identities was given.
    ///
    /// # Errors
    /// [`UsageError`] if the options make no sense together; [`ClientError`] if the server would
    /// enroll nobody.
    pub(super) async fn settle(&self) -> anyhow::Result<Source> {
        let ca_pem = self.connection.ca_pem()?;
        let usual = if self.device_url.is_some() {
            AuthWord::None
        } else {
            AuthWord::Signature
        };
        let auth = match self.auth.unwrap_or(usual) {
            AuthWord::None => DeviceAuth::None,
            AuthWord::Signature => DeviceAuth::Signature,
            AuthWord::Mtls => DeviceAuth::Mtls,
        };
        if auth == DeviceAuth::Mtls && ca_pem.is_none() {
            let error = UsageError::new("devices show certificates to a server that they trust");
            let hint = "give the CA of its certificate, or that itself, with --ca FILE";
            return Err(error.with_hint(hint).into());
        }
        let (url, enrollment) = match (&self.device_url, &self.enroll_url) {
            (Some(_), _) if auth != DeviceAuth::None => {
                let error = UsageError::new(
                    "devices that show who they are learn the server's address from their profile",
                );
                let hint = "leave out --device-url; give --data DIR, or --enroll-url URL";
                return Err(error.with_hint(hint).into());
            }
            (Some(url), _) => (url.clone(), None),
            (None, Some(url)) => (url.clone(), Some(EnrollmentSource::Url(url.clone()))),
            (None, None) => {
                let client = self.connection.client()?;
                check(&client).await?;
                (client.url().to_owned(), Some(each(client)))
            }
        };
        Ok(Source {
            url,
            auth,
            ca_pem,
            enrollment,
        })
    }
}

/// Fails where no device could enroll.
async fn check(client: &Client) -> Result<(), ClientError> {
    let wish = LinkWish {
        expires_in_s: Some(TRIAL_S),
        ..LinkWish::default()
    };
    let body = client.send(Method::POST, LINKS_PATH, &wish).await?;
    let trial: NewEnrollmentLink = client::read(LINKS_PATH, &body)?;
    let path = format!("{LINKS_PATH}/{}", segment(&trial.link.id));
    client.request(Method::DELETE, &path, Bytes::new()).await?;
    client
        .get_document::<PushCertificateDetail>(pushcert::PATH)
        .await?;
    Ok(())
}

/// A profile from the admin API for each device.
fn each(client: Client) -> EnrollmentSource {
    EnrollmentSource::Each(Arc::new(move |serial, udid| {
        let client = client.clone();
        Box::pin(async move {
            let wish = LinkWish {
                serial: Some(serial),
                udid: Some(udid),
                expires_in_s: None,
            };
            let profile = client.send(Method::POST, PROFILE_PATH, &wish).await;
            profile.map(Vec::from).map_err(|error| text(&error))
        })
    }))
}

fn text(error: &ClientError) -> String {
    match error {
        ClientError::Problem(problem) => format!("{}: {}", problem.title, problem.detail),
        ClientError::Address { .. }
        | ClientError::Ca(_)
        | ClientError::Token
        | ClientError::Unreachable { .. }
        | ClientError::TimedOut { .. }
        | ClientError::Broken { .. }
        | ClientError::TooLarge { .. }
        | ClientError::Unreadable { .. }
        | ClientError::Unwritable(_) => error.to_string(),
    }
}
