//! Handlers about labels, assignments, values and explanations.
//!
//! Knows nothing of tokens or sockets. Invariants: what cannot be read of a body that may hold
//! secrets is told by its place alone; no answer holds a secret.

mod problem;
mod route;

use bytes::Bytes;
use mooring_drift::scope::{Assignment, Label, LabelName, Rule};
use mooring_mdm::ids::{HostId, PayloadIdentifier};
use mooring_mdm::profile::placeholder::ValueName;
use mooring_store::HOSTS_PAGE_MAX;
use serde::de::DeserializeOwned;

use super::admin::{from_json, json};
use super::body::{Answer, answer};
use super::changed;
use super::problem::{Kind, Problem};
use super::route::query_value;
use crate::api::{HostValuesWish, LabelKind, LabelWish, MembersWish};
use crate::core::Core;
use crate::limits::HOSTS_PAGE_DEFAULT;
use crate::scope::{DeclaredValue, MembersQuery, ScopeError};

pub use route::ScopeRoute;

/// Answers the routes of this module.
pub(super) fn handle(
    core: &Core,
    route: &ScopeRoute,
    query: &str,
    body: &Bytes,
) -> Result<Answer, Problem> {
    match route {
        ScopeRoute::Labels => json(200, &core.labels()?),
        ScopeRoute::Label(name) => json(200, &core.label(&label(name)?, &members(query)?)?),
        ScopeRoute::SetLabel(name) => {
            let (name, wish) = (label(name)?, from_json(body)?);
            let options = changed::options(query)?;
            changed::document(core.set_label(&name, &read_label(wish)?, &options)?)
        }
        ScopeRoute::RemoveLabel(name) => {
            let removed = core.remove_label(&label(name)?, &changed::options(query)?)?;
            changed::answer(removed, |()| Ok(answer(204, "", "")))
        }
        ScopeRoute::ChangeMembers(name) => {
            let (name, options) = (label(name)?, changed::options(query)?);
            let MembersWish { add, remove } = from_json(body)?;
            changed::document(core.change_members(&name, &add, &remove, &options)?)
        }
        ScopeRoute::Assignments => json(200, &core.assignments()),
        ScopeRoute::Assignment(id) => json(200, &core.assignment(&identifier(id)?)?),
        ScopeRoute::Assign(id) => {
            let (id, options) = (identifier(id)?, changed::options(query)?);
            let assignment: Assignment = from_json(body)?;
            changed::document(core.set_assignment(&id, Some(&assignment), &options)?)
        }
        ScopeRoute::Unassign(id) => {
            let options = changed::options(query)?;
            changed::document(core.set_assignment(&identifier(id)?, None, &options)?)
        }
        ScopeRoute::Values => json(200, &core.values()?),
        ScopeRoute::DeclareValue(name) => {
            let (name, options) = (value(name)?, changed::options(query)?);
            let declared: DeclaredValue = secretive(body, DECLARED)?;
            changed::document(core.declare_value(&name, &declared, &options)?)
        }
        ScopeRoute::WithdrawValue(name) => {
            let withdrawn = core.withdraw_value(&value(name)?, &changed::options(query)?)?;
            changed::answer(withdrawn, |()| Ok(answer(204, "", "")))
        }
        ScopeRoute::HostValues(host) => json(200, &core.host_values(host)?),
        ScopeRoute::SetHostValues(host) => {
            let options = changed::options(query)?;
            let wish: HostValuesWish = secretive(body, HOST_VALUES)?;
            changed::document(core.set_host_values(host, &wish, &options)?)
        }
        ScopeRoute::Why(host, id) => json(200, &core.why(host, &identifier(id)?)?),
    }
}

const DECLARED: &str = r#"{"kind": "attribute" or "secret", "default": TEXT}"#;
const HOST_VALUES: &str = r#"{"set": {NAME: TEXT}, "unset": [NAME]}"#;

/// Reads a body that may hold secrets: an error has its place and the form, and nothing of it.
fn secretive<T: DeserializeOwned>(body: &Bytes, form: &str) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| {
        let place = format!("line {} column {}", error.line(), error.column());
        let detail = format!("{form} belongs here; names have a to z, 0 to 9 and _");
        Problem::new(
            Kind::BadRequest,
            "the body is not the JSON that belongs here; as it may hold secrets, it is not repeated",
        )
        .at(&place, detail)
    })
}

fn read_label(wish: LabelWish) -> Result<Label, Problem> {
    let wrong = |detail: &str| Problem::new(Kind::BadRequest, detail).at("/rule", detail);
    match (wish.kind, wish.rule) {
        (LabelKind::Manual, None) => Ok(Label::Manual),
        (LabelKind::Manual, Some(_)) => Err(wrong("a manual label has no rule")),
        (LabelKind::Rule, None) => Err(wrong("a label of the kind rule has one")),
        (LabelKind::Rule, Some(text)) => {
            let rule = Rule::parse(&text).map_err(ScopeError::Rule)?;
            Ok(Label::Rule(rule))
        }
    }
}

fn members(query: &str) -> Result<MembersQuery, Problem> {
    let wrong = |name: &str, detail: String| {
        Problem::new(Kind::BadRequest, format!("the parameter {name} is wrong")).at(name, detail)
    };
    let after = query_value(query, "after").map(|text| HostId::parse(&text));
    let after = after.transpose();
    let limit = match query_value(query, "limit").map(|text| text.parse()) {
        None => HOSTS_PAGE_DEFAULT,
        Some(Ok(limit)) if (1..=HOSTS_PAGE_MAX).contains(&limit) => limit,
        Some(_) => {
            let detail = format!("it is a number from 1 to {HOSTS_PAGE_MAX}");
            return Err(wrong("limit", detail));
        }
    };
    Ok(MembersQuery {
        after: after.map_err(|error| wrong("after", error.to_string()))?,
        limit,
    })
}

fn label(text: &str) -> Result<LabelName, Problem> {
    LabelName::parse(text).map_err(|error| Problem::new(Kind::BadRequest, error.to_string()))
}

fn value(text: &str) -> Result<ValueName, Problem> {
    ValueName::parse(text).map_err(|error| Problem::new(Kind::BadRequest, error.to_string()))
}

fn identifier(text: &str) -> Result<PayloadIdentifier, Problem> {
    PayloadIdentifier::parse(text)
        .map_err(|error| Problem::new(Kind::BadRequest, error.to_string()))
}
