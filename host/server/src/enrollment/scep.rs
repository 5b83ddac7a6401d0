//! The SCEP service: who may have a certificate, and what it is for.
//!
//! Knows nothing of HTTP. Invariants: a certificate is stored with what it was issued on before
//! it leaves; a challenge is redeemed in the same commit, so of two who come with it one gets a
//! certificate; whoever did not get the reply gets the same certificate again for the same key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mooring_drift::policy::Timestamp;
use mooring_identity::scep::{self, FailInfo, MESSAGE_TYPE, Refused, Request, RequestKind};
use mooring_identity::{Authority, Certificate, LeafRequest, Trust};
use mooring_mdm::ids::HostId;
use mooring_store::{Change, StoreError};

use super::Enrollment;
use super::challenge::{self, Challenge, Purpose};
use super::leaf::{IssuedOn, Leaf};
use super::link::Link;
use crate::core::Core;
use crate::device::{chain, device_record};
use crate::documents::{self, Read};

/// An answer over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScepAnswer {
    /// The status.
    pub status: u16,
    /// The type of the body.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

/// Who asks, as far as it decides whether there is a certificate.
enum Grounds {
    /// Nothing was issued on these before; the changes redeem them.
    New(IssuedOn, Vec<Redeemed>),
    /// This certificate was issued on them before, for the same key.
    Again(Certificate),
}

/// A record that is used up, and what it is from then on.
enum Redeemed {
    Challenge([u8; 32], Read<Challenge>),
    Link([u8; 32], Read<Link>),
    /// The identity that a renewal was signed with.
    Signer([u8; 32], Read<Leaf>),
}

/// How long whoever renewed with one key cannot renew with another one, in ms: a day, so that a
/// device that asks in a loop leaves one certificate a day.
const NEXT_SUCCESSOR_MS: u64 = 24 * 3_600_000;

