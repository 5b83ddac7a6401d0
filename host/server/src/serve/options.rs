//! How to serve, and what of it cannot be.
//!
//! Knows nothing of sockets. Invariants: nothing leaves loopback without TLS, and no device is
//! served off loopback that is not authenticated.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use hyper::Uri;
use hyper::header::HeaderName;
use ipnet::IpNet;
use mooring_drift::policy::Policy;
use mooring_identity::Secret;
use mooring_plugin::Compiler;
use mooring_push::ApnsOptions;

use super::ServeError;
use crate::clock::Clock;
use crate::device::{DeviceAuth, DeviceSettings};
use crate::enrollment::LEAF_DAYS_DEFAULT;
use crate::http::TlsFiles;
use crate::impact::RemovalGuard;
use crate::webhook::WebhookOptions;

/// How to serve.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// The data folder; it is made if it is not there.
    pub data: PathBuf,
    /// Where the admin API listens. Port 0 lets the system choose.
    pub admin: SocketAddr,
    /// TLS of the admin API; needed off loopback.
    pub admin_tls: Option<TlsFiles>,
    /// Where devices connect. Port 0 lets the system choose.
    pub device: SocketAddr,
    /// TLS for devices; needed off loopback.
    pub tls: Option<TlsFiles>,
    /// How devices show who they are. Empty: not at all, which is for loopback only.
    pub device_auth: Vec<DeviceAuth>,
    /// A file of CAs, PEM, whose certificates devices may have beside those of this server.
    pub device_ca: Option<PathBuf>,
    /// The header in which a proxy passes the certificate on.
    pub cert_header: Option<String>,
    /// Networks of such proxies.
    pub trusted_proxies: Vec<IpNet>,
    /// How devices enroll; nobody can by this server without it.
    pub enrollment: Option<EnrollmentOptions>,
    /// What administrators decide about devices as a whole.
    pub devices: DeviceSettings,
    /// How devices are woken.
    pub apns: ApnsOptions,
    /// Who is told of what devices say.
    pub webhook: Option<WebhookOptions>,
    /// Whether enrollments may be brought over from another server.
    pub allows_migration: bool,
    /// When a change is held until it is confirmed; never without.
    pub removal_guard: Option<RemovalGuard>,
    /// Files of public keys whose signatures of plugins count.
    pub plugin_trust: Vec<PathBuf>,
    /// A file of certificates, PEM: those who sign profiles, or the CAs of those.
    pub profile_signers: Option<PathBuf>,
    /// What compiles plugins of others. A server that takes such needs a process of its own for it.
    pub plugin_compiler: Compiler,
    /// The engine's intervals and bounds.
    pub policy: Policy,
    /// The time; that of the system, unless somebody needs to move it.
    pub clock: Clock,
}

/// How devices enroll.
#[derive(Debug, Clone)]
pub struct EnrollmentOptions {
    /// Where devices reach this server.
    pub public_url: String,
    /// Another SCEP server than this one.
    pub scep_url: Option<String>,
    /// The challenge of that server, or one that all devices may use here.
    pub scep_challenge: Option<Secret>,
    /// An ACME server instead.
    pub acme_url: Option<String>,
    /// What devices say to that server that they are; `mooring` unless given.
    pub acme_client_identifier: Option<String>,
    /// Whether devices attest their hardware to that server.
    pub acme_attests: bool,
    /// Shown with the profile.
    pub organization: Option<String>,
    /// Days for which this server issues an identity.
    pub leaf_days: u16,
}

impl EnrollmentOptions {
    /// Devices reach this server there, and get their identities from it.
    pub fn new(public_url: impl Into<String>) -> Self {
        Self {
            public_url: public_url.into(),
            scep_url: None,
            scep_challenge: None,
            acme_url: None,
            acme_client_identifier: None,
            acme_attests: false,
            organization: None,
            leaf_days: LEAF_DAYS_DEFAULT,
        }
    }

    /// Whether this server issues the identities.
    pub(super) fn has_own_ca(&self) -> bool {
        self.scep_url.is_none() && self.acme_url.is_none()
    }
}

