//! Cases of A018: each sort of condition broken and kept.

use serde_json::{Value, json};

use crate::{Case, case, on, payload, run};

const FILTER: &str = "com.apple.webcontent-filter";

fn one(kind: &str, keys: Value) -> Vec<Value> {
    vec![payload(kind, keys)]
}

fn vpn(keys: Value) -> Vec<Value> {
    let mut whole = payload("com.apple.vpn.managed", json!({"UserDefinedName": "V"}));
    let Value::Object(keys) = keys else {
        panic!("keys are an object")
    };
    whole.as_object_mut().unwrap().extend(keys);
    vec![whole]
}

fn acme(keys: Value) -> Vec<Value> {
    let mut whole = payload(
        "com.apple.security.acme",
        json!({
            "DirectoryURL": "https://example.com/acme",
            "ClientIdentifier": "x",
            "KeySize": 384,
            "KeyType": "ECSECPrimeRandom",
            "HardwareBound": true,
            "Subject": [],
        }),
    );
    let Value::Object(keys) = keys else {
        panic!("keys are an object")
    };
    whole.as_object_mut().unwrap().extend(keys);
    vec![whole]
}

fn dns(settings: &Value) -> Vec<Value> {
    one(
        "com.apple.dnsSettings.managed",
        json!({ "DNSSettings": settings }),
    )
}

fn icon(icon: &Value) -> Vec<Value> {
    one(
        "com.apple.homescreenlayout",
        json!({"Dock": [icon], "Pages": []}),
    )
}

fn sso(keys: Value) -> Vec<Value> {
    let mut whole = payload(
        "com.apple.extensiblesso",
        json!({"ExtensionIdentifier": "com.example.sso", "TeamIdentifier": "ABCDE12345"}),
    );
    let Value::Object(keys) = keys else {
        panic!("keys are an object")
    };
    whole.as_object_mut().unwrap().extend(keys);
    vec![whole]
}

pub(crate) const CASES: &[Case] = &[
    // VPN
    case(
        || vpn(json!({"VPNType": "VPN", "VPN": {"AuthenticationMethod": "Certificate"}})),
        &["A018 error"],
    ),
    case(|| vpn(json!({"VPNType": "L2TP"})), &["A018 error"]),
    case(|| vpn(json!({"VPNType": "L2TP", "PPP": {}})), &[]),
    case(
        || vpn(json!({"VPNType": "L2TP", "PPP": {}, "Proxies": {"HTTPProxy": "proxy"}})),
        &["A018 error"],
    ),
    case(
        || {
            let proxies = json!({"HTTPProxy": "proxy", "HTTPPort": 80});
            vpn(json!({"VPNType": "L2TP", "PPP": {}, "Proxies": proxies}))
        },
        &[],
    ),
    // DNS
    case(|| dns(&json!({"DNSProtocol": "HTTPS"})), &["A018 error"]),
    case(
        || dns(&json!({"DNSProtocol": "HTTPS", "ServerURL": "http://example.com"})),
        &["A018 error"],
    ),
    case(
        || dns(&json!({"DNSProtocol": "HTTPS", "ServerURL": "https://example.com"})),
        &[],
    ),
    case(|| dns(&json!({"DNSProtocol": "TLS"})), &["A018 error"]),
    case(
        || dns(&json!({"DNSProtocol": "TLS", "ServerName": "dns.example.com"})),
        &[],
    ),
    // Content filters
    case(
        || one(FILTER, json!({"FilterType": "Plugin"})),
        &["A018 error"],
    ),
    case(
        || {
            let keys = json!({"FilterType": "Plugin", "UserDefinedName": "F",
                "PluginBundleID": "com.example.filter"});
            one(FILTER, keys)
        },
        &[],
    ),
    on(
        "macOS 14.0",
        || {
            let keys = json!({"FilterType": "Plugin", "UserDefinedName": "F",
                "PluginBundleID": "com.example.filter", "FilterSockets": true});
            one(FILTER, keys)
        },
        &["A018 error"],
    ),
    // Proxies
    case(
        || {
            one(
                "com.apple.proxy.http.global",
                json!({"ProxyType": "Manual", "ProxyServer": "p"}),
            )
        },
        &["A017 info", "A018 error"],
    ),
    case(
        || {
            let keys = json!({"ProxyType": "Manual", "ProxyServer": "p", "ProxyServerPort": 80});
            one("com.apple.proxy.http.global", keys)
        },
        &["A017 info"],
    ),
    // Wi-Fi
    case(|| one("com.apple.wifi.managed", json!({})), &["A018 error"]),
    case(
        || {
            one(
                "com.apple.wifi.managed",
                json!({"DomainName": "example.com"}),
            )
        },
        &[],
    ),
    case(
        || {
            one(
                "com.apple.wifi.managed",
                json!({"SSID_STR": "a", "ProxyType": "Manual"}),
            )
        },
        &["A018 error"],
    ),
    // Single sign-on
    case(|| sso(json!({"Type": "Redirect"})), &["A018 error"]),
    case(
        || sso(json!({"Type": "Redirect", "URLs": ["https://example.com"]})),
        &[],
    ),
    case(|| sso(json!({"Type": "Credential"})), &["A018 error"]),
    // Certificates
    case(|| acme(json!({})), &[]),
    case(|| acme(json!({"KeySize": 521})), &["A018 error"]),
    case(
        || acme(json!({"KeyType": "RSA", "KeySize": 256})),
        &["A018 error"],
    ),
    case(
        || acme(json!({"DirectoryURL": "http://example.com"})),
        &["A018 error"],
    ),
    // Home screens
    case(|| icon(&json!({"Type": "App"})), &["A018 error"]),
    case(|| icon(&json!({"Type": "WebClip"})), &["A018 error"]),
    case(
        || icon(&json!({"Type": "WebClip", "URL": "https://example.com"})),
        &[],
    ),
    // The rest
    case(
        || {
            one(
                "com.apple.airplay.security",
                json!({"AccessType": "ANY", "SecurityType": "PASSWORD"}),
            )
        },
        &["A018 error"],
    ),
    case(
        || {
            one(
                "com.apple.AssetCache.managed",
                json!({"AllowPersonalCaching": false, "AllowSharedCaching": false}),
            )
        },
        &["A018 error"],
    ),
    case(
        || {
            one(
                "com.apple.AssetCache.managed",
                json!({"AllowPersonalCaching": false}),
            )
        },
        &[],
    ),
    case(
        || {
            one(
                "com.apple.mobiledevice.passwordpolicy",
                json!({"minutesUntilFailedLoginReset": 5}),
            )
        },
        &["A018 warning"],
    ),
];

/// Every case comes out as it says.
#[test]
fn cases() {
    run(CASES);
}
