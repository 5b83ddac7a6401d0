//! Where people sign in and what they are led to: X080 and X081.
//!
//! Knows the single sign-on and web clip payloads. Invariant: a message never holds an address.

use mooring_sdk::Node;

use crate::network::is_http;
use crate::profile_tree::ProfileTree;
use crate::report::Report;

/// X080: an extension signs in at named places, over https.
pub(crate) fn x080_sign_on(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for payload in profile.of_type("com.apple.extensiblesso") {
        for key in ["Hosts", "URLs"] {
            let list = payload.node.get(key);
            for node in list.into_iter().flat_map(Node::items) {
                let Some(text) = node.as_str() else { continue };
                let what = if text.contains('*') {
                    "has a wildcard"
                } else if is_http(text) {
                    "has an http address"
                } else {
                    continue;
                };
                let message = format!("{key} {what}: the extension signs in where it should not");
                report.warning("X080", node, message, "name each host, and write https");
            }
        }
    }
}

/// X081: a web clip leads to a page, and no password goes over http.
pub(crate) fn x081_web_clip(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for payload in profile.of_type("com.apple.webClip.managed") {
        let Some(node) = payload.node.get("URL") else {
            continue;
        };
        let Some(what) = node.as_str().and_then(unsafe_address) else {
            continue;
        };
        let message = format!("URL {what}");
        report.error("X081", node, message, "give the page's https address");
    }
}

/// What is wrong with a page's address, if something is.
fn unsafe_address(address: &str) -> Option<&'static str> {
    let lower = address.trim().to_ascii_lowercase();
    let scheme = lower.split(':').next().unwrap_or_default();
    if matches!(scheme, "javascript" | "file" | "data") {
        return Some("runs a script or opens a file instead of a page");
    }
    let rest = lower.strip_prefix("http://")?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Some("sends a password over http");
    }
    let mut parts = rest.split(['/', '?', '#', '.', '=', '&']);
    let is_login = parts.any(|part| matches!(part, "login" | "signin" | "sign-in" | "logon"));
    is_login.then_some("is a page to sign in at, over http")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Addresses that give something away are told from others.
    #[test]
    fn addresses() {
        for wrong in [
            "javascript:alert(1)",
            " JavaScript:x",
            "file:///etc/passwd",
            "http://user:pass@company.com/",
            "http://company.com/login?next=a",
            "http://login.company.com",
        ] {
            assert!(unsafe_address(wrong).is_some(), "{wrong}");
        }
        for right in [
            "https://company.com/login",
            "http://company.com/blogin",
            "tel:1",
            "http://company.com/a@b",
        ] {
            assert!(unsafe_address(right).is_none(), "{right}");
        }
    }
}
