//! Per-host variables in a profile: T024 and T025.
//!
//! What matters is to tell a variable from ordinary text, and one that the server fills in from one
//! that would reach devices as it stands. Three forms count:
//!
//! - `{{host.serial}}`, `{{attribute.site}}`, `{{secret.wifi}}`: the server's own. A name that it can
//!   fill in is fine here, wherever it may stand; whether an attribute or a secret is declared is
//!   the host's to say. Any other name in these namespaces, one of them in other case or without
//!   its closing braces, and `{{enrollment.id}}`, which is reserved, is an error.
//! - `$FLEET_VAR_...`, `$FLEET_SECRET_...`, with or without braces: cannot mean anything else than
//!   another server's variable. Always an error.
//! - a closed list of names that other servers replace, as `$SERIALNUMBER` or `{{serialnumber}}`.
//!   Those of a device mean nothing to anybody else: an error. Those of a person, such as
//!   `$USERNAME` or `{{email}}`, some apps fill in by themselves, and the profile is right for these:
//!   a warning, and an error in `apple-strict`.
//!
//! `%SerialNumber%`, `%ComputerName%` and their kin are replaced by macOS itself and other `%...%` by
//! apps, so no percent form counts, and neither does an unknown `{{...}}` or `$NAME`: templates of
//! apps look the same. Invariant: no other text is a variable.

use std::collections::BTreeSet;

use mooring_sdk::Node;

use crate::profile_tree::ProfileTree;
use crate::report::Report;

/// First parts of the variables reserved for this server.
const OWN_NAMES: &[&str] = &["host", "attribute", "secret", "enrollment"];

/// What the server fills in after `host.`.
const HOST_FIELDS: &[&str] = &["id", "serial", "name", "model"];

/// The longest name of an attribute or a secret, in bytes.
const NAME_MAX: usize = 64;

/// How the names of variables that only Fleet replaces begin.
const FLEET_PREFIXES: &[&str] = &["FLEET_VAR_", "FLEET_SECRET_"];

/// Names of a device that other servers replace after a dollar sign.
const DOLLAR_NAMES: &[&str] = &[
    "ASSET_TAG",
    "DEVICENAME",
    "DEVICE_ID",
    "DEVICE_NAME",
    "JSSID",
    "MACADDRESS",
    "PROFILEJSSID",
    "PROFILE_UUID",
    "SERIALNUMBER",
    "SERIAL_NUMBER",
    "SITENAME",
    "UDID",
];

/// Names that apps and shells know after a dollar sign, too.
const COMMON_DOLLAR_NAMES: &[&str] = &[
    "COMPUTERNAME",
    "EMAIL",
    "FULLNAME",
    "FULL_NAME",
    "REALNAME",
    "USERNAME",
];

/// Names of a device or an account that other servers replace between double braces.
const BRACE_NAMES: &[&str] = &[
    "aaddeviceid",
    "deviceid",
    "partialupn",
    "serialnumber",
    "serial_number",
    "udid",
    "userprincipalname",
];

/// Names that templates of apps have between double braces, too.
const COMMON_BRACE_NAMES: &[&str] = &["devicename", "device_name", "email", "mail", "username"];

/// The longest variable between braces, in bytes: a bound on how far one pair of braces looks.
const TOKEN_MAX: usize = 100;

/// Whose variable it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    Own,
    Reserved,
    Unclosed,
    Fleet,
    Elsewhere,
    /// Another server's, or an app's.
    Common,
}

