//! `mooring pushcert`: the certificate by which devices are woken.
//!
//! Knows nothing of certificates. Invariant: the key goes from its file to the server and is shown
//! nowhere.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use hyper::Method;
use mooring_server::api::PushCertificateDetail;

use crate::client::{self, Client, ClientError, segment};
use crate::connection::ConnectionArgs;
use crate::exit::{Exit, UsageError};
use crate::files::{self, STDIN};
use crate::output;
use crate::text::{clean, pairs};

/// Where push certificates are.
pub(crate) const PATH: &str = "/api/v1/pushcert";
const PEM: &str = "application/x-pem-file";
/// From so many days before its end on, a certificate is warned about: Apple's renewal needs a
/// person with the right account.
const WARNING_DAYS: i64 = 60;

/// What can be done with push certificates.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum PushcertCommand {
    /// Set the push certificate, in place of an older one for the same topic
    Set(SetArgs),
    /// Show the push certificate: its topic, and how long it is good
    Show(ShowArgs),
}

/// What `pushcert set` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct SetArgs {
    /// The certificate (PEM), with its key in the same file or in KEYFILE; - is standard input
    #[arg(value_name = "FILE")]
    certificate: PathBuf,
    /// The certificate's key (PEM), not encrypted
    #[arg(value_name = "KEYFILE")]
    key: Option<PathBuf>,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the server's document as it is
    #[arg(long)]
    json: bool,
}

/// What `pushcert show` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// The certificate of this topic, not the one that was set last
    #[arg(long, value_name = "TOPIC")]
    topic: Option<String>,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the server's document as it is
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) async fn run(command: PushcertCommand) -> anyhow::Result<Exit> {
    match command {
        PushcertCommand::Set(args) => set(&args).await,
        PushcertCommand::Show(args) => show(&args).await,
    }
}

async fn set(args: &SetArgs) -> anyhow::Result<Exit> {
    let pem = load(&args.certificate, args.key.as_deref())?;
    let client = args.connection.client()?;
    let before = present(&client).await?;
    let body = put(&client, pem).await?;
    if args.json {
        output::document(&body)?;
    }
    let detail: PushCertificateDetail = client::read(PATH, &body)?;
    if !args.json {
        output::data(&render(&detail))?;
    }
    warn(&detail);
    if let Some(before) = before.filter(|before| before.topic != detail.topic) {
        output::note(&format!(
            "warning: the topic was {} before; devices that enrolled with it are still woken by \
             its certificate, and have to enroll again once that has expired",
            clean(&before.topic)
        ));
    }
    Ok(Exit::Fine)
}

/// Sends certificate and key.
pub(crate) async fn put(client: &Client, pem: Vec<u8>) -> Result<Bytes, ClientError> {
    client
        .request_of(Method::PUT, PATH, PEM, Bytes::from(pem))
        .await
}

/// The certificate that is set, if one is.
async fn present(client: &Client) -> Result<Option<PushCertificateDetail>, ClientError> {
    match client.get_document(PATH).await {
        Ok(detail) => Ok(Some(detail)),
        Err(ClientError::Problem(problem)) if problem.status == 404 => Ok(None),
        Err(error) => Err(error),
    }
}

async fn show(args: &ShowArgs) -> anyhow::Result<Exit> {
    let client = args.connection.client()?;
    let topic = args.topic.as_deref();
    let path = topic.map_or_else(
        || PATH.to_owned(),
        |topic| format!("{PATH}?topic={}", segment(topic)),
    );
    let body = client.get(&path).await?;
    let detail: PushCertificateDetail = client::read(&path, &body)?;
    if args.json {
        output::document(&body)?;
    } else {
        output::data(&render(&detail))?;
    }
    warn(&detail);
    Ok(Exit::Fine)
}

/// Certificate and key as one text.
fn load(certificate: &Path, key: Option<&Path>) -> Result<Vec<u8>, UsageError> {
    let is_stdin = |path: &Path| path == Path::new(STDIN);
    if is_stdin(certificate) && key.is_some_and(is_stdin) {
        let error = UsageError::new("standard input can be one of the two files only");
        return Err(
            error.with_hint("send certificate and key one after the other: mooring pushcert set -")
        );
    }
    let mut pem = Vec::new();
    for path in [Some(certificate), key].into_iter().flatten() {
        let part = if is_stdin(path) {
            files::read_stdin()?
        } else {
            files::read(path)?
        };
        pem.extend(part);
        // A file need not end its last line.
        pem.push(b'\n');
    }
    Ok(pem)
}

fn render(detail: &PushCertificateDetail) -> String {
    let left = detail.days_left;
    let expires = match left {
        ..0 => format!("{} (expired)", detail.not_after),
        0 => format!("{} (today)", detail.not_after),
        1 => format!("{} (1 day left)", detail.not_after),
        _ => format!("{} ({left} days left)", detail.not_after),
    };
    pairs(&[
        ("topic", detail.topic.clone()),
        ("expires", expires),
        ("set", detail.set_at.clone()),
    ])
}

fn warn(detail: &PushCertificateDetail) {
    if detail.days_left < WARNING_DAYS {
        output::note(
            "warning: renew it soon at identity.apple.com, with the Apple Account that made it: \
             with a new one the topic changes, and every device has to enroll again",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detail(days_left: i64) -> PushCertificateDetail {
        PushCertificateDetail {
            topic: "com.apple.mgmt.External.1".to_owned(),
            not_after: "2027-01-01T00:00:00Z".to_owned(),
            days_left,
            set_at: "2026-01-01T00:00:00Z".to_owned(),
        }
    }

    /// Proves that people read how long it is good.
    #[test]
    fn days_left() {
        for (days, text) in [
            (300, "(300 days left)"),
            (1, "(1 day left)"),
            (-1, "(expired)"),
        ] {
            assert!(render(&detail(days)).contains(text), "{days}");
        }
    }

    /// Proves that two files become one text, and that standard input cannot be both.
    #[test]
    fn files() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        std::fs::write(&one, "CERTIFICATE").unwrap();
        std::fs::write(&two, "KEY\n").unwrap();
        assert_eq!(load(&one, Some(&two)).unwrap(), b"CERTIFICATE\nKEY\n\n");
        let stdin = Path::new(STDIN);
        assert!(load(stdin, Some(stdin)).is_err());
        assert!(load(&folder.path().join("none"), None).is_err());
    }
}
