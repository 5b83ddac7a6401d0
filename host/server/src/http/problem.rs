//! Errors of the admin API as problem documents (RFC 9457).
//!
//! The one place where an error becomes a status. Invariants: the set of problems is closed; a
//! 4xx says what the caller can change; a 5xx says little, and the log says all.

use std::collections::BTreeMap;

use mooring_mdm::finding::Finding;
use mooring_store::StoreError;

use crate::api::{Impact, ProblemDocument, ProblemPlace};
use crate::device::chain;
use crate::enrollment::LinkError;
use crate::hosts::HostError;
use crate::profiles::ProfileError;
use crate::push::PushCertificateError;

/// Every problem that the API answers with. The slug is the last part of the document's `type`
/// and a heading in the documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No token, or a wrong one.
    Unauthorized,
    /// No such route.
    NoRoute,
    /// The route exists, the method does not.
    MethodNotAllowed,
    /// No such object.
    NotFound,
    /// The request cannot be read.
    BadRequest,
    /// The body is larger than the limit.
    TooLarge,
    /// The body came too slowly.
    Timeout,
    /// The object is in a state that does not allow it.
    Conflict,
    /// Too many hosts would lose profiles, unless it is confirmed.
    Held,
    /// A profile or setting has errors.
    Invalid,
    /// A component is no plugin that this server takes.
    PluginRefused,
    /// A component has no signature that counts.
    PluginUntrusted,
    /// Try again later.
    Unavailable,
    /// A fault of this server.
    Internal,
}

impl Kind {
    /// All of them, for the documentation's test.
    pub const ALL: [Self; 14] = [
        Self::Unauthorized,
        Self::NoRoute,
        Self::MethodNotAllowed,
        Self::NotFound,
        Self::BadRequest,
        Self::TooLarge,
        Self::Timeout,
        Self::Conflict,
        Self::Held,
        Self::Invalid,
        Self::PluginRefused,
        Self::PluginUntrusted,
        Self::Unavailable,
        Self::Internal,
    ];

    fn row(self) -> (&'static str, &'static str, u16) {
        match self {
            Self::Unauthorized => ("unauthorized", "A valid token is needed", 401),
            Self::NoRoute => ("no-route", "There is no such address", 404),
            Self::MethodNotAllowed => ("method-not-allowed", "This method is not allowed", 405),
            Self::NotFound => ("not-found", "There is no such object", 404),
            Self::BadRequest => ("bad-request", "The request cannot be read", 400),
            Self::TooLarge => ("too-large", "The request is too large", 413),
            Self::Timeout => ("timeout", "The request came too slowly", 408),
            Self::Conflict => ("conflict", "The object is in another state", 409),
            Self::Held => ("held", "Too many hosts would lose profiles", 409),
            Self::Invalid => ("invalid", "There are errors in what was sent", 422),
            Self::PluginRefused => ("plugin-refused", "The plugin is not taken", 422),
            Self::PluginUntrusted => ("plugin-untrusted", "The plugin is not trusted", 422),
            Self::Unavailable => ("unavailable", "Not now", 503),
            Self::Internal => ("internal", "The server failed", 500),
        }
    }

