//! `mooring host block`, `unblock` and `accept`: who may speak for a host.

use bytes::Bytes;
use hyper::Method;
use mooring_server::api::Acceptance;

use super::name;
use crate::commands::each::{self, Work};
use crate::connection::ConnectionArgs;
use crate::exit::Exit;

/// Digits of a SHA-256 in hex.
const FINGERPRINT_DIGITS: usize = 64;
/// Fewest of them that say which certificate is meant.
pub(super) const FINGERPRINT_DIGITS_MIN: usize = 16;

/// What `block` and `unblock` take.
#[derive(Debug, clap::Args)]
pub(crate) struct AccessArgs {
    /// The hosts' ids or serial numbers
    #[arg(required = true, value_name = "ID", value_parser = name)]
    hosts: Vec<String>,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What `accept` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct AcceptArgs {
    /// The host's id or serial number
    #[arg(value_name = "ID", value_parser = name)]
    host: String,
    /// The identity that is meant: its fingerprint as `host show` prints it, or at least the first
    /// 16 digits
    #[arg(long, value_name = "F", value_parser = fingerprint)]
    fingerprint: String,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Blocks hosts.
pub(crate) async fn block(args: &AccessArgs) -> anyhow::Result<Exit> {
    let work = Work {
        method: Method::POST,
        before: "/api/v1/hosts/",
        after: "/block",
        body: Bytes::new(),
        outcome: "blocked",
        then: "it is told to unenroll when it next connects, and loses all that was installed; \
               until then `mooring host unblock ID` takes it back",
    };
    each::run(&args.connection.client()?, &args.hosts, &work, args.json).await
}

/// Takes blocks back.
pub(crate) async fn unblock(args: &AccessArgs) -> anyhow::Result<Exit> {
    let work = Work {
        method: Method::DELETE,
        before: "/api/v1/hosts/",
        after: "/block",
        body: Bytes::new(),
        outcome: "unblocked",
        then: "a host that has unenrolled meanwhile has to enroll again: mooring enroll --serial S",
    };
    each::run(&args.connection.client()?, &args.hosts, &work, args.json).await
}

/// Accepts the identity that is held, if it is the one that is named.
pub(crate) async fn accept(args: &AcceptArgs) -> anyhow::Result<Exit> {
    let meant = Acceptance {
        fingerprint: args.fingerprint.clone(),
    };
    let work = Work {
        method: Method::POST,
        before: "/api/v1/hosts/",
        after: "/accept",
        body: serde_json::to_vec(&meant)?.into(),
        outcome: "accepted",
        then: "the identity that was held is the host's only one now, and what is on the host is \
               found out anew",
    };
    let hosts = std::slice::from_ref(&args.host);
    each::run(&args.connection.client()?, hosts, &work, args.json).await
}

/// What is not a fingerprint, or too little of one.
#[derive(Debug, thiserror::Error)]
#[error("a fingerprint is {FINGERPRINT_DIGITS} hex digits, of which the first 16 are enough")]
struct NoFingerprint;

/// Reads a fingerprint, or the beginning of one; `openssl` writes it with colons.
fn fingerprint(text: &str) -> Result<String, NoFingerprint> {
    let text = text.trim().replace(':', "").to_ascii_lowercase();
    let is_long_enough = (FINGERPRINT_DIGITS_MIN..=FINGERPRINT_DIGITS).contains(&text.len());
    if is_long_enough && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(text)
    } else {
        Err(NoFingerprint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that a fingerprint is taken as it is shown here and by others, and too little is not.
    #[test]
    fn fingerprints() {
        let whole = "0f".repeat(32);
        for (given, read) in [
            (whole.as_str(), Some(whole.as_str())),
            ("00112233AABBCCDD", Some("00112233aabbccdd")),
            (" 00:11:22:33:aa:bb:cc:dd ", Some("00112233aabbccdd")),
            ("00112233aabbccd", None),
            ("00112233aabbccdg", None),
            ("", None),
            (&(whole.clone() + "0"), None),
        ] {
            assert_eq!(fingerprint(given).ok().as_deref(), read, "{given}");
        }
    }
}
