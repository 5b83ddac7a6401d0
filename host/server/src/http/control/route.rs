//! The addresses about what stops and starts the work.
//!
//! Knows nothing of what a route does. Invariant: see the table of all routes.

use hyper::Method;

use super::super::route::Route;

/// What a request about pauses, sending again and duplicates asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ControlRoute {
    /// `GET /api/v1/pause`.
    ShowPause,
    /// `PUT /api/v1/pause`.
    Pause,
    /// `DELETE /api/v1/pause`.
    Resume,
    /// `POST /api/v1/hosts/{host}/settle`.
    Settle(String),
    /// `POST /api/v1/hosts/{host}/profiles/{identifier}/resend`.
    Resend(String, String),
    /// `POST /api/v1/profiles/{identifier}/resend`.
    ResendFailed(String),
}

impl ControlRoute {
    pub(in crate::http) fn at(segments: &[&str]) -> Option<Vec<(Method, Route)>> {
        let own = |text: &&str| (*text).to_owned();
        let routes = match segments {
            ["api", "v1", "pause"] => vec![
                (Method::GET, Self::ShowPause),
                (Method::PUT, Self::Pause),
                (Method::DELETE, Self::Resume),
            ],
            ["api", "v1", "hosts", host, "settle"] => {
                vec![(Method::POST, Self::Settle(own(host)))]
            }
            ["api", "v1", "hosts", host, "profiles", id, "resend"] => {
                vec![(Method::POST, Self::Resend(own(host), own(id)))]
            }
            ["api", "v1", "profiles", id, "resend"] => {
                vec![(Method::POST, Self::ResendFailed(own(id)))]
            }
            _ => return None,
        };
        let ours = routes.into_iter();
        Some(
            ours.map(|(method, route)| (method, Route::Control(route)))
                .collect(),
        )
    }
}
