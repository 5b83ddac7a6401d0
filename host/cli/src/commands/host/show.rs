//! `mooring host show`.

use mooring_server::api::{Begun, EnrollmentDetail, HostDetail, HostProfiles, PlannedChange};
use mooring_server::clock::{Clock, rfc3339};
use serde::Serialize;
use serde_json::Value;

use super::{list, name};
use crate::client::{self, segment};
use crate::connection::ConnectionArgs;
use crate::exit::Exit;
use crate::output;
use crate::text::{NOT_KNOWN, Table, clean, or_dash, pairs, positional, shell_word};
use crate::together;
use crate::words::{failure, reason, word};

/// What `host show` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// The host's id or serial number
    #[arg(value_name = "ID", value_parser = name)]
    host: String,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// The server's two documents about a host as one.
#[derive(Debug, Serialize)]
struct Shown {
    #[serde(flatten)]
    host: Value,
    profiles: Value,
    unmanaged: Value,
}

/// Shows the host.
pub(crate) async fn run(args: &ShowArgs) -> anyhow::Result<Exit> {
    let client = args.connection.client()?;
    let path = format!("/api/v1/hosts/{}", segment(&args.host));
    let host = client.get(&path).await?;
    let profiles_path = format!("{path}/profiles");
    let profiles = client.get(&profiles_path).await?;
    if args.json {
        let mut profiles: Value = client::read(&profiles_path, &profiles)?;
        let mut take = |name: &str| profiles.get_mut(name).map_or(Value::Null, Value::take);
        output::json(&Shown {
            host: client::read(&path, &host)?,
            profiles: take("profiles"),
            unmanaged: take("unmanaged"),
        })?;
        return Ok(Exit::Fine);
    }
    let host: HostDetail = client::read(&path, &host)?;
    let profiles: HostProfiles = client::read(&profiles_path, &profiles)?;
    let view = View {
        now: rfc3339(Clock::system().now()),
        connection: args.connection.words(),
    };
    output::data(&render(&host, &profiles, &view))?;
    Ok(Exit::Fine)
}

/// What the text depends on beside the documents.
struct View {
    /// This moment, as the server writes moments: a later one is a greater text.
    now: String,
    /// How the server was found, as part of a command line.
    connection: String,
}

fn render(host: &HostDetail, profiles: &HostProfiles, view: &View) -> String {
    let mut text = attributes(host);
    text.push_str(&duplicate(host, view));
    text.push_str(&held(host, view));
    if let Some(newest) = host.identities.first() {
        section(&mut text, "identities", &identities(host, view));
        if newest.expires_at <= view.now {
            text.push_str(&enroll_again(host, view));
        }
    }
    section(&mut text, "channels", &channels(host));
    for enrollment in &host.enrollments {
        if !enrollment.plan.is_empty() {
            let title = format!("plan of the {} channel", word(&enrollment.channel));
            section(&mut text, &title, &plan(&enrollment.plan));
        }
    }
    section(&mut text, "profiles", &managed(profiles));
    section(
        &mut text,
        "profiles of others, left alone",
        &unmanaged(profiles),
    );
    text += &together::section("profiles that do not go together", &host.together);
    section(&mut text, "last commands", &commands(host));
    text
}

/// A titled table; one with nothing but its headings says so.
fn section(text: &mut String, title: &str, table: &Table) {
    let rows = if table.is_empty() {
        "  none\n".to_owned()
    } else {
        table.render("  ")
    };
    text.extend(["\n", title, "\n", &rows]);
}

fn attributes(host: &HostDetail) -> String {
    let summary = &host.summary;
    let told = &summary.attributes;
    let system = match (&told.os_version, &told.build_version) {
        (Some(version), Some(build)) => format!("{version} ({build})"),
        (version, build) => or_dash(version.as_ref().or(build.as_ref())),
    };
    let mut as_of = or_dash(host.attributes_at.as_ref());
    if host.are_attributes_old {
        as_of.push_str(", too old to say anything: what may have changed since is left out");
    }
    let supervised = told.is_supervised.map(|is| if is { "yes" } else { "no" });
    let lines = [
        ("name", or_dash(told.device_name.as_ref())),
        ("serial", or_dash(told.serial_number.as_ref())),
        ("model", or_dash(told.model.as_ref())),
        ("os", system),
        ("supervised", or_dash(supervised)),
        ("status", list::status(summary)),
        ("auth", or_dash(host.authenticated_by.as_ref())),
        ("enrolled", host.enrolled_at.clone()),
        ("last seen", summary.last_seen_at.clone()),
        ("as of", as_of),
    ];
    clean(summary.id.as_str()) + "\n" + &pairs(&lines)
}

