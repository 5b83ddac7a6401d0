//! What a change of installed plugins takes, and what is said of a plan.
//!
//! Knows nothing of what is changed. Invariant: a change that was only planned is never told as one
//! that was made.

use bytes::Bytes;
use mooring_mdm::finding::Finding;
use mooring_server::api::{PlannedPlugin, PluginPlan};
use std::fmt::Write as _;

use super::view;
use crate::client;
use crate::commands::change;
use crate::exit::Exit;
use crate::findings;
use crate::output;
use crate::text::{clean, count};

/// How a change is made.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct PlanArgs {
    /// Say which findings on stored profiles, and which generated profiles, would be others, and
    /// change nothing
    #[arg(long, conflicts_with = "confirm")]
    plan: bool,
    /// Make a change that is held because so much would follow; N is in the refusal and the plan
    #[arg(long, value_name = "N")]
    confirm: Option<u64>,
}

impl PlanArgs {
    /// The address with what was asked for.
    pub(super) fn on(&self, path: &str) -> String {
        match (self.plan, self.confirm) {
            (true, _) => format!("{path}?plan=true"),
            (false, Some(number)) => format!("{path}?confirm={number}"),
            (false, None) => path.to_owned(),
        }
    }

    /// Shows the answer: the plan if the change was only planned, else what `done` says of it.
    pub(super) fn show(
        &self,
        body: &Bytes,
        is_json: bool,
        done: impl FnOnce(&Bytes) -> anyhow::Result<()>,
    ) -> anyhow::Result<Exit> {
        if is_json && body.is_empty() {
            output::data("{}\n")?;
        } else if is_json {
            output::document(body)?;
        } else if self.plan {
            let planned: PlannedPlugin = client::read("a plan", body)?;
            output::data(&render(&planned.plan))?;
            match &planned.plan.hosts {
                Some(hosts) => change::show_plan(hosts)?,
                None => output::note("nothing was changed"),
            }
        } else {
            done(body)?;
        }
        Ok(Exit::Fine)
    }
}

fn render(plan: &PluginPlan) -> String {
    let mut text = format!(
        "{} of {} would have other findings\n",
        plan.profiles.len(),
        count(plan.judged, "stored profile")
    );
    if plan.left_out > 0 {
        let left_out = count(plan.left_out, "profile");
        let _ = writeln!(
            text,
            "{left_out} could not be judged in time: nothing is known of them"
        );
    }
    if let Some(signer) = &plan.signer {
        let (was, becomes) = (
            view::signer(signer.was.as_ref()),
            view::signer(signer.becomes.as_ref()),
        );
        let _ = writeln!(
            text,
            "signed by {was} until now, and by {becomes} from then on"
        );
    }
    for made in &plan.generated {
        let name = clean(made.identifier.as_str());
        let _ = match (made.from, made.to) {
            (None, Some(to)) => writeln!(text, "{name}: would be made, as version {to}"),
            (Some(from), Some(to)) => writeln!(text, "{name}: version {to} in place of {from}"),
            (_, None) => writeln!(text, "{name}: would be deleted"),
        };
    }
    for profile in &plan.profiles {
        let name = format!("{} {}", profile.identifier, profile.version);
        text += &difference(&name, &profile.added, &profile.removed);
    }
    text
}

/// How the findings about one profile differ.
pub(super) fn difference(name: &str, added: &[Finding], removed: &[Finding]) -> String {
    let line = |sign, finding| format!("  {sign} {}\n", findings::render("", finding));
    let added = added.iter().map(|finding| line('+', finding));
    let lines = added.chain(removed.iter().map(|finding| line('-', finding)));
    format!("{}\n{}", clean(name), lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that a plan names each profile with what is new and what is gone, generated ones too.
    #[test]
    fn plans_are_shown() {
        let plan: PluginPlan = serde_json::from_str(
            r#"{"judged":2,"profiles":[{"identifier":"com.example.a","version":3,
                "added":[{"severity":"error","rule":"W1","message":"no","line":4,"column":2,
                "source":"com.example.x"}],
                "removed":[{"severity":"info","rule":"W2","message":"so","line":0,"column":0,
                "source":"com.example.x"}]}],
                "generated":[{"identifier":"com.example.m","to":1},
                {"identifier":"com.example.n","from":1,"to":2},{"identifier":"com.example.o","from":3}]}"#,
        )
        .unwrap();
        let text = render(&plan);
        assert!(
            text.starts_with("1 of 2 stored profiles would have other findings\n"),
            "{text}"
        );
        assert!(
            text.contains(
                "com.example.m: would be made, as version 1\ncom.example.n: version 2 in place of 1\n\
                 com.example.o: would be deleted\n"
            ),
            "{text}"
        );
        assert!(
            text.contains("com.example.a 3\n  + 4:2 error W1 no"),
            "{text}"
        );
        assert!(text.contains("\n  - info W2 so"), "{text}");
    }
}
