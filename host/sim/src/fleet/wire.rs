//! A fleet's way to servers: which connection, which address, which proof of identity; and how a
//! device gets an identity over it.
//!
//! Knows nothing of schedules. Invariant: a connection made with one identity is used for no other.

use std::time::{SystemTime, UNIX_EPOCH};

use hyper::Uri;
use tokio::task::spawn_blocking;

use super::{DeviceAuth, EnrollmentSource, FleetError, FleetOptions};
use crate::credential::Credential;
use crate::device::Device;
use crate::enrollment_profile::{EnrollmentProfile, ScepPayload};
use crate::line::{Line, Trust, chain_text, device_uri};
use crate::message::{Reply, Request};
use crate::pki::PkiError;
use crate::pki::key::PrivateKey;
use crate::scep::{Enrollment, SCEP_MESSAGE_TYPE, ScepFailure, Wish};

/// Idle connections of a device that has its own.
const OWN_CONNECTIONS: usize = 1;

/// The way of all devices.
pub(super) struct Wire {
    shared: Line,
    trust: Option<Trust>,
    device_uri: Uri,
    auth: DeviceAuth,
    source: Option<EnrollmentSource>,
}

/// Connections of one device.
pub(super) struct OwnLine {
    credential: Credential,
    line: Line,
}

impl Wire {
    pub(super) fn new(options: &FleetOptions) -> Result<Self, FleetError> {
        if options.auth != DeviceAuth::None && options.enrollment.is_none() {
            return Err(FleetError::NoEnrollment);
        }
        let trust = options.ca_pem.as_deref().map(Trust::from_pem).transpose()?;
        Ok(Self {
            shared: Line::new(options.concurrency, trust.as_ref(), None)?,
            trust,
            device_uri: device_uri(&options.device_url)?,
            auth: options.auth,
            source: options.enrollment.clone(),
        })
    }

    /// Whether a device must get an enrollment profile before its next contact.
    pub(super) fn must_enroll(&self, device: &Device) -> bool {
        self.source.is_some() && device.is_without_membership() && !device.is_unenrolled()
    }

    /// Sends a message of a device; the text of an error is for people.
    pub(super) async fn exchange(
        &self,
        device: &Device,
        own: &mut Option<Box<OwnLine>>,
        request: Request,
    ) -> Result<Reply, String> {
        let to = match device.address(&request) {
            Some(url) => device_uri(url).map_err(|error| chain_text(&error))?,
            None => self.device_uri.clone(),
        };
        let is_signed = match self.auth {
            DeviceAuth::None => false,
            DeviceAuth::Signature => true,
            DeviceAuth::Mtls => device.enrollment().is_some_and(|one| one.sign_message),
        };
        let request = if is_signed {
            device
                .sign(request, now_ms())
                .map_err(|error| chain_text(&error))?
        } else {
            request
        };
        self.line(device, own)?.exchange(to, request).await
    }

    fn line<'a>(
        &'a self,
        device: &Device,
        own: &'a mut Option<Box<OwnLine>>,
    ) -> Result<&'a Line, String> {
        let credential = device.credential();
        let (DeviceAuth::Mtls, Some(credential)) = (self.auth, credential) else {
            return Ok(&self.shared);
        };
        let line = match own.take() {
            Some(line) if line.credential == *credential => line,
            Some(_) | None => {
                let trust = self.trust.as_ref();
                Box::new(OwnLine {
                    credential: credential.clone(),
                    line: Line::new(OWN_CONNECTIONS, trust, Some(credential))
                        .map_err(|error| chain_text(&error))?,
                })
            }
        };
        Ok(&own.insert(line).line)
    }

    /// Gets a device its enrollment profile and, by it, its identity.
    pub(super) async fn enroll(&self, device: &mut Device) -> Result<(), String> {
        let bytes = match &self.source {
            None => return Ok(()),
            Some(EnrollmentSource::Url(url)) => self.shared.fetch(url).await?,
            Some(EnrollmentSource::Each(ask)) => {
                let who = device.identity();
                ask(who.serial.clone(), who.udid.clone()).await?
            }
        };
        let profile = EnrollmentProfile::read(&bytes).map_err(|error| chain_text(&error))?;
        let credential = self
            .obtain(&profile.scep, None)
            .await
            .map_err(|error| chain_text(&error))?;
        device.enroll(profile, credential);
        Ok(())
    }

    /// Gets an identity by SCEP, as the owner of the present one if that is to sign the request.
    pub(super) async fn obtain(
        &self,
        scep: &ScepPayload,
        present: Option<&Credential>,
    ) -> Result<Credential, ScepFailure> {
        let unreachable = |text| ScepFailure::Unreachable { text };
        let operation = |name: &str| {
            let mark = if scep.url.contains('?') { '&' } else { '?' };
            format!("{}{mark}operation={name}", scep.url)
        };
        let abilities = self.shared.fetch(&operation("GetCACaps")).await;
        let abilities = abilities.map_err(unreachable)?;
        check_abilities(&abilities)?;
        let authorities = self.shared.fetch(&operation("GetCACert")).await;
        let authorities = authorities.map_err(unreachable)?;
        let bits = scep.key_size;
        let key = spawn_blocking(move || PrivateKey::generate(bits)).await;
        let failed = |_| PkiError::Library {
            what: "making a key",
        };
        let key = key.map_err(failed)??;
        let wish = Wish {
            authorities: &authorities,
            subject: &scep.subject,
            challenge: scep.challenge.as_deref(),
            present,
        };
        let (state, message) = Enrollment::begin(wish, key, now_ms())?;
        let to = operation("PKIOperation");
        let reply = self.shared.post(&to, SCEP_MESSAGE_TYPE, message).await;
        state.finish(&reply.map_err(unreachable)?)
    }
}

/// The server must take what this client sends (RFC 8894 section 3.5.2).
fn check_abilities(list: &[u8]) -> Result<(), ScepFailure> {
    let list = String::from_utf8_lossy(list);
    let has = |name: &str| list.lines().any(|line| line.trim() == name);
    for needed in ["POSTPKIOperation", "SHA-256", "AES"] {
        if !has(needed) && !has("SCEPStandard") {
            let text = format!("it does not say that it can {needed}");
            return Err(ScepFailure::Unreachable { text });
        }
    }
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the devices' own clock: what they sign with it is for the server to judge"
)]
fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}
