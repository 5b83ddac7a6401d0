//! The admin API's addresses, all of them, in one table.
//!
//! Knows nothing of what a route does. Invariant: a request reaches a handler only through a
//! [`Route`], and every route but two needs the token.

use hyper::Method;

use super::control::ControlRoute;
use super::nanomdm::NanoRoute;
use super::plugins::PluginRoute;
use super::policy::PolicyRoute;
use super::problem::{Kind, Problem};
use super::scope::ScopeRoute;
use crate::limits::{API_BODY_BYTES_MAX, PLUGIN_BODY_BYTES_MAX};

/// What a request about enrollment asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnrollmentRoute {
    /// `POST /api/v1/hosts/{host}/block`.
    BlockHost(String),
    /// `DELETE /api/v1/hosts/{host}/block`.
    UnblockHost(String),
    /// `POST /api/v1/hosts/{host}/accept`.
    AcceptHost(String),
    /// `GET /api/v1/enrollment/links`.
    Links,
    /// `POST /api/v1/enrollment/links`.
    NewLink,
    /// `DELETE /api/v1/enrollment/links/{id}`.
    RevokeLink(String),
    /// `POST /api/v1/enrollment/profile`.
    EnrollmentProfile,
    /// `GET /api/v1/pushcert`.
    PushCertificate,
    /// `PUT /api/v1/pushcert`.
    SetPushCertificate,
    /// `PUT /api/v1/tokens/{service type}`.
    SetToken(String),
    /// `DELETE /api/v1/tokens/{service type}`.
    RemoveToken(String),
}

/// What a request about backups asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BackupRoute {
    /// `POST /api/v1/backups`.
    Begin,
    /// `GET /api/v1/backups/{id}`.
    Show(String),
    /// `DELETE /api/v1/backups/{id}`.
    Remove(String),
    /// `GET /api/v1/backups/{id}/bytes`.
    Bytes(String),
}

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// `GET /healthz`.
    Health,
    /// `GET /version`.
    Version,
    /// `GET /api/v1/status`.
    Status,
    /// `GET /api/v1/profiles`.
    Profiles,
    /// `POST /api/v1/profiles`.
    Push,
    /// `GET /api/v1/profiles/{identifier}`.
    Profile(String),
    /// `PATCH /api/v1/profiles/{identifier}`.
    Switch(String),
    /// `DELETE /api/v1/profiles/{identifier}`.
    DeleteProfile(String),
    /// `GET /api/v1/profiles/{identifier}/raw`.
    Raw(String),
    /// `GET /api/v1/profiles/{identifier}/versions/{version}`.
    ProfileVersion(String, String),
    /// `GET /api/v1/profiles/{identifier}/versions/{version}/raw`.
    RawVersion(String, String),
    /// `GET /api/v1/hosts`.
    Hosts,
    /// `GET /api/v1/hosts/{host}`.
    Host(String),
    /// `DELETE /api/v1/hosts/{host}`.
    RemoveHost(String),
    /// `GET /api/v1/hosts/{host}/profiles`.
    HostProfiles(String),
    /// `POST /api/v1/hosts/{host}/refresh`.
    Refresh(String),
    /// One of those about enrollment and who may speak.
    Enrollment(EnrollmentRoute),
    /// One of those about backups.
    Backup(BackupRoute),
    /// One of those about labels, assignments, values and explanations.
    Scope(ScopeRoute),
    /// One of those about what stops and starts the work.
    Control(ControlRoute),
    /// One of those about plugins.
    Plugin(PluginRoute),
    /// One of those about how much rules weigh.
    Policy(PolicyRoute),
    /// One of NanoMDM's addresses.
    NanoMdm(NanoRoute),
}

impl Route {
    /// Finds the route of a request.
    ///
    /// # Errors
    /// A [`Problem`] if there is none, or not with this method.
    pub fn find(method: &Method, path: &str) -> Result<Self, Problem> {
        let no_route = || Problem::new(Kind::NoRoute, format!("{path} is not an address here"));
        let segments: Option<Vec<String>> = path
            .strip_prefix('/')
            .and_then(|path| path.split('/').map(percent_decoded).collect());
        // An empty part, or a step up, is no name of anything: others may read such a path as another.
        let is_name = |part: &String| !matches!(part.as_str(), "" | "." | "..");
        let segments = segments.filter(|all| all.iter().all(is_name));
        let segments = segments.ok_or_else(no_route)?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let found = Self::at(&segments).ok_or_else(no_route)?;
        let (allowed, routes): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        if let Some(at) = allowed.iter().position(|allowed| allowed == method) {
            return routes.into_iter().nth(at).ok_or_else(no_route);
        }
        let allowed: Vec<_> = allowed.iter().map(Method::as_str).collect();
        let allowed = allowed.join(", ");
        let mut problem = Problem::new(Kind::MethodNotAllowed, format!("{path} takes {allowed}"));
        problem.allow = Some(allowed);
        Err(problem)
    }

