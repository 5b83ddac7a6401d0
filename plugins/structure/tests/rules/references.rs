//! Cases of R001 to R004.

use serde_json::{Value, json};

use crate::{Case, add, case, graded, payload, run};

const PKCS1: &str = "com.apple.security.pkcs1";
const PKCS12: &str = "com.apple.security.pkcs12";
const ROOT: &str = "com.apple.security.root";
const WIFI: &str = "com.apple.wifi.managed";
const VPN: &str = "com.apple.vpn.managed";
const APP_VPN: &str = "com.apple.vpn.managed.applayer";
const ESCROW: &str = "com.apple.security.FDERecoveryKeyEscrow";

/// A payload with one more key.
fn with(kind: &str, name: &str, key: &str, value: Value) -> Value {
    let mut found = payload(kind, name);
    found[key] = value;
    found
}

/// The uuid that a payload of this name has.
fn uuid(name: &str) -> Value {
    payload("", name)["PayloadUUID"].clone()
}

fn app_vpn(name: &str) -> Value {
    with(
        APP_VPN,
        name,
        "VPNUUID",
        json!("9B1B0E9E-0000-4000-8000-000000000001"),
    )
}

pub(crate) const CASES: &[Case] = &[
    // R001
    case(
        |p| {
            add(
                p,
                with(WIFI, "wifi", "PayloadCertificateUUID", uuid("nobody")),
            );
        },
        &["R001 error"],
    ),
    case(
        |p| {
            let trust = json!({ "TLSTrustedCertificates": [uuid("root"), uuid("nobody")] });
            add(p, with(WIFI, "wifi", "EAPClientConfiguration", trust));
            add(p, payload(ROOT, "root"));
        },
        &["R001 error"],
    ),
    case(
        |p| {
            let lower = uuid("me").as_str().unwrap_or_default().to_lowercase();
            add(
                p,
                with(WIFI, "wifi", "PayloadCertificateUUID", json!(lower)),
            );
            add(p, payload(PKCS12, "me"));
        },
        &[],
    ),
    case(
        |p| add(p, with(WIFI, "wifi", "PayloadCertificateUUID", json!(""))),
        &[],
    ),
    case(
        |p| {
            add(
                p,
                with(
                    "org.company.app",
                    "app",
                    "PayloadCertificateUUID",
                    uuid("nobody"),
                ),
            );
        },
        &[],
    ),
    case(
        |p| {
            let key = "SMIMESigningCertificateUUIDUserOverrideable";
            add(p, with("com.apple.mail.managed", "mail", key, json!(true)));
        },
        &[],
    ),
    // A per-app VPN may be in another profile.
    case(
        |p| {
            let mail = "com.apple.mail.managed";
            add(p, with(mail, "mail", "VPNUUID", uuid("nobody")));
        },
        &["R001 info"],
    ),
    case(
        |p| {
            let tunnel = app_vpn("vpn");
            let mail = "com.apple.mail.managed";
            add(p, with(mail, "mail", "VPNUUID", tunnel["VPNUUID"].clone()));
            add(p, tunnel);
        },
        &[],
    ),
    // What names the payload itself is no reference.
    case(
        |p| {
            let filter = "com.apple.webcontent-filter";
            add(
                p,
                with(filter, "filter", "ContentFilterUUID", uuid("nobody")),
            );
            add(
                p,
                with(
                    "com.apple.relay.managed",
                    "relay",
                    "RelayUUID",
                    uuid("nobody"),
                ),
            );
        },
        &[],
    ),
    // R002
    case(
        |p| {
            add(
                p,
                with(WIFI, "wifi", "PayloadCertificateUUID", uuid("root")),
            );
            add(p, payload(ROOT, "root"));
        },
        &["R002 error"],
    ),
    case(
        |p| {
            let tunnel = json!({ "PayloadCertificateUUID": uuid("dock") });
            add(p, with(VPN, "vpn", "IKEv2", tunnel));
        },
        &["R002 error"],
    ),
    case(
        |p| {
            let filevault = "com.apple.MCX.FileVault2";
            add(
                p,
                with(filevault, "disk", "PayloadCertificateUUID", uuid("cert")),
            );
            add(p, payload(PKCS1, "cert"));
        },
        &[],
    ),
    graded(
        |p| {
            add(
                p,
                with(ESCROW, "escrow", "EncryptCertPayloadUUID", uuid("root")),
            );
            add(p, payload(ROOT, "root"));
        },
        &["R002 warning"],
        &["R002 error"],
    ),
    case(
        |p| {
            add(
                p,
                with(ESCROW, "escrow", "EncryptCertPayloadUUID", uuid("cert")),
            );
            add(p, payload(PKCS1, "cert"));
        },
        &[],
    ),
    // R003
    case(
        |p| {
            let trust = json!({ "TLSTrustedServerNames": ["radius"] });
            add(p, with(WIFI, "wifi", "EAPClientConfiguration", trust));
            add(p, payload(PKCS12, "me"));
        },
        &["R003 warning"],
    ),
    case(
        |p| {
            let trust = json!({ "TLSTrustedServerNames": ["radius"] });
            add(p, with(WIFI, "wifi", "EAPClientConfiguration", trust));
            add(p, payload(PKCS1, "issuer"));
            // A root is there to be trusted.
            add(p, payload(ROOT, "root"));
        },
        &["R003 warning"],
    ),
    case(
        |p| {
            let trust = json!({ "TLSTrustedServerNames": ["radius"] });
            add(p, with(WIFI, "wifi", "EAPClientConfiguration", trust));
            add(p, payload(ROOT, "root"));
        },
        &[],
    ),
    case(|p| add(p, payload(ROOT, "root")), &[]),
    case(
        |p| {
            add(p, payload(PKCS12, "me"));
            add(p, with(WIFI, "wifi", "Password", json!("x")));
        },
        &[],
    ),
    // R004
    case(
        |p| {
            add(
                p,
                with(WIFI, "wifi", "PayloadCertificateUUID", uuid("wifi")),
            );
        },
        &["R004 error"],
    ),
    case(
        |p| {
            let (dns, vpn) = (
                "com.apple.dnsSettings.managed",
                json!({
                "PayloadCertificateUUID": uuid("dns") }),
            );
            add(p, with(dns, "dns", "PayloadCertificateUUID", uuid("vpn")));
            add(p, with(VPN, "vpn", "IKEv2", vpn));
            // On the way to the circle, and not in it.
            add(p, with(WIFI, "wifi", "PayloadCertificateUUID", uuid("dns")));
        },
        &["R002 error", "R004 error"],
    ),
];

/// The rules about references find what they name, and nothing else.
#[test]
fn reference_cases() {
    run(CASES);
}

/// A long chain, and a circle of thousands, take little time and no depth.
#[test]
fn long_chains() {
    let mut profile = crate::sound();
    let name = |index: usize| format!("A7F1C9D2-3E4B-4A6D-9B8F-{index:012X}");
    let payloads: Vec<_> = (0..20_000)
        .map(|index| {
            json!({
                "PayloadType": VPN,
                "PayloadUUID": name(index),
                "PayloadCertificateUUID": name((index + 1) % 20_000),
            })
        })
        .collect();
    profile["PayloadContent"] = json!(payloads);
    let found = crate::findings(&profile, &crate::context(mooring_sdk::Grade::default()));
    let circles = found
        .iter()
        .filter(|finding| finding.rule == "R004")
        .count();
    assert_eq!(circles, 100);
}
