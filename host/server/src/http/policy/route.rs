//! The addresses about how much rules weigh, and about what is accepted.
//!
//! Knows nothing of what a route does. Invariant: see the table of all routes.

use hyper::Method;

use super::super::route::Route;

/// What a request about rules asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyRoute {
    /// `GET /api/v1/policy`.
    Show,
    /// `PUT /api/v1/policy/{rule}`.
    Set(String),
    /// `DELETE /api/v1/policy/{rule}`.
    Reset(String),
    /// `GET /api/v1/profiles/{identifier}/accepted`.
    Accepted(String),
    /// `PUT /api/v1/profiles/{identifier}/accepted/{rule}`.
    Accept(String, String),
    /// `DELETE /api/v1/profiles/{identifier}/accepted/{rule}`.
    Revoke(String, String),
}

impl PolicyRoute {
    pub(in crate::http) fn at(segments: &[&str]) -> Option<Vec<(Method, Route)>> {
        let own = |text: &&str| (*text).to_owned();
        let routes = match segments {
            ["api", "v1", "policy"] => vec![(Method::GET, Self::Show)],
            ["api", "v1", "policy", rule] => vec![
                (Method::PUT, Self::Set(own(rule))),
                (Method::DELETE, Self::Reset(own(rule))),
            ],
            ["api", "v1", "profiles", id, "accepted"] => {
                vec![(Method::GET, Self::Accepted(own(id)))]
            }
            ["api", "v1", "profiles", id, "accepted", rule] => vec![
                (Method::PUT, Self::Accept(own(id), own(rule))),
                (Method::DELETE, Self::Revoke(own(id), own(rule))),
            ],
            _ => return None,
        };
        let ours = routes.into_iter();
        Some(
            ours.map(|(method, route)| (method, Route::Policy(route)))
                .collect(),
        )
    }
}