    /// Whether the route answers without a token.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Health | Self::Version)
    }

    /// Longest body, in bytes.
    pub(super) fn body_bytes_max(&self) -> usize {
        if let Self::NanoMdm(route) = self {
            route.body_bytes_max()
        } else if *self == Self::Plugin(PluginRoute::Install) {
            PLUGIN_BODY_BYTES_MAX
        } else {
            API_BODY_BYTES_MAX
        }
    }

    fn at(segments: &[&str]) -> Option<Vec<(Method, Self)>> {
        let own = |text: &&str| (*text).to_owned();
        Some(match segments {
            ["healthz"] => vec![(Method::GET, Self::Health)],
            ["version"] => vec![(Method::GET, Self::Version)],
            ["api", "v1", "status"] => vec![(Method::GET, Self::Status)],
            ["api", "v1", "profiles"] => {
                vec![(Method::GET, Self::Profiles), (Method::POST, Self::Push)]
            }
            ["api", "v1", "profiles", id] => vec![
                (Method::GET, Self::Profile(own(id))),
                (Method::PATCH, Self::Switch(own(id))),
                (Method::DELETE, Self::DeleteProfile(own(id))),
            ],
            ["api", "v1", "profiles", id, "raw"] => vec![(Method::GET, Self::Raw(own(id)))],
            ["api", "v1", "profiles", id, "versions", version] => {
                vec![(Method::GET, Self::ProfileVersion(own(id), own(version)))]
            }
            ["api", "v1", "profiles", id, "versions", version, "raw"] => {
                vec![(Method::GET, Self::RawVersion(own(id), own(version)))]
            }
            ["api", "v1", "hosts"] => vec![(Method::GET, Self::Hosts)],
            ["api", "v1", "hosts", host] => vec![
                (Method::GET, Self::Host(own(host))),
                (Method::DELETE, Self::RemoveHost(own(host))),
            ],
            ["api", "v1", "hosts", host, "profiles"] => {
                vec![(Method::GET, Self::HostProfiles(own(host)))]
            }
            ["api", "v1", "hosts", host, "refresh"] => {
                vec![(Method::POST, Self::Refresh(own(host)))]
            }
            ["api", "v1", "backups", ..] => return BackupRoute::at(segments),
            _ => {
                return EnrollmentRoute::at(segments)
                    .or_else(|| ScopeRoute::at(segments))
                    .or_else(|| ControlRoute::at(segments))
                    .or_else(|| PluginRoute::at(segments))
                    .or_else(|| PolicyRoute::at(segments))
                    .or_else(|| NanoRoute::at(segments));
            }
        })
    }
}

impl EnrollmentRoute {
    fn at(segments: &[&str]) -> Option<Vec<(Method, Route)>> {
        let own = |text: &&str| (*text).to_owned();
        let routes = match segments {
            ["api", "v1", "hosts", host, "block"] => vec![
                (Method::POST, Self::BlockHost(own(host))),
                (Method::DELETE, Self::UnblockHost(own(host))),
            ],
            ["api", "v1", "hosts", host, "accept"] => {
                vec![(Method::POST, Self::AcceptHost(own(host)))]
            }
            ["api", "v1", "enrollment", "links"] => {
                vec![(Method::GET, Self::Links), (Method::POST, Self::NewLink)]
            }
            ["api", "v1", "enrollment", "links", id] => {
                vec![(Method::DELETE, Self::RevokeLink(own(id)))]
            }
            ["api", "v1", "enrollment", "profile"] => {
                vec![(Method::POST, Self::EnrollmentProfile)]
            }
            ["api", "v1", "pushcert"] => vec![
                (Method::GET, Self::PushCertificate),
                (Method::PUT, Self::SetPushCertificate),
            ],
            ["api", "v1", "tokens", service] => vec![
                (Method::PUT, Self::SetToken(own(service))),
                (Method::DELETE, Self::RemoveToken(own(service))),
            ],
            _ => return None,
        };
        let ours = routes.into_iter();
        Some(
            ours.map(|(method, route)| (method, Route::Enrollment(route)))
                .collect(),
        )
    }
}

impl BackupRoute {
    fn at(segments: &[&str]) -> Option<Vec<(Method, Route)>> {
        let own = |text: &&str| (*text).to_owned();
        let routes = match segments {
            ["api", "v1", "backups"] => vec![(Method::POST, Self::Begin)],
            ["api", "v1", "backups", id] => vec![
                (Method::GET, Self::Show(own(id))),
                (Method::DELETE, Self::Remove(own(id))),
            ],
            ["api", "v1", "backups", id, "bytes"] => vec![(Method::GET, Self::Bytes(own(id)))],
            _ => return None,
        };
        let ours = routes.into_iter();
        Some(
            ours.map(|(method, route)| (method, Route::Backup(route)))
                .collect(),
        )
    }
}

/// A path segment or query value without its percent signs; `None` if it is not UTF-8 or a sign
/// is followed by something else than two hex digits.
pub(super) fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
            bytes.push(high * 16 + low);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

/// The value of a query parameter, decoded; `None` if it is absent.
pub(super) fn query_value(query: &str, name: &str) -> Option<String> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.into_iter().find(|(key, _)| *key == name)?;
    percent_decoded(&value.replace('+', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Paths lead to one route or to none; decoding cannot smuggle in a separator.
    #[test]
    fn routes() {
        let find = |method: Method, path| Route::find(&method, path).map_err(|p| p.kind);
        assert_eq!(find(Method::GET, "/api/v1/status"), Ok(Route::Status));
        assert_eq!(
            find(Method::GET, "/api/v1/profiles/a%2Fb/raw"),
            Ok(Route::Raw("a/b".to_owned()))
        );
        for path in [
            "",
            "/",
            "//api/v1/status",
            "/api/v1/status/",
            "/api/v1/profiles/",
            "/api/v1/profiles//raw",
            "/api/v1/hosts/%2e%2E",
            "/api/v1/hosts/./refresh",
            "/api/v1/%zz",
            "/API/v1/status",
        ] {
            assert_eq!(find(Method::GET, path), Err(Kind::NoRoute), "{path}");
        }
        assert_eq!(
            find(Method::PUT, "/api/v1/status"),
            Err(Kind::MethodNotAllowed)
        );
        assert_eq!(query_value("a=1&b=x%20y+z", "b").as_deref(), Some("x y z"));
        assert_eq!(query_value("a=1", "b"), None);
    }
}
