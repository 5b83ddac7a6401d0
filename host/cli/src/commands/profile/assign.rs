//! `mooring profile assign` and `mooring profile unassign`: whom a profile is for.

use bytes::Bytes;
use hyper::Method;
use mooring_mdm::ids::PayloadIdentifier;
use mooring_mdm::os::{OsVersion, OsVersionError, Platform, PlatformError};
use mooring_server::api::AssignmentDetail;
use mooring_server::api::{Assignment, AssignmentError, LabelName};

use super::{identifier, path};
use crate::client;
use crate::commands::change::ChangeArgs;
use crate::commands::label::label_name;
use crate::connection::ConnectionArgs;
use crate::exit::{Exit, UsageError};
use crate::findings;
use crate::output;
use crate::text::clean;

/// What `profile assign` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct AssignArgs {
    /// The profile's identifier; it may be pushed later
    #[arg(value_name = "ID", value_parser = identifier)]
    identifier: PayloadIdentifier,
    #[command(flatten)]
    parts: Parts,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the server's document as it is
    #[arg(long)]
    json: bool,
}

/// The parts of an assignment; all of them must hold.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
struct Parts {
    /// Hosts that have all of these labels
    #[arg(long, value_name = "LABEL,..", value_delimiter = ',', value_parser = label_name)]
    include_all: Vec<LabelName>,
    /// Hosts that have one of these labels
    #[arg(long, value_name = "LABEL,..", value_delimiter = ',', value_parser = label_name)]
    include_any: Vec<LabelName>,
    /// Not the hosts that have one of these labels
    #[arg(long, value_name = "LABEL,..", value_delimiter = ',', value_parser = label_name)]
    exclude_any: Vec<LabelName>,
    /// Hosts that run one of these: macos, ios, ipados, tvos, watchos, visionos
    #[arg(long, value_name = "PLATFORM,..", value_delimiter = ',', value_parser = platform)]
    platform: Vec<Platform>,
    /// Hosts with a version of their system in this range: 14.0..15, 14.0.. or ..15, which includes
    /// all of 15.x
    #[arg(long, value_name = "MIN..MAX", value_parser = range)]
    os: Option<Range>,
    /// This share of all hosts, 0 to 100; a larger one keeps those that were in
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=100))]
    percent: Option<u8>,
    /// Every host
    #[arg(long, conflicts_with_all = ["include_all", "include_any", "exclude_any", "platform", "os", "percent"])]
    everyone: bool,
}

/// What `profile unassign` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct UnassignArgs {
    /// The profile's identifier
    #[arg(value_name = "ID", value_parser = identifier)]
    identifier: PayloadIdentifier,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the server's document as it is
    #[arg(long)]
    json: bool,
}

/// A range of versions, with at least one end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    min: Option<OsVersion>,
    max: Option<OsVersion>,
}

