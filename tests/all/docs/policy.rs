//! The routes about how much rules weigh, as API.md says them.
//!
//! Knows nothing of the page. Invariant: see the parent module.

use mooring_server::api::{
    AcceptWish, AcceptedListing, AcceptedRule, PolicyListing, PolicyRule, PolicyWish,
};
use mooring_server::http::PolicyRoute;

use super::{Check, is_written_by};

/// The heading of a route, and the types of its examples in order.
pub(super) fn documented(route: &PolicyRoute) -> (&'static str, Vec<Check>) {
    match route {
        PolicyRoute::Show => ("GET /api/v1/policy", vec![is_written_by::<PolicyListing>]),
        PolicyRoute::Set(_) => (
            "PUT /api/v1/policy/{rule}",
            vec![is_written_by::<PolicyWish>, is_written_by::<PolicyRule>],
        ),
        PolicyRoute::Reset(_) => ("DELETE /api/v1/policy/{rule}", vec![]),
        PolicyRoute::Accepted(_) => (
            "GET /api/v1/profiles/{identifier}/accepted",
            vec![is_written_by::<AcceptedListing>],
        ),
        PolicyRoute::Accept(..) => (
            "PUT /api/v1/profiles/{identifier}/accepted/{rule}",
            vec![is_written_by::<AcceptWish>, is_written_by::<AcceptedRule>],
        ),
        PolicyRoute::Revoke(..) => (
            "DELETE /api/v1/profiles/{identifier}/accepted/{rule}",
            vec![],
        ),
    }
}
