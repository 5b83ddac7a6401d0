//! Makes the certificates of our CA.
//!
//! It must not know who asks. **Invariants.** What is made is read again before anyone gets it, and
//! names the CA exactly as the CA's certificate does; serial numbers are 126 random bits.

use std::time::Duration;

use aws_lc_rs::rand;
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use der::Encode;
use der::oid::db::rfc5912::SHA_256_WITH_RSA_ENCRYPTION;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyIdMethod, KeyUsagePurpose, PublicKeyData, SerialNumber, date_time_ymd,
};
use x509_cert::ext::pkix::{BasicConstraints as Constraints, KeyUsage};

use super::names::Names;
use super::{AuthorityError, Ca, DAY_MS, RsaKey};
use crate::Certificate;

/// Clocks of devices are late sometimes.
const EARLIER_MS: u64 = 60 * 60 * 1000;
/// The year 9800: what is made at the end of it still has a date that can be written.
const TIME_MAX_MS: u64 = 247_000_000_000_000;

/// What a certificate is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// The identity of a device.
    Device,
    /// The recipient of SCEP messages.
    Recipient,
    /// A server of ours.
    Server,
}

/// From when until when, in Unix milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Validity {
    from_ms: u64,
    until_ms: u64,
}

impl Validity {
    /// From an hour ago for some days, but not beyond the end of the issuer.
    pub(super) fn from(
        now_ms: u64,
        days: u16,
        issuer: Option<&Certificate>,
    ) -> Result<Self, AuthorityError> {
        if days == 0 || now_ms > TIME_MAX_MS {
            return Err(AuthorityError::Time);
        }
        let from_ms = now_ms.saturating_sub(EARLIER_MS);
        let until_ms = now_ms + u64::from(days) * DAY_MS;
        let Some(issuer) = issuer else {
            return Ok(Self { from_ms, until_ms });
        };
        if now_ms < issuer.not_before_ms() || now_ms > issuer.not_after_ms() {
            return Err(AuthorityError::Expired);
        }
        // A leaf that begins before its issuer is refused by some.
        Ok(Self {
            from_ms: from_ms.max(issuer.not_before_ms()),
            until_ms: until_ms.min(issuer.not_after_ms()),
        })
    }
}

/// The CA's own certificate.
pub(super) fn ca(
    names: &Names,
    key: &RsaKey,
    validity: Validity,
) -> Result<Certificate, AuthorityError> {
    let mut params = common(names.ca().clone(), validity)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(Certificate::from_der(params.self_signed(key)?.der())?)
}

/// What a certificate of this kind says.
pub(super) fn params(
    kind: Kind,
    subject: DistinguishedName,
    validity: Validity,
) -> Result<CertificateParams, AuthorityError> {
    let mut params = common(subject, validity)?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = match kind {
        Kind::Device | Kind::Recipient => {
            vec![
                KeyUsagePurpose::DigitalSignature,
                KeyUsagePurpose::KeyEncipherment,
            ]
        }
        Kind::Server => vec![KeyUsagePurpose::DigitalSignature],
    };
    params.extended_key_usages = match kind {
        Kind::Device => vec![ExtendedKeyUsagePurpose::ClientAuth],
        Kind::Recipient => Vec::new(),
        Kind::Server => vec![ExtendedKeyUsagePurpose::ServerAuth],
    };
    Ok(params)
}

fn common(
    subject: DistinguishedName,
    validity: Validity,
) -> Result<CertificateParams, AuthorityError> {
    let mut serial = [0; 16];
    rand::fill(&mut serial)?;
    // Positive, and of one length whatever the rest of it is.
    serial[0] = serial[0] & 0x3F | 0x40;
    let mut params = CertificateParams::default();
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.distinguished_name = subject;
    let at = |ms: u64| date_time_ymd(1970, 1, 1) + Duration::from_secs(ms / 1000);
    params.not_before = at(validity.from_ms);
    params.not_after = at(validity.until_ms);
    Ok(params)
}

/// Signs for a public key with the CA's.
pub(super) fn signed(
    params: &CertificateParams,
    key: &impl PublicKeyData,
    ca: &Ca,
) -> Result<Certificate, AuthorityError> {
    let mut issuer = CertificateParams::default();
    issuer.distinguished_name = ca.names.ca().clone();
    if let Some(identifier) = ca.certificate.subject_key_identifier() {
        issuer.key_identifier_method = KeyIdMethod::PreSpecified(identifier);
    }
    let issuer = Issuer::from_params(&issuer, &ca.key);
    let made = Certificate::from_der(params.signed_by(key, &issuer)?.der())?;
    let is_named =
        made.parsed().tbs_certificate.issuer == ca.certificate.parsed().tbs_certificate.subject;
    if is_named {
        Ok(made)
    } else {
        Err(AuthorityError::NotACa)
    }
}

/// The names of a CA whose certificate allows it to issue for devices.
pub(super) fn checked_ca(certificate: &Certificate) -> Result<Names, AuthorityError> {
    let tbs = &certificate.parsed().tbs_certificate;
    let constraints = tbs.get::<Constraints>().ok().flatten();
    let usage = tbs.get::<KeyUsage>().ok().flatten();
    let is_ca = constraints.is_some_and(|(_, constraints)| constraints.ca)
        && usage.is_none_or(|(_, usage)| usage.key_cert_sign());
    let names = Names::read(&tbs.subject).filter(|_| is_ca);
    names.ok_or(AuthorityError::NotACa)
}

/// Whether a certificate names this CA as its issuer and has its signature.
pub(super) fn is_issued_by(certificate: &Certificate, ca: &Certificate) -> bool {
    let parsed = certificate.parsed();
    let is_named = parsed.tbs_certificate.issuer == ca.parsed().tbs_certificate.subject;
    let is_usual = parsed.signature_algorithm.oid == SHA_256_WITH_RSA_ENCRYPTION;
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, ca.public_key());
    // Our own certificates are DER throughout, so encoding again gives what was signed.
    let is_signed = || {
        let signed = parsed.tbs_certificate.to_der().ok()?;
        key.verify(&signed, parsed.signature.as_bytes()?).ok()
    };
    is_named && is_usual && is_signed().is_some()
}
