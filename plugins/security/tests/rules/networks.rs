//! Cases of X040 to X062.

use serde_json::{Value, json};

use crate::{Case, case, context, judged, profile_with};

fn wifi(key: &str, value: Value) -> Value {
    let mut payload = json!({"PayloadType": "com.apple.wifi.managed", "SSID_STR": "office"});
    payload[key] = value;
    payload
}

fn eap(configuration: Value) -> Value {
    wifi("EAPClientConfiguration", configuration)
}

fn vpn(kind: &str, part: &str, content: Value) -> Value {
    let mut payload = json!({"PayloadType": "com.apple.vpn.managed", "VPNType": kind});
    payload[part] = content;
    payload
}

/// An `IKEv2` payload with one algorithm set in its first stage.
fn stage(key: &str, value: Value) -> Value {
    let mut parameters = json!({});
    parameters[key] = value;
    vpn(
        "IKEv2",
        "IKEv2",
        json!({"IKESecurityAssociationParameters": parameters}),
    )
}

fn dns(settings: &Value) -> Value {
    json!({"PayloadType": "com.apple.dnsSettings.managed", "DNSSettings": settings})
}

pub(crate) const WIRELESS: &[Case] = &[
    // X040 to X042
    case(|| wifi("EncryptionType", json!("WEP")), &["X040 error"]),
    case(|| wifi("EncryptionType", json!("None")), &["X041 warning"]),
    case(|| wifi("EncryptionType", json!("Any")), &["X041 warning"]),
    case(|| wifi("EncryptionType", json!("WPA")), &["X042 warning"]),
    case(|| wifi("EncryptionType", json!("WPA2")), &[]),
    case(|| wifi("EncryptionType", json!("WPA3")), &[]),
    // X043
    case(|| eap(json!({"AcceptEAPTypes": [25]})), &["X043 error"]),
    case(
        || eap(json!({"AcceptEAPTypes": [13], "TLSTrustedServerNames": []})),
        &["X043 error"],
    ),
    case(
        || eap(json!({"AcceptEAPTypes": [25], "TLSTrustedServerNames": ["radius"]})),
        &[],
    ),
    case(
        || eap(json!({"AcceptEAPTypes": [25], "TLSTrustedServerNames": ["*"]})),
        &["X043 error"],
    ),
    case(
        || eap(json!({"AcceptEAPTypes": [13], "TLSTrustedServerNames": ["", "*.com"]})),
        &["X043 error"],
    ),
    case(
        || eap(json!({"AcceptEAPTypes": [13], "TLSTrustedServerNames": ["*.com", "*.org.com"]})),
        &[],
    ),
    case(
        || {
            eap(
                json!({"AcceptEAPTypes": [13], "TLSTrustedServerNames": ["*"],
                    "TLSTrustedCertificates": ["81927370-EF79-8A72-978D-88BA36F52585"]}),
            )
        },
        &[],
    ),
    case(|| eap(json!({"AcceptEAPTypes": [18]})), &[]),
    // X044
    case(
        || {
            eap(
                json!({"AcceptEAPTypes": [13], "TLSTrustedServerNames": ["radius"],
                    "TLSAllowTrustExceptions": true, "TLSMinimumVersion": "1.2"}),
            )
        },
        &["X044 warning"],
    ),
    case(
        || {
            eap(
                json!({"AcceptEAPTypes": [13], "TLSTrustedServerNames": ["radius"],
                    "TLSAllowTrustExceptions": false, "TLSMinimumVersion": "1.0"}),
            )
        },
        &["X044 warning"],
    ),
    // X045
    case(|| eap(json!({"AcceptEAPTypes": [17]})), &["X045 error"]),
    case(
        || {
            eap(json!({"AcceptEAPTypes": [43], "EAPFASTUsePAC": true,
                    "EAPFASTProvisionPACAnonymously": true}))
        },
        &["X045 error"],
    ),
    case(
        || eap(json!({"AcceptEAPTypes": [43], "EAPFASTUsePAC": true})),
        &[],
    ),
    // X048
    case(
        || wifi("DisableAssociationMACRandomization", json!(true)),
        &["X048 warning"],
    ),
    case(
        || wifi("DisableAssociationMACRandomization", json!(false)),
        &[],
    ),
];

