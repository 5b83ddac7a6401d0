//! Disk encryption with escrow of the recovery key: `com.apple.MCX.FileVault2` and what it needs.
//!
//! A Mac encrypts its recovery key to the certificate in the profile. Mooring makes no such
//! certificate and holds no private key, so without one from the administrator nobody could ever
//! open a disk whose password is lost: the built-in refuses. Invariant: no profile without an escrow
//! certificate, and the escrow payload refers to the certificate in the same profile.

use mooring_sdk::Finding;

use super::Builtin;
use crate::certificate;
use crate::fields::Fields;
use crate::profile::{Naming, Payload};
use mooring_sdk::plist::Value;

/// The rule id of the note about the private key.
const NOTE_RULE: &str = "filevault-escrow";

const CERTIFICATE_KEY: &str = "escrow_certificate";
const CERTIFICATE_SLOT: &str = "certificate";

pub(super) const BUILTIN: Builtin = Builtin {
    key: "filevault",
    identifier: "com.mooring.builtin.filevault",
    name: "FileVault",
    description: "Encrypts the disk and escrows the recovery key to your own certificate.",
    payloads,
    notes,
};

fn notes() -> Vec<Finding> {
    let message = "recovery keys are encrypted to the escrow certificate and stay on each Mac: this \
                   server neither fetches them nor can it open them";
    let hint = "keep the certificate's private key in a safe place";
    vec![Finding::info_document(NOTE_RULE, message).with_hint(hint)]
}

fn payloads(fields: &mut Fields<'_>, naming: &Naming<'_>) -> Vec<Payload> {
    let location = fields.line("location", "your organization");
    let escrow = vec![
        (
            "EncryptCertPayloadUUID",
            Value::Text(naming.uuid(CERTIFICATE_SLOT)),
        ),
        ("Location", Value::Text(location)),
    ];
    let certificate = vec![
        ("PayloadCertificateFileName", Value::from("escrow.cer")),
        ("PayloadContent", Value::Data(escrow_certificate(fields))),
    ];
    // The certificate comes first, then what refers to it, then what starts the encryption.
    let mut payloads = vec![
        Payload {
            slot: CERTIFICATE_SLOT,
            kind: "com.apple.security.pkcs1",
            name: "Escrow certificate",
            settings: certificate,
        },
        Payload {
            slot: "escrow",
            kind: "com.apple.security.FDERecoveryKeyEscrow",
            name: "Recovery key escrow",
            settings: escrow,
        },
        encryption(fields),
    ];
    if fields.boolean("prevent_disable", true) {
        payloads.push(Payload {
            slot: "options",
            kind: "com.apple.MCX",
            name: "FileVault options",
            settings: vec![("dontAllowFDEDisable", Value::Boolean(true))],
        });
    }
    payloads
}

fn escrow_certificate(fields: &mut Fields<'_>) -> Vec<u8> {
    let hint = "paste an X.509 certificate as PEM or as the base64 of its DER, and keep its private \
                key elsewhere";
    let Some(text) = fields.optional_text(CERTIFICATE_KEY) else {
        let message = "FileVault needs an escrow certificate: without one the recovery keys would be \
                       lost, and Mooring neither makes nor holds an escrow key";
        fields.refuse(CERTIFICATE_KEY, message, hint);
        return Vec::new();
    };
    match certificate::read(text) {
        Ok(der) => der,
        Err(error) => {
            fields.refuse(CERTIFICATE_KEY, error.message(), hint);
            Vec::new()
        }
    }
}

/// MDM has no user's password at hand, so that enabling is always deferred to a log-in or log-out.
fn encryption(fields: &mut Fields<'_>) -> Payload {
    let bypasses = fields.integer("max_bypass_attempts", -1..=9999, 3);
    let ask_at_logout = fields.boolean("ask_at_logout", false);
    let show = fields.boolean("show_recovery_key", false);
    let mut settings = vec![
        ("Enable", Value::from("On")),
        ("Defer", Value::Boolean(true)),
        ("DeferDontAskAtUserLogout", Value::Boolean(!ask_at_logout)),
        (
            "DeferForceAtUserLoginMaxBypassAttempts",
            Value::Integer(bypasses),
        ),
        ("ShowRecoveryKey", Value::Boolean(show)),
        ("UseRecoveryKey", Value::Boolean(true)),
    ];
    if fields.boolean("enable_in_setup_assistant", false) {
        settings.push(("ForceEnableInSetupAssistant", Value::Boolean(true)));
    }
    Payload {
        slot: "encryption",
        kind: "com.apple.MCX.FileVault2",
        name: "FileVault",
        settings,
    }
}
