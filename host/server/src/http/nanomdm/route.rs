//! NanoMDM's addresses, and those that its users miss. They are part of the one table of routes.
//!
//! Knows nothing of what a route does. Invariant: all of them need the token or the password.

use hyper::Method;

use super::super::route::Route;
use crate::limits::API_BODY_BYTES_MAX;
use mooring_mdm::command::RAW_COMMAND_LIMITS;

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NanoRoute {
    /// `PUT /v1/enqueue/{ids}`.
    Enqueue(String),
    /// `GET /v1/push/{ids}`.
    Push(String),
    /// `GET /v1/pushcert`.
    PushCertificate,
    /// `PUT /v1/pushcert`.
    SetPushCertificate,
    /// `POST /v1/escrowkeyunlock`.
    EscrowKeyUnlock,
    /// `PUT /migration`.
    Migrate,
    /// `GET /v1/enrollments`.
    Enrollments,
    /// `GET /v1/queue/{id}`.
    Queue(String),
    /// `DELETE /v1/queue/{id}`.
    ClearQueue(String),
    /// `GET /v1/results/{id}`.
    Results(String),
    /// `GET /v1/results/{id}/{uuid}`.
    CommandResult(String, String),
}

impl NanoRoute {
    /// The routes of an address, by method.
    pub(in crate::http) fn at(segments: &[&str]) -> Option<Vec<(Method, Route)>> {
        let own = |text: &&str| (*text).to_owned();
        let routes = match segments {
            ["migration"] => vec![(Method::PUT, Self::Migrate), (Method::POST, Self::Migrate)],
            ["v1", "enqueue", ids] => vec![
                (Method::PUT, Self::Enqueue(own(ids))),
                (Method::POST, Self::Enqueue(own(ids))),
            ],
            ["v1", "push", ids] => vec![
                (Method::GET, Self::Push(own(ids))),
                (Method::PUT, Self::Push(own(ids))),
                (Method::POST, Self::Push(own(ids))),
            ],
            ["v1", "pushcert"] => vec![
                (Method::GET, Self::PushCertificate),
                (Method::PUT, Self::SetPushCertificate),
            ],
            ["v1", "escrowkeyunlock"] => vec![(Method::POST, Self::EscrowKeyUnlock)],
            ["v1", "enrollments"] => vec![(Method::GET, Self::Enrollments)],
            ["v1", "queue", id] => vec![
                (Method::GET, Self::Queue(own(id))),
                (Method::DELETE, Self::ClearQueue(own(id))),
            ],
            ["v1", "results", id] => vec![(Method::GET, Self::Results(own(id)))],
            ["v1", "results", id, uuid] => {
                vec![(Method::GET, Self::CommandResult(own(id), own(uuid)))]
            }
            _ => return None,
        };
        let routes = routes.into_iter();
        let wrapped = routes.map(|(method, route)| (method, Route::NanoMdm(route)));
        Some(wrapped.collect())
    }

    /// Longest body, in bytes.
    pub(in crate::http) fn body_bytes_max(&self) -> usize {
        match self {
            Self::Enqueue(_) => RAW_COMMAND_LIMITS.bytes,
            Self::Push(_)
            | Self::PushCertificate
            | Self::SetPushCertificate
            | Self::EscrowKeyUnlock
            | Self::Migrate
            | Self::Enrollments
            | Self::Queue(_)
            | Self::ClearQueue(_)
            | Self::Results(_)
            | Self::CommandResult(..) => API_BODY_BYTES_MAX,
        }
    }
}

/// Whether an address is one of these, so that errors and credentials are NanoMDM's there.
pub(in crate::http) fn is_address(path: &str) -> bool {
    path.starts_with("/v1/") || path == "/migration"
}