/// T024: no variable that the server does not fill in.
pub(crate) fn t024_unknown(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for node in profile.values() {
        for (token, origin) in node.as_str().map(variables).unwrap_or_default() {
            if origin == Origin::Unclosed {
                let message = format!("the variable {token} is not closed: it reaches devices so");
                report.error(
                    "T024",
                    node,
                    message,
                    "close it with two braces, as in {{host.id}}",
                );
                continue;
            }
            let message = format!("the variable {token} would reach devices as it stands");
            let hint = "write the value itself, or one that this server fills in: {{host.id}}, \
                        {{host.serial}}, {{host.name}}, {{host.model}}, {{attribute.NAME}}, \
                        {{secret.NAME}}";
            match origin {
                Origin::Own | Origin::Unclosed => {}
                Origin::Reserved | Origin::Fleet | Origin::Elsewhere => {
                    report.error("T024", node, message, hint);
                }
                Origin::Common => report.error_if_strict("T024", node, message, hint),
            }
        }
    }
}

/// T025: no variable in an identifier or a uuid, which decide what is replaced by what, and none
/// inside data. An integer cannot hold one, since the host's reader takes digits only.
pub(crate) fn t025_misplaced(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for node in profile.values() {
        let names = matches!(node.key(), Some("PayloadIdentifier" | "PayloadUUID"));
        let (text, place) = match (node.as_str(), data_text(node)) {
            (Some(text), _) if names => (text, "an identifier"),
            (_, Some(text)) => (text, "data"),
            _ => continue,
        };
        if let Some((token, _)) = variables(text).first() {
            let message = format!("the variable {token} stands in {place}");
            let hint = "variables belong in strings other than identifiers";
            report.warning("T025", node, message, hint);
        }
    }
}

fn data_text(node: Node<'_>) -> Option<&str> {
    std::str::from_utf8(node.as_data()?).ok()
}

/// The variables in a text, each once.
fn variables(text: &str) -> BTreeSet<(&str, Origin)> {
    let mut found = BTreeSet::new();
    // Nearly every text has neither, and one look at its bytes costs less than two searches.
    if !text.bytes().any(|byte| matches!(byte, b'{' | b'$')) {
        return found;
    }
    for (start, _) in text.match_indices("{{") {
        found.extend(in_braces(&text[start..]));
    }
    for (start, _) in text.match_indices('$') {
        found.extend(after_dollar(&text[start..]));
    }
    found
}

/// The variable that `text`, beginning with two braces, begins with.
fn in_braces(text: &str) -> Option<(&str, Origin)> {
    let inside = &text[2..text.floor_char_boundary(TOKEN_MAX).max(2)];
    let end = inside
        .find("}}")
        .filter(|end| !inside[..*end].contains("{{"));
    let Some(end) = end else {
        return unclosed(text, inside);
    };
    let name = inside[..end].trim();
    let (first, rest) = name.split_once('.').unwrap_or((name, ""));
    let token = &text[..end + 4];
    if is_filled(first, rest) {
        Some((token, Origin::Own))
    } else if is_own(first) && !rest.is_empty() && rest.bytes().all(is_in_name) {
        Some((token, Origin::Reserved))
    } else {
        let lower = name.to_ascii_lowercase();
        let is_in = |names: &[&str]| names.contains(&lower.as_str());
        let common = || is_in(COMMON_BRACE_NAMES).then_some((token, Origin::Common));
        is_in(BRACE_NAMES)
            .then_some((token, Origin::Elsewhere))
            .or_else(common)
    }
}

/// The variable of this server that begins here and has no end; `inside` follows its braces.
fn unclosed<'a>(text: &'a str, inside: &str) -> Option<(&'a str, Origin)> {
    let name = inside.trim_start();
    let blanks = inside.len() - name.len();
    let length = name.bytes().take_while(|byte| is_in_name(*byte)).count();
    let (first, rest) = name[..length].split_once('.')?;
    let token = &text[..2 + blanks + length];
    (is_own(first) && !rest.is_empty()).then_some((token, Origin::Unclosed))
}

/// Whether a first part is one of this server's; nobody means another in other case.
fn is_own(first: &str) -> bool {
    OWN_NAMES.iter().any(|own| first.eq_ignore_ascii_case(own))
}

fn is_in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.'
}