/// Which devices speak for the host in turn, and what to do about it.
fn duplicate(host: &HostDetail, view: &View) -> String {
    let Some(duplicate) = &host.summary.duplicate else {
        return String::new();
    };
    let settle = format!(
        "mooring host settle{} {}",
        view.connection,
        positional(host.summary.id.as_str())
    );
    let lines = [
        ("serials", duplicate.serial_numbers.join(", ")),
        (
            "to do",
            "erase or enroll anew all but one of them; then:".to_owned(),
        ),
        ("", settle),
    ];
    let title = "two devices use this host's identity; nothing is changed on them";
    format!("\n{title}\n{}", pairs(&lines))
}

/// Who else wants to speak for the host, and what to do about it.
fn held(host: &HostDetail, view: &View) -> String {
    let Some(held) = &host.summary.held else {
        return String::new();
    };
    let accept = format!(
        "mooring host accept{} --fingerprint {} {}",
        view.connection,
        shell_word(&held.fingerprint),
        positional(host.summary.id.as_str())
    );
    let lines = [
        ("why", held.reason.clone()),
        ("when", held.at.clone()),
        ("fingerprint", held.fingerprint.clone()),
        ("to accept it", accept),
    ];
    format!("\nheld: another identity\n{}", pairs(&lines))
}

/// What to do for a host that cannot speak any more.
fn enroll_again(host: &HostDetail, view: &View) -> String {
    let serial = host.summary.attributes.serial_number.as_ref();
    let serial = serial.map_or_else(|| "SERIAL".to_owned(), |serial| shell_word(serial.as_str()));
    let connection = &view.connection;
    format!("  it has to enroll again: mooring enroll{connection} --serial={serial}\n")
}

fn identities(host: &HostDetail, view: &View) -> Table {
    let mut table = Table::new(["EXPIRES AT", "RENEWAL FROM", "FINGERPRINT"]);
    for identity in &host.identities {
        let is_expired = identity.expires_at <= view.now;
        let mark = if is_expired { ", expired" } else { "" };
        let renewal = match &identity.renewal_at {
            Some(_) if is_expired => NOT_KNOWN.to_owned(),
            Some(at) => at.clone(),
            None => "not renewed by this server".to_owned(),
        };
        table.row([
            identity.expires_at.clone() + mark,
            renewal,
            identity.fingerprint.clone(),
        ]);
    }
    table
}

fn channels(host: &HostDetail) -> Table {
    let mut table = Table::new(["CHANNEL", "PHASE", "STATUS", "LISTED AT", "REFRESH", "ID"]);
    for enrollment in &host.enrollments {
        let refresh = if enrollment.is_refresh_asked {
            "asked"
        } else {
            NOT_KNOWN
        };
        table.row([
            word(&enrollment.channel),
            enrollment.phase.clone() + begun(enrollment),
            word(&enrollment.status),
            or_dash(enrollment.listed_at.as_ref()),
            refresh.to_owned(),
            enrollment.id.to_string(),
        ]);
    }
    table
}

/// How it came that nothing of before counts, unless the channel enrolled for the first time.
fn begun(enrollment: &EnrollmentDetail) -> &'static str {
    match enrollment.begun {
        Begun::Enrolled => "",
        Begun::Reenrolled => ", enrolled anew",
        Begun::Wiped => ", wiped",
        Begun::Restored => ", restored",
        Begun::Observed => ", observed anew",
    }
}

fn plan(changes: &[PlannedChange]) -> Table {
    let mut table = Table::new(["CHANGE", "PROFILE", "VERSION", "REASON"]);
    for change in changes {
        table.row(match change {
            PlannedChange::Install {
                identifier,
                version,
                reason,
            } => [
                "install".to_owned(),
                identifier.to_string(),
                version.to_string(),
                word(reason),
            ],
            PlannedChange::Remove { identifier } => [
                "remove".to_owned(),
                identifier.to_string(),
                NOT_KNOWN.to_owned(),
                "not wanted".to_owned(),
            ],
        });
    }
    table
}

fn managed(profiles: &HostProfiles) -> Table {
    let mut table = Table::new(["PROFILE", "WANTED", "STATUS", "CHANNEL", "REASON"]);
    for profile in &profiles.profiles {
        let channel = profile.enrollment.as_ref().map(|one| word(&one.channel()));
        let wanted = profile.wanted_version.map(|version| version.to_string());
        let mut why = reason(&profile.status);
        if let Some(note) = &profile.note {
            let dash = if why.is_empty() { "" } else { "; " };
            why = why + dash + note;
        }
        table.row([
            profile.identifier.to_string(),
            wanted.unwrap_or_else(|| "absent".to_owned()),
            word(&profile.status.word()),
            or_dash(channel),
            why,
        ]);
    }
    table
}

