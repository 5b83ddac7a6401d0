//! The routes about labels, assignments, values and explanations, as API.md says them.
//!
//! Knows nothing of the page. Invariant: see the parent module.

use mooring_server::api::{
    Assignment, AssignmentDetail, AssignmentListing, HostValues, HostValuesWish, LabelDetail,
    LabelListing, LabelWish, MembersChange, MembersWish, ValueListing, Why,
};
use mooring_server::http::ScopeRoute;
use mooring_server::scope::DeclaredValue;

use super::{Check, is_written_by};

/// The heading of a route, and the types of its examples in order.
pub(super) fn documented(route: &ScopeRoute) -> (&'static str, Vec<Check>) {
    match route {
        ScopeRoute::Labels => ("GET /api/v1/labels", vec![is_written_by::<LabelListing>]),
        ScopeRoute::Label(_) => (
            "GET /api/v1/labels/{name}",
            vec![is_written_by::<LabelDetail>],
        ),
        ScopeRoute::SetLabel(_) => (
            "PUT /api/v1/labels/{name}",
            vec![is_written_by::<LabelWish>],
        ),
        ScopeRoute::RemoveLabel(_) => ("DELETE /api/v1/labels/{name}", vec![]),
        ScopeRoute::ChangeMembers(_) => (
            "POST /api/v1/labels/{name}/hosts",
            vec![is_written_by::<MembersWish>, is_written_by::<MembersChange>],
        ),
        ScopeRoute::Assignments => (
            "GET /api/v1/assignments",
            vec![is_written_by::<AssignmentListing>],
        ),
        ScopeRoute::Assignment(_) => (
            "GET /api/v1/profiles/{identifier}/assignment",
            vec![is_written_by::<AssignmentDetail>],
        ),
        ScopeRoute::Assign(_) => (
            "PUT /api/v1/profiles/{identifier}/assignment",
            vec![is_written_by::<Assignment>],
        ),
        ScopeRoute::Unassign(_) => ("DELETE /api/v1/profiles/{identifier}/assignment", vec![]),
        ScopeRoute::Values => ("GET /api/v1/values", vec![is_written_by::<ValueListing>]),
        ScopeRoute::DeclareValue(_) => (
            "PUT /api/v1/values/{name}",
            vec![is_written_by::<DeclaredValue>],
        ),
        ScopeRoute::WithdrawValue(_) => ("DELETE /api/v1/values/{name}", vec![]),
        ScopeRoute::HostValues(_) => (
            "GET /api/v1/hosts/{host}/values",
            vec![is_written_by::<HostValues>],
        ),
        ScopeRoute::SetHostValues(_) => (
            "PUT /api/v1/hosts/{host}/values",
            vec![is_written_by::<HostValuesWish>],
        ),
        ScopeRoute::Why(..) => (
            "GET /api/v1/hosts/{host}/profiles/{identifier}",
            vec![is_written_by::<Why>],
        ),
    }
}
