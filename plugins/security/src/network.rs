//! Where a device's traffic goes: X046, X047 and X060 to X062.
//!
//! Knows the proxy, DNS, filter and relay payloads. Invariant: a message never holds an address,
//! which may carry credentials.

use mooring_sdk::{Kind, Node};

use crate::profile_tree::{ProfileTree, switched, text};
use crate::report::Report;
use crate::secrets::is_clear;

const PROXY_TYPE: &str = "com.apple.proxy.http.global";

/// X046: the address of a proxy's script is fetched over https.
pub(crate) fn x046_proxy_address(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for payload in &profile.payloads {
        for node in payload.node.descendants().skip(1) {
            let (Some(key), Some(text)) = (node.key(), node.as_str()) else {
                continue;
            };
            let is_address = matches!(
                key,
                "ProxyPACURL" | "ProxyAutoConfigURLString" | "ProxyServer" | "HTTPProxy"
            );
            if is_address && is_http(text) {
                let message = format!("{key} is an http address: anyone on the way may change it");
                report.warning("X046", node, message, "serve it over https");
            }
        }
    }
}

/// Whether an address is plain http.
pub(crate) fn is_http(address: &str) -> bool {
    let scheme = address.trim_start().get(..7);
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"))
}

/// X047: the global proxy's password is not in the clear.
pub(crate) fn x047_proxy_credentials(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for payload in profile.of_type(PROXY_TYPE) {
        if let Some(node) = payload
            .node
            .get("ProxyPassword")
            .filter(|node| is_clear(*node))
        {
            let message = "ProxyPassword of the global proxy is in the clear, and devices send it \
                           unencrypted";
            let hint = "admit devices by certificate or address, or write {{secret.NAME}}";
            report.error("X047", node, message, hint);
        }
    }
}

/// X060: DNS is encrypted to a server that proves its name, and what only supervised devices
/// honor goes to those.
pub(crate) fn x060_dns(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for payload in profile.of_type("com.apple.dnsSettings.managed") {
        if let Some(dns) = payload.node.find(Kind::Dictionary, "DNSSettings") {
            encrypted_dns(dns, report);
        }
        let is_unsupervised = report
            .device()
            .is_some_and(|device| device.supervised == Some(false));
        if let Some(node) = switched(payload.node, "ProhibitDisablement", true)
            && is_unsupervised
        {
            let message = "ProhibitDisablement has no effect: this host is not supervised";
            report.warning("X060", node, message, "remove it, or supervise the host");
        }
    }
}

fn encrypted_dns(dns: Node<'_>, report: &mut Report<'_>) {
    if let Some(node) = dns.get("ServerURL")
        && node.as_str().is_some_and(is_http)
    {
        let message = "ServerURL is an http address: the questions are sent in the clear";
        report.warning("X060", node, message, "give the server's https address");
    }
    if text(dns, "DNSProtocol") == Some("TLS") && text(dns, "ServerName").is_none() {
        let message = "DNS over TLS without ServerName: the server proves nothing";
        let hint = "add ServerName with the name in the server's certificate";
        report.warning("X060", dns, message, hint);
    }
}

/// X061: the app that sees all traffic is bound to its maker.
pub(crate) fn x061_content_filter(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    const PROVIDERS: [[&str; 3]; 2] = [
        [
            "FilterSockets",
            "FilterDataProviderBundleIdentifier",
            "FilterDataProviderDesignatedRequirement",
        ],
        [
            "FilterPackets",
            "FilterPacketProviderBundleIdentifier",
            "FilterPacketProviderDesignatedRequirement",
        ],
    ];
    for payload in profile.of_type("com.apple.webcontent-filter") {
        for [switch, bundle, requirement] in PROVIDERS {
            let named = payload
                .node
                .get(bundle)
                .filter(|_| text(payload.node, bundle).is_some());
            let is_on = switched(payload.node, switch, true).is_some();
            if let Some(node) = named.filter(|_| is_on)
                && text(payload.node, requirement).is_none()
            {
                let message = format!("{switch} sends all traffic to an app without {requirement}");
                let hint = "add what `codesign -dr - EXTENSION` prints after `designated =>`";
                report.warning("X061", node, message, hint);
            }
        }
    }
}

/// X062: the way for all traffic is named and proves its name.
pub(crate) fn x062_raw_address(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    let proxies = profile.of_type(PROXY_TYPE).map(|payload| payload.node);
    let relays = profile
        .of_type("com.apple.relay.managed")
        .filter_map(|payload| payload.node.get("Relays"))
        .flat_map(Node::items);
    for dictionary in proxies.chain(relays) {
        for key in ["ProxyServer", "HTTP2RelayURL", "HTTP3RelayURL"] {
            let Some(node) = dictionary.get(key) else {
                continue;
            };
            if node.as_str().is_some_and(is_raw_address) {
                let message = format!("{key} is a bare IP address, which no certificate proves");
                report.warning("X062", node, message, "give the server's name");
            }
        }
    }
}

/// Whether the host of an address is a number and no name.
fn is_raw_address(address: &str) -> bool {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    // Only an address of version 6 has brackets, or more than the colon before a port.
    if host.starts_with('[') || host.matches(':').count() > 1 {
        return true;
    }
    let name = host.split(':').next().unwrap_or_default();
    let mut parts = name.split('.');
    let is_number = |part: &str| part.parse::<u8>().is_ok();
    name.matches('.').count() == 3 && parts.all(is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers are told from names, with and without port and scheme.
    #[test]
    fn addresses() {
        for raw in [
            "10.0.0.1",
            "https://10.0.0.1:443/x",
            "[fd00::1]:80",
            "fd00::1",
        ] {
            assert!(is_raw_address(raw), "{raw}");
        }
        for name in [
            "proxy.company.com",
            "https://relay.company.com/",
            "10.0.0",
            "",
            "1.1",
        ] {
            assert!(!is_raw_address(name), "{name}");
        }
        assert!(is_http("HTTP://a") && !is_http("https://a") && !is_http("h"));
    }
}