fn unmanaged(profiles: &HostProfiles) -> Table {
    let mut table = Table::new(["PROFILE", "PAYLOAD UUID", "CHANNEL", "NAME"]);
    for profile in &profiles.unmanaged {
        table.row([
            profile.identifier.to_string(),
            profile.payload_uuid.to_string(),
            word(&profile.enrollment.channel()),
            or_dash(profile.name.as_ref()),
        ]);
    }
    table
}

fn commands(host: &HostDetail) -> Table {
    let mut table = Table::new([
        "SENT AT", "COMMAND", "PROFILE", "VERSION", "CHANNEL", "OUTCOME", "ERROR",
    ]);
    for command in &host.commands {
        table.row([
            command.sent_at.clone(),
            command.request_type.clone(),
            or_dash(command.identifier.as_ref()),
            or_dash(command.version),
            word(&command.enrollment.channel()),
            command.outcome.clone(),
            command.error.as_ref().map(failure).unwrap_or_default(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that everything the server tells of a host is shown, its profiles with the reason.
    #[test]
    fn hosts_are_shown_whole() {
        let host: HostDetail = serde_json::from_str(
            r#"{"id":"AAAA","serial_number":"C02X","device_name":"Zo\u001bs Mac","os_version":"15.1",
                "build_version":"24B83","is_supervised":true,"status":"failed",
                "last_seen_at":"2026-01-02T00:00:00Z","held":{"fingerprint":"ffee00112233445566","at":"2026-01-03T00:00:00Z",
                "reason":"it enrolled anew"},"authenticated_by":"signature","identities":[
                {"fingerprint":"aabb","expires_at":"2027-01-01T00:00:00Z",
                 "renewal_at":"2026-07-01T00:00:00Z"},
                {"fingerprint":"ccdd","expires_at":"2026-12-01T00:00:00Z"},
                {"fingerprint":"eeff","expires_at":"2026-01-02T00:00:00Z",
                 "renewal_at":"2025-07-01T00:00:00Z"}],"enrolled_at":"2026-01-01T00:00:00Z",
                "enrollments":[{"id":"AAAA","channel":"device","phase":"enrolled","epoch":1,"begun":"observed",
                  "status":"failed","is_refresh_asked":true,
                  "plan":[{"change":"install","identifier":"com.example.a","version":2,"reason":"missing"},
                          {"change":"remove","identifier":"com.example.b"}]}],
                "commands":[{"enrollment":"AAAA","uuid":"U","request_type":"InstallProfile",
                  "identifier":"com.example.a","version":2,"sent_at":"2026-01-02T00:00:00Z",
                  "outcome":"failed","error":{"kind":"lost"}}]}"#,
        )
        .unwrap();
        let profiles: HostProfiles = serde_json::from_str(
            r#"{"id":"AAAA","status":"failed","profiles":[
                {"identifier":"com.example.a","enrollment":"AAAA","wanted_version":2,
                 "status":"failed","error":{"kind":"lost"},"next_attempt":"parked"},
                {"identifier":"com.example.b","enrollment":"AAAA","status":"pending","reason":"waiting",
                 "note":"an unmanaged copy"}],
                "unmanaged":[{"identifier":"com.other.c","payload_uuid":"X","enrollment":"AAAA:U1"}]}"#,
        )
        .unwrap();
        let mut view = View {
            now: "2026-06-01T00:00:00.000Z".to_owned(),
            connection: " --data d".to_owned(),
        };
        let text = render(&host, &profiles, &view);
        for part in [
            "Zos Mac",
            "failed, held ffee001122334455\n",
            "auth        signature",
            "it enrolled anew",
            "mooring host accept --data d --fingerprint ffee00112233445566 AAAA\n",
            "2027-01-01T00:00:00Z           2026-07-01T00:00:00Z        aabb",
            "2026-12-01T00:00:00Z           not renewed by this server  ccdd",
            "2026-01-02T00:00:00Z, expired  -                           eeff",
            "15.1 (24B83)",
            "supervised  yes",
            "enrolled, observed anew  failed",
            "install  com.example.a  2        missing",
            "remove   com.example.b",
            "no report came back",
            "absent  pending  device   waiting; an unmanaged copy",
            "com.other.c  X             user",
            "InstallProfile",
        ] {
            assert!(text.contains(part), "{part:?} is not in\n{text}");
        }
        assert!(!text.contains('\u{1b}') && !text.contains("enroll again"));
        view.now = "2028-01-01T00:00:00.000Z".to_owned();
        let text = render(&host, &profiles, &view);
        let again = "  it has to enroll again: mooring enroll --data d --serial=C02X\n";
        assert!(text.contains(again), "{text}");
    }
}
