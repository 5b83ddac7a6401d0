//! `mooring label list` and `mooring label show`.

use mooring_server::api::LabelName;
use mooring_server::api::{LabelDetail, LabelListing, LabelSummary};

use super::{PATH, label_name, path};
use crate::client::{self, segment};
use crate::connection::ConnectionArgs;
use crate::exit::Exit;
use crate::output;
use crate::text::{NOT_KNOWN, Table, clean, or_dash, pairs};
use crate::words::word;

/// What `label list` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the server's document as it is
    #[arg(long)]
    json: bool,
}

/// What `label show` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// The label
    #[arg(value_name = "NAME", value_parser = label_name)]
    name: LabelName,
    /// How many of its hosts at most
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    /// Begin after the host with this id: the `next` of an earlier list
    #[arg(long, value_name = "ID")]
    after: Option<String>,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the server's document as it is
    #[arg(long)]
    json: bool,
}

/// Lists the labels.
pub(crate) async fn list(args: &ListArgs) -> anyhow::Result<Exit> {
    let body = args.connection.client()?.get(PATH).await?;
    if args.json {
        output::document(&body)?;
        return Ok(Exit::Fine);
    }
    let listing: LabelListing = client::read(PATH, &body)?;
    if listing.labels.is_empty() {
        output::note("no labels; define one with: mooring label set NAME");
    } else {
        output::data(&render(&listing))?;
    }
    Ok(Exit::Fine)
}

/// Shows one label.
pub(crate) async fn show(args: &ShowArgs) -> anyhow::Result<Exit> {
    let mut path = format!("{}?limit={}", path(&args.name), args.limit);
    if let Some(after) = &args.after {
        path.extend(["&after=", &segment(after)]);
    }
    let body = args.connection.client()?.get(&path).await?;
    if args.json {
        output::document(&body)?;
        return Ok(Exit::Fine);
    }
    let detail: LabelDetail = client::read(&path, &body)?;
    output::data(&render_one(&detail))?;
    if let Some(next) = &detail.next {
        let next = clean(next.as_str());
        output::note(&format!("there are more; go on with --after {next}"));
    }
    Ok(Exit::Fine)
}

fn render(listing: &LabelListing) -> String {
    let mut table = Table::new(["LABEL", "KIND", "HOSTS", "UNKNOWN", "USED BY", "RULE"]);
    for label in &listing.labels {
        table.row([
            label.name.to_string(),
            word(&label.kind),
            or_dash(label.hosts),
            or_dash(label.hosts_unknown),
            used_by(label),
            or_dash(label.rule.as_ref()),
        ]);
    }
    table.render("")
}

fn used_by(label: &LabelSummary) -> String {
    if label.used_by.is_empty() {
        return NOT_KNOWN.to_owned();
    }
    let names: Vec<_> = label.used_by.iter().map(ToString::to_string).collect();
    names.join(", ")
}

/// A label in a few lines.
pub(super) fn render_summary(label: &LabelSummary) -> String {
    let mut lines = vec![("kind", word(&label.kind))];
    if let Some(rule) = &label.rule {
        lines.push(("rule", rule.clone()));
    }
    lines.extend(label.hosts.map(|hosts| ("hosts", hosts.to_string())));
    let unknown = label.hosts_unknown;
    lines.extend(unknown.map(|hosts| ("unknown", hosts.to_string())));
    lines.push(("used by", used_by(label)));
    format!("{}\n{}", label.name, pairs(&lines))
}

fn render_one(detail: &LabelDetail) -> String {
    let mut table = Table::new(["HOST", "SERIAL", "NAME"]);
    for member in &detail.members {
        table.row([
            member.id.to_string(),
            or_dash(member.serial_number.as_ref()),
            or_dash(member.device_name.as_ref()),
        ]);
    }
    let mut text = render_summary(&detail.summary);
    if !table.is_empty() {
        text += "\n";
        text += &table.render("  ");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that a label is shown with its rule, its counts, its profiles and its hosts.
    #[test]
    fn labels_are_shown() {
        let detail: LabelDetail = serde_json::from_str(
            r#"{"name":"new","kind":"rule","rule":"host.os_version >= \"15\"","hosts":1,
                "hosts_unknown":2,"used_by":["com.example.a"],
                "members":[{"id":"AAAA","serial_number":"C02X\u001b"}]}"#,
        )
        .unwrap();
        assert_eq!(
            render_one(&detail),
            "new\n  kind     rule\n  rule     host.os_version >= \"15\"\n  hosts    1\n  \
             unknown  2\n  used by  com.example.a\n\n  HOST  SERIAL  NAME\n  AAAA  C02X    -\n"
        );
        let labels = vec![detail.summary];
        assert_eq!(
            render(&LabelListing { labels }),
            "LABEL  KIND  HOSTS  UNKNOWN  USED BY        RULE\n\
             new    rule  1      2        com.example.a  host.os_version >= \"15\"\n"
        );
    }
}
