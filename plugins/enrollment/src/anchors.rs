//! The trust anchors: one `com.apple.security.root` payload for each certificate.
//!
//! A device needs them where the server's own CA is not publicly trusted. Knows nothing of which CA
//! they belong to. Invariant: a payload's names come from the certificate, not from its position, so
//! that a device keeps an anchor that stays and drops one that goes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use crate::fields::Fields;
use crate::profile::{Payload, fingerprint};
use mooring_sdk::certificate::is_certificate;
use mooring_sdk::plist::Value;

/// How many anchors a profile may have: a root before and one after its renewal are two.
const ANCHORS_MAX: usize = 8;

const KEY: &str = "anchors";

/// Reads the certificates as DER.
pub(crate) fn read(fields: &mut Fields<'_>) -> Vec<Vec<u8>> {
    let hint = "write a list of X.509 certificates, each as the base64 of its DER";
    let Some(value) = fields.member(KEY) else {
        return Vec::new();
    };
    let Some(items) = value.as_array() else {
        fields.refuse(KEY, "this is not a list", hint);
        return Vec::new();
    };
    if items.len() > ANCHORS_MAX {
        let message = format!("there are more than {ANCHORS_MAX} certificates");
        fields.refuse(KEY, &message, "name only those that devices must trust");
        return Vec::new();
    }
    let mut anchors: Vec<Vec<u8>> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let at = format!("{KEY}/{index}");
        match certificate(item) {
            None => fields.refuse(&at, "this is no X.509 certificate in base64 DER", hint),
            Some(der) if anchors.contains(&der) => {
                fields.refuse(&at, "this certificate is there twice", "leave it out");
            }
            Some(der) => anchors.push(der),
        }
    }
    anchors
}

fn certificate(item: &Json) -> Option<Vec<u8>> {
    let der = STANDARD.decode(item.as_str()?).ok()?;
    is_certificate(&der).then_some(der)
}

/// The payload that makes devices trust a certificate.
pub(crate) fn payload(der: &[u8]) -> Payload {
    Payload {
        slot: format!("anchor-{}", fingerprint(der)),
        kind: "com.apple.security.root",
        name: "Certificate authority",
        settings: vec![
            ("PayloadCertificateFileName", Value::from("anchor.cer")),
            ("PayloadContent", Value::Data(der.to_vec())),
        ],
    }
}
