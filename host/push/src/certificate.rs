//! The MDM push certificate: a client certificate from Apple whose subject names the topic.
//!
//! Knows nothing of connections and has no clock. Invariant: a [`PushCertificate`] has a key that
//! belongs to its certificate and a topic that MDM pushes can have.

use std::fmt::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use der::asn1::{Ia5StringRef, PrintableStringRef, Utf8StringRef};
use der::oid::ObjectIdentifier;
use der::{Decode, Encode};
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::pem::{self, PemObject, SectionKind};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SigningKey};
use x509_cert::Certificate;

/// Largest PEM text read, in bytes: a certificate, its issuers and a key of 8,192 bits fit.
pub const CERTIFICATE_PEM_BYTES_MAX: usize = 64 * 1024;
/// The attribute userId (RFC 4519, section 2.39), where Apple puts the topic.
const UID: ObjectIdentifier = ObjectIdentifier::new_unwrap("0.9.2342.19200300.100.1.1");
/// How the topic of every MDM push certificate begins; those of apps have the app's name there.
const TOPIC_PREFIX: &str = "com.apple.mgmt.";
/// How PEM says that a key is encrypted, in PKCS#8 and in the older form (RFC 1421).
const ENCRYPTED_MARKS: [&[u8]; 2] = [b"BEGIN ENCRYPTED PRIVATE KEY", b"Proc-Type: 4,ENCRYPTED"];
/// Characters on a line of PEM (RFC 7468, section 2).
const PEM_LINE: usize = 64;

/// Why a PEM text is no push certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// Longer than [`CERTIFICATE_PEM_BYTES_MAX`].
    #[error("the push certificate's file is longer than {CERTIFICATE_PEM_BYTES_MAX} bytes")]
    TooLarge,
    /// A section does not end or is no base64. The place is not told, since it may be in the key.
    #[error("the push certificate's file is not well-formed PEM")]
    Malformed,
    /// There is no certificate in it.
    #[error("the file has no certificate (no CERTIFICATE section)")]
    NoCertificate,
    /// There is no key in it.
    #[error("the file has no private key (no PRIVATE KEY section); append it to the certificate")]
    NoKey,
    /// The key needs a password.
    #[error("the private key is encrypted; decrypt it first, for example with openssl pkey")]
    KeyEncrypted,
    /// There is more than one.
    #[error("the file has several private keys; keep the one of the certificate")]
    SeveralKeys,
    /// The key is none that TLS can use here.
    #[error("the private key is not usable: RSA (2,048 bits and up) or ECDSA is needed")]
    UnusableKey,
    /// The certificate is no X.509 certificate.
    #[error("the certificate cannot be read")]
    Unreadable {
        /// Why.
        #[source]
        source: der::Error,
    },
    /// No certificate in it is for this key.
    #[error("the certificate and the private key do not belong together")]
    Mismatch,
    /// The subject has no topic.
    #[error("not an MDM push certificate: its subject has no UID")]
    NoTopic,
    /// The subject names something that is no MDM topic.
    #[error("not an MDM push certificate: its UID is {uid:?}, not one of com.apple.mgmt")]
    OtherTopic {
        /// As in the subject.
        uid: String,
    },
}

/// A push certificate with its key.
#[derive(Clone)]
pub struct PushCertificate {
    certified: Arc<CertifiedKey>,
    key: Arc<PrivateKeyDer<'static>>,
    topic: String,
    fingerprint: [u8; 32],
    not_before_ms: u64,
    not_after_ms: u64,
}

impl PushCertificate {
    /// Reads certificate and unencrypted key (PKCS#8, PKCS#1 or SEC1), concatenated in any order.
    /// Further certificates are taken for its issuers. Validity is not checked: there is no clock.
    ///
    /// # Errors
    ///
    /// Names what is wrong with the text, and never shows any of the key.
    pub fn from_pem(pem: &[u8]) -> Result<Self, CertificateError> {
        let (certificates, key) = sections(pem)?;
        let signing = any_supported_type(&key).map_err(|_| CertificateError::UnusableKey)?;
        let (own, chain) = find_own(certificates, signing.as_ref())?;
        let parsed = parse(&own)?;
        let validity = &parsed.tbs_certificate.validity;
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &own);
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(digest.as_ref());
        let sent = std::iter::once(own).chain(chain).collect();
        Ok(Self {
            topic: topic(&parsed)?,
            fingerprint,
            not_before_ms: unix_ms(validity.not_before.to_unix_duration()),
            not_after_ms: unix_ms(validity.not_after.to_unix_duration()),
            certified: Arc::new(CertifiedKey::new(sent, signing)),
            key: Arc::new(key),
        })
    }

    /// The topic of its pushes, such as `com.apple.mgmt.External.<uuid>`. A renewed certificate
    /// must have the same one, or every device has to enroll again.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// From when on it is good, in Unix ms.
    pub fn not_before_ms(&self) -> u64 {
        self.not_before_ms
    }

    /// Until when it is good, in Unix ms.
    pub fn not_after_ms(&self) -> u64 {
        self.not_after_ms
    }

    /// SHA-256 of the certificate's DER.
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// Certificates and key as [`Self::from_pem`] reads them. Holds the key: store it as a secret.
    pub fn to_pem(&self) -> String {
        let mut pem = String::new();
        for certificate in &self.certified.cert {
            append_pem(&mut pem, "CERTIFICATE", certificate);
        }
        let label = match &*self.key {
            PrivateKeyDer::Pkcs1(_) => "RSA PRIVATE KEY",
            PrivateKeyDer::Sec1(_) => "EC PRIVATE KEY",
            // The type is open, but `sections` lets only three in.
            PrivateKeyDer::Pkcs8(_) | _ => "PRIVATE KEY",
        };
        append_pem(&mut pem, label, self.key.secret_der());
        pem
    }

    /// For the TLS handshake.
    pub(crate) fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.certified)
    }
}