pub(crate) const PROXIES: &[Case] = &[
    // X046
    case(
        || wifi("ProxyPACURL", json!("http://company.com/pac")),
        &["X046 warning"],
    ),
    case(
        || wifi("ProxyPACURL", json!("https://company.com/pac")),
        &[],
    ),
    // X047
    case(
        || {
            json!({"PayloadType": "com.apple.proxy.http.global", "ProxyServer": "proxy",
                    "ProxyPassword": "s3cr3t"})
        },
        &["X047 error"],
    ),
    case(
        || {
            json!({"PayloadType": "com.apple.proxy.http.global", "ProxyServer": "proxy",
                    "ProxyPassword": "{{secret.proxy}}"})
        },
        &[],
    ),
    // X060: the host of the cases is not supervised.
    case(
        || dns(&json!({"ServerURL": "http://company.com/dns"})),
        &["X060 warning"],
    ),
    case(|| dns(&json!({"DNSProtocol": "TLS"})), &["X060 warning"]),
    case(
        || dns(&json!({"DNSProtocol": "TLS", "ServerName": "dns"})),
        &[],
    ),
    case(
        || {
            json!({"PayloadType": "com.apple.dnsSettings.managed",
                    "ProhibitDisablement": true})
        },
        &["X060 warning"],
    ),
    // X061
    case(
        || {
            json!({"PayloadType": "com.apple.webcontent-filter", "FilterSockets": true,
                    "FilterDataProviderBundleIdentifier": "org.company.filter"})
        },
        &["X061 warning"],
    ),
    case(
        || {
            json!({"PayloadType": "com.apple.webcontent-filter", "FilterSockets": true,
                    "FilterDataProviderBundleIdentifier": "org.company.filter",
                    "FilterDataProviderDesignatedRequirement": "anchor apple generic"})
        },
        &[],
    ),
    // X062
    case(
        || {
            json!({"PayloadType": "com.apple.relay.managed",
                    "Relays": [{"HTTP2RelayURL": "https://10.0.0.1/"}]})
        },
        &["X062 warning"],
    ),
    case(
        || {
            json!({"PayloadType": "com.apple.relay.managed",
                    "Relays": [{"HTTP2RelayURL": "https://relay.company.com/"}]})
        },
        &[],
    ),
];

pub(crate) const TUNNELS: &[Case] = &[
    // X050 and X051
    case(|| vpn("PPTP", "PPP", json!({})), &["X050 error"]),
    case(
        || {
            vpn(
                "L2TP",
                "IPSec",
                json!({"AuthenticationMethod": "SharedSecret"}),
            )
        },
        &["X051 warning"],
    ),
    case(
        || {
            vpn(
                "IPSec",
                "IPSec",
                json!({"AuthenticationMethod": "Certificate"}),
            )
        },
        &[],
    ),
    // X052 to X054
    case(
        || stage("EncryptionAlgorithm", json!("3DES")),
        &["X052 error"],
    ),
    case(|| stage("EncryptionAlgorithm", json!("AES-256")), &[]),
    case(
        || stage("IntegrityAlgorithm", json!("SHA1-96")),
        &["X053 warning"],
    ),
    case(|| stage("IntegrityAlgorithm", json!("SHA2-256")), &[]),
    case(|| stage("DiffieHellmanGroup", json!(2)), &["X054 error"]),
    case(|| stage("DiffieHellmanGroup", json!(14)), &["X054 info"]),
    case(|| stage("DiffieHellmanGroup", json!(19)), &[]),
    case(
        || {
            let child = json!({"EncryptionAlgorithm": "DES"});
            let tunnel = json!({"ChildSecurityAssociationParameters": child});
            vpn(
                "AlwaysOn",
                "AlwaysOn",
                json!({"TunnelConfigurations": [tunnel]}),
            )
        },
        &["X052 error"],
    ),
    // X055
    case(
        || vpn("IKEv2", "IKEv2", json!({"EnablePFS": 0})),
        &["X055 warning"],
    ),
    case(
        || {
            vpn(
                "IKEv2",
                "IKEv2",
                json!({"EnableCertificateRevocationCheck": 0}),
            )
        },
        &["X055 warning"],
    ),
    case(
        || vpn("IKEv2", "IKEv2", json!({"RemoteIdentifier": ""})),
        &["X055 warning"],
    ),
    case(
        || {
            vpn(
                "IKEv2",
                "IKEv2",
                json!({"RemoteIdentifier": "vpn", "EnablePFS": 1,
                    "EnableCertificateRevocationCheck": 1}),
            )
        },
        &[],
    ),
];

pub(crate) const ROUTES: &[Case] = &[
    // X056
    case(
        || {
            vpn(
                "IKEv2",
                "IKEv2",
                json!({"OnDemandEnabled": 1,
                    "OnDemandRules": [{"Action": "Connect"}]}),
            )
        },
        &["X056 warning"],
    ),
    case(
        || {
            vpn(
                "IKEv2",
                "IKEv2",
                json!({"OnDemandEnabled": 1, "OnDemandRules": [
                    {"Action": "Connect", "URLStringProbe": "https://company.com/"}]}),
            )
        },
        &[],
    ),
    case(
        || {
            vpn(
                "IKEv2",
                "IKEv2",
                json!({"OnDemandEnabled": 1, "OnDemandRules": [
                    {"Action": "Disconnect", "SSIDMatch": ["office"]}, {"Action": "Connect"}]}),
            )
        },
        &[],
    ),
    // X057
    case(
        || {
            vpn(
                "VPN",
                "VPN",
                json!({"IncludeAllNetworks": 1, "ExcludeLocalNetworks": 1,
                    "EnforceRoutes": 0}),
            )
        },
        &["X057 warning"],
    ),
    case(
        || vpn("VPN", "VPN", json!({"EnforceRoutes": 0})),
        &["X057 info"],
    ),
    case(
        || vpn("VPN", "VPN", json!({"ExcludeLocalNetworks": 1})),
        &[],
    ),
];

/// A supervised host honors what only such hosts do.
#[test]
fn supervised_dns() {
    let profile = profile_with(json!({"PayloadType": "com.apple.dnsSettings.managed",
        "ProhibitDisablement": true}));
    let mut context = context();
    context.device.as_mut().unwrap().supervised = Some(true);
    assert!(judged(&profile, &context).is_empty());
    context.device = None;
    assert!(judged(&profile, &context).is_empty());
}
