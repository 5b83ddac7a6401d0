//! Handlers about enrollment, push certificates and who may speak for a host.
//!
//! Knows nothing of tokens or sockets. Invariant: what opens something (a link, a profile with a
//! challenge) is in the answer to whoever made it, and in no other.

use bytes::Bytes;
use mooring_mdm::checkin::SERVICE_TYPE_BYTES_MAX;

use super::admin::{ADMIN, PROFILE, from_json, json};
use super::body::{Answer, answer};
use super::problem::{Kind, Problem};
use super::route::{EnrollmentRoute, query_value};
use crate::api::{Acceptance, EnrollmentLinks, LinkWish};
use crate::core::Core;
use crate::enrollment::LinkRequest;
use crate::limits::SERVICE_TOKEN_BYTES_MAX;

/// Answers the routes of this module.
pub(super) fn handle(
    core: &Core,
    route: &EnrollmentRoute,
    query: &str,
    body: &Bytes,
) -> Result<Answer, Problem> {
    match route {
        EnrollmentRoute::BlockHost(host) => {
            core.block_host(host, true)?;
            Ok(answer(204, "", ""))
        }
        EnrollmentRoute::UnblockHost(host) => {
            core.block_host(host, false)?;
            Ok(answer(204, "", ""))
        }
        EnrollmentRoute::AcceptHost(host) => {
            let meant: Acceptance = from_json(body)?;
            core.accept_host(host, &meant.fingerprint)?;
            Ok(answer(204, "", ""))
        }
        EnrollmentRoute::Links => json(
            200,
            &EnrollmentLinks {
                links: core.links()?,
            },
        ),
        EnrollmentRoute::NewLink => json(201, &core.create_link(&wish(body)?)?),
        EnrollmentRoute::RevokeLink(id) => {
            core.revoke_link(id)?;
            Ok(answer(204, "", ""))
        }
        EnrollmentRoute::EnrollmentProfile => {
            Ok(answer(200, PROFILE, core.profile_for(&wish(body)?)?))
        }
        EnrollmentRoute::PushCertificate => {
            let topic = query_value(query, "topic");
            json(200, &core.push_certificate(topic.as_deref())?)
        }
        EnrollmentRoute::SetPushCertificate => json(200, &core.set_push_certificate(body)?),
        EnrollmentRoute::SetToken(service) => {
            core.set_service_token(named(service)?, token(body)?)?;
            Ok(answer(204, "", ""))
        }
        EnrollmentRoute::RemoveToken(service) => {
            core.set_service_token(named(service)?, None)?;
            Ok(answer(204, "", ""))
        }
    }
}

fn wish(body: &Bytes) -> Result<LinkRequest, Problem> {
    let wish: LinkWish = if body.is_empty() {
        LinkWish::default()
    } else {
        from_json(body)?
    };
    Ok(LinkRequest {
        serial: wish.serial,
        udid: wish.udid,
        life_ms: wish
            .expires_in_s
            .map(|seconds| seconds.saturating_mul(1000)),
        by: ADMIN.to_owned(),
    })
}

fn named(service: &str) -> Result<&str, Problem> {
    let is_name = !service.is_empty()
        && service.len() <= SERVICE_TYPE_BYTES_MAX
        && !service.chars().any(char::is_control);
    let detail = "a service type is a name such as com.apple.maid";
    is_name
        .then_some(service)
        .ok_or_else(|| Problem::new(Kind::BadRequest, detail))
}

fn token(body: &Bytes) -> Result<Option<Vec<u8>>, Problem> {
    if body.is_empty() || body.len() > SERVICE_TOKEN_BYTES_MAX {
        let detail = format!("a token has 1 to {SERVICE_TOKEN_BYTES_MAX} bytes");
        return Err(Problem::new(Kind::BadRequest, detail));
    }
    Ok(Some(body.to_vec()))
}
