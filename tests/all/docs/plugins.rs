//! The routes about plugins and bindings, as API.md says them.
//!
//! Knows nothing of the page. Invariant: see the parent module.

use mooring_server::api::{BindingDetail, BindingWish, InstallWish, PluginDetail, PluginListing};
use mooring_server::http::PluginRoute;

use super::{Check, is_written_by};

/// The heading of a route, and the types of its examples in order.
pub(super) fn documented(route: &PluginRoute) -> (&'static str, Vec<Check>) {
    match route {
        PluginRoute::List => ("GET /api/v1/plugins", vec![is_written_by::<PluginListing>]),
        PluginRoute::Install => ("POST /api/v1/plugins", vec![is_written_by::<InstallWish>]),
        PluginRoute::Show(_) => (
            "GET /api/v1/plugins/{id}",
            vec![is_written_by::<PluginDetail>],
        ),
        PluginRoute::Remove(_) => ("DELETE /api/v1/plugins/{id}", vec![]),
        PluginRoute::Enable(_) => ("POST /api/v1/plugins/{id}/enable", vec![]),
        PluginRoute::Disable(_) => ("POST /api/v1/plugins/{id}/disable", vec![]),
        PluginRoute::Lift(_) => ("POST /api/v1/plugins/{id}/lift", vec![]),
        PluginRoute::Binding(_) => (
            "GET /api/v1/bindings/{name}",
            vec![is_written_by::<BindingDetail>],
        ),
        PluginRoute::Bind(_) => (
            "PUT /api/v1/bindings/{name}",
            vec![is_written_by::<BindingWish>],
        ),
        PluginRoute::Unbind(_) => ("DELETE /api/v1/bindings/{name}", vec![]),
    }
}
