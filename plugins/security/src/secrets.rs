//! Secrets in the clear: X003.
//!
//! A profile is stored, listed and shown: a secret belongs into the host's vault, and the profile
//! names it. Knows a secret by its key alone. Apple's own keys are known for sure; among the keys
//! of apps, those whose name is a secret's and nothing else are errors, and those that only end
//! like one are warnings. Case and the marks between words do not count. A fact of the host is no
//! secret, though a variable stands for it. Invariant: a message never holds a value.

use mooring_sdk::Node;

use crate::profile_tree::{ProfileTree, quoted, switched};
use crate::report::Report;

/// Keys of Apple's payloads, and the names that leave no doubt in anyone's.
const CERTAIN: &[&str] = &[
    "aimpassword",
    "apikey",
    "apisecret",
    "apitoken",
    "authpassword",
    "autologinpassword",
    "caldavpassword",
    "carddavpassword",
    "certificatepassword",
    "challenge",
    "clientsecret",
    "httpproxypassword",
    "incomingpassword",
    "jabberpassword",
    "ldapaccountpassword",
    "outgoingpassword",
    "passwd",
    "password",
    "ppk",
    "proxypassword",
    "psk",
    "registrationtoken",
    "secret",
    "sharedsecret",
    "subcalaccountpassword",
    "token",
    "userpassword",
    "xauthpassword",
];

/// How the names of further secrets end.
const ENDINGS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "psk",
    "apikey",
];

/// Keys for which another rule speaks: of a PKCS#12 file, of removal, of the global proxy.
const OTHERS: &[(&str, &str)] = &[
    ("com.apple.security.pkcs12", "Password"),
    ("com.apple.profileRemovalPassword", "RemovalPassword"),
    ("com.apple.proxy.http.global", "ProxyPassword"),
];

/// X003: no secret stands in the clear.
pub(crate) fn x003_clear_secret(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for payload in &profile.payloads {
        let is_hotspot = switched(payload.node, "IsHotspot", true).is_some();
        for node in payload.node.descendants().skip(1) {
            let Some(key) = node.key() else { continue };
            let is_other = OTHERS.contains(&(payload.kind, key));
            let Some(is_certain) = certainty(key).filter(|_| !is_other) else {
                continue;
            };
            if is_certain && node.as_str().is_some_and(is_fact) {
                let message = format!("{} is a fact of the host, which is no secret", quoted(key));
                let hint = "keep a secret in the vault and write {{secret.NAME}}";
                report.warning("X003", node, message, hint);
                continue;
            }
            if !is_clear(node) || !(is_certain || may_be_secret(node)) {
                continue;
            }
            let kind = node.kind().name();
            let message = format!("{} holds a secret in the clear ({kind})", quoted(key));
            let hint = "keep the secret in the vault and write {{secret.NAME}} in its place";
            if is_certain && !is_hotspot {
                report.error("X003", node, message, hint);
            } else {
                report.warning("X003", node, message, hint);
            }
        }
    }
}

/// Whether a key certainly or probably names a secret; `None` for any other.
fn certainty(key: &str) -> Option<bool> {
    let letters = key.chars().filter(|c| !matches!(c, '_' | '-' | ' ' | '.'));
    let lower = letters.collect::<String>().to_ascii_lowercase();
    if CERTAIN.binary_search(&lower.as_str()).is_ok() {
        return Some(true);
    }
    let ends = ENDINGS.iter().any(|ending| lower.ends_with(ending));
    ends.then_some(false)
}

/// Whether a value is written out: not empty, and no variable.
pub(crate) fn is_clear(node: Node<'_>) -> bool {
    let text = node.as_str().map(str::trim);
    let is_text = text.is_some_and(|text| !text.is_empty() && !is_reference(text));
    is_text || node.as_data().is_some_and(|bytes| !bytes.is_empty())
}

/// Whether a value may be a secret at all: no switch, no address, no sentence.
fn may_be_secret(node: Node<'_>) -> bool {
    let text = node.as_str().unwrap_or_default().trim();
    let words = ["true", "false", "yes", "no", "0", "1"];
    let is_switch = words.iter().any(|word| text.eq_ignore_ascii_case(word));
    !is_switch && !text.contains("://") && text.split_whitespace().count() < 4
}

/// Whether all that a text has of variables is what the server knows of a host: such values are on
/// its case, in its name, and in every list.
fn is_fact(text: &str) -> bool {
    let mut names = text.split("{{").skip(1).map(str::trim_start).peekable();
    names.peek().is_some() && names.all(|name| name.starts_with("host."))
}

/// Whether a text stands for a value that somebody fills in later.
pub(crate) fn is_reference(text: &str) -> bool {
    let is_name = |name: &str| {
        let mut bytes = name.bytes();
        !name.is_empty() && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.')
    };
    let in_braces = text
        .split_once("{{")
        .and_then(|(_, rest)| rest.split_once("}}"))
        .is_some_and(|(name, _)| is_name(name.trim()));
    let after_dollar = text.strip_prefix('$').is_some_and(|name| {
        let name = name
            .strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'))
            .unwrap_or(name);
        is_name(name) && !name.bytes().any(|byte| byte.is_ascii_lowercase())
    });
    let in_percents = text
        .strip_prefix('%')
        .and_then(|rest| rest.strip_suffix('%'))
        .is_some_and(is_name);
    in_braces || after_dollar || in_percents
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table is sorted in lower case, so that bisection finds every key.
    #[test]
    fn keys_are_sorted() {
        assert!(CERTAIN.is_sorted());
        assert!(CERTAIN.iter().all(|key| key.to_ascii_lowercase() == **key));
    }

    /// Variables stand for secrets; passwords with odd characters are passwords.
    #[test]
    fn references() {
        for text in [
            "{{secret.wifi}}",
            "{{ secret.a }}",
            "$FLEET_SECRET_A",
            "${PSK}",
            "%pw%",
        ] {
            assert!(is_reference(text), "{text}");
        }
        for text in [
            "$ecret", "{{a", "{{}}", "100%", "%", "$", "hunter2", "$5%{{x}",
        ] {
            assert!(!is_reference(text), "{text}");
        }
    }
}