impl fmt::Debug for PushCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PushCertificate")
            .field("topic", &self.topic)
            .field("not_before_ms", &self.not_before_ms)
            .field("not_after_ms", &self.not_after_ms)
            .finish_non_exhaustive()
    }
}

type Sections = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn sections(pem: &[u8]) -> Result<Sections, CertificateError> {
    if pem.len() > CERTIFICATE_PEM_BYTES_MAX {
        return Err(CertificateError::TooLarge);
    }
    // Before the reader sees it: it skips sections it does not know, and would find "no key".
    let is_in = |mark: &&[u8]| pem.windows(mark.len()).any(|window| window == *mark);
    if ENCRYPTED_MARKS.iter().any(is_in) {
        return Err(CertificateError::KeyEncrypted);
    }
    let mut certificates = Vec::new();
    let mut keys = Vec::new();
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(pem) {
        let (kind, der) = section.map_err(|_: pem::Error| CertificateError::Malformed)?;
        if kind == SectionKind::Certificate {
            certificates.push(CertificateDer::from(der));
        } else if let Some(key) = PrivateKeyDer::from_pem(kind, der) {
            keys.push(key);
        }
    }
    if certificates.is_empty() {
        return Err(CertificateError::NoCertificate);
    }
    if keys.len() > 1 {
        return Err(CertificateError::SeveralKeys);
    }
    let key = keys.pop().ok_or(CertificateError::NoKey)?;
    Ok((certificates, key))
}

fn parse(der: &[u8]) -> Result<Certificate, CertificateError> {
    Certificate::from_der(der).map_err(|source| CertificateError::Unreadable { source })
}

/// The certificate of this key, and the others in their order.
fn find_own(
    mut certificates: Vec<CertificateDer<'static>>,
    key: &dyn SigningKey,
) -> Result<(CertificateDer<'static>, Vec<CertificateDer<'static>>), CertificateError> {
    let public = key.public_key().ok_or(CertificateError::UnusableKey)?;
    for place in 0..certificates.len() {
        let parsed = parse(&certificates[place])?;
        let theirs = parsed
            .tbs_certificate
            .subject_public_key_info
            .to_der()
            .map_err(|source| CertificateError::Unreadable { source })?;
        if theirs.as_slice() == public.as_ref() {
            let own = certificates.remove(place);
            return Ok((own, certificates));
        }
    }
    Err(CertificateError::Mismatch)
}

fn topic(certificate: &Certificate) -> Result<String, CertificateError> {
    let attributes = certificate.tbs_certificate.subject.0.iter();
    let uid = attributes
        .flat_map(|relative| relative.0.iter())
        .find(|attribute| attribute.oid == UID)
        .and_then(|attribute| {
            let value = &attribute.value;
            let utf8 = value.decode_as::<Utf8StringRef<'_>>();
            let text = utf8.map(|text| text.as_str().to_owned());
            let printable = || value.decode_as::<PrintableStringRef<'_>>();
            let ia5 = || value.decode_as::<Ia5StringRef<'_>>();
            text.or_else(|_| printable().map(|text| text.as_str().to_owned()))
                .or_else(|_| ia5().map(|text| text.as_str().to_owned()))
                .ok()
        })
        .ok_or(CertificateError::NoTopic)?;
    // The topic becomes a header's value and a plist string.
    let is_clean = uid.chars().all(|c| c.is_ascii_graphic()) && uid.len() <= 256;
    if is_clean && uid.len() > TOPIC_PREFIX.len() && uid.starts_with(TOPIC_PREFIX) {
        Ok(uid)
    } else {
        Err(CertificateError::OtherTopic { uid })
    }
}

fn unix_ms(since_epoch: Duration) -> u64 {
    u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX)
}

fn append_pem(pem: &mut String, label: &str, der: &[u8]) {
    let text = STANDARD.encode(der);
    // Writing to a string cannot fail.
    let _ = writeln!(pem, "-----BEGIN {label}-----");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        // Base64 is ASCII, so every place is a boundary.
        let (line, more) = rest.split_at(rest.len().min(PEM_LINE));
        pem.push_str(line);
        pem.push('\n');
        rest = more;
    }
    let _ = writeln!(pem, "-----END {label}-----");
}
