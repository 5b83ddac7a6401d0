//! The routes about what stops and starts the work, as API.md says them.
//!
//! Knows nothing of the page. Invariant: see the parent module.

use mooring_server::api::{FailedResent, PauseState, PauseWish, Planned, Resent};
use mooring_server::http::ControlRoute;

use super::{Check, is_written_by, json_blocks, page};

/// The heading of a route, and the types of its examples in order.
pub(super) fn documented(route: &ControlRoute) -> (&'static str, Vec<Check>) {
    match route {
        ControlRoute::ShowPause => ("GET /api/v1/pause", vec![is_written_by::<PauseState>]),
        ControlRoute::Pause => ("PUT /api/v1/pause", vec![is_written_by::<PauseWish>]),
        ControlRoute::Resume => ("DELETE /api/v1/pause", vec![]),
        ControlRoute::Settle(_) => ("POST /api/v1/hosts/{host}/settle", vec![]),
        ControlRoute::Resend(..) => (
            "POST /api/v1/hosts/{host}/profiles/{identifier}/resend",
            vec![is_written_by::<Resent>],
        ),
        ControlRoute::ResendFailed(_) => (
            "POST /api/v1/profiles/{identifier}/resend",
            vec![is_written_by::<FailedResent>],
        ),
    }
}

/// The plan that the page shows is one as the server writes it.
#[test]
fn the_plan_is_shown() {
    let page = page("host/docs/API.md");
    let (_, chapter) = page.split_once("\n## Plans\n").expect("the chapter");
    let example = json_blocks(chapter)[0];
    is_written_by::<Planned>(example).unwrap_or_else(|error| panic!("{error}"));
}
