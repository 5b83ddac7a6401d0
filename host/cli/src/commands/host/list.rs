//! `mooring host list`.

use clap::ValueEnum;
use mooring_server::api::{HostListing, HostSummary};

use super::access::FINGERPRINT_DIGITS_MIN;
use crate::client::{Client, ClientError, segment};
use crate::connection::ConnectionArgs;
use crate::exit::Exit;
use crate::output;
use crate::progress;
use crate::text::{Table, or_dash, shell_word};
use crate::words::word;

/// Most hosts in one answer of the server.
const PAGE_MAX: u32 = 1000;

/// What `host list` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// Only hosts that should have this profile, or still have it
    #[arg(long, value_name = "IDENTIFIER")]
    profile: Option<String>,
    /// Only hosts in this status; with --profile, those on which the profile is in it
    #[arg(long, value_name = "STATUS")]
    status: Option<StatusFilter>,
    /// How many hosts at most
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Begin after the host with this id: the `next` of an earlier list
    #[arg(long, value_name = "ID")]
    after: Option<String>,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// The four words.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum StatusFilter {
    Applied,
    Pending,
    Failed,
    Unknown,
}

impl StatusFilter {
    fn word(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// Lists the hosts.
pub(crate) async fn run(args: &ListArgs) -> anyhow::Result<Exit> {
    let client = args.connection.client()?;
    let listing = collect(&client, args).await?;
    if args.json {
        output::json(&listing)?;
        return Ok(Exit::Fine);
    }
    if listing.hosts.is_empty() {
        output::note(nothing(args));
        return Ok(Exit::Fine);
    }
    output::data(&render(&listing, args.profile.is_some()))?;
    if listing.hosts.iter().any(|host| host.held.is_some()) {
        output::note(
            "held: another identity wants to speak for the host, the one with that fingerprint; \
             `mooring host show ID` says why and how to accept it",
        );
    }
    if let Some(next) = &listing.next {
        output::note(&format!(
            "there are more; raise --limit, or go on with --after={}",
            shell_word(next.as_str())
        ));
    }
    Ok(Exit::Fine)
}

/// What to say where there is nothing to list.
fn nothing(args: &ListArgs) -> &'static str {
    match (&args.profile, args.status, &args.after) {
        (_, _, Some(_)) => "no more hosts",
        (None, None, None) => {
            "no host has enrolled yet; `mooring sim --help` tells how to try with simulated ones"
        }
        (None, Some(_), None) => "no host is in that status",
        (Some(_), None, None) => "no host should have that profile, or has it still",
        (Some(_), Some(_), None) => "on no host is that profile in that status",
    }
}

/// Asks for page after page until there are enough.
async fn collect(client: &Client, args: &ListArgs) -> Result<HostListing, ClientError> {
    let mut all = HostListing {
        hosts: Vec::new(),
        next: None,
    };
    let mut after = args.after.clone();
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let bar = progress::bar(u64::from(args.limit.div_ceil(PAGE_MAX)), "pages");
    while all.hosts.len() < limit {
        let missing = u32::try_from(limit - all.hosts.len()).unwrap_or(PAGE_MAX);
        let path = page(args, missing.min(PAGE_MAX), after.as_deref());
        let listing: HostListing = client.get_document(&path).await?;
        all.hosts.extend(listing.hosts);
        all.next = listing.next;
        after = all.next.as_ref().map(ToString::to_string);
        bar.inc(1);
        if after.is_none() {
            break;
        }
    }
    bar.finish_and_clear();
    Ok(all)
}

fn page(args: &ListArgs, limit: u32, after: Option<&str>) -> String {
    let mut path = format!("/api/v1/hosts?limit={limit}");
    for (name, value) in [
        ("profile", args.profile.as_deref()),
        ("status", args.status.map(StatusFilter::word)),
        ("after", after),
    ] {
        if let Some(value) = value {
            path.extend(["&", name, "=", &segment(value)]);
        }
    }
    path
}

fn render(listing: &HostListing, is_of_profile: bool) -> String {
    let mut headings = vec!["ID", "SERIAL", "STATUS"];
    headings.extend(is_of_profile.then_some("PROFILE"));
    headings.extend(["MODEL", "OS", "LAST SEEN", "NAME"]);
    let mut table = Table::new(headings);
    for host in &listing.hosts {
        let told = &host.attributes;
        let mut row = vec![
            host.id.to_string(),
            or_dash(told.serial_number.as_ref()),
            status(host),
        ];
        row.extend(is_of_profile.then(|| or_dash(host.profile_status.as_ref().map(word))));
        row.extend([
            or_dash(told.model.as_ref()),
            or_dash(told.os_version.as_ref()),
            host.last_seen_at.clone(),
            or_dash(told.device_name.as_ref()),
        ]);
        table.row(row);
    }
    table.render("")
}

/// The host's status, with marks for what an administrator decides.
pub(super) fn status(host: &HostSummary) -> String {
    let status = host.status.as_ref().map(word);
    let mut text = status.unwrap_or_else(|| "checked out".to_owned());
    if host.is_blocked {
        text.push_str(", blocked");
    }
    if let Some(duplicate) = &host.duplicate {
        text.push_str(", two devices: ");
        text.push_str(&duplicate.serial_numbers.join(" and "));
    }
    if let Some(held) = &host.held {
        let digits = held.fingerprint.chars().take(FINGERPRINT_DIGITS_MIN);
        text.push_str(", held ");
        text.extend(digits);
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, FromArgMatches as _};

    use super::*;

    /// Proves that parameters are encoded and left out where they are not given.
    #[test]
    fn pages() {
        let plain = args(&[]);
        assert_eq!(page(&plain, 100, None), "/api/v1/hosts?limit=100");
        let filtered = args(&["--profile", "com.example.a b", "--status", "pending"]);
        assert_eq!(
            page(&filtered, 5, Some("a&b")),
            "/api/v1/hosts?limit=5&profile=com.example.a%20b&status=pending&after=a%26b"
        );
    }

    fn args(line: &[&str]) -> ListArgs {
        let command = ListArgs::augment_args(clap::Command::new("list"));
        let matches = command.get_matches_from([&["list"], line].concat());
        ListArgs::from_arg_matches(&matches).unwrap()
    }

    /// Proves that a name from a device cannot disturb the terminal, and that marks stand beside the
    /// status.
    #[test]
    fn hosts_are_listed() {
        let listing: HostListing = serde_json::from_str(
            r#"{"hosts":[{"id":"A","device_name":"x\u001b[2Jy","status":"applied",
                "last_seen_at":"2026-01-01T00:00:00Z"},
               {"id":"C","last_seen_at":"","status":"pending",
                "duplicate":{"serial_numbers":["S1","S2"]}},
               {"id":"B","last_seen_at":"","is_blocked":true,"status":"unknown",
                "held":{"fingerprint":"00112233445566778899","at":"","reason":"r"}}]}"#,
        )
        .unwrap();
        let text = render(&listing, false);
        assert!(
            text.contains("unknown, blocked, held 0011223344556677  "),
            "{text}"
        );
        assert!(text.contains("pending, two devices: S1 and S2"), "{text}");
        assert!(text.contains("x[2Jy") && !text.contains('\u{1b}'), "{text}");
    }

    /// Proves that a list of one profile's hosts shows both statuses.
    #[test]
    fn hosts_of_a_profile_are_listed() {
        let listing: HostListing = serde_json::from_str(
            r#"{"hosts":[{"id":"A","status":"failed","profile_status":"applied","last_seen_at":"-"}]}"#,
        )
        .unwrap();
        assert_eq!(
            render(&listing, true),
            "ID  SERIAL  STATUS  PROFILE  MODEL  OS  LAST SEEN  NAME\n\
             A   -       failed  applied  -      -   -          -\n"
        );
    }
}
