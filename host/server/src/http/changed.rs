//! What became of a change, as an answer; and how it was asked for, in a query.
//!
//! Knows nothing of what is changed. Invariants: a planned change answers with what would follow
//! and nothing else; a change that is held is one problem everywhere, with the same document.

use mooring_mdm::ids::HostId;
use serde::Serialize;

use super::admin::{ADMIN, json};
use super::body::Answer;
use super::problem::{Kind, Problem};
use super::route::query_value;
use crate::api::Planned;
use crate::change::{AffectedPage, ChangeError, ChangeOptions, Changed};
use crate::limits::AFFECTED_PAGE_MAX;

/// What the query of a change may hold, whichever it is.
const PARAMETERS: [&str; 6] = [
    "plan",
    "confirm",
    "after",
    "limit",
    "name",
    "accept_uuid_changes",
];

/// How a change was asked for: `plan=true` says what it would do (`after` and `limit` choose the
/// hosts that are named), `confirm=N` makes one that is held.
pub(super) fn options(query: &str) -> Result<ChangeOptions, Problem> {
    let wrong = |name: &str, detail: &str| {
        Problem::new(Kind::BadRequest, format!("the parameter {name} is wrong")).at(name, detail)
    };
    // A misspelt plan would be the change itself.
    let names = query.split('&').filter(|pair| !pair.is_empty());
    let mut names = names.map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name));
    if let Some(unknown) = names.find(|name| !PARAMETERS.contains(name)) {
        let detail = format!(
            "it is not known here; those that are: {}",
            PARAMETERS.join(", ")
        );
        return Err(wrong(unknown, &detail));
    }
    let is_plan = match query_value(query, "plan").as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(wrong("plan", "it is true or false")),
    };
    let confirm = query_value(query, "confirm").map(|text| text.parse());
    let confirm = confirm.transpose();
    let confirm = confirm.map_err(|_| {
        wrong(
            "confirm",
            "it is the number that the refusal or the plan tells",
        )
    })?;
    let after = query_value(query, "after").map(|text| HostId::parse(&text));
    let after = after.transpose();
    let after = after.map_err(|error| wrong("after", &error.to_string()))?;
    let limit = match query_value(query, "limit").map(|text| text.parse()) {
        None => AffectedPage::default().limit,
        Some(Ok(limit)) if (1..=AFFECTED_PAGE_MAX).contains(&limit) => limit,
        Some(_) => {
            let detail = format!("it is a number from 1 to {AFFECTED_PAGE_MAX}");
            return Err(wrong("limit", &detail));
        }
    };
    Ok(ChangeOptions {
        is_plan,
        confirm,
        page: AffectedPage { after, limit },
        by: ADMIN.to_owned(),
    })
}

/// The answer to a change: `{"plan": ..}` if it was only planned, else what `done` makes of it.
pub(super) fn answer<T>(
    changed: Changed<T>,
    done: impl FnOnce(T) -> Result<Answer, Problem>,
) -> Result<Answer, Problem> {
    match changed {
        Changed::Done(value) => done(value),
        Changed::Planned(plan) => json(200, &Planned { plan: *plan }),
    }
}

/// The same where the answer is a document.
pub(super) fn document<T: Serialize>(changed: Changed<T>) -> Result<Answer, Problem> {
    answer(changed, |value| json(200, &value))
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Held(plan) => {
                let (losing, of, number) = (plan.hosts_losing, plan.hosts_of, plan.confirm);
                let detail = format!(
                    "{losing} of {of} hosts would lose a profile and {} more would get another \
                     version; nothing has changed. A plan (--plan, or plan=true) shows all that \
                     would follow; if it is meant, repeat it with --confirm {number} \
                     (confirm={number})",
                    plan.hosts_changed.saturating_sub(losing)
                );
                Self::new(Kind::Held, detail).with_plan(plan)
            }
            ChangeError::Store(error) => error.into(),
        }
    }
}
