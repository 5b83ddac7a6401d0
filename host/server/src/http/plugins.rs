//! The addresses about installed plugins and their bindings, and their handlers.
//!
//! Knows nothing of tokens or sockets. Invariants: see the table of all routes; what is only planned
//! is answered as a plan.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::Method;
use serde::Serialize;

use super::admin::{from_json, json};
use super::body::{Answer, answer};
use super::changed;
use super::problem::{Kind, Problem};
use super::route::Route;
use crate::api::{BindingWish, EnableWish, InstallWish, PlannedPlugin};
use crate::core::Core;
use crate::device::chain;
use crate::plugins::{PluginChange, PluginError};

/// What a request about plugins asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PluginRoute {
    /// `GET /api/v1/plugins`.
    List,
    /// `POST /api/v1/plugins`.
    Install,
    /// `GET /api/v1/plugins/{id}`.
    Show(String),
    /// `DELETE /api/v1/plugins/{id}`.
    Remove(String),
    /// `POST /api/v1/plugins/{id}/enable`.
    Enable(String),
    /// `POST /api/v1/plugins/{id}/disable`.
    Disable(String),
    /// `POST /api/v1/plugins/{id}/lift`.
    Lift(String),
    /// `GET /api/v1/bindings/{name}`.
    Binding(String),
    /// `PUT /api/v1/bindings/{name}`.
    Bind(String),
    /// `DELETE /api/v1/bindings/{name}`.
    Unbind(String),
}

impl PluginRoute {
    pub(super) fn at(segments: &[&str]) -> Option<Vec<(Method, Route)>> {
        let own = |text: &&str| (*text).to_owned();
        let routes = match segments {
            ["api", "v1", "plugins"] => {
                vec![(Method::GET, Self::List), (Method::POST, Self::Install)]
            }
            ["api", "v1", "plugins", id] => vec![
                (Method::GET, Self::Show(own(id))),
                (Method::DELETE, Self::Remove(own(id))),
            ],
            ["api", "v1", "plugins", id, "enable"] => {
                vec![(Method::POST, Self::Enable(own(id)))]
            }
            ["api", "v1", "plugins", id, "disable"] => {
                vec![(Method::POST, Self::Disable(own(id)))]
            }
            ["api", "v1", "plugins", id, "lift"] => vec![(Method::POST, Self::Lift(own(id)))],
            ["api", "v1", "bindings", name] => vec![
                (Method::GET, Self::Binding(own(name))),
                (Method::PUT, Self::Bind(own(name))),
                (Method::DELETE, Self::Unbind(own(name))),
            ],
            _ => return None,
        };
        let ours = routes.into_iter();
        Some(
            ours.map(|(method, route)| (method, Route::Plugin(route)))
                .collect(),
        )
    }
}

/// Answers the routes of this module.
pub(super) fn handle(
    core: &Core,
    route: &PluginRoute,
    query: &str,
    body: &Bytes,
) -> Result<Answer, Problem> {
    match route {
        PluginRoute::List => json(200, &core.plugins()),
        PluginRoute::Install => {
            let options = changed::options(query)?;
            let wish: InstallWish = from_json(body)?;
            let component = STANDARD.decode(&wish.component).map_err(|error| {
                let detail = format!("{error}; a component is sent in base64");
                Problem::new(Kind::BadRequest, "the component is not base64")
                    .at("/component", detail)
            })?;
            document(core.install_plugin(&component, &wish, &options)?)
        }
        PluginRoute::Show(id) => json(200, &core.plugin(id)?),
        PluginRoute::Remove(id) => {
            core.remove_plugin(id)?;
            Ok(answer(204, "", ""))
        }
        PluginRoute::Enable(id) => {
            let wish = if body.is_empty() {
                EnableWish::default()
            } else {
                from_json(body)?
            };
            document(core.enable_plugin(id, wish, &changed::options(query)?)?)
        }
        PluginRoute::Disable(id) => document(core.disable_plugin(id, &changed::options(query)?)?),
        PluginRoute::Lift(id) => json(200, &core.lift_plugin(id)?),
        PluginRoute::Binding(name) => json(200, &core.binding(name)?),
        PluginRoute::Bind(name) => {
            let wish: BindingWish = from_json(body)?;
            document(core.bind_plugin(name, wish, &changed::options(query)?)?)
        }
        PluginRoute::Unbind(name) => match core.unbind_plugin(name, &changed::options(query)?)? {
            PluginChange::Done(()) => Ok(answer(204, "", "")),
            PluginChange::Planned(plan) => json(200, &PlannedPlugin { plan: *plan }),
        },
    }
}

fn document<T: Serialize>(changed: PluginChange<T>) -> Result<Answer, Problem> {
    match changed {
        PluginChange::Done(document) => json(200, &document),
        PluginChange::Planned(plan) => json(200, &PlannedPlugin { plan: *plan }),
    }
}

impl From<PluginError> for Problem {
    fn from(error: PluginError) -> Self {
        let text = chain(&error);
        match error {
            PluginError::NotFound(_) | PluginError::NoBinding(_) => Self::new(Kind::NotFound, text),
            PluginError::Refused(_)
            | PluginError::Manifest(_)
            | PluginError::Fails { .. }
            | PluginError::Rule { .. } => Self::new(Kind::PluginRefused, text),
            PluginError::Interpreted(_) => {
                Self::new(Kind::PluginRefused, text.clone()).at("/allow_interpreted", text)
            }
            PluginError::Unsigned
            | PluginError::NobodyTrusted
            | PluginError::Untrusted(_)
            | PluginError::OtherSigned { .. } => {
                Self::new(Kind::PluginUntrusted, text.clone()).at("/signature", text)
            }
            PluginError::Trust(_) => Self::new(Kind::PluginUntrusted, text),
            PluginError::OtherSigner { .. } => {
                Self::new(Kind::PluginUntrusted, text.clone()).at("/allow_other_signer", text)
            }
            PluginError::NoLongerTrusted(_) => {
                Self::new(Kind::PluginUntrusted, text.clone()).at("/allow_untrusted", text)
            }
            PluginError::BuiltIn(_)
            | PluginError::Installed { .. }
            | PluginError::Older { .. }
            | PluginError::Bound { .. }
            | PluginError::Disabled(_)
            | PluginError::NotLoaded { .. } => Self::new(Kind::Conflict, text),
            PluginError::Wish { pointer, detail } => {
                Self::new(Kind::Invalid, text).at(pointer, detail)
            }
            PluginError::Settings { findings, .. } | PluginError::Output { findings, .. } => {
                Self::new(Kind::Invalid, text).with_findings(findings)
            }
            PluginError::Change(error) => error.into(),
            PluginError::Store(error) => error.into(),
        }
    }
}
