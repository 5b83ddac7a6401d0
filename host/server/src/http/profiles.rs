//! Handlers that change profiles.
//!
//! Knows nothing of tokens or sockets. Invariant: whatever is only planned is answered as a plan, also
//! where files were refused.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use mooring_mdm::ids::PayloadIdentifier;

use super::admin::{from_json, json};
use super::body::{Answer, answer};
use super::changed;
use super::problem::{Kind, Problem};
use super::route::query_value;
use crate::api::{ProfilePatch, PushOutcome, PushRequest, PushResponse};
use crate::change::Changed;
use crate::core::Core;
use crate::profiles::{Pushed, Upload};

/// Pushes several files.
pub(super) fn push_files(core: &Core, query: &str, body: &Bytes) -> Result<Answer, Problem> {
    let request: PushRequest = from_json(body)?;
    let mut uploads = Vec::with_capacity(request.files.len());
    for (at, file) in request.files.into_iter().enumerate() {
        let bytes = STANDARD.decode(&file.content).map_err(|error| {
            let pointer = format!("/files/{at}/content");
            let detail = format!("{error}; a file's content is sent in base64");
            Problem::new(Kind::BadRequest, "a file's content is not base64").at(&pointer, detail)
        })?;
        uploads.push(Upload {
            name: file.name,
            bytes,
        });
    }
    let options = changed::options(query)?;
    let pushed = core.push(&uploads, request.accept_uuid_changes, &options)?;
    json(200, &response(pushed))
}

/// Pushes one file.
pub(super) fn push_bytes(core: &Core, query: &str, body: &Bytes) -> Result<Answer, Problem> {
    if body.is_empty() {
        let detail = "the body is empty; send a profile's bytes, or JSON with several files";
        return Err(Problem::new(Kind::BadRequest, detail));
    }
    let name = query_value(query, "name").unwrap_or_else(|| "upload".to_owned());
    let accept = query_value(query, "accept_uuid_changes").as_deref() == Some("true");
    let upload = Upload {
        name,
        bytes: body.to_vec(),
    };
    let mut pushed = response(core.push(&[upload], accept, &changed::options(query)?)?);
    let result = pushed.results.pop();
    let result = result.ok_or_else(|| Problem::new(Kind::Internal, "the push has no result"))?;
    match (result.outcome, pushed.plan) {
        (PushOutcome::Refused | PushOutcome::Held, _) => {
            let detail = format!("{} was not taken; nothing has changed", result.name);
            Err(Problem::new(Kind::Invalid, detail).with_findings(result.findings))
        }
        (PushOutcome::Created | PushOutcome::Updated | PushOutcome::Unchanged, None) => {
            json(200, &result)
        }
        (PushOutcome::Created | PushOutcome::Updated | PushOutcome::Unchanged, plan) => {
            let results = vec![result];
            json(200, &PushResponse { results, plan })
        }
    }
}

fn response(pushed: Pushed) -> PushResponse {
    let plan = match pushed.change {
        Changed::Done(()) => None,
        Changed::Planned(plan) => Some(*plan),
    };
    PushResponse {
        results: pushed.results,
        plan,
    }
}

/// Enables or disables a profile.
pub(super) fn switch(
    core: &Core,
    id: &PayloadIdentifier,
    query: &str,
    body: &Bytes,
) -> Result<Answer, Problem> {
    let patch: ProfilePatch = from_json(body)?;
    let options = changed::options(query)?;
    let changed = core.switch(id, patch.enabled, patch.settings.as_ref(), &options)?;
    changed::answer(changed, |()| json(200, &core.profile_detail(id)?))
}

/// Deletes a profile.
pub(super) fn delete(core: &Core, id: &PayloadIdentifier, query: &str) -> Result<Answer, Problem> {
    let changed = core.delete(id, &changed::options(query)?)?;
    changed::answer(changed, |()| Ok(answer(204, "", "")))
}
