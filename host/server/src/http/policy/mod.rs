//! Handlers about how much rules weigh, and about what is accepted.
//!
//! Knows nothing of tokens or sockets. Invariant: who changed what stands in the log and in the
//! answer.

mod route;

use bytes::Bytes;

use super::admin::{ADMIN, from_json, identifier, json};
use super::body::{Answer, answer};
use super::problem::{Kind, Problem};
use crate::api::{AcceptWish, PolicyWish};
use crate::core::Core;
use crate::findings::FindingsError;

pub use route::PolicyRoute;

/// Answers the routes of this module.
pub(super) fn handle(core: &Core, route: &PolicyRoute, body: &Bytes) -> Result<Answer, Problem> {
    match route {
        PolicyRoute::Show => json(200, &core.policy_listing()?),
        PolicyRoute::Set(rule) => {
            let wish: PolicyWish = from_json(body)?;
            json(200, &core.set_level(rule, wish.level, ADMIN)?)
        }
        PolicyRoute::Reset(rule) => {
            core.reset_level(rule, ADMIN)?;
            Ok(answer(204, "", ""))
        }
        PolicyRoute::Accepted(id) => json(200, &core.accepted_listing(&identifier(id)?)?),
        PolicyRoute::Accept(id, rule) => {
            let wish: AcceptWish = from_json(body)?;
            let accepted = core.accept_rule(&identifier(id)?, rule, &wish.reason, ADMIN)?;
            json(200, &accepted)
        }
        PolicyRoute::Revoke(id, rule) => {
            core.revoke_rule(&identifier(id)?, rule, ADMIN)?;
            Ok(answer(204, "", ""))
        }
    }
}

impl From<FindingsError> for Problem {
    fn from(error: FindingsError) -> Self {
        let text = error.to_string();
        match error {
            FindingsError::NoRule { .. } | FindingsError::NotAccepted(_) => {
                Self::new(Kind::NotFound, text)
            }
            FindingsError::Fixed { .. } | FindingsError::TooMany(_) => {
                Self::new(Kind::Conflict, text)
            }
            FindingsError::Reason(_) => {
                Self::new(Kind::BadRequest, text.clone()).at("/reason", text)
            }
            FindingsError::Store(error) => error.into(),
        }
    }
}