impl ServeOptions {
    /// The defaults: loopback, ports 9000 and 9001, devices not authenticated.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            admin: SocketAddr::from(([127, 0, 0, 1], 9000)),
            admin_tls: None,
            device: SocketAddr::from(([127, 0, 0, 1], 9001)),
            tls: None,
            device_auth: Vec::new(),
            device_ca: None,
            cert_header: None,
            trusted_proxies: Vec::new(),
            enrollment: None,
            devices: DeviceSettings::default(),
            apns: ApnsOptions::default(),
            webhook: None,
            allows_migration: false,
            removal_guard: Some(RemovalGuard::default()),
            plugin_trust: Vec::new(),
            profile_signers: None,
            plugin_compiler: Compiler::default(),
            policy: Policy::default(),
            clock: Clock::system(),
        }
    }

    /// Whether devices are not authenticated.
    pub fn trusts_anyone(&self) -> bool {
        self.device_auth.is_empty() || self.device_auth == [DeviceAuth::None]
    }

    /// Whether devices authenticate in this way, among others.
    pub(super) fn has(&self, way: DeviceAuth) -> bool {
        self.device_auth.contains(&way)
    }

    /// Finds what cannot be served like this.
    pub(super) fn check(&self) -> Result<(), ServeError> {
        if !self.admin.ip().is_loopback() && self.admin_tls.is_none() {
            return Err(ServeError::AdminNotLoopback(self.admin));
        }
        let is_local = self.device.ip().is_loopback();
        if !is_local && self.trusts_anyone() {
            return Err(ServeError::DeviceNotLoopback(self.device));
        }
        if !is_local && self.tls.is_none() {
            return Err(ServeError::DeviceWithoutTls(self.device));
        }
        if self.has(DeviceAuth::None) && self.device_auth.len() > 1 {
            return Err(ServeError::NoneAmongOthers);
        }
        if self.has(DeviceAuth::Mtls) && self.tls.is_none() {
            return Err(ServeError::MtlsWithoutTls);
        }
        self.check_header()?;
        if let Some(enrollment) = &self.enrollment {
            check_public_url(&enrollment.public_url)?;
            for url in enrollment.scep_url.iter().chain(&enrollment.acme_url) {
                if !is_safe(url) {
                    return Err(ServeError::IssuerUrl(url.clone()));
                }
            }
            if enrollment.scep_url.is_some() && enrollment.acme_url.is_some() {
                return Err(ServeError::ScepAndAcme);
            }
        }
        let issues = self
            .enrollment
            .as_ref()
            .is_some_and(EnrollmentOptions::has_own_ca);
        if !self.trusts_anyone() && self.device_ca.is_none() && !issues {
            return Err(ServeError::NobodyToTrust);
        }
        Ok(())
    }

    fn check_header(&self) -> Result<(), ServeError> {
        let Some(name) = &self.cert_header else {
            return if self.has(DeviceAuth::Header) {
                Err(ServeError::HeaderIncomplete)
            } else {
                Ok(())
            };
        };
        if !self.has(DeviceAuth::Header) || self.trusted_proxies.is_empty() {
            return Err(ServeError::HeaderIncomplete);
        }
        HeaderName::from_bytes(name.as_bytes())
            .map(drop)
            .map_err(|_| ServeError::HeaderName(name.clone()))
    }
}

/// An address without a path, and without TLS on loopback alone.
fn check_public_url(url: &str) -> Result<(), ServeError> {
    let wrong = || ServeError::PublicUrl(url.to_owned());
    let uri: Uri = url.parse().map_err(|_| wrong())?;
    let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
    if is_bare && is_safe(url) {
        Ok(())
    } else {
        Err(wrong())
    }
}

/// Whether an address has TLS, or is on this machine.
fn is_safe(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else {
        return false;
    };
    match (uri.scheme_str(), uri.host()) {
        (Some("https"), Some(_)) => true,
        (Some("http"), Some(host)) => is_loopback(host),
        _ => false,
    }
}

fn is_loopback(host: &str) -> bool {
    let address: Result<IpAddr, _> = host.trim_matches(['[', ']']).parse();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}
