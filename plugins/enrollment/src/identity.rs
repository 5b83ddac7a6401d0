//! The device's identity: `com.apple.security.scep` or `com.apple.security.acme`.
//!
//! Keys, types and values are those of Apple's schema for the two payloads. Knows nothing of the CA
//! behind the URL. Invariant: the private key never leaves the device: it is not extractable, and
//! apps have no access to it; the challenge is a placeholder.

use mooring_sdk::Finding;

use crate::CHALLENGE;
use crate::fields::Fields;
use crate::profile::Payload;
use mooring_sdk::plist::{Dictionary, Value};

/// Key sizes for RSA, the default first. Below 2048 bits a key can be factored.
const RSA_SIZES: [i64; 3] = [2048, 3072, 4096];

/// A size that Apple's schema of SCEP does not list.
const RSA_SIZE_UNLISTED: i64 = 3072;

/// Curves for ACME, the default first. P-192, which Apple lists too, is too weak.
const CURVES: [i64; 3] = [256, 384, 521];

/// Curves that the Secure Enclave has.
const ENCLAVE_CURVES: [i64; 2] = [256, 384];

/// Signing (1) and encryption (4): the answer to a SCEP request is encrypted to the key.
const USAGE_SIGN_AND_ENCRYPT: i64 = 5;
const USAGE_SIGN: i64 = 1;

/// id-kp-clientAuth (RFC 5280, section 4.2.1.12), which the server demands.
const CLIENT_AUTHENTICATION: &str = "1.3.6.1.5.5.7.3.2";

/// SHA-1, SHA-256 and SHA-512: how long a fingerprint can be, in bytes.
const FINGERPRINT_LENGTHS: [usize; 3] = [20, 32, 64];

/// The longest name of a CA and client identifier, in characters.
const NAME_MAX: usize = 200;

/// An hour: longer waits are mistakes.
const DELAY_SECONDS_MAX: i64 = 3600;
const RETRIES_MAX: i64 = 100;

/// The common name that devices ask for; a server of ours overwrites it.
const COMMON_NAME: &str = "Mooring device";

/// Who issues device identities, and how.
pub(crate) enum Identity {
    Scep(Scep),
    Acme(Acme),
}

pub(crate) struct Scep {
    url: String,
    name: Option<String>,
    key_size: i64,
    ca_fingerprint: Option<Vec<u8>>,
    retries: Option<i64>,
    retry_delay: Option<i64>,
}

pub(crate) struct Acme {
    directory_url: String,
    client_identifier: String,
    key: AcmeKey,
    is_attested: bool,
}

/// The kinds of key that ACME devices make.
enum AcmeKey {
    Rsa { size: i64 },
    Ec { size: i64, is_hardware_bound: bool },
}

/// Reads the member `identity`, which names exactly one way.
pub(crate) fn read(fields: &mut Fields<'_>, remarks: &mut Vec<Finding>) -> Option<Identity> {
    let hint = "write {\"scep\": {...}} or {\"acme\": {...}}";
    fields.require("identity", hint);
    let mut inner = fields.object("identity")?;
    let (has_scep, has_acme) = (
        inner.member("scep").is_some(),
        inner.member("acme").is_some(),
    );
    let mut identity = None;
    if has_scep && has_acme {
        inner.refuse(
            "acme",
            "there is scep already, and a device has one identity",
            hint,
        );
    } else if has_acme {
        identity = inner.object("acme").and_then(|mut acme| {
            let read = self::acme(&mut acme);
            inner.close(acme);
            read.map(Identity::Acme)
        });
    } else if has_scep {
        identity = inner.object("scep").and_then(|mut scep| {
            let read = self::scep(&mut scep, remarks);
            inner.close(scep);
            read.map(Identity::Scep)
        });
    } else {
        inner.refuse("scep", "neither scep nor acme is there", hint);
    }
    fields.close(inner);
    identity
}

fn scep(fields: &mut Fields<'_>, remarks: &mut Vec<Finding>) -> Option<Scep> {
    let url = fields.url("url");
    fields.require("url", "name the URL of the SCEP service");
    let name = fields.line("name", NAME_MAX).map(str::to_owned);
    let key_size = fields.number_of("key_size", &RSA_SIZES);
    if key_size == RSA_SIZE_UNLISTED {
        let at = fields.pointer("key_size");
        let message = format!("{at}: Apple's schema lists 2048 and 4096 bits, not 3072");
        let finding = Finding::warning_document("key-size", message);
        remarks.push(finding.with_hint("use 2048 or 4096 unless your CA demands 3072"));
    }
    let ca_fingerprint = fields.bytes("ca_fingerprint");
    let is_digest = |bytes: &Vec<u8>| FINGERPRINT_LENGTHS.contains(&bytes.len());
    if ca_fingerprint
        .as_ref()
        .is_some_and(|bytes| !is_digest(bytes))
    {
        let hint = "write the SHA-256 of the CA certificate's DER in base64";
        fields.refuse("ca_fingerprint", "this is no fingerprint's length", hint);
    }
    let retries = fields.integer("retries", 0..=RETRIES_MAX);
    let retry_delay = fields.integer("retry_delay", 0..=DELAY_SECONDS_MAX);
    Some(Scep {
        url: url?.to_owned(),
        name,
        key_size,
        ca_fingerprint,
        retries,
        retry_delay,
    })
}

