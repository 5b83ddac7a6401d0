//! Cases of X001, X002 and X004 to X008.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::der::{LEAF, MD5_RSA, ROOT, Recipe, SHA1_RSA, certificate, data, pkcs12};
use crate::{Case, case, context, findings, judged, profile_of, profile_with};

const ROOT_TYPE: &str = "com.apple.security.root";
const PKCS1: &str = "com.apple.security.pkcs1";
const PEM: &str = "com.apple.security.pem";

fn with(kind: &str, bytes: &[u8]) -> Value {
    json!({"PayloadType": kind, "PayloadContent": data(bytes)})
}

fn made(kind: &str, recipe: Recipe) -> Value {
    with(kind, &certificate(&recipe))
}

fn pem(recipes: &[Recipe]) -> String {
    let block = |recipe: &Recipe| {
        let body = STANDARD.encode(certificate(recipe));
        format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
    };
    recipes.iter().map(block).collect()
}

fn identity(is_encrypted: bool, password: Option<&str>) -> Value {
    let mut payload = with("com.apple.security.pkcs12", &pkcs12(is_encrypted));
    if let Some(password) = password {
        payload["Password"] = json!(password);
    }
    payload
}

pub(crate) const AUTHORITIES: &[Case] = &[
    // X001 and X002
    case(|| json!({"PayloadType": "com.apple.mdm"}), &["X001 error"]),
    case(
        || json!({"PayloadType": "com.apple.declarations"}),
        &["X002 error"],
    ),
    case(|| json!({"PayloadType": "com.apple.mdm.other"}), &[]),
    // X005 and X007
    case(|| made(ROOT_TYPE, ROOT), &["X007 warning"]),
    case(|| made(ROOT_TYPE, LEAF), &["X005 error", "X007 warning"]),
    case(
        || {
            made(
                ROOT_TYPE,
                Recipe {
                    authority: Some(false),
                    ..ROOT
                },
            )
        },
        &["X005 error", "X007 warning"],
    ),
    case(
        || {
            made(
                ROOT_TYPE,
                Recipe {
                    subject: "Intermediate",
                    ..ROOT
                },
            )
        },
        &["X005 warning", "X007 warning"],
    ),
    // An old root without basic constraints is one.
    case(
        || {
            made(
                ROOT_TYPE,
                Recipe {
                    authority: None,
                    ..ROOT
                },
            )
        },
        &["X007 warning"],
    ),
    case(|| made(PKCS1, LEAF), &[]),
    case(
        || {
            made(
                PKCS1,
                Recipe {
                    subject: "Intermediate",
                    ..ROOT
                },
            )
        },
        &[],
    ),
    case(
        || with(PEM, pem(&[LEAF, ROOT]).as_bytes()),
        &["X007 warning"],
    ),
    case(|| with(PKCS1, pem(&[LEAF]).as_bytes()), &[]),
    // X006
    case(|| with(ROOT_TYPE, b"hello"), &["X006 error"]),
    case(
        || with(PEM, b"-----BEGIN CERTIFICATE-----\nMII\n"),
        &["X006 error"],
    ),
    case(
        || with(PKCS1, &[&certificate(&LEAF)[..], b"x"].concat()),
        &["X006 error"],
    ),
    case(|| with(PKCS1, b""), &[]),
];

pub(crate) const LIFETIMES: &[Case] = &[
    // X005: it is the first day of 2026.
    case(
        || {
            made(
                PKCS1,
                Recipe {
                    not_after: "251231",
                    ..LEAF
                },
            )
        },
        &["X005 warning"],
    ),
    case(
        || {
            made(
                PKCS1,
                Recipe {
                    not_after: "260131",
                    ..LEAF
                },
            )
        },
        &["X005 warning"],
    ),
    case(
        || {
            made(
                PKCS1,
                Recipe {
                    not_after: "260201",
                    ..LEAF
                },
            )
        },
        &[],
    ),
    case(
        || {
            made(
                PKCS1,
                Recipe {
                    not_before: "260102",
                    ..LEAF
                },
            )
        },
        &["X005 warning"],
    ),
    case(
        || {
            made(
                PKCS1,
                Recipe {
                    rsa_bytes: 128,
                    ..LEAF
                },
            )
        },
        &["X005 warning"],
    ),
    case(
        || {
            made(
                PKCS1,
                Recipe {
                    rsa_bytes: 0,
                    ..LEAF
                },
            )
        },
        &["X005 warning"],
    ),
    case(
        || {
            made(
                PKCS1,
                Recipe {
                    signature: SHA1_RSA,
                    ..LEAF
                },
            )
        },
        &["X005 warning"],
    ),
    case(
        || {
            made(
                PKCS1,
                Recipe {
                    signature: MD5_RSA,
                    ..LEAF
                },
            )
        },
        &["X005 warning"],
    ),
    case(
        || {
            made(
                ROOT_TYPE,
                Recipe {
                    signature: SHA1_RSA,
                    ..ROOT
                },
            )
        },
        &["X007 warning"],
    ),
];

pub(crate) const IDENTITIES: &[Case] = &[
    // X004 and X008
    case(|| identity(true, Some("{{secret.p12}}")), &[]),
    case(|| identity(true, Some("s3cr3t")), &["X004 error"]),
    case(|| identity(false, Some("{{secret.p12}}")), &["X004 error"]),
    case(|| identity(true, None), &["X008 error"]),
    case(|| identity(true, Some("")), &["X008 error"]),
    case(
        || {
            let key = "-----BEGIN PRIVATE KEY-----\ns3cr3t\n-----END PRIVATE KEY-----";
            json!({"PayloadType": "com.company.app", "Key": key})
        },
        &["X004 error"],
    ),
    case(
        || with("com.company.app", b"-----BEGIN EC PRIVATE KEY-----\nMII"),
        &["X004 error"],
    ),
    case(
        || {
            with(
                "com.company.app",
                b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII",
            )
        },
        &[],
    ),
];

/// A certificate is named by its subject and last day, so that a person knows which is meant.
#[test]
fn certificates_are_named() {
    let found = findings(&profile_with(made(ROOT_TYPE, ROOT)), &context());
    assert!(
        found[0].message.contains("\"Test Root\", until 2040-01-01"),
        "{found:?}"
    );
}

/// Without a date from the host, no certificate is over.
#[test]
fn no_date_no_finding() {
    let profile = profile_with(made(
        PKCS1,
        Recipe {
            not_after: "010101",
            ..LEAF
        },
    ));
    assert!(judged(&profile, &mooring_sdk::Context::default()).is_empty());
}

/// A certificate that only encrypts recovery keys is trusted for nothing else.
#[test]
fn escrow_is_no_root() {
    let escrow = json!({"PayloadType": "com.apple.security.FDERecoveryKeyEscrow",
        "EncryptCertPayloadUUID": "A7F1C9D2-3E4B-4A6D-9B8F-2D1E0C3B4A01"});
    let profile = profile_of(vec![escrow, made(PKCS1, ROOT)]);
    assert!(judged(&profile, &context()).is_empty());
    let profile = profile_with(made(PKCS1, ROOT));
    assert_eq!(judged(&profile, &context()), ["X007 warning"]);
}

/// What enrolls a device may be installed by hand.
#[test]
fn enrollment_by_hand() {
    let mut context = context();
    context
        .extra
        .push(("enrollment".to_owned(), "local".to_owned()));
    let profile = profile_with(json!({"PayloadType": "com.apple.mdm"}));
    assert!(judged(&profile, &context).is_empty());
}
