//! `mooring label add` and `mooring label remove`.

use std::path::{Path, PathBuf};

use hyper::Method;
use mooring_server::api::LabelName;
use mooring_server::api::{MembersChange, MembersWish};

use super::{label_name, path};
use crate::client;
use crate::commands::change::ChangeArgs;
use crate::connection::ConnectionArgs;
use crate::exit::{Exit, UsageError};
use crate::files::{self, STDIN};
use crate::output;
use crate::text::count;

/// What `label add` and `label remove` take.
#[derive(Debug, clap::Args)]
pub(crate) struct MembersArgs {
    /// The label
    #[arg(value_name = "NAME", value_parser = label_name)]
    name: LabelName,
    /// The hosts' ids or serial numbers; `-` reads them from standard input, one a line
    #[arg(value_name = "HOST", required_unless_present = "from")]
    hosts: Vec<String>,
    /// A file with more of them, one a line
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    #[command(flatten)]
    change: ChangeArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the server's document as it is
    #[arg(long)]
    json: bool,
}

/// Gives the label.
pub(crate) async fn add(args: &MembersArgs) -> anyhow::Result<Exit> {
    let wish = MembersWish {
        add: hosts(args)?,
        remove: Vec::new(),
    };
    change(args, &wish).await
}

/// Takes the label.
pub(crate) async fn remove(args: &MembersArgs) -> anyhow::Result<Exit> {
    let wish = MembersWish {
        add: Vec::new(),
        remove: hosts(args)?,
    };
    change(args, &wish).await
}

async fn change(args: &MembersArgs, wish: &MembersWish) -> anyhow::Result<Exit> {
    let path = format!("{}/hosts", path(&args.name));
    let client = args.connection.client()?;
    let body = args.change.send(&client, Method::POST, &path, wish).await?;
    args.change.show(&body, args.json, |body| {
        let done: MembersChange = client::read(&path, body)?;
        output::data(&render(&done))?;
        Ok(())
    })
}

fn render(done: &MembersChange) -> String {
    let hosts = |number| count(number, "host");
    format!(
        "{}: given to {}, taken from {}\n",
        done.label,
        hosts(done.added),
        hosts(done.removed)
    )
}

/// The hosts that were named: on the command line, in a file, or on standard input.
fn hosts(args: &MembersArgs) -> anyhow::Result<Vec<String>> {
    let mut hosts = Vec::new();
    for host in &args.hosts {
        if host == STDIN {
            hosts.extend(lines("standard input", files::read_stdin()?)?);
        } else {
            hosts.push(host.trim().to_owned());
        }
    }
    if let Some(file) = &args.from {
        let bytes = if file == Path::new(STDIN) {
            files::read_stdin()?
        } else {
            files::read(file)?
        };
        hosts.extend(lines(&file.display().to_string(), bytes)?);
    }
    if hosts.is_empty() {
        return Err(UsageError::new("no host is named").into());
    }
    Ok(hosts)
}

fn lines(what: &str, bytes: Vec<u8>) -> Result<Vec<String>, UsageError> {
    let text = String::from_utf8(bytes).map_err(|_| {
        let error = UsageError::new(format!("{what} is no text"));
        error.with_hint("write the ids or serial numbers of hosts, one a line")
    })?;
    let lines = text.lines().map(str::trim);
    Ok(lines
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that hosts are read one a line, and that what is no text is refused.
    #[test]
    fn hosts_of_a_file() {
        let read = lines("f", b"A\r\n\n B \nC".to_vec()).unwrap();
        assert_eq!(read, ["A", "B", "C"]);
        assert!(lines("f", vec![0xFF]).unwrap_err().hint.is_some());
    }
}
