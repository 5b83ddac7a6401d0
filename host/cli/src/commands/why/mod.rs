//! `mooring why`: why a profile is on a host, is not, or will be.

use mooring_mdm::ids::{IdError, PayloadIdentifier};
use mooring_server::api::{Why, WhyFact};

use crate::client::{self, segment};
use crate::connection::ConnectionArgs;
use crate::exit::Exit;
use crate::output;
use crate::text::clean;
use crate::together;
use crate::words::word;

/// What `why` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct WhyArgs {
    /// The host's id or serial number
    #[arg(value_name = "HOST")]
    host: String,
    /// The profile's identifier
    #[arg(value_name = "PROFILE", value_parser = identifier)]
    identifier: PayloadIdentifier,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Print the server's document as it is
    #[arg(long)]
    json: bool,
}

fn identifier(text: &str) -> Result<PayloadIdentifier, IdError> {
    PayloadIdentifier::parse(text)
}

/// Explains one profile on one host.
pub(crate) async fn run(args: &WhyArgs) -> anyhow::Result<Exit> {
    let (host, profile) = (segment(&args.host), segment(args.identifier.as_str()));
    let path = format!("/api/v1/hosts/{host}/profiles/{profile}");
    let body = args.connection.client()?.get(&path).await?;
    if args.json {
        output::document(&body)?;
        return Ok(Exit::Fine);
    }
    output::data(&render(&client::read(&path, &body)?))?;
    Ok(Exit::Fine)
}

fn render(why: &Why) -> String {
    let (host, profile) = (clean(why.host.as_str()), clean(why.identifier.as_str()));
    let mut text = format!("{profile} on {host}\n");
    text += &facts(&why.facts);
    text += &line("for this host", &why.is_for_host.to_string());
    for reason in &why.rules {
        let words = format!("{}: {} ({})", reason.rule, reason.truth, reason.words);
        text += &line("", &words);
    }
    if why.channels.is_empty() {
        text += &line("status", "the host has no channel for it");
    }
    for channel in &why.channels {
        let name = channel.enrollment.as_ref().map(ToString::to_string);
        let name = name.unwrap_or_else(|| "no channel".to_owned());
        text.extend(["on ", &clean(&name), "\n"]);
        text += &facts(&channel.facts);
        text += &line("status", &channel.outcome);
        text += &line("next", &channel.next);
    }
    text + &together::section("together with its other profiles", &why.together)
}

fn facts(facts: &[WhyFact]) -> String {
    let line = |fact: &WhyFact| line(&word(&fact.about), &fact.words);
    facts.iter().map(line).collect()
}

fn line(about: &str, words: &str) -> String {
    format!("  {about:<13}  {}\n", clean(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that an explanation is told in order, one thing a line, without control characters.
    #[test]
    fn explanations_are_lines() {
        let why: Why = serde_json::from_str(
            r#"{"host":"AAAA","identifier":"com.example.a","is_for_host":"unknown",
                "rules":[{"rule":"os","truth":"unknown","words":"it is not known\u001b"}],
                "facts":[{"about":"profile","words":"enabled, latest version 2"}],
                "channels":[{"enrollment":"AAAA","facts":[{"about":"list","words":"none"}],
                "state":{"status":"unknown"},"outcome":"unknown","next":"nothing"}]}"#,
        )
        .unwrap();
        assert_eq!(
            render(&why),
            "com.example.a on AAAA\n  profile        enabled, latest version 2\n  \
             for this host  unknown\n                 os: unknown (it is not known)\non AAAA\n  \
             list           none\n  status         unknown\n  next           nothing\n"
        );
    }
}
