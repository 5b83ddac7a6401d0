//! The addresses of labels, assignments, values and explanations.
//!
//! Knows nothing of what a route does. Invariant: see the table of all routes.

use hyper::Method;

use crate::http::route::Route;

/// What a request about labels, assignments, values or an explanation asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScopeRoute {
    /// `GET /api/v1/labels`.
    Labels,
    /// `GET /api/v1/labels/{name}`.
    Label(String),
    /// `PUT /api/v1/labels/{name}`.
    SetLabel(String),
    /// `DELETE /api/v1/labels/{name}`.
    RemoveLabel(String),
    /// `POST /api/v1/labels/{name}/hosts`.
    ChangeMembers(String),
    /// `GET /api/v1/assignments`.
    Assignments,
    /// `GET /api/v1/profiles/{identifier}/assignment`.
    Assignment(String),
    /// `PUT /api/v1/profiles/{identifier}/assignment`.
    Assign(String),
    /// `DELETE /api/v1/profiles/{identifier}/assignment`.
    Unassign(String),
    /// `GET /api/v1/values`.
    Values,
    /// `PUT /api/v1/values/{name}`.
    DeclareValue(String),
    /// `DELETE /api/v1/values/{name}`.
    WithdrawValue(String),
    /// `GET /api/v1/hosts/{host}/values`.
    HostValues(String),
    /// `PUT /api/v1/hosts/{host}/values`.
    SetHostValues(String),
    /// `GET /api/v1/hosts/{host}/profiles/{identifier}`.
    Why(String, String),
}

impl ScopeRoute {
    pub(in crate::http) fn at(segments: &[&str]) -> Option<Vec<(Method, Route)>> {
        let own = |text: &&str| (*text).to_owned();
        let routes = match segments {
            ["api", "v1", "labels"] => vec![(Method::GET, Self::Labels)],
            ["api", "v1", "labels", name] => vec![
                (Method::GET, Self::Label(own(name))),
                (Method::PUT, Self::SetLabel(own(name))),
                (Method::DELETE, Self::RemoveLabel(own(name))),
            ],
            ["api", "v1", "labels", name, "hosts"] => {
                vec![(Method::POST, Self::ChangeMembers(own(name)))]
            }
            ["api", "v1", "assignments"] => vec![(Method::GET, Self::Assignments)],
            ["api", "v1", "profiles", id, "assignment"] => vec![
                (Method::GET, Self::Assignment(own(id))),
                (Method::PUT, Self::Assign(own(id))),
                (Method::DELETE, Self::Unassign(own(id))),
            ],
            ["api", "v1", "values"] => vec![(Method::GET, Self::Values)],
            ["api", "v1", "values", name] => vec![
                (Method::PUT, Self::DeclareValue(own(name))),
                (Method::DELETE, Self::WithdrawValue(own(name))),
            ],
            ["api", "v1", "hosts", host, "values"] => vec![
                (Method::GET, Self::HostValues(own(host))),
                (Method::PUT, Self::SetHostValues(own(host))),
            ],
            ["api", "v1", "hosts", host, "profiles", id] => {
                vec![(Method::GET, Self::Why(own(host), own(id)))]
            }
            _ => return None,
        };
        let ours = routes.into_iter();
        Some(
            ours.map(|(method, route)| (method, Route::Scope(route)))
                .collect(),
        )
    }
}