/// Whether the server fills in `first.rest`.
fn is_filled(first: &str, rest: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    match first {
        "host" => HOST_FIELDS.contains(&rest),
        "attribute" | "secret" => {
            rest.len() <= NAME_MAX
                && rest.bytes().all(is_plain)
                && rest.starts_with(|c: char| c.is_ascii_lowercase())
        }
        _ => false,
    }
}

/// The variable that `text`, beginning with a dollar sign, begins with.
fn after_dollar(text: &str) -> Option<(&str, Origin)> {
    let open = if text[1..].starts_with('{') { 2 } else { 1 };
    let rest = &text[open..];
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let length = rest.bytes().take_while(|byte| is_name(*byte)).count();
    let name = &rest[..length];
    let is_closed = open == 1 || rest[length..].starts_with('}');
    let is_fleet = FLEET_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    if is_fleet && is_closed {
        let end = open + length + (open - 1);
        Some((&text[..end], Origin::Fleet))
    } else {
        let is_in = |names: &[&str]| open == 1 && names.contains(&name);
        let token = &text[..open + length];
        let common = || is_in(COMMON_DOLLAR_NAMES).then_some((token, Origin::Common));
        is_in(DOLLAR_NAMES)
            .then_some((token, Origin::Elsewhere))
            .or_else(common)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<(&str, Origin)> {
        variables(text).into_iter().collect()
    }

    /// Each form of variable is found, whole.
    #[test]
    fn found() {
        assert_eq!(
            tokens("a{{ host.serial }}b"),
            [("{{ host.serial }}", Origin::Own)]
        );
        assert_eq!(
            tokens("{{attribute.site}}{{secret.wifi_2}}"),
            [
                ("{{attribute.site}}", Origin::Own),
                ("{{secret.wifi_2}}", Origin::Own)
            ]
        );
        for reserved in [
            "{{host.colour}}",
            "{{attribute.Site}}",
            "{{secret.2}}",
            "{{enrollment.id}}",
            "{{Host.Serial}}",
        ] {
            assert_eq!(tokens(reserved), [(reserved, Origin::Reserved)]);
        }
        assert_eq!(
            tokens("$FLEET_VAR_HOST_UUID/x"),
            [("$FLEET_VAR_HOST_UUID", Origin::Fleet)]
        );
        assert_eq!(
            tokens("${FLEET_SECRET_A}"),
            [("${FLEET_SECRET_A}", Origin::Fleet)]
        );
        assert_eq!(
            tokens("$USERNAME $USERNAME"),
            [("$USERNAME", Origin::Common)]
        );
        assert_eq!(tokens("{{email}}"), [("{{email}}", Origin::Common)]);
        assert_eq!(tokens("$UDID"), [("$UDID", Origin::Elsewhere)]);
        for (text, token) in [
            ("a{{host.serial", "{{host.serial"),
            ("{{ host.name} b", "{{ host.name"),
            ("{{secret.wifi{{host.id}}", "{{secret.wifi"),
            ("{{attribute.site }", "{{attribute.site"),
        ] {
            assert!(tokens(text).contains(&(token, Origin::Unclosed)), "{text}");
        }
        assert_eq!(
            tokens("{{SerialNumber}}"),
            [("{{SerialNumber}}", Origin::Elsewhere)]
        );
    }

    /// Text of apps, shells and macOS is no variable.
    #[test]
    fn passed() {
        for text in [
            "%ComputerName%",
            "https://server/%file_sha%",
            "{{ count }} items",
            "{{host}}",
            "{{host",
            "{{host.",
            "{{",
            "{{ count",
            "{{hosts.serial",
            "é{{é",
            "{{attribute}}",
            "$type",
            "$USERNAMES",
            "${USERNAME}",
            "$",
            "{{",
            "costs $5",
            "$é",
        ] {
            assert_eq!(tokens(text), [], "{text}");
        }
    }
}
