//! What `serve` takes about enrollment: where devices reach the server, and who issues their
//! identities.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use mooring_server::ServeOptions;
use mooring_server::serve::EnrollmentOptions;

use crate::exit::UsageError;
use crate::files;

/// What is for SCEP or the built-in CA alone. Every option about ACME names it, not that of the
/// address alone: clap waives `requires` for what conflicts with something that is there.
const NOT_WITH_ACME: [&str; 3] = ["scep_url", "scep_challenge_file", "identity_days"];

/// The options about enrollment.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Enrollment")]
pub(super) struct EnrollmentArgs {
    /// Where devices reach this server; turns enrollment on, with its own CA and SCEP unless
    /// another server is named. https, or http on loopback
    #[arg(long, value_name = "URL", env = "MOORING_PUBLIC_URL")]
    public_url: Option<String>,
    /// SCEP server that issues the identities instead
    #[arg(
        long,
        value_name = "URL",
        env = "MOORING_SCEP_URL",
        requires = "public_url",
        conflicts_with = "identity_days"
    )]
    scep_url: Option<String>,
    /// File with the challenge of that server; without one, with a challenge that every device may
    /// use at the built-in SCEP
    #[arg(
        long,
        value_name = "FILE",
        env = "MOORING_SCEP_CHALLENGE_FILE",
        requires = "public_url"
    )]
    scep_challenge_file: Option<PathBuf>,
    /// Directory of an ACME server that issues the identities instead
    #[arg(
        long,
        value_name = "URL",
        env = "MOORING_ACME_URL",
        requires = "public_url",
        conflicts_with_all = NOT_WITH_ACME
    )]
    acme_url: Option<String>,
    /// What devices say to that server that they are [default: mooring]
    #[arg(
        long,
        value_name = "TEXT",
        env = "MOORING_ACME_CLIENT_IDENTIFIER",
        requires = "acme_url",
        conflicts_with_all = NOT_WITH_ACME
    )]
    acme_client_identifier: Option<String>,
    /// Devices attest their hardware to that server, with a key that never leaves it
    #[arg(
        long,
        env = "MOORING_ACME_ATTEST",
        requires = "acme_url",
        conflicts_with_all = NOT_WITH_ACME,
        value_parser = BoolishValueParser::new()
    )]
    acme_attest: bool,
    /// Shown with the enrollment profile
    #[arg(
        long,
        value_name = "TEXT",
        env = "MOORING_ORGANIZATION",
        requires = "public_url"
    )]
    organization: Option<String>,
    /// Days for which the built-in CA issues an identity [default: 365]
    #[arg(long, value_name = "N", env = "MOORING_IDENTITY_DAYS", requires = "public_url", value_parser = clap::value_parser!(u16).range(1..))]
    identity_days: Option<u16>,
}

impl EnrollmentArgs {
    /// Puts the options where the server reads them.
    ///
    /// # Errors
    /// [`UsageError`] if the challenge's file cannot be used.
    pub(super) fn fill(self, options: &mut ServeOptions) -> Result<(), UsageError> {
        let Some(public_url) = self.public_url else {
            return Ok(());
        };
        let mut enrollment = EnrollmentOptions::new(public_url);
        enrollment.scep_url = self.scep_url;
        let challenge = self.scep_challenge_file.as_deref();
        enrollment.scep_challenge = challenge.map(files::secret).transpose()?;
        enrollment.acme_url = self.acme_url;
        enrollment.acme_client_identifier = self.acme_client_identifier;
        enrollment.acme_attests = self.acme_attest;
        enrollment.organization = self.organization;
        enrollment.leaf_days = self.identity_days.unwrap_or(enrollment.leaf_days);
        options.enrollment = Some(enrollment);
        Ok(())
    }
}
