//! The admin listener: the token, the routes, and JSON in and out.
//!
//! Knows nothing of drift. Invariants: no route but the open ones does anything before the token
//! was compared; every error is a problem document; the log has the request's id, never its body.

use std::sync::Arc;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::{Method, Request};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::backup;
use super::body::{Answer, BodyError, answer, read};
use super::control;
use super::credentials::{Credentials, demand};
use super::enrollment;
use super::listener::Service;
use super::nanomdm::{self, Asked, NanoMdm};
use super::peer::Peer;
use super::plugins;
use super::policy;
use super::problem::{Kind, Problem};
use super::profiles;
use super::route::{Route, query_value};
use super::scope;
use crate::api::VersionInfo;
use crate::api::plain_json;
use crate::backup::Backups;
use crate::core::Core;
use crate::hosts::HostsQuery;
use crate::limits::HOSTS_PAGE_DEFAULT;
use crate::push::Pusher;
use crate::random;
use mooring_drift::status::Status;
use mooring_mdm::ids::{HostId, PayloadIdentifier};
use mooring_store::HOSTS_PAGE_MAX;

/// Who changes things, until there are accounts.
pub(super) const ADMIN: &str = "admin";
const JSON: &str = "application/json";
pub(super) const PROFILE: &str = "application/x-apple-aspen-config";

/// Answers administrators.
pub(crate) struct Admin {
    pub(crate) core: Arc<Core>,
    pub(crate) pusher: Arc<Pusher>,
    backups: Backups,
    nanomdm: NanoMdm,
    credentials: Credentials,
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Admin")
    }
}

/// A request, as far as handlers look at it.
struct Call {
    route: Route,
    query: String,
    is_json: bool,
    body: Bytes,
}

impl Service for Admin {
    async fn answer(&self, request: Request<Incoming>, _peer: &Peer) -> Answer {
        let id = random::request_id();
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let result = self.admit(&method, &path, request).await;
        let result = match result {
            Ok(Call {
                route: Route::NanoMdm(route),
                query,
                body,
                ..
            }) => Ok(self.nanomdm.answer(Asked { route, query, body }).await),
            Ok(call) => {
                let (core, pusher) = (Arc::clone(&self.core), Arc::clone(&self.pusher));
                let backups = self.backups.clone();
                let handle = move || handle(&core, &pusher, &backups, &call);
                let handled = tokio::task::spawn_blocking(handle).await;
                handled.unwrap_or_else(|error| {
                    tracing::error!(%error, request = id, "a request panicked");
                    Err(Problem::new(
                        Kind::Internal,
                        "this request failed; the log says why",
                    ))
                })
            }
            Err(problem) => Err(problem),
        };
        let answer = result.unwrap_or_else(|problem| {
            if nanomdm::is_address(&path) {
                nanomdm::problem_answer(&problem)
            } else {
                problem_answer(&problem, &id)
            }
        });
        tracing::debug!(request = id, %method, path, status = answer.status().as_u16(), "answered");
        answer
    }
}

impl Admin {
    /// Answers for `core` to whoever has `token`.
    pub(crate) fn new(
        core: Arc<Core>,
        token: &str,
        pusher: Arc<Pusher>,
        backups: Backups,
        allows_migration: bool,
    ) -> Self {
        let nanomdm = NanoMdm::new(Arc::clone(&core), Arc::clone(&pusher), allows_migration);
        Self {
            core,
            pusher,
            backups,
            nanomdm,
            credentials: Credentials::new(token),
        }
    }

    async fn admit(
        &self,
        method: &Method,
        path: &str,
        request: Request<Incoming>,
    ) -> Result<Call, Problem> {
        let route = Route::find(method, path);
        // An address that does not exist looks like one that does to whoever has no token.
        let takes_password = nanomdm::is_address(path);
        let is_let_in = || self.credentials.are_in(request.headers(), takes_password);
        if !route.as_ref().is_ok_and(Route::is_open) && !is_let_in() {
            return Err(Problem::new(Kind::Unauthorized, demand(takes_password)));
        }
        let content_type = request
            .headers()
            .get(CONTENT_TYPE)
            .map(HeaderValue::as_bytes);
        let is_json = content_type.is_some_and(|kind| {
            kind.get(..JSON.len())
                .is_some_and(|kind| kind.eq_ignore_ascii_case(JSON.as_bytes()))
        });
        let (route, query) = (route?, request.uri().query().unwrap_or_default().to_owned());
        let body = read(request.into_body(), route.body_bytes_max()).await;
        let body = body.map_err(|error| match error {
            BodyError::TooLarge { .. } => {
                Problem::new(Kind::TooLarge, format!("{error}; send it in parts"))
            }
            BodyError::Slow => Problem::new(Kind::Timeout, error.to_string()),
            BodyError::Broken => Problem::new(Kind::BadRequest, error.to_string()),
            BodyError::NoRoom => Problem::new(Kind::Unavailable, error.to_string()),
        })?;
        Ok(Call {
            route,
            query,
            is_json,
            body,
        })
    }
}

