//! `mooring value list`.

use mooring_server::api::{ValueListing, ValueSummary};

use super::PATH;
use crate::client;
use crate::connection::ConnectionArgs;
use crate::exit::Exit;
use crate::output;
use crate::text::{NOT_KNOWN, Table};
use crate::words::word;

/// What `value list` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the server's document as it is
    #[arg(long)]
    json: bool,
}

/// Lists the values.
pub(crate) async fn run(args: &ListArgs) -> anyhow::Result<Exit> {
    let body = args.connection.client()?.get(PATH).await?;
    if args.json {
        output::document(&body)?;
        return Ok(Exit::Fine);
    }
    let listing: ValueListing = client::read(PATH, &body)?;
    if listing.values.is_empty() {
        output::note("no values; declare one with: mooring value set NAME --attribute");
    } else {
        output::data(&render(&listing.values))?;
    }
    Ok(Exit::Fine)
}

/// Values as a table.
pub(super) fn render(values: &[ValueSummary]) -> String {
    let mut table = Table::new(["VALUE", "KIND", "DEFAULT", "HOSTS", "USED BY"]);
    for value in values {
        let default = match (&value.default, value.has_default) {
            (Some(default), _) => default.clone(),
            (None, true) => "set, not shown".to_owned(),
            (None, false) => NOT_KNOWN.to_owned(),
        };
        table.row([
            value.name.to_string(),
            word(&value.kind),
            default,
            value.hosts.to_string(),
            used_by(value),
        ]);
    }
    table.render("")
}

fn used_by(value: &ValueSummary) -> String {
    let profiles = value.profiles.iter().map(ToString::to_string);
    let labels = value.labels.iter().map(|label| format!("label {label}"));
    let all: Vec<_> = profiles.chain(labels).collect();
    if all.is_empty() {
        return NOT_KNOWN.to_owned();
    }
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that values are shown with their defaults, but for those of secrets.
    #[test]
    fn values_are_shown() {
        let listing: ValueListing = serde_json::from_str(
            r#"{"values":[
                {"name":"site","kind":"attribute","has_default":true,"default":"oslo","hosts":2,
                 "profiles":["com.example.a"],"labels":["north"]},
                {"name":"wifi","kind":"secret","has_default":true,"hosts":0,"profiles":[],"labels":[]}]}"#,
        )
        .unwrap();
        assert_eq!(
            render(&listing.values),
            "VALUE  KIND       DEFAULT         HOSTS  USED BY\n\
             site   attribute  oslo            2      com.example.a, label north\n\
             wifi   secret     set, not shown  0      -\n"
        );
    }
}
