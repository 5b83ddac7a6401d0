//! Handlers about pauses, sending again, and hosts with two devices.
//!
//! Knows nothing of tokens or sockets. Invariant: an answer that says that something stopped or goes
//! on leaves after it was stored.

mod route;

use bytes::Bytes;

use super::admin::{ADMIN, from_json, identifier, json};
use super::body::{Answer, answer};
use super::problem::Problem;
use crate::api::PauseWish;
use crate::core::Core;

pub use route::ControlRoute;

/// Answers the routes of this module.
pub(super) fn handle(core: &Core, route: &ControlRoute, body: &Bytes) -> Result<Answer, Problem> {
    match route {
        ControlRoute::ShowPause => json(200, &core.pause_state()?),
        ControlRoute::Pause => {
            let wish = if body.is_empty() {
                PauseWish::default()
            } else {
                from_json(body)?
            };
            core.pause(ADMIN, wish.reason.as_deref())?;
            json(200, &core.pause_state()?)
        }
        ControlRoute::Resume => {
            core.resume(ADMIN)?;
            json(200, &core.pause_state()?)
        }
        ControlRoute::Settle(host) => {
            core.settle_host(host)?;
            Ok(answer(202, "", ""))
        }
        ControlRoute::Resend(host, id) => json(202, &core.resend(host, &identifier(id)?)?),
        ControlRoute::ResendFailed(id) => json(202, &core.resend_failed(&identifier(id)?)?),
    }
}
