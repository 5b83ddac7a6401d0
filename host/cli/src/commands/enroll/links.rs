//! `mooring enroll links` and `mooring enroll revoke`.

use bytes::Bytes;
use hyper::Method;
use mooring_server::api::EnrollmentLinks;

use super::LINKS_PATH;
use crate::client;
use crate::commands::each::{self, Work};
use crate::connection::ConnectionArgs;
use crate::exit::Exit;
use crate::output;
use crate::text::{NOT_KNOWN, Table};

/// What `enroll links` takes.
#[derive(Debug, clap::Args)]
pub(super) struct LinksArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the server's document as it is
    #[arg(long)]
    json: bool,
}

/// What `enroll revoke` takes.
#[derive(Debug, clap::Args)]
pub(super) struct RevokeArgs {
    /// The links' ids, as `enroll links` shows them
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Lists the links.
pub(super) async fn list(args: &LinksArgs) -> anyhow::Result<Exit> {
    let client = args.connection.client()?;
    let body = client.get(LINKS_PATH).await?;
    if args.json {
        output::document(&body)?;
        return Ok(Exit::Fine);
    }
    let links: EnrollmentLinks = client::read(LINKS_PATH, &body)?;
    if links.links.is_empty() {
        output::note("no link was made yet; make one with: mooring enroll --link");
        return Ok(Exit::Fine);
    }
    output::data(&render(&links))?;
    Ok(Exit::Fine)
}

/// Takes links back.
pub(super) async fn revoke(args: &RevokeArgs) -> anyhow::Result<Exit> {
    let client = args.connection.client()?;
    let work = Work {
        method: Method::DELETE,
        before: "/api/v1/enrollment/links/",
        after: "",
        body: Bytes::new(),
        outcome: "revoked",
        then: "a device that enrolled with it stays enrolled",
    };
    each::run(&client, &args.ids, &work, args.json).await
}

fn render(links: &EnrollmentLinks) -> String {
    let mut table = Table::new([
        "ID",
        "FOR",
        "STATE",
        "MADE AT",
        "BY",
        "EXPIRES AT",
        "USED AT",
    ]);
    for link in &links.links {
        let whom = link.serial.as_ref().or(link.udid.as_ref());
        table.row([
            link.id.clone(),
            whom.map_or_else(|| "any device".to_owned(), Clone::clone),
            link.state.clone(),
            link.created_at.clone(),
            link.created_by.clone(),
            link.expires_at.clone(),
            link.used_at.clone().unwrap_or_else(|| NOT_KNOWN.to_owned()),
        ]);
    }
    table.render("")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that people see for whom a link is and what became of it.
    #[test]
    fn links_are_shown() {
        let links: EnrollmentLinks = serde_json::from_str(
            r#"{"links":[{"id":"a","serial":"C02X","state":"used","created_at":"1","created_by":"admin",
                "expires_at":"2","used_at":"3"},{"id":"b","state":"open","created_at":"1",
                "created_by":"admin","expires_at":"2"}]}"#,
        )
        .unwrap();
        assert_eq!(
            render(&links),
            "ID  FOR         STATE  MADE AT  BY     EXPIRES AT  USED AT\n\
             a   C02X        used   1        admin  2           3\n\
             b   any device  open   1        admin  2           -\n"
        );
    }
}
