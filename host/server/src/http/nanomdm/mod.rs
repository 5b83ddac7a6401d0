//! NanoMDM's HTTP API: requests in, its JSON out.
//!
//! Knows nothing of queues. Invariants: keys and statuses are NanoMDM's wherever it has such a
//! route; no route does anything before its request was let in.

mod route;

use std::sync::Arc;

use bytes::Bytes;
use hyper::header::{ALLOW, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use mooring_mdm::ids::EnrollmentId;
use serde::Serialize;
use serde_json::Serializer;
use serde_json::json;
use serde_json::ser::PrettyFormatter;
use tokio::task::JoinSet;

use super::body::{Answer, answer as plain_answer};
use super::problem::{Kind, Problem};
use super::route::query_value;
use crate::api::PushCertificateDetail;
use crate::core::Core;
use crate::device::{MigrationError, chain};
use crate::nanomdm::{
    ApiResult, Commands, EnqueueError, ListingQuery, QueueError, QueueQuery, Targets,
};
use crate::push::{PushCertificateError, Pusher};

pub use route::NanoRoute;
pub(super) use route::is_address;

const JSON: &str = "application/json";
/// What a browser or curl is asked to name itself for.
const REALM: &str = "Basic realm=\"nanomdm\"";

/// Answers those who speak as to NanoMDM.
#[derive(Clone)]
pub(super) struct NanoMdm {
    core: Arc<Core>,
    pusher: Arc<Pusher>,
    commands: Arc<Commands>,
    /// Whether enrollments may be brought over from another server.
    allows_migration: bool,
}

/// A request, as far as it is looked at.
pub(super) struct Asked {
    pub(super) route: NanoRoute,
    pub(super) query: String,
    pub(super) body: Bytes,
}

/// An answer that says what went wrong: a status, and `{"error": ...}`.
struct Failure(u16, String);

impl NanoMdm {
    /// Answers for `core`.
    pub(super) fn new(core: Arc<Core>, pusher: Arc<Pusher>, allows_migration: bool) -> Self {
        Self {
            core,
            pusher,
            commands: Arc::default(),
            allows_migration,
        }
    }

    /// Answers one request.
    pub(super) async fn answer(&self, asked: Asked) -> Answer {
        match asked.route {
            NanoRoute::Enqueue(ref ids) => {
                let ids = ids.clone();
                self.enqueue(&ids, asked).await
            }
            NanoRoute::Push(ids) => self.push_alone(&ids).await,
            NanoRoute::PushCertificate
            | NanoRoute::SetPushCertificate
            | NanoRoute::EscrowKeyUnlock
            | NanoRoute::Migrate
            | NanoRoute::Enrollments
            | NanoRoute::Queue(_)
            | NanoRoute::ClearQueue(_)
            | NanoRoute::Results(_)
            | NanoRoute::CommandResult(..) => {
                let own = self.clone();
                let handled = tokio::task::spawn_blocking(move || own.handle(&asked)).await;
                let handled = handled.unwrap_or_else(|error| Err(interrupted(&error)));
                handled.unwrap_or_else(|Failure(status, error)| error_answer(status, &error))
            }
        }
    }

    async fn push_alone(&self, ids: &str) -> Answer {
        match Targets::parse(ids) {
            Ok(targets) => {
                let mut result = only_push(&targets);
                self.push(targets.ids.iter(), &mut result).await;
                json_answer(result.code(targets.count()), &result)
            }
            Err(error) => {
                let result = ApiResult {
                    push_error: Some(error.to_string()),
                    ..ApiResult::default()
                };
                json_answer(400, &result)
            }
        }
    }

    async fn enqueue(&self, ids: &str, asked: Asked) -> Answer {
        let no_push = query_value(&asked.query, "nopush").is_some_and(|value| !value.is_empty());
        let refused = |status: u16, error: String| {
            let result = ApiResult {
                no_push,
                command_error: Some(error),
                ..ApiResult::default()
            };
            json_answer(status, &result)
        };
        let targets = match Targets::parse(ids) {
            Ok(targets) => Arc::new(targets),
            Err(error) => return refused(400, error.to_string()),
        };
        let mut result = if asked.body.is_empty() {
            if no_push {
                let text = "there is nothing to do: no command, and no push";
                return refused(400, text.to_owned());
            }
            only_push(&targets)
        } else {
            match self.take(&targets, asked.body).await {
                Ok(result) => result,
                Err(Failure(status, error)) => return refused(status, error),
            }
        };
        // A command waits until sending goes on; without one, the push itself says why there is none.
        result.is_paused = self.core.is_paused();
        result.no_push = no_push || (result.is_paused && result.command_uuid.is_some());
        if !result.no_push {
            let fails = |id: &&EnrollmentId| {
                let of = result.status.get(&id.to_string());
                of.is_some_and(|of| of.command_error.is_some())
            };
            let ids: Vec<_> = targets.ids.iter().filter(|id| !fails(id)).collect();
            self.push(ids.iter().copied(), &mut result).await;
            let was_pushed = |id: &EnrollmentId| {
                let of = result.status.get(&id.to_string());
                of.is_some_and(|of| of.push_result.is_some())
            };
            // Whoever could not be pushed now is pushed later.
            for id in ids.into_iter().filter(|id| !was_pushed(id)) {
                self.core.contacts.want(id);
            }
        }
        json_answer(result.code(targets.count()), &result)
    }

    async fn take(&self, targets: &Arc<Targets>, body: Bytes) -> Result<ApiResult, Failure> {
        let (own, targets) = (self.clone(), Arc::clone(targets));
        let take = move || own.commands.enqueue(&own.core, &targets, &body);
        let taken = tokio::task::spawn_blocking(take).await;
        Ok(taken.map_err(|error| interrupted(&error))??)
    }

    /// Pushes all of them at once; how many leave together is the pusher's business.
    async fn push<'a>(&self, ids: impl Iterator<Item = &'a EnrollmentId>, result: &mut ApiResult) {
        let mut pushes = JoinSet::new();
        for id in ids {
            let (pusher, id) = (Arc::clone(&self.pusher), id.clone());
            pushes.spawn(async move {
                let pushed = pusher.push_now(&id).await;
                (id, pushed)
            });
        }
        while let Some(pushed) = pushes.join_next().await {
            match pushed {
                // Apple may leave out its name for a push; that it left is told all the same.
                Ok((id, Ok(name))) => result.of(&id).push_result = Some(name.unwrap_or_default()),
                Ok((id, Err(error))) => result.of(&id).push_error = Some(chain(&error)),
                Err(error) => result.push_error = Some(interrupted(&error).1),
            }
        }
    }

    fn handle(&self, asked: &Asked) -> Result<Answer, Failure> {
        let core = &*self.core;
        let parameter = |name| query_value(&asked.query, name);
        Ok(match &asked.route {
            NanoRoute::SetPushCertificate => set_push_certificate(core, &asked.body)?,
            NanoRoute::PushCertificate => {
                let topic = parameter("topic").filter(|topic| !topic.is_empty());
                let missing = || Failure(400, "the parameter topic is missing".to_owned());
                shown(&core.push_certificate(Some(&topic.ok_or_else(missing)?))?)
            }
            NanoRoute::EscrowKeyUnlock => {
                let text = "unlocking by an escrow key is not there; use Apple's own service";
                return Err(Failure(501, text.to_owned()));
            }
            NanoRoute::Migrate if self.allows_migration => {
                core.migrate(&asked.body)?;
                plain_answer(200, "", "")
            }
            NanoRoute::Migrate => {
                let text = "this server was started without allowing migration";
                return Err(Failure(404, text.to_owned()));
            }
            NanoRoute::Enrollments => {
                let query = listing_query(&asked.query)?;
                let listing = core.enrollment_listing(&query);
                json_answer(200, &listing.map_err(QueueError::from)?)
            }
            NanoRoute::Queue(id) => {
                let query = QueueQuery {
                    after: parameter("after"),
                    with_bodies: parameter("body").as_deref() == Some("true"),
                };
                json_answer(200, &core.command_queue(&enrollment(id)?, &query)?)
            }
            NanoRoute::ClearQueue(id) => {
                json_answer(200, &self.commands.clear(core, &enrollment(id)?)?)
            }
            NanoRoute::Results(id) => {
                let after = parameter("after");
                json_answer(
                    200,
                    &core.command_results(&enrollment(id)?, after.as_deref())?,
                )
            }
            NanoRoute::CommandResult(id, uuid) => {
                json_answer(200, &core.command_result(&enrollment(id)?, uuid)?)
            }
            // They push, so they are answered elsewhere.
            NanoRoute::Enqueue(_) | NanoRoute::Push(_) => {
                return Err(Failure(500, "this request went astray".to_owned()));
            }
        })
    }
}