    /// The last part of the document's `type`.
    pub fn slug(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status.
    pub fn status(self) -> u16 {
        self.row().2
    }
}

/// One problem.
#[derive(Debug, Clone)]
pub struct Problem {
    /// Which one.
    pub kind: Kind,
    /// The methods that the address takes, where another was used.
    pub allow: Option<String>,
    detail: String,
    places: Vec<ProblemPlace>,
    findings: Vec<Finding>,
    plan: Option<Box<Impact>>,
}

impl Problem {
    /// A problem with what happened and what to do.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            allow: None,
            detail: detail.into(),
            places: Vec::new(),
            findings: Vec::new(),
            plan: None,
        }
    }

    /// The same with a place in the request that is wrong.
    #[must_use]
    pub fn at(mut self, pointer: &str, detail: impl Into<String>) -> Self {
        self.places.push(ProblemPlace {
            pointer: pointer.to_owned(),
            detail: detail.into(),
        });
        self
    }

    /// The same with findings about a profile.
    #[must_use]
    pub fn with_findings(mut self, findings: Vec<Finding>) -> Self {
        self.findings = findings;
        self
    }

    /// The same with what would have followed.
    #[must_use]
    pub fn with_plan(mut self, plan: Box<Impact>) -> Self {
        self.plan = Some(plan);
        self
    }

    /// The document for the request `instance`.
    pub fn document(&self, instance: &str) -> ProblemDocument {
        let (slug, title, status) = self.kind.row();
        let mut other = BTreeMap::new();
        match self.plan.as_ref().map(serde_json::to_value).transpose() {
            Ok(plan) => other.extend(plan.map(|plan| ("plan".to_owned(), plan))),
            Err(error) => tracing::error!(%error, "the plan of a problem cannot be written"),
        }
        ProblemDocument {
            kind: format!("/problems/{slug}"),
            title: title.to_owned(),
            status,
            detail: self.detail.clone(),
            instance: instance.to_owned(),
            errors: self.places.clone(),
            findings: self.findings.clone(),
            other,
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = %chain(&error), "the store failed");
        Self::new(
            Kind::Unavailable,
            "the store failed; nothing is promised, try again",
        )
    }
}

impl From<ProfileError> for Problem {
    fn from(error: ProfileError) -> Self {
        let text = error.to_string();
        match error {
            ProfileError::NotFound(_) | ProfileError::NoSuchVersion { .. } => {
                Self::new(Kind::NotFound, text)
            }
            ProfileError::Deleted(_) | ProfileError::IsBuiltIn(_) | ProfileError::IsMade { .. } => {
                Self::new(Kind::Conflict, text)
            }
            ProfileError::TakesNoSettings(_) => {
                Self::new(Kind::BadRequest, text.clone()).at("/settings", text)
            }
            ProfileError::Settings { findings, .. } => {
                Self::new(Kind::Invalid, text).with_findings(findings)
            }
            ProfileError::Change(error) => error.into(),
            ProfileError::Store(error) => error.into(),
        }
    }
}

impl From<HostError> for Problem {
    fn from(error: HostError) -> Self {
        let text = error.to_string();
        match error {
            HostError::NotFound(_) | HostError::NoProfile(_) | HostError::NotSent { .. } => {
                Self::new(Kind::NotFound, text)
            }
            HostError::Ambiguous { .. }
            | HostError::CheckedOut(_)
            | HostError::NothingHeld(_)
            | HostError::OneDevice(_)
            | HostError::OtherHeld(_)
            | HostError::HeldElsewhere(_) => Self::new(Kind::Conflict, text),
            HostError::Busy(_) => Self::new(Kind::Unavailable, text),
            HostError::Store(error) => error.into(),
        }
    }
}

impl From<LinkError> for Problem {
    fn from(error: LinkError) -> Self {
        let text = error.to_string();
        match error {
            LinkError::NotSet | LinkError::NoTopic | LinkError::NotBindable => {
                Self::new(Kind::Conflict, text)
            }
            LinkError::NotValid | LinkError::NotFound(_) => Self::new(Kind::NotFound, text),
            LinkError::Life => Self::new(Kind::BadRequest, text.clone()).at("/expires_in_s", text),
            LinkError::Device(_) => Self::new(Kind::BadRequest, text),
            LinkError::Profile(findings) => Self::new(Kind::Invalid, text).with_findings(findings),
            LinkError::Placeholder(_) => {
                tracing::error!(error = text, "the enrollment profile cannot be filled in");
                Self::new(Kind::Internal, "the enrollment profile cannot be made")
            }
            LinkError::Store(error) => error.into(),
        }
    }
}

impl From<PushCertificateError> for Problem {
    fn from(error: PushCertificateError) -> Self {
        match error {
            PushCertificateError::Unusable(_) => Self::new(Kind::BadRequest, chain(&error)),
            PushCertificateError::NotSet | PushCertificateError::NotFound(_) => {
                Self::new(Kind::NotFound, error.to_string())
            }
            PushCertificateError::Store(error) => error.into(),
        }
    }
}