fn handle(core: &Core, pusher: &Pusher, backups: &Backups, call: &Call) -> Result<Answer, Problem> {
    match &call.route {
        Route::Health => Ok(answer(200, "text/plain; charset=utf-8", "ok\n")),
        Route::Version => json(
            200,
            &VersionInfo {
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
        ),
        Route::Status => {
            let mut summary = core.summary()?;
            summary.push = Some(pusher.state().into());
            json(200, &summary)
        }
        Route::Profiles => {
            let with_deleted = query_value(&call.query, "deleted").as_deref() == Some("true");
            json(200, &core.profile_listing(with_deleted))
        }
        Route::Push if call.is_json => profiles::push_files(core, &call.query, &call.body),
        Route::Push => profiles::push_bytes(core, &call.query, &call.body),
        Route::Profile(id) => json(200, &core.profile_detail(&identifier(id)?)?),
        Route::Switch(id) => profiles::switch(core, &identifier(id)?, &call.query, &call.body),
        Route::DeleteProfile(id) => profiles::delete(core, &identifier(id)?, &call.query),
        Route::Raw(id) => Ok(answer(200, PROFILE, core.raw(&identifier(id)?, None)?)),
        Route::ProfileVersion(id, number) => json(
            200,
            &core.version_detail(&identifier(id)?, version(number)?)?,
        ),
        Route::RawVersion(id, number) => {
            let raw = core.raw(&identifier(id)?, Some(version(number)?))?;
            Ok(answer(200, PROFILE, raw))
        }
        Route::Hosts => json(200, &core.host_listing(&hosts_query(&call.query)?)?),
        Route::Host(host) => json(200, &core.host_detail(host)?),
        Route::HostProfiles(host) => json(200, &core.host_profiles(host)?),
        Route::Refresh(host) => {
            core.refresh_host(host)?;
            Ok(answer(202, "", ""))
        }
        Route::RemoveHost(host) => {
            core.remove_host(host)?;
            Ok(answer(204, "", ""))
        }
        Route::Control(route) => control::handle(core, route, &call.body),
        Route::Enrollment(route) => enrollment::handle(core, route, &call.query, &call.body),
        Route::Backup(route) => backup::handle(backups, route, &call.query),
        Route::Scope(route) => scope::handle(core, route, &call.query, &call.body),
        Route::Plugin(route) => plugins::handle(core, route, &call.query, &call.body),
        Route::Policy(route) => policy::handle(core, route, &call.body),
        // They push, so they were answered before.
        Route::NanoMdm(_) => Err(Problem::new(Kind::Internal, "this request went astray")),
    }
}

fn hosts_query(query: &str) -> Result<HostsQuery, Problem> {
    let wrong = |name: &str, detail: String| {
        Problem::new(Kind::BadRequest, format!("the parameter {name} is wrong")).at(name, detail)
    };
    let after = query_value(query, "after").map(|text| HostId::parse(&text));
    let limit = query_value(query, "limit").map(|text| {
        let limit = text
            .parse::<usize>()
            .ok()
            .filter(|limit| (1..=HOSTS_PAGE_MAX).contains(limit));
        limit.ok_or_else(|| {
            wrong(
                "limit",
                format!("it is a number from 1 to {HOSTS_PAGE_MAX}"),
            )
        })
    });
    let status = match query_value(query, "status").as_deref() {
        None => None,
        Some("applied") => Some(Status::Applied),
        Some("pending") => Some(Status::Pending),
        Some("failed") => Some(Status::Failed),
        Some("unknown") => Some(Status::Unknown),
        Some(_) => {
            let detail = "it is one of applied, pending, failed, unknown".to_owned();
            return Err(wrong("status", detail));
        }
    };
    let profile = query_value(query, "profile").map(|text| PayloadIdentifier::parse(&text));
    Ok(HostsQuery {
        profile: profile
            .transpose()
            .map_err(|error| wrong("profile", error.to_string()))?,
        after: after
            .transpose()
            .map_err(|error| wrong("after", error.to_string()))?,
        limit: limit.transpose()?.unwrap_or(HOSTS_PAGE_DEFAULT),
        status,
    })
}

pub(super) fn identifier(text: &str) -> Result<PayloadIdentifier, Problem> {
    PayloadIdentifier::parse(text)
        .map_err(|error| Problem::new(Kind::BadRequest, error.to_string()))
}

fn version(text: &str) -> Result<u32, Problem> {
    let detail = format!("{text:?} is no version; versions are counted 1, 2, 3, ...");
    text.parse()
        .map_err(|_| Problem::new(Kind::BadRequest, detail))
}

pub(super) fn from_json<T: DeserializeOwned>(body: &Bytes) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| {
        let place = format!("line {} column {}", error.line(), error.column());
        Problem::new(
            Kind::BadRequest,
            "the body is not the JSON that belongs here",
        )
        .at(&place, error.to_string())
    })
}

pub(super) fn json(status: u16, document: &impl Serialize) -> Result<Answer, Problem> {
    match plain_json::to_vec(document) {
        Ok(bytes) => Ok(answer(status, JSON, bytes)),
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            Err(Problem::new(
                Kind::Internal,
                "the answer could not be written",
            ))
        }
    }
}

fn problem_answer(problem: &Problem, id: &str) -> Answer {
    let bytes = plain_json::to_vec(&problem.document(id)).unwrap_or_default();
    let mut answer = answer(problem.kind.status(), "application/problem+json", bytes);
    let headers = answer.headers_mut();
    if let Some(Ok(allow)) = problem.allow.as_deref().map(HeaderValue::from_str) {
        headers.insert(ALLOW, allow);
    }
    match problem.kind {
        Kind::Unauthorized => {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        Kind::Unavailable => {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        Kind::NoRoute
        | Kind::MethodNotAllowed
        | Kind::NotFound
        | Kind::BadRequest
        | Kind::TooLarge
        | Kind::Timeout
        | Kind::Conflict
        | Kind::Held
        | Kind::Invalid
        | Kind::PluginRefused
        | Kind::PluginUntrusted
        | Kind::Internal => {}
    }
    answer
}