/// Why a request gets no certificate. For the log.
#[derive(Debug, thiserror::Error)]
enum Denied {
    #[error("it has no challenge")]
    NoChallenge,
    #[error("its challenge is not known")]
    UnknownChallenge,
    #[error("its challenge has expired")]
    Expired,
    #[error("its challenge was used already")]
    Used,
    #[error("its host is blocked")]
    Blocked,
    #[error("its signer got a certificate for another key less than a day ago")]
    Renewed,
    #[error("its link was used or revoked, or has expired")]
    LinkGone,
    #[error("the certificate that it was signed with may not be renewed: {0}")]
    Signer(String),
    #[error("its key is not accepted")]
    Key(#[from] mooring_identity::AuthorityError),
    #[error("the reply cannot be made")]
    Reply(#[from] scep::ReplyError),
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl Core {
    /// Answers one operation of SCEP (RFC 8894 section 4); `message` is that of `PKIOperation`.
    pub fn scep(&self, operation: &str, message: &[u8]) -> ScepAnswer {
        let enrollment = self.enrollment.as_ref();
        let Some((enrollment, authority)) = enrollment.and_then(|e| Some((e, e.issuing()?))) else {
            return plain(404, "this server issues no certificates\n");
        };
        match operation {
            "GetCACaps" => plain(200, scep::CAPABILITIES),
            "GetCACert" => {
                let renewed = enrollment.issuing_renewed(self.clock.now());
                ca_certificates(&renewed.unwrap_or(authority))
            }
            "PKIOperation" => {
                self.sweep_daily();
                self.pki_operation(enrollment, &authority, message)
            }
            _ => plain(
                400,
                "operation is one of GetCACaps, GetCACert, PKIOperation\n",
            ),
        }
    }

    fn pki_operation(
        &self,
        enrollment: &Enrollment,
        authority: &Authority,
        message: &[u8],
    ) -> ScepAnswer {
        let request = match scep::open(authority, message) {
            Ok(request) => request,
            Err(Refused::Answered { reply, cause, .. }) => {
                tracing::warn!(cause = %chain(&cause), "a certificate was refused");
                return pki_message(reply);
            }
            Err(Refused::Unreadable(error)) => {
                tracing::info!(error = %chain(&error), "a SCEP message cannot be read");
                return plain(400, "");
            }
            Err(Refused::Reply(error)) => return failed(&error),
            Err(error) => return failed(&error),
        };
        let granted = self.certify(enrollment, authority, &request);
        let granted = granted.and_then(|issued| {
            let reply = scep::grant(authority, &request, &issued)?;
            tracing::info!(certificate = %issued.fingerprint(), "issued a certificate");
            Ok(reply)
        });
        match granted {
            Ok(reply) => pki_message(reply),
            Err(Denied::Store(error)) => {
                tracing::error!(error = %chain(&error), "a certificate could not be stored");
                plain(503, "")
            }
            Err(denied) => {
                tracing::warn!(reason = %chain(&denied), name = request.requested_name, "a certificate was refused");
                match scep::refuse(authority, &request, FailInfo::BadRequest) {
                    Ok(reply) => pki_message(reply),
                    Err(error) => failed(&error),
                }
            }
        }
    }

    /// Decides, and once more if somebody else got in between: of two requests with the same key
    /// both get the certificate that one was granted.
    fn certify(
        &self,
        enrollment: &Enrollment,
        authority: &Authority,
        request: &Request,
    ) -> Result<Certificate, Denied> {
        let is_conflict =
            |denied: &Denied| matches!(denied, Denied::Store(StoreError::Conflict { .. }));
        match self.certify_once(enrollment, authority, request) {
            // The link may have gone between the challenge and it: by the same request, perhaps.
            Err(denied) if is_conflict(&denied) || matches!(denied, Denied::LinkGone) => {}
            decided => return decided,
        }
        let decided = self.certify_once(enrollment, authority, request);
        decided.map_err(|denied| {
            if is_conflict(&denied) {
                Denied::Used
            } else {
                denied
            }
        })
    }

    fn certify_once(
        &self,
        enrollment: &Enrollment,
        authority: &Authority,
        request: &Request,
    ) -> Result<Certificate, Denied> {
        let now = self.clock.now();
        let grounds = match request.kind {
            RequestKind::PkcsReq => self.grounds(enrollment, request, now)?,
            RequestKind::RenewalReq => self.renewal_grounds(authority, request, now)?,
        };
        let (issued_on, redeemed) = match grounds {
            Grounds::Again(certificate) => return Ok(certificate),
            Grounds::New(issued_on, redeemed) => (issued_on, redeemed),
        };
        let common_name = common_name(&issued_on);
        let leaf = LeafRequest {
            common_name: &common_name,
            days: enrollment.settings.leaf_days,
        };
        let issued = authority.issue(&request.public_key_info, &leaf, now.0)?;
        let fingerprint = *issued.fingerprint().as_bytes();
        let mut changes = vec![documents::create(
            &fingerprint,
            &Leaf {
                issued_on,
                issued_at: now,
                host: None,
                has_authenticated: false,
                successor: None,
                certificate: Some(STANDARD.encode(issued.der())),
            },
        )?];
        for one in redeemed {
            changes.push(redeem(one, fingerprint, now)?);
        }
        self.store.commit(changes)?;
        Ok(issued)
    }

    fn grounds(
        &self,
        enrollment: &Enrollment,
        request: &Request,
        now: Timestamp,
    ) -> Result<Grounds, Denied> {
        let secret = request.challenge.as_ref().ok_or(Denied::NoChallenge)?;
        let shared = enrollment.settings.static_challenge.as_ref();
        if shared.is_some_and(|shared| shared.matches(secret.expose())) {
            return Ok(Grounds::New(IssuedOn::StaticChallenge, Vec::new()));
        }
        let key = challenge::key(secret.expose());
        let found = documents::read::<Challenge>(&*self.store, &key)?;
        let found = found.ok_or(Denied::UnknownChallenge)?;
        if now >= found.document.expires_at {
            return Err(Denied::Expired);
        }
        if let Purpose::Renewal { host } = &found.document.purpose
            && self.is_blocked(host)?
        {
            return Err(Denied::Blocked);
        }
        if let Some(fingerprint) = found.document.redeemed_for {
            return self.issued_before(&fingerprint, request);
        }
        let (issued_on, link) = match &found.document.purpose {
            Purpose::Renewal { host } => (IssuedOn::Renewal { host: host.clone() }, None),
            Purpose::Link { key } => {
                let link = documents::read::<Link>(&*self.store, key)?;
                // Not whether its profile may be fetched once more: this one was.
                let link = link.filter(|link| {
                    link.document.used_at.is_none() && now < link.document.expires_at
                });
                let link = link.ok_or(Denied::LinkGone)?;
                let on = IssuedOn::Link {
                    id: link.document.id.clone(),
                    serial: link.document.serial.clone(),
                    udid: link.document.udid.clone(),
                };
                (on, Some(Redeemed::Link(*key, link)))
            }
        };
        let challenge = Redeemed::Challenge(key, found);
        let redeemed = std::iter::once(challenge).chain(link).collect();
        Ok(Grounds::New(issued_on, redeemed))
    }

    fn is_blocked(&self, host: &HostId) -> Result<bool, StoreError> {
        let record = self.host(host)?;
        let record = record.as_ref().and_then(device_record);
        Ok(record.is_some_and(|record| record.access.is_blocked))
    }

    fn issued_before(&self, fingerprint: &[u8; 32], request: &Request) -> Result<Grounds, Denied> {
        let leaf = documents::read::<Leaf>(&*self.store, fingerprint)?;
        let certificate = leaf
            .and_then(|leaf| leaf.document.certificate)
            .and_then(|text| STANDARD.decode(text).ok())
            .and_then(|der| Certificate::from_der(&der).ok());
        certificate
            .filter(|issued| issued.public_key_info() == request.public_key_info)
            .map(Grounds::Again)
            .ok_or(Denied::Used)
    }

    /// A renewal that is signed with the present identity needs no challenge.
    fn renewal_grounds(
        &self,
        authority: &Authority,
        request: &Request,
        now: Timestamp,
    ) -> Result<Grounds, Denied> {
        let wrong = |reason: &dyn std::fmt::Display| Denied::Signer(reason.to_string());
        let trust = Trust::new(vec![authority.ca_certificate().clone()]);
        let trust = trust.map_err(|error| wrong(&error))?;
        let signer = &request.signer;
        let trusted = trust.verify(signer, &[], now.0);
        trusted.map_err(|error| wrong(&error))?;
        let fingerprint = *signer.fingerprint().as_bytes();
        let leaf = documents::read::<Leaf>(&*self.store, &fingerprint)?;
        let leaf = leaf.ok_or_else(|| wrong(&"it is not known"))?;
        let host = leaf.document.host.clone();
        let host = host.ok_or_else(|| wrong(&"no host has it"))?;
        if self.is_blocked(&host)? {
            return Err(Denied::Blocked);
        }
        let record = self.host(&host)?;
        let record = record.as_ref().and_then(device_record);
        let is_pinned = record.is_some_and(|record| {
            let mut pins = record.access.pins.iter();
            pins.any(|pin| pin.fingerprint == fingerprint)
        });
        if !is_pinned {
            return Err(wrong(&"its host has another one"));
        }
        // The same request once more, by a device that got no answer or by somebody who saw it.
        if let Some(successor) = leaf.document.successor {
            if let Ok(again) = self.issued_before(&successor, request) {
                return Ok(again);
            }
            let successor = documents::read::<Leaf>(&*self.store, &successor)?;
            let again_at = successor.map(|s| s.document.issued_at.plus_ms(NEXT_SUCCESSOR_MS));
            if again_at.is_some_and(|at| now < at) {
                return Err(Denied::Renewed);
            }
        }
        let signer = Redeemed::Signer(fingerprint, leaf);
        Ok(Grounds::New(IssuedOn::Renewal { host }, vec![signer]))
    }
}

fn redeem(one: Redeemed, fingerprint: [u8; 32], now: Timestamp) -> Result<Change, StoreError> {
    match one {
        Redeemed::Challenge(key, read) => {
            let mut new = read.document.clone();
            new.redeemed_for = Some(fingerprint);
            read.replaced_by(&key, &new)
        }
        Redeemed::Link(key, read) => {
            let mut new = read.document.clone();
            new.used_at = Some(now);
            read.replaced_by(&key, &new)
        }
        Redeemed::Signer(key, read) => {
            let mut new = read.document.clone();
            new.successor = Some(fingerprint);
            read.replaced_by(&key, &new)
        }
    }
}

/// The subject, which is never what the device asked for.
fn common_name(issued_on: &IssuedOn) -> String {
    let text = match issued_on {
        IssuedOn::Link {
            serial: Some(text), ..
        }
        | IssuedOn::Link {
            udid: Some(text), ..
        } => text.as_str(),
        IssuedOn::Renewal { host } => host.as_str(),
        IssuedOn::Link { .. } | IssuedOn::StaticChallenge | IssuedOn::Outside => "Mooring device",
    };
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | ' ' | '.');
    text.chars().filter(plain).take(64).collect()
}

fn ca_certificates(authority: &Authority) -> ScepAnswer {
    match scep::ca_certificates(authority) {
        Ok((content_type, body)) => ScepAnswer {
            status: 200,
            content_type,
            body,
        },
        Err(error) => failed(&error),
    }
}

fn plain(status: u16, text: &str) -> ScepAnswer {
    ScepAnswer {
        status,
        content_type: "text/plain; charset=utf-8",
        body: text.as_bytes().to_vec(),
    }
}

fn pki_message(body: Vec<u8>) -> ScepAnswer {
    ScepAnswer {
        status: 200,
        content_type: MESSAGE_TYPE,
        body,
    }
}

fn failed(error: &dyn std::error::Error) -> ScepAnswer {
    tracing::error!(error = %chain(error), "a SCEP reply could not be made");
    plain(503, "")
}
