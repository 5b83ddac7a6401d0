//! Everything of a start that blocks: files, keys, the store, the plugins.
//!
//! Knows nothing of sockets. Invariant: the data folder and everything secret in it belong to the
//! owner alone.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use mooring_drift::policy::Timestamp;
use mooring_identity::attached::Signers;
use mooring_identity::{Authority, Certificate, Trust, certificates_from_pem};
use mooring_store::{RedbOptions, RedbStore, Store};

use super::options::{EnrollmentOptions, ServeOptions};
use super::{STORE_FILE, ServeError, TOKEN_FILE};
use crate::backup::Backups;
use crate::clock::{Clock, rfc3339};
use crate::core::{Core, CoreOptions};
use crate::device::{Authenticator, DeviceAuth};
use crate::enrollment::{self, Enrollment, EnrollmentSettings, Identities};
use crate::http::{ClientCertificates, Tls};
use crate::judge::Judge;
use crate::limits::CERTIFICATE_LOOK_INTERVAL;
use crate::owned_file::write_new;
use crate::plugins::PluginTrust;
use crate::random;

/// How long before its end a server's certificate is warned of, in ms: two weeks.
const EXPIRY_WARNING_MS: u64 = 14 * 24 * 3_600_000;

/// What a start has made before it listens.
pub(super) struct Opened {
    pub(super) core: Core,
    pub(super) backups: Backups,
    pub(super) token: String,
    pub(super) authenticator: Authenticator,
    pub(super) device_tls: Option<Tls>,
    pub(super) admin_tls: Option<Tls>,
}

/// Opens everything.
pub(super) fn open(options: &ServeOptions) -> Result<Opened, ServeError> {
    let data = &options.data;
    let mut builder = fs::DirBuilder::new();
    let made = builder.recursive(true).mode(0o700).create(data);
    made.map_err(file(data, "made"))?;
    let path = data.join(STORE_FILE);
    let failed = |source| ServeError::Store {
        path: path.clone(),
        source,
    };
    // Both take a moment: a file that was not closed is read once, plugins are compiled the first
    // time.
    let (store, judge) = thread::scope(|scope| {
        let judge = scope.spawn(|| Judge::load_in(data, &options.plugin_compiler));
        let store = RedbStore::open(&path, RedbOptions::default());
        let judge = judge.join();
        (store, judge.unwrap_or_else(|panic| resume_unwind(panic)))
    });
    let store = Arc::new(store.map_err(failed)?);
    let backups = Backups::new(Arc::clone(&store), data, options.clock.clone());
    let store: Arc<dyn Store> = store;
    let token = token(&data.join(TOKEN_FILE))?;
    let clock = options.clock.clone();
    let authority = options.enrollment.as_ref().filter(|e| e.has_own_ca());
    let authority = authority
        .map(|_| enrollment::authority::open(data, clock.now()).map(Arc::new))
        .transpose()?;
    let trusted = trusted(options, authority.as_deref())?;
    let authorities = trusted.iter().map(|ca| ca.der().to_vec().into()).collect();
    let clients = if options.has(DeviceAuth::Mtls) {
        ClientCertificates::Requested { authorities }
    } else {
        ClientCertificates::Ignored
    };
    let load = |files, clients: &_| Tls::load(files, clients, CERTIFICATE_LOOK_INTERVAL);
    let device_tls = options.tls.clone().map(|files| load(files, &clients));
    let admin_tls = options.admin_tls.clone();
    let admin_tls = admin_tls.map(|files| load(files, &ClientCertificates::Ignored));
    for (tls, name) in [
        (&device_tls, "--tls-cert"),
        (&admin_tls, "--admin-tls-cert"),
    ] {
        if let Some(Ok(tls)) = tls {
            warn_of_expiry(tls, name, &clock);
        }
    }
    let core_options = CoreOptions {
        policy: options.policy,
        devices: options.devices,
        enrollment: options
            .enrollment
            .as_ref()
            .map(|wanted| enrollment_of(wanted, authority, options)),
        keeps_events: options.webhook.is_some(),
        removal_guard: options.removal_guard,
        plugin_trust: PluginTrust::read(options.plugin_trust.clone())?,
        profile_signers: profile_signers(options)?,
    };
    let core = Core::new(store, Arc::new(judge?), clock, core_options).map_err(failed)?;
    core.tell_of_trust();
    core.refresh_builtins().map_err(failed)?;
    core.sweep().map_err(failed)?;
    Ok(Opened {
        core,
        backups,
        token,
        authenticator: authenticator(options, trusted)?,
        device_tls: device_tls.transpose()?,
        admin_tls: admin_tls.transpose()?,
    })
}