/// An error of the edge in NanoMDM's form.
pub(super) fn problem_answer(problem: &Problem) -> Answer {
    let document = problem.document("");
    let mut answer = error_answer(document.status, &document.detail);
    let headers = answer.headers_mut();
    if problem.kind == Kind::Unauthorized {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(REALM));
    }
    if let Some(Ok(allow)) = problem.allow.as_deref().map(HeaderValue::from_str) {
        headers.insert(ALLOW, allow);
    }
    answer
}

/// The beginning of a result without a command.
fn only_push(targets: &Targets) -> ApiResult {
    let mut result = ApiResult::default();
    for (id, reason) in &targets.refused {
        result.of(id).push_error = Some(reason.clone());
    }
    result
}

/// `cat push.pem push.key` may leave no line end between the two.
fn set_push_certificate(core: &Core, body: &Bytes) -> Result<Answer, Failure> {
    let text = std::str::from_utf8(body);
    let text = text.map_err(|_| Failure(400, "the body is not PEM".to_owned()))?;
    let apart = text.replace("----------BEGIN", "-----\n-----BEGIN");
    Ok(shown(&core.set_push_certificate(apart.as_bytes())?))
}

fn shown(detail: &PushCertificateDetail) -> Answer {
    let document = json!({ "topic": detail.topic, "not_after": detail.not_after });
    json_answer(200, &document)
}

