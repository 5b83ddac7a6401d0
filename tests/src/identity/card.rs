//! Certificates with their keys: what a device shows, and what it should not get through with.
//!
//! Knows nothing of servers. Invariant: every certificate of [`Shape::new`] is good from 2020 to
//! 2040, so that it is good at the time of tests and at the time of the system's clock.

use std::sync::{Arc, OnceLock};

use mooring_identity::{Authority, Certificate, KeyKind, LeafRequest};
use mooring_sim::{Credential, PrivateKey};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PublicKeyData as _,
};

/// Keys that are made at most.
const KEYS: usize = 8;
/// The time at which the own CA is made: before any test's own.
const MADE_AT_MS: u64 = 1_690_000_000_000;

/// A certificate with its key.
#[derive(Clone)]
pub struct Card {
    /// The certificate.
    pub certificate: Certificate,
    key: Vec<u8>,
}

impl std::fmt::Debug for Card {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Card")
            .field(&self.certificate.fingerprint().to_string())
            .finish()
    }
}

impl Card {
    /// A certificate (DER) with its key (PKCS#8).
    pub fn new(certificate: &[u8], key: &[u8]) -> Self {
        Self {
            certificate: Certificate::from_der(certificate).expect("a certificate"),
            key: key.to_vec(),
        }
    }

    /// What a simulated device holds.
    pub fn of(credential: &Credential) -> Self {
        Self::new(credential.certificate(), credential.pkcs8())
    }

    /// The certificate as DER.
    pub fn der(&self) -> &[u8] {
        self.certificate.der()
    }

    /// The certificate as PEM.
    pub fn pem(&self) -> String {
        use base64::Engine as _;
        let text = base64::engine::general_purpose::STANDARD.encode(self.der());
        format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
    }

    /// The key as PKCS#8 DER.
    pub fn pkcs8(&self) -> &[u8] {
        &self.key
    }

    /// Whether its key is RSA.
    pub fn is_rsa(&self) -> bool {
        matches!(self.certificate.key_kind(), KeyKind::Rsa { .. })
    }

    /// Its key for signing.
    pub fn key_pair(&self) -> KeyPair {
        KeyPair::try_from(self.key.as_slice()).expect("a key")
    }

    /// The same for a simulated device; RSA only.
    pub fn credential(&self) -> Credential {
        let key = PrivateKey::from_pkcs8(&self.key).expect("an RSA key");
        Credential::new(self.der(), key).expect("a certificate of this key")
    }
}

/// What a certificate is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Usage {
    /// Client authentication.
    Client,
    /// Server authentication alone.
    Server,
    /// It does not say.
    Unsaid,
}

/// What a leaf says.
#[derive(Debug, Clone)]
pub struct Shape {
    /// The subject's common name.
    pub name: String,
    /// What it is good for.
    pub usage: Usage,
    /// First and last year.
    pub years: (i32, i32),
    /// DNS names and addresses.
    pub names: Vec<String>,
}

impl Shape {
    /// A device's certificate in good order.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            usage: Usage::Client,
            years: (2020, 2040),
            names: Vec::new(),
        }
    }

    fn params(&self) -> CertificateParams {
        let mut params = CertificateParams::new(self.names.clone()).expect("names");
        params.distinguished_name = named(&self.name);
        params.not_before = rcgen::date_time_ymd(self.years.0, 1, 1);
        params.not_after = rcgen::date_time_ymd(self.years.1, 1, 1);
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyEncipherment,
        ];
        params.extended_key_usages = match self.usage {
            Usage::Client => vec![ExtendedKeyUsagePurpose::ClientAuth],
            Usage::Server => vec![ExtendedKeyUsagePurpose::ServerAuth],
            Usage::Unsaid => Vec::new(),
        };
        params
    }

    /// One that a key signs for itself.
    pub fn self_signed(&self, key: &[u8]) -> Card {
        let pair = KeyPair::try_from(key).expect("a key");
        let certificate = self.params().self_signed(&pair).expect("a certificate");
        Card::new(certificate.der(), key)
    }
}

/// A certificate authority that is not the server's own.
pub struct Ca {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate.
    pub certificate: Certificate,
    pem: String,
}

impl std::fmt::Debug for Ca {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Ca").field(&self.certificate).finish()
    }
}

impl Ca {
    /// A new one with a P-256 key.
    pub fn new(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::default();
        params.distinguished_name = named(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.not_before = rcgen::date_time_ymd(2015, 1, 1);
        params.not_after = rcgen::date_time_ymd(2060, 1, 1);
        let certificate = params.self_signed(&key).expect("a certificate");
        Self {
            certificate: Certificate::from_der(certificate.der()).expect("a certificate"),
            pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        }
    }

    /// Its certificate as PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A certificate of this shape for a key (PKCS#8).
    pub fn issue(&self, shape: &Shape, key: &[u8]) -> Card {
        let pair = KeyPair::try_from(key).expect("a key");
        let issued = shape.params().signed_by(&pair, &self.issuer);
        Card::new(issued.expect("a certificate").der(), key)
    }

    /// The certificate of a device with the RSA key of this number.
    pub fn card(&self, name: &str, key: usize) -> Card {
        self.issue(&Shape::new(name), rsa_key(key))
    }

    /// The certificate of a device with a P-256 key of its own.
    pub fn p256_card(&self, name: &str) -> Card {
        let key = KeyPair::generate().expect("a key");
        self.issue(&Shape::new(name), key.serialized_der())
    }
}

fn named(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

/// An authority that every [`super::Site`] trusts and that is not its own.
pub fn outside() -> &'static Ca {
    static CA: OnceLock<Ca> = OnceLock::new();
    CA.get_or_init(|| Ca::new("Harborworks device CA"))
}

/// An authority with the same name that nobody trusts.
pub fn stranger() -> &'static Ca {
    static CA: OnceLock<Ca> = OnceLock::new();
    CA.get_or_init(|| Ca::new("Harborworks device CA"))
}

/// The server's own CA, one for all tests.
pub fn authority() -> Arc<Authority> {
    static AUTHORITY: OnceLock<Arc<Authority>> = OnceLock::new();
    let make = || Arc::new(Authority::create("Mooring", MADE_AT_MS).expect("a CA"));
    Arc::clone(AUTHORITY.get_or_init(make))
}

/// The RSA key of this number as PKCS#8.
pub fn rsa_key(number: usize) -> &'static [u8] {
    static ALL: [OnceLock<Vec<u8>>; KEYS] = [const { OnceLock::new() }; KEYS];
    ALL[number].get_or_init(|| {
        let key = PrivateKey::generate(2048).expect("a key");
        key.pkcs8().to_vec()
    })
}

/// A certificate of the own CA, issued behind the server's back.
pub fn issued(name: &str, key: usize, now_ms: u64, days: u16) -> Card {
    let pair = KeyPair::try_from(rsa_key(key)).expect("a key");
    let leaf = LeafRequest {
        common_name: name,
        days,
    };
    let issued = authority().issue(&pair.subject_public_key_info(), &leaf, now_ms);
    Card::new(issued.expect("a certificate").der(), rsa_key(key))
}