/// What is no range.
#[derive(Debug, thiserror::Error)]
enum NoRange {
    #[error("write it as MIN..MAX, MIN.. or ..MAX")]
    Form,
    #[error(transparent)]
    Version(#[from] OsVersionError),
}

fn range(text: &str) -> Result<Range, NoRange> {
    let (min, max) = text.split_once("..").ok_or(NoRange::Form)?;
    let end = |text: &str| {
        (!text.is_empty())
            .then(|| OsVersion::parse(text))
            .transpose()
    };
    let range = Range {
        min: end(min)?,
        max: end(max)?,
    };
    if range.min.is_none() && range.max.is_none() {
        return Err(NoRange::Form);
    }
    Ok(range)
}

fn platform(text: &str) -> Result<Platform, PlatformError> {
    text.parse()
}

impl Parts {
    fn assignment(&self) -> Result<Assignment, AssignmentError> {
        let assignment = Assignment {
            include_all: self.include_all.iter().cloned().collect(),
            include_any: self.include_any.iter().cloned().collect(),
            exclude_any: self.exclude_any.iter().cloned().collect(),
            platforms: self.platform.iter().copied().collect(),
            os_min: self.os.and_then(|os| os.min),
            os_max: self.os.and_then(|os| os.max),
            percent: self.percent,
        };
        assignment.check()?;
        Ok(assignment)
    }
}

/// Assigns the profile.
pub(crate) async fn assign(args: &AssignArgs) -> anyhow::Result<Exit> {
    let assignment = args.parts.assignment();
    let assignment = assignment.map_err(|error| UsageError::new(error.to_string()))?;
    let path = format!("{}/assignment", path(&args.identifier));
    let client = args.connection.client()?;
    let body = args
        .change
        .send(&client, Method::PUT, &path, &assignment)
        .await?;
    args.change.show(&body, args.json, |body| show(&path, body))
}

/// Takes the assignment back.
pub(crate) async fn unassign(args: &UnassignArgs) -> anyhow::Result<Exit> {
    let path = format!("{}/assignment", path(&args.identifier));
    let client = args.connection.client()?;
    let body = args
        .change
        .request(&client, Method::DELETE, &path, Bytes::new())
        .await?;
    args.change.show(&body, args.json, |body| show(&path, body))
}

fn show(path: &str, body: &Bytes) -> anyhow::Result<()> {
    let detail: AssignmentDetail = client::read(path, body)?;
    let name = clean(detail.identifier.as_str());
    output::data(&format!(
        "{name} is for {}\n",
        words(detail.assignment.as_ref())
    ))?;
    for finding in &detail.findings {
        output::note(&findings::render("", finding));
    }
    if !detail.is_profile_known {
        output::note("there is no such profile yet; the assignment holds once it is pushed");
    }
    Ok(())
}

/// Whom a profile is for.
pub(super) fn words(assignment: Option<&Assignment>) -> String {
    let Some(assignment) = assignment.filter(|given| **given != Assignment::default()) else {
        return "every host".to_owned();
    };
    let mut parts = Vec::new();
    let mut labels = |what: &str, set: &std::collections::BTreeSet<LabelName>| {
        if !set.is_empty() {
            let names: Vec<_> = set.iter().map(ToString::to_string).collect();
            parts.push(format!("{what} {}", names.join(", ")));
        }
    };
    labels("with all of the labels", &assignment.include_all);
    labels("with one of the labels", &assignment.include_any);
    labels("without any of the labels", &assignment.exclude_any);
    if !assignment.platforms.is_empty() {
        let names: Vec<_> = assignment.platforms.iter().map(|p| p.as_str()).collect();
        parts.push(format!("on {}", names.join(" or ")));
    }
    match (assignment.os_min, assignment.os_max) {
        (Some(min), Some(max)) => parts.push(format!("with a system from {min} to {max}")),
        (Some(min), None) => parts.push(format!("with a system from {min} on")),
        (None, Some(max)) => parts.push(format!("with a system up to {max}")),
        (None, None) => {}
    }
    if let Some(percent) = assignment.percent {
        parts.push(format!("in the first {percent} percent"));
    }
    format!("hosts {}", parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves which ranges are understood.
    #[test]
    fn ranges() {
        let version = |text| OsVersion::parse(text).ok();
        for (text, min, max) in [
            ("14.0..15", version("14.0"), version("15")),
            ("14..", version("14"), None),
            ("..15.1", None, version("15.1")),
        ] {
            assert_eq!(range(text).unwrap(), Range { min, max }, "{text}");
        }
        for bad in ["", "..", "14", "a..b", "14...15", "14..15..16"] {
            assert!(range(bad).is_err(), "{bad}");
        }
    }

    /// Proves that an assignment is told whole, and that an empty one is for every host.
    #[test]
    fn assignments_in_words() {
        assert_eq!(words(None), "every host");
        assert_eq!(words(Some(&Assignment::default())), "every host");
        let assignment: Assignment = serde_json::from_str(
            r#"{"include_all":["a","b"],"exclude_any":["c"],"platforms":["macos"],
                "os_min":"14.0","os_max":"15","percent":5}"#,
        )
        .unwrap();
        assert_eq!(
            words(Some(&assignment)),
            "hosts with all of the labels a, b; without any of the labels c; on macos; with a \
             system from 14.0 to 15; in the first 5 percent"
        );
    }
}