fn listing_query(query: &str) -> Result<ListingQuery, Failure> {
    let after = query_value(query, "after").map(|id| enrollment(&id));
    let limit = query_value(query, "limit").map(|text| {
        let limit = text.parse::<usize>().ok();
        let limit =
            limit.filter(|limit| (1..=crate::nanomdm::ENROLLMENTS_PAGE_MAX).contains(limit));
        let wrong = || Failure(400, "limit is a number from 1 to 1000".to_owned());
        limit.ok_or_else(wrong)
    });
    Ok(ListingQuery {
        after: after.transpose()?,
        limit: limit.transpose()?.unwrap_or(ListingQuery::default().limit),
    })
}

fn enrollment(text: &str) -> Result<EnrollmentId, Failure> {
    EnrollmentId::parse(text).map_err(|error| Failure(400, error.to_string()))
}

fn interrupted(error: &tokio::task::JoinError) -> Failure {
    tracing::error!(%error, "a request panicked");
    Failure(500, "this request failed; the log says why".to_owned())
}

impl From<EnqueueError> for Failure {
    fn from(error: EnqueueError) -> Self {
        let status = match &error {
            EnqueueError::Command(_) | EnqueueError::RemovesEnrollment => 400,
            EnqueueError::Store(source) => {
                tracing::error!(error = %chain(source), "a command could not be taken");
                500
            }
        };
        Self(status, error.to_string())
    }
}

impl From<QueueError> for Failure {
    fn from(error: QueueError) -> Self {
        let status = match &error {
            QueueError::NotFound(_) | QueueError::NoResult { .. } => 404,
            QueueError::Busy(_) => 503,
            QueueError::Store(source) => {
                tracing::error!(error = %chain(source), "the store failed");
                503
            }
        };
        Self(status, error.to_string())
    }
}

impl From<PushCertificateError> for Failure {
    fn from(error: PushCertificateError) -> Self {
        let status = match &error {
            PushCertificateError::Unusable(_) => 400,
            PushCertificateError::NotSet | PushCertificateError::NotFound(_) => 404,
            PushCertificateError::Store(source) => {
                tracing::error!(error = %chain(source), "the store failed");
                return Self(503, error.to_string());
            }
        };
        Self(status, chain(&error))
    }
}

impl From<MigrationError> for Failure {
    fn from(error: MigrationError) -> Self {
        let status = match &error {
            MigrationError::Message(_) | MigrationError::Other | MigrationError::Refused(_) => 400,
            MigrationError::AlreadyHere(_) => 409,
            MigrationError::Store(source) => {
                tracing::error!(error = %chain(source), "the store failed");
                503
            }
        };
        Self(status, error.to_string())
    }
}

fn error_answer(status: u16, error: &str) -> Answer {
    let mut answer = json_answer(status, &json!({ "error": error }));
    if status == 503 {
        let headers = answer.headers_mut();
        headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
    }
    answer
}

/// JSON as NanoMDM writes it: indented by tabs.
fn json_answer(status: u16, document: &impl Serialize) -> Answer {
    let mut bytes = Vec::new();
    let mut writer = Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(b"\t"));
    if let Err(error) = document.serialize(&mut writer) {
        tracing::error!(%error, "an answer could not be written");
        return plain_answer(500, "", "");
    }
    bytes.push(b'\n');
    plain_answer(status, JSON, bytes)
}