fn acme(fields: &mut Fields<'_>) -> Option<Acme> {
    let directory_url = fields.url("directory_url");
    fields.require("directory_url", "name the ACME server's directory URL");
    let client_identifier = fields.line("client_identifier", NAME_MAX);
    let key = acme_key(fields);
    let is_attested = fields.boolean("attest", false);
    let is_bound = matches!(
        key,
        Some(AcmeKey::Ec { is_hardware_bound, .. }) if is_hardware_bound
    );
    if is_attested && key.is_some() && !is_bound {
        let message = "only a hardware-bound key can be attested";
        fields.refuse("attest", message, "set hardware_bound to true as well");
    }
    Some(Acme {
        directory_url: directory_url?.to_owned(),
        client_identifier: client_identifier.unwrap_or(CHALLENGE).to_owned(),
        key: key?,
        is_attested,
    })
}

fn acme_key(fields: &mut Fields<'_>) -> Option<AcmeKey> {
    let is_hardware_bound = fields.boolean("hardware_bound", false);
    let kind = match fields.member("key_type") {
        None => Some("ECSECPrimeRandom"),
        Some(value) => value.as_str(),
    };
    match kind {
        Some("ECSECPrimeRandom") => {
            let choices: &[i64] = if is_hardware_bound {
                &ENCLAVE_CURVES
            } else {
                &CURVES
            };
            let size = fields.number_of("key_size", choices);
            Some(AcmeKey::Ec {
                size,
                is_hardware_bound,
            })
        }
        Some("RSA") => {
            let size = fields.number_of("key_size", &RSA_SIZES);
            if is_hardware_bound {
                let message = "the Secure Enclave makes no RSA keys";
                let hint = "set key_type to ECSECPrimeRandom, or leave hardware_bound out";
                fields.refuse("hardware_bound", message, hint);
            }
            Some(AcmeKey::Rsa { size })
        }
        Some(_) | None => {
            // Which sizes there are depends on the kind, so the size is not judged.
            fields.member("key_size");
            let hint = "the choices are ECSECPrimeRandom, RSA";
            fields.refuse("key_type", "this is not one of the choices", hint);
            None
        }
    }
}

impl Identity {
    /// The payload that makes a device get its identity; `organization` is a wish that a server of
    /// ours overwrites.
    pub(crate) fn payload(&self, organization: &str) -> Payload {
        let (slot, kind, settings) = match self {
            Self::Scep(scep) => {
                let content = Value::Dictionary(scep.content(organization));
                let settings = vec![("PayloadContent", content)];
                ("scep", "com.apple.security.scep", settings)
            }
            Self::Acme(acme) => (
                "acme",
                "com.apple.security.acme",
                acme.settings(organization),
            ),
        };
        Payload {
            slot: slot.to_owned(),
            kind,
            name: "Device identity",
            settings,
        }
    }
}

impl Scep {
    fn content(&self, organization: &str) -> Dictionary {
        let mut content = vec![("URL", Value::from(self.url.as_str()))];
        content.extend(self.name.as_deref().map(|name| ("Name", Value::from(name))));
        content.extend([
            ("Subject", subject(organization)),
            ("Challenge", CHALLENGE.into()),
            ("Keysize", Value::Integer(self.key_size)),
            ("Key Type", "RSA".into()),
            ("Key Usage", Value::Integer(USAGE_SIGN_AND_ENCRYPT)),
            ("KeyIsExtractable", Value::Boolean(false)),
            ("AllowAllAppsAccess", Value::Boolean(false)),
        ]);
        let fingerprint = self.ca_fingerprint.clone();
        content.extend(fingerprint.map(|bytes| ("CAFingerprint", Value::Data(bytes))));
        content.extend(self.retries.map(|n| ("Retries", Value::Integer(n))));
        content.extend(self.retry_delay.map(|n| ("RetryDelay", Value::Integer(n))));
        content
    }
}

impl Acme {
    fn settings(&self, organization: &str) -> Dictionary {
        let (kind, size, is_hardware_bound, usage) = match self.key {
            AcmeKey::Rsa { size } => ("RSA", size, false, USAGE_SIGN_AND_ENCRYPT),
            AcmeKey::Ec {
                size,
                is_hardware_bound,
            } => ("ECSECPrimeRandom", size, is_hardware_bound, USAGE_SIGN),
        };
        let usages = Value::List(vec![CLIENT_AUTHENTICATION.into()]);
        vec![
            ("DirectoryURL", self.directory_url.as_str().into()),
            ("ClientIdentifier", self.client_identifier.as_str().into()),
            ("KeyType", kind.into()),
            ("KeySize", Value::Integer(size)),
            ("HardwareBound", Value::Boolean(is_hardware_bound)),
            ("Attest", Value::Boolean(self.is_attested)),
            ("Subject", subject(organization)),
            ("UsageFlags", Value::Integer(usage)),
            ("ExtendedKeyUsage", usages),
            ("KeyIsExtractable", Value::Boolean(false)),
            ("AllowAllAppsAccess", Value::Boolean(false)),
        ]
    }
}

/// `/O=organization/CN=Mooring device` in Apple's nested lists.
fn subject(organization: &str) -> Value {
    let part = |name: &str, value: &str| {
        let pair = Value::List(vec![name.into(), value.into()]);
        Value::List(vec![pair])
    };
    Value::List(vec![part("O", organization), part("CN", COMMON_NAME)])
}