/// Clients refuse a certificate that expired, so an administrator should hear of it.
fn warn_of_expiry(tls: &Tls, name: &'static str, clock: &Clock) {
    let leaf = tls.leaf().and_then(|der| Certificate::from_der(&der).ok());
    let Some(leaf) = leaf else {
        return;
    };
    let expires_at = leaf.not_after_ms();
    if expires_at < clock.now().plus_ms(EXPIRY_WARNING_MS).0 {
        let expires_at = rfc3339(Timestamp(expires_at));
        tracing::warn!(
            option = name,
            expires_at,
            "the certificate expires soon or has expired"
        );
    }
}

fn enrollment_of(
    wanted: &EnrollmentOptions,
    authority: Option<Arc<Authority>>,
    options: &ServeOptions,
) -> Enrollment {
    let challenge = wanted.scep_challenge.clone();
    let has_own_ca = authority.is_some();
    let identities = match (authority, &wanted.scep_url, &wanted.acme_url) {
        (Some(authority), _, _) => Identities::Own(authority),
        (None, Some(url), _) => Identities::Scep {
            url: url.clone(),
            challenge: challenge.clone(),
        },
        (None, None, url) => Identities::Acme {
            directory_url: url.clone().unwrap_or_default(),
            client_identifier: wanted
                .acme_client_identifier
                .clone()
                .unwrap_or_else(|| "mooring".to_owned()),
            attests: wanted.acme_attests,
        },
    };
    Enrollment::new(EnrollmentSettings {
        public_url: wanted.public_url.trim_end_matches('/').to_owned(),
        identities,
        organization: wanted.organization.clone(),
        signs_messages: options.has(DeviceAuth::Signature),
        static_challenge: challenge.filter(|_| has_own_ca),
        leaf_days: wanted.leaf_days,
    })
    .with_files_in(&options.data)
}

/// Who signs profiles, if anybody said so.
fn profile_signers(options: &ServeOptions) -> Result<Option<Signers>, ServeError> {
    let Some(path) = &options.profile_signers else {
        return Ok(None);
    };
    let pem = fs::read(path).map_err(file(path, "read"))?;
    let read = certificates_from_pem(&pem);
    let read = read.map_err(|source| ServeError::ProfileSigners {
        path: path.clone(),
        source,
    })?;
    Ok(Some(Signers::new(read)))
}

/// The CAs whose certificates devices may have.
fn trusted(
    options: &ServeOptions,
    authority: Option<&Authority>,
) -> Result<Vec<Certificate>, ServeError> {
    let mut trusted = Vec::new();
    if let Some(path) = &options.device_ca {
        let pem = fs::read(path).map_err(file(path, "read"))?;
        let read = certificates_from_pem(&pem);
        trusted = read.map_err(|source| ServeError::DeviceCa {
            path: path.clone(),
            source,
        })?;
        if let Some(other) = trusted.iter().find(|one| !one.may_issue()) {
            return Err(ServeError::NotACa {
                path: path.clone(),
                subject: other.subject(),
            });
        }
    }
    trusted.extend(authority.map(|own| own.ca_certificate().clone()));
    Ok(trusted)
}

fn authenticator(
    options: &ServeOptions,
    trusted: Vec<Certificate>,
) -> Result<Authenticator, ServeError> {
    if options.trusts_anyone() {
        return Ok(Authenticator::none());
    }
    let authenticator = Authenticator::new(options.device_auth.clone(), Trust::new(trusted)?);
    Ok(match &options.cert_header {
        Some(name) => authenticator.with_header(name, options.trusted_proxies.clone()),
        None => authenticator,
    })
}

/// The token of the file, or a new one in a new file.
fn token(path: &Path) -> Result<String, ServeError> {
    match fs::read_to_string(path) {
        Ok(text) if text.trim().is_empty() => Err(ServeError::EmptyToken(path.to_owned())),
        Ok(text) => Ok(text.trim().to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let token = random::token();
            write_new(path, &format!("{token}\n")).map_err(file(path, "written"))?;
            Ok(token)
        }
        Err(error) => Err(file(path, "read")(error)),
    }
}

/// An error about a file.
pub(super) fn file(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> ServeError {
    let path = path.to_owned();
    move |source| ServeError::File {
        path,
        doing,
        source,
    }
}
