//! `mooring host set`: the values of one host.

use std::path::Path;

use hyper::Method;
use mooring_mdm::profile::placeholder::ValueName;
use mooring_server::api::{HostValues, HostValuesWish, ValueListing};
use mooring_server::scope::ValueKind;

use super::name;
use crate::client::{self, Client, segment};
use crate::commands::change::ChangeArgs;
use crate::commands::value::{self, value_name};
use crate::connection::ConnectionArgs;
use crate::exit::{Exit, UsageError};
use crate::files;
use crate::output;
use crate::text::{NOT_KNOWN, Table, clean};
use crate::words::word;

/// What `host set` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct SetArgs {
    /// The host's id or serial number
    #[arg(value_name = "HOST", value_parser = name)]
    host: String,
    /// Attributes and what they become; without any and without options they are shown
    #[arg(value_name = "NAME=VALUE", value_parser = pair)]
    values: Vec<Pair>,
    /// Take this value from the host; may be given more than once
    #[arg(long, value_name = "NAME", value_parser = value_name)]
    unset: Vec<ValueName>,
    /// A secret, or an attribute, from a file, or with `-` from standard input: one line; may be
    /// given more than once
    #[arg(long, value_name = "NAME=FILE", value_parser = pair)]
    secret_file: Vec<Pair>,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the server's document as it is
    #[arg(long)]
    json: bool,
}

/// A name with what stands behind the `=`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pair {
    name: ValueName,
    text: String,
}

/// What is no pair.
#[derive(Debug, thiserror::Error)]
enum NoPair {
    #[error("write it as NAME=VALUE")]
    Form,
    #[error(transparent)]
    Name(#[from] mooring_mdm::profile::placeholder::ValueNameError),
}

fn pair(text: &str) -> Result<Pair, NoPair> {
    let (name, text) = text.split_once('=').ok_or(NoPair::Form)?;
    Ok(Pair {
        name: ValueName::parse(name)?,
        text: text.to_owned(),
    })
}

/// Sets the values, or shows them.
pub(crate) async fn run(args: &SetArgs) -> anyhow::Result<Exit> {
    let client = args.connection.client()?;
    let path = format!("/api/v1/hosts/{}/values", segment(&args.host));
    let is_change = !(args.values.is_empty() && args.unset.is_empty());
    if !is_change && args.secret_file.is_empty() {
        let body = client.get(&path).await?;
        if args.json {
            output::document(&body)?;
        } else {
            show(&client::read(&path, &body)?)?;
        }
        return Ok(Exit::Fine);
    }
    let wish = wish(&client, args).await?;
    let body = args.change.send(&client, Method::PUT, &path, &wish).await?;
    args.change
        .show(&body, args.json, |body| show(&client::read(&path, body)?))
}

/// What is asked for. A secret that stands on the command line is refused: others can see it there.
async fn wish(client: &Client, args: &SetArgs) -> anyhow::Result<HostValuesWish> {
    let mut wish = HostValuesWish {
        unset: args.unset.iter().cloned().collect(),
        ..HostValuesWish::default()
    };
    if !args.values.is_empty() {
        let declared: ValueListing = client.get_document(value::PATH).await?;
        let secrets = declared
            .values
            .iter()
            .filter(|v| v.kind == ValueKind::Secret);
        let secrets: Vec<_> = secrets.map(|value| &value.name).collect();
        if let Some(pair) = args
            .values
            .iter()
            .find(|pair| secrets.contains(&&pair.name))
        {
            let error = UsageError::new(format!("{} is a secret", pair.name));
            let hint = format!(
                "others can see a command line; use --secret-file {}=FILE",
                pair.name
            );
            return Err(error.with_hint(hint).into());
        }
    }
    let mut all = Vec::new();
    for pair in &args.values {
        all.push((pair.name.clone(), pair.text.clone()));
    }
    for pair in &args.secret_file {
        let line = files::secret(Path::new(&pair.text))?;
        all.push((pair.name.clone(), line.expose().to_owned()));
    }
    for (name, text) in all {
        if wish.set.insert(name.clone(), text).is_some() {
            return Err(UsageError::new(format!("{name} is given twice")).into());
        }
    }
    Ok(wish)
}

fn show(values: &HostValues) -> anyhow::Result<()> {
    if values.values.is_empty() {
        output::note(
            "no values are declared; declare one with: mooring value set NAME --attribute",
        );
    }
    Ok(output::data(&render(values))?)
}

fn render(host: &HostValues) -> String {
    let mut text = format!("{}\n", clean(host.id.as_str()));
    if !host.labels.is_empty() {
        let labels: Vec<_> = host.labels.iter().map(ToString::to_string).collect();
        text.extend(["  labels  ", &labels.join(", "), "\n"]);
    }
    let mut table = Table::new(["VALUE", "KIND", "IS", "FROM"]);
    for value in &host.values {
        let is = match (&value.value, value.is_set) {
            (Some(text), _) => text.clone(),
            (None, true) => "set, not shown".to_owned(),
            (None, false) => NOT_KNOWN.to_owned(),
        };
        let from = match (value.is_set, value.is_default) {
            (false, _) => NOT_KNOWN,
            (true, true) => "default",
            (true, false) => "host",
        };
        table.row([
            value.name.to_string(),
            word(&value.kind),
            is,
            from.to_owned(),
        ]);
    }
    if !table.is_empty() {
        text += &table.render("  ");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that a pair is a name and whatever follows the first `=`.
    #[test]
    fn pairs_of_values() {
        let read = pair("site=a=b").unwrap();
        assert_eq!((read.name.as_str(), read.text.as_str()), ("site", "a=b"));
        assert_eq!(pair("site=").unwrap().text, "");
        for bad in ["site", "=x", "Site=x", "a-b=x"] {
            assert!(pair(bad).is_err(), "{bad}");
        }
    }

    /// Proves that a host's values are shown with where they come from, but for secrets.
    #[test]
    fn values_are_shown() {
        let values: HostValues = serde_json::from_str(
            r#"{"id":"AAAA","labels":["berlin"],"values":[
                {"name":"site","kind":"attribute","is_set":true,"is_default":true,"value":"oslo"},
                {"name":"vpn","kind":"secret","is_set":false,"is_default":false},
                {"name":"wifi","kind":"secret","is_set":true,"is_default":false}]}"#,
        )
        .unwrap();
        assert_eq!(
            render(&values),
            "AAAA\n  labels  berlin\n  VALUE  KIND       IS              FROM\n  \
             site   attribute  oslo            default\n  vpn    secret     -               -\n  \
             wifi   secret     set, not shown  host\n"
        );
    }
}
